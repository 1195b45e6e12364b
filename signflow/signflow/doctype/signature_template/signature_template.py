"""What is signed again and again: a text, a print format or a PDF, with roles in place of persons."""

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.core.errors import SignflowError
from signflow.core.pdf.normalise import normalise
from signflow.signflow.addresses import checked_addresses, one_address
from signflow.signflow.jinja_texts import check_syntax
from signflow.signflow.refusals import message_of
from signflow.signflow.uploads import attached, bytes_of

JINJA = ("document_title", "body", "message")
JINJA_OF_ROLES = ("signer_name", "email", "represents")


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
	def validate(self):
		self._validate_source()
		for field in JINJA:
			check_syntax(self.get(field), _(self.meta.get_label(field)))
		for row in self.pdf_fields:
			check_syntax(row.value, row.pdf_field)
		self._validate_roles()
		self.delivery_addresses = checked_addresses(self.delivery_addresses)

	def _validate_source(self):
		if self.reference_doctype:
			meta = frappe.get_meta(self.reference_doctype)
			if meta.issingle or meta.istable:
				frappe.throw(_("{0} has no records of its own.").format(_(self.reference_doctype)))
		elif self.source != "PDF":
			frappe.throw(_("Say from which kind of record the document is made."))
		if self.source == "Text" and not (self.body or "").strip():
			frappe.throw(_("Write the text of the document."))
		if self.source == "Print Format":
			self._validate_print_format()
		if self.source == "PDF":
			self._validate_pdf()

	def _validate_print_format(self):
		if not self.print_format:
			return
		doctype = frappe.db.get_value("Print Format", self.print_format, "doc_type")
		if doctype != self.reference_doctype:
			frappe.throw(
				_("Print format {0} is for {1}, not for {2}.").format(
					frappe.bold(self.print_format), _(doctype or ""), _(self.reference_doctype)
				)
			)

	def _validate_pdf(self):
		if not self.pdf:
			frappe.throw(_("Attach the PDF."))
		if not self.has_value_changed("pdf"):
			return
		try:
			normalise(bytes_of(attached(self.pdf)))
		except SignflowError as refusal:
			frappe.throw(message_of(refusal), title=_("This file cannot be used"))

	def _validate_roles(self):
		seen: set[str] = set()
		for row in self.roles:
			row.role = (row.role or "").strip()
			if row.role.lower() in seen:
				frappe.throw(_("There are two roles {0}.").format(frappe.bold(row.role)))
			seen.add(row.role.lower())
			for field in JINJA_OF_ROLES:
				check_syntax(row.get(field), f"{row.role}, {_(row.meta.get_label(field))}")
			email = (row.email or "").strip()
			if email and "{" not in email and not one_address(email):
				frappe.throw(_("{0} is not a mail address.").format(frappe.utils.escape_html(email)))
