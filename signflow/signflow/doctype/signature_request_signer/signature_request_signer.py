"""One person who is asked to sign; a record of its own so that two signers never save the same row."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import validate_email_address


class SignatureRequestSigner(Document):
	def before_insert(self):
		self.status = "Waiting"

	def validate(self):
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

	def on_trash(self):
		self._only_in_draft()

	def _only_in_draft(self):
		status = frappe.db.get_value("Signature Request", self.request, "status")
		if status and status != "Draft":
			frappe.throw(_("The request was sent: its signers cannot be changed."))
