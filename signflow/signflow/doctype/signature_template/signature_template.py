"""What is signed again and again: a text, a print format or a PDF, with roles in place of persons."""

from frappe.model.document import Document


class SignatureTemplate(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.signature_template_field.signature_template_field import (
			SignatureTemplateField,
		)
		from signflow.signflow.doctype.signature_template_role.signature_template_role import (
			SignatureTemplateRole,
		)

		body: DF.Code | None
		company: DF.Link | None
		confidential: DF.Check
		delivery_addresses: DF.SmallText | None
		document_title: DF.Data
		enabled: DF.Check
		expire_after_days: DF.Int
		language: DF.Literal["", "fi", "sv", "en"]
		message: DF.SmallText | None
		pdf: DF.Attach | None
		pdf_fields: DF.Table[SignatureTemplateField]
		print_format: DF.Link | None
		reference_doctype: DF.Link | None
		remind_every_days: DF.Int
		roles: DF.Table[SignatureTemplateRole]
		signature_level: DF.Literal["", "B-B", "B-T", "B-LT", "B-LTA"]
		source: DF.Literal["Text", "Print Format", "PDF"]
		template_name: DF.Data

	# end: auto-generated types
	pass
