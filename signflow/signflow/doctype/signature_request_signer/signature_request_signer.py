"""One person who is asked to sign; a record of its own so that two signers never save the same row."""

import frappe
from frappe import _

from signflow.signflow.addresses import one_address
from signflow.signflow.kept_fields import KeepsSecrets, keep


class SignatureRequestSigner(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		box_anchor: DF.Data | None
		boxes: DF.JSON | None
		code_expires_on: DF.Datetime | None
		code_hash: DF.Data | None
		code_salt: DF.Data | None
		code_sent_on: DF.Datetime | None
		code_tries: DF.Int
		codes_sent: DF.Int
		contact: DF.Link | None
		decline_reason: DF.SmallText | None
		delivery_note: DF.SmallText | None
		delivery_status: DF.Literal["", "Queued", "Sent", "Delayed", "Failed", "Bounced", "Unsubscribed"]
		drawn_signature: DF.LongText | None
		email: DF.Data
		field: DF.Data | None
		identified_level: DF.Data | None
		identified_on: DF.Datetime | None
		idx_in_request: DF.Int
		in_page: DF.Check
		invited_on: DF.Datetime | None
		language: DF.Literal["", "fi", "sv", "en"]
		last_reminded_on: DF.Datetime | None
		locked: DF.Check
		new_links_sent: DF.Int
		opened_on: DF.Datetime | None
		reminders_sent: DF.Int
		replaced_by: DF.Link | None
		represents: DF.Data | None
		request: DF.Link
		required_level: DF.Literal["mail_code"]
		session_expires_on: DF.Datetime | None
		session_hash: DF.Data | None
		session_identified: DF.Check
		signed_name: DF.Data | None
		signed_on: DF.Datetime | None
		signer_name: DF.Data
		signing_order: DF.Int
		status: DF.Literal[
			"Waiting", "Invited", "Opened", "Identified", "Signing", "Signed", "Declined", "Cancelled"
		]
		token_hash: DF.Data | None

	# end: auto-generated types
	def before_insert(self):
		keep(self)
		self.status = "Waiting"
		others = frappe.get_all(
			"Signature Request Signer",
			filters={"request": self.request},
			pluck="idx_in_request",
			order_by="idx_in_request desc",
			limit=1,
		)
		self.idx_in_request = (others[0] if others else 0) + 1

	def validate(self):
		before = self.get_doc_before_save()
		if before:
			keep(self, before)
		self.email = (self.email or "").strip()
		if not one_address(self.email):
			frappe.throw(_("{0} is not a mail address.").format(self.email))
		self._only_in_draft()
		_check_boxes(self.boxes)
		twin = frappe.db.get_value(
			"Signature Request Signer",
			{"request": self.request, "email": self.email, "name": ["!=", self.name or ""]},
			"signer_name",
		)
		if twin:
			frappe.throw(
				_("{0} already signs this request with {1}. Give each signer an address of his own.").format(
					twin, self.email
				)
			)

	def on_trash(self):
		self._only_in_draft()

	def _only_in_draft(self):
		status = frappe.db.get_value("Signature Request", self.request, "status")
		if status and status != "Draft":
			frappe.throw(_("The request was sent: its signers cannot be changed."))


def _check_boxes(boxes: str | list | None) -> None:
	"""Refuse places that no page could have; whether this document has them shows when the request is sent."""
	numbers = ("document", "page", "x", "y")
	rows = frappe.parse_json(boxes) if boxes else []
	ok = isinstance(rows, list) and len(rows) <= 50
	for row in rows if ok else ():
		ok = ok and isinstance(row, dict) and set(row) <= set(numbers) and {"page", "x", "y"} <= set(row)
		ok = ok and all(type(value) in (int, float) and 0 <= value <= 20000 for value in row.values())
	if not ok:
		frappe.throw(_("Places are a list of {document, page, x, y}, all numbers."))
