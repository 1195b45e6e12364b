"""Which check box of a Web Form is the answer to which consent text."""

from signflow.signflow.rows import ParentsRow


class FormConsent(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		consent_text: DF.Link
		fieldname: DF.Data
		language: DF.Literal["fi", "sv", "en"]
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data

	# end: auto-generated types

	pass
