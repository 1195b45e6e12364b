"""How much notice agreements of one kind need."""

from signflow.signflow.rows import ParentsRow


class NoticePeriod(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		kind: DF.Literal["Contract Template", "Subscription Plan"]
		notice_counted: DF.Literal[
			"From the Day",
			"From the End of the Month",
			"To the End of the Month",
			"To the End of the Billing Period",
		]
		notice_length: DF.Int
		notice_unit: DF.Literal["Days", "Months"]
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		record: DF.DynamicLink

	# end: auto-generated types
	pass
