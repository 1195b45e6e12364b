"""A request that named persons sign documents."""

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.signflow.addresses import checked_addresses
from signflow.signflow.kept_fields import keep

FROZEN = (
	"title",
	"customer",
	"company",
	"reference_doctype",
	"reference_name",
	"confidential",
	"message",
	"language",
	"delivery_addresses",
)


class SignatureRequest(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.signature_request_document.signature_request_document import (
			SignatureRequestDocument,
		)

		archive_due: DF.Datetime | None
		closed_reason: DF.SmallText | None
		company: DF.Link
		completed_on: DF.Datetime | None
		confidential: DF.Check
		copies_sent_on: DF.Datetime | None
		customer: DF.Link | None
		delivery_addresses: DF.SmallText | None
		documents: DF.Table[SignatureRequestDocument]
		event_count: DF.Int
		event_head: DF.Data | None
		expires_on: DF.Datetime | None
		language: DF.Literal["fi", "sv", "en"]
		lease_token: DF.Data | None
		lease_until: DF.Datetime | None
		level_attempts: DF.Int
		level_due: DF.Datetime | None
		level_note: DF.SmallText | None
		message: DF.SmallText | None
		naming_series: DF.Literal["SIGN-.YYYY.-.#####"]
		reached_level: DF.Literal["", "B-B", "B-T", "B-LT", "B-LTA"]
		reference_doctype: DF.Link | None
		reference_name: DF.DynamicLink | None
		remind_every_days: DF.Int
		sealing_key: DF.Link | None
		sent_by: DF.Link | None
		sent_on: DF.Datetime | None
		signature_level: DF.Literal["", "B-B", "B-T", "B-LT", "B-LTA"]
		status: DF.Literal["Draft", "Sent", "In Progress", "Completed", "Declined", "Expired", "Cancelled"]
		template: DF.Link | None
		title: DF.Data
		work_attempts: DF.Int
		work_due: DF.Check
		work_error: DF.SmallText | None

	# end: auto-generated types
	def before_insert(self):
		keep(self)
		for row in self.documents:
			keep(row)
		self.status = "Draft"
		self.signature_level = (
			self.signature_level or frappe.get_cached_doc("Signflow Settings").signature_level or "B-B"
		)
		if not self.company:
			self.company = frappe.defaults.get_user_default("Company")

	def validate(self):
		self._validate_reference()
		self.delivery_addresses = checked_addresses(self.delivery_addresses)
		before = self.get_doc_before_save()
		if not before:
			return
		keep(self, before)
		self._keep_documents(before)
		if before.status != "Draft" and (
			any((self.get(field) or None) != (before.get(field) or None) for field in FROZEN)
			or _documents(self) != _documents(before)
		):
			frappe.throw(_("The request was sent and cannot be changed. Cancel it and make a new one."))

	def on_trash(self):
		if self.status != "Draft":
			frappe.throw(_("A request that was sent is evidence and is kept. Cancel it instead."))
		for signer in frappe.get_all(
			"Signature Request Signer", filters={"request": self.name}, pluck="name", order_by="creation asc"
		):
			frappe.delete_doc("Signature Request Signer", signer)

	def _validate_reference(self):
		if bool(self.reference_doctype) != bool(self.reference_name):
			frappe.throw(_("Name both the kind of record and the record."))
		if self.is_new() and self.reference_doctype:
			frappe.get_doc(self.reference_doctype, self.reference_name).check_permission("read")

	def _keep_documents(self, before: Document):
		known = {row.name: row for row in before.documents}
		for row in self.documents:
			# Frappe would write over the row of another request that bears this name.
			if row.name and row.name not in known and not row.is_new():
				frappe.throw(_("Document {0} is not one of this request.").format(row.name))
			keep(row, known.get(row.name))


def _documents(doc: Document) -> list[tuple]:
	return [(row.name, row.title, row.file) for row in doc.documents]
