"""One person who is asked to sign; a record of its own so that two signers never save the same row."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import validate_email_address

from signflow.signflow.kept_fields import keep


class SignatureRequestSigner(Document):
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
		if not validate_email_address(self.email):
			frappe.throw(_("{0} is not a mail address.").format(self.email))
		self._only_in_draft()
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

	def apply_fieldlevel_read_permissions(self):
		"""No answer of an API holds a secret, not even to Administrator, for whom Frappe asks no permission."""
		super().apply_fieldlevel_read_permissions()
		for field in self.meta.get("fields", {"permlevel": 9}):
			self.set(field.fieldname, None)

	def on_trash(self):
		self._only_in_draft()

	def _only_in_draft(self):
		status = frappe.db.get_value("Signature Request", self.request, "status")
		if status and status != "Draft":
			frappe.throw(_("The request was sent: its signers cannot be changed."))
