"""What people of one company are asked to consent to. Its wordings are Consent Text Versions."""

import frappe
from frappe import _
from frappe.model.document import Document


class ConsentText(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		ask_again_days: DF.Int
		channel: DF.Literal["", "Email", "SMS", "Phone", "Post"]
		company: DF.Link
		current_version: DF.Link | None
		disabled: DF.Check
		double_opt_in: DF.Check
		existing_customer_months: DF.Int
		existing_customers: DF.Check
		offered: DF.Check
		processing_activity: DF.Link | None
		purpose: DF.Data
		valid_months: DF.Int

	# end: auto-generated types

	def validate(self):
		self.purpose = (self.purpose or "").strip()
		same = {"purpose": self.purpose, "company": self.company, "name": ["!=", self.name or ""]}
		if frappe.db.exists("Consent Text", same):
			frappe.throw(
				_("{0} has a consent text for this purpose already.").format(self.company),
				frappe.DuplicateEntryError,
			)
		if self.existing_customers and self.channel not in ("Email", "SMS"):
			frappe.throw(_("Only marketing by mail and SMS knows existing customers."))
		before = self.get_doc_before_save()
		if not self.flags.signflow:
			# Only publishing names a version.
			self.current_version = before.current_version if before else None

	def on_trash(self):
		if frappe.db.exists("Consent", {"consent_text": self.name}):
			frappe.throw(_("People have answered this text: disable it in place of deleting it."))
		for name in frappe.get_all(
			"Consent Text Version", {"consent_text": self.name}, pluck="name", order_by="number asc"
		):
			frappe.delete_doc("Consent Text Version", name, ignore_permissions=True, force=True)
