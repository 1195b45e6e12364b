"""One agreement that a termination ends."""

from signflow.signflow.rows import ParentsRow


class ContractTerminationAgreement(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		act_on: DF.Date | None
		agreement_doctype: DF.Link
		agreement_name: DF.DynamicLink
		ends_on: DF.Date | None
		failure: DF.SmallText | None
		notice: DF.Data | None
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		state: DF.Literal["Waiting", "Notice Given", "Ended", "Failed"]
		title: DF.Data | None

	# end: auto-generated types
	pass
