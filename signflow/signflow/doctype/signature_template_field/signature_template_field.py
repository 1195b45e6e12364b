"""What a form field of a template's PDF is filled with."""

from signflow.signflow.rows import ParentsRow


class SignatureTemplateField(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		pdf_field: DF.Data
		value: DF.Data | None

	# end: auto-generated types
	pass
