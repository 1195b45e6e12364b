"""A web form whose answers are signed before they become a record."""

import re

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.signflow.addresses import checked_addresses, one_address
from signflow.signflow.mapping import check_mapping

# An origin as a browser names it; a first label may be a star. A path or a semicolon would end up in a header.
_ORIGIN = re.compile(r"https://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?")
_LOCAL = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LANDING = re.compile(r"/(?![/\\])[^\s\\]*")


class SignableForm(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.signable_form_mapping.signable_form_mapping import (
			SignableFormMapping,
		)
		from signflow.signflow.doctype.signable_form_signer.signable_form_signer import SignableFormSigner

		accent_color: DF.Color | None
		button_label: DF.Data | None
		closes_on: DF.Datetime | None
		company: DF.Link
		consumer_contract: DF.Check
		creates: DF.Literal["", "Lead", "Customer"]
		creates_contract: DF.Check
		delivery_addresses: DF.SmallText | None
		doc_type: DF.Link | None
		embedding_domains: DF.SmallText | None
		expire_after_days: DF.Int
		keep_answers_days: DF.Int
		language: DF.Literal["", "fi", "sv", "en"]
		logo: DF.AttachImage | None
		mapping: DF.Table[SignableFormMapping]
		max_per_day: DF.Int
		max_submissions: DF.Int
		opens_on: DF.Datetime | None
		required_level: DF.Literal["mail_code"]
		responsible: DF.Link
		signer_email_field: DF.Data
		signer_name_field: DF.Data
		signers: DF.Table[SignableFormSigner]
		status: DF.Literal["Open", "Closed"]
		success_url: DF.Data | None
		template: DF.Link | None
		title: DF.Data
		web_form: DF.Link
		withdrawal_days: DF.Int

	# end: auto-generated types
	def validate(self):
		self.doc_type = frappe.db.get_value("Web Form", self.web_form, "doc_type")
		self._check_fields()
		self._check_signers()
		self._check_responsible()
		self._check_addresses()
		check_mapping(self)

	def on_update(self):
		# Frappe sends the header by its own field; without any it would let every site show the form.
		domains = self.embedding_domains or "'self'"
		frappe.db.set_value(
			"Web Form", self.web_form, "allowed_embedding_domains", domains, update_modified=False
		)
		frappe.clear_document_cache("Web Form", self.web_form)

	def _check_fields(self):
		known = set(
			frappe.get_all(
				"Web Form Field", filters={"parent": self.web_form}, pluck="fieldname", order_by="idx asc"
			)
		)
		wanted = [part.strip() for part in self.signer_name_field.split(",")] + [self.signer_email_field]
		wanted += [
			value
			for row in self.signers
			if row.kind == "From the Form"
			for value in (row.signer_name, row.email)
		]
		for name in wanted:
			if name not in known:
				frappe.throw(_("The web form has no field {0}.").format(name))
		if self.template:
			made_from = frappe.db.get_value("Signature Template", self.template, "reference_doctype")
			if made_from and made_from != self.doc_type:
				frappe.throw(
					_("The template is made from {0}, the form makes {1}.").format(made_from, self.doc_type)
				)

	def _check_signers(self):
		for row in self.signers:
			if row.kind == "Fixed" and not (row.signer_name and one_address(row.email)):
				frappe.throw(_("Row {0}: a fixed signer has a name and a mail address.").format(row.idx))

	def _check_responsible(self):
		user = frappe.get_doc("User", self.responsible)
		if not user.enabled or not {"Signflow User", "Signflow Manager"} & set(frappe.get_roles(user.name)):
			frappe.throw(_("{0} cannot send signature requests.").format(user.full_name))

	def _check_addresses(self):
		domains = (self.embedding_domains or "").lower().split()
		for origin in domains:
			if not _ORIGIN.fullmatch(origin) and not _LOCAL.fullmatch(origin):
				frappe.throw(_("{0} is not a web site such as https://www.example.com.").format(origin))
		self.embedding_domains = "\n".join(dict.fromkeys(domains))
		self.delivery_addresses = checked_addresses(self.delivery_addresses)
		if self.accent_color and not _COLOR.fullmatch(self.accent_color):
			frappe.throw(_("{0} is not a colour such as #12478a.").format(self.accent_color))
		if self.accent_color and _contrast_with_white(self.accent_color) < 4.5:
			frappe.throw(
				_("The colour is too light: white letters on it could not be read. Choose a darker one.")
			)
		if self.success_url and not _LANDING.fullmatch(self.success_url):
			frappe.throw(
				_("{0} is not an address on this site, such as /thank-you.").format(self.success_url)
			)


def _contrast_with_white(color: str) -> float:
	"""The contrast of white letters on `color` (#rrggbb), 1 to 21 (WCAG 2.2, relative luminance)."""
	parts = [int(color.lstrip("#")[place : place + 2], 16) / 255 for place in (0, 2, 4)]
	linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
	luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
	return 1.05 / (luminance + 0.05)
