"""What a processing activity holds of its persons."""

from signflow.signflow.rows import ParentsRow


class ProcessingActivityData(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		holds: DF.Literal[
			"",
			"Name",
			"Email",
			"Phone",
			"Address",
			"Date of Birth",
			"Personal Identity Code",
			"Identity Hash",
			"Bank Account",
			"Business ID",
			"Online Identifier",
			"Picture",
			"Signature",
			"File",
			"Free Text",
			"Work and Position",
			"Pay and Payments",
			"Special Category",
			"Other",
		]
		note: DF.Data | None
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data

	# end: auto-generated types
	pass
