"""Asking people for a consent by mail, one or many. `services.privacy.consent_campaigns` does the asking."""

import json

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets, keep


class ConsentCampaign(KeepsSecrets):
	def validate(self):
		before = self.get_doc_before_save()
		if not self.flags.signflow:
			keep(self, before)
		if before and before.status != "Draft" and not self.flags.signflow:
			for field in ("consent_text", "ask_doctype", "filters_json", "message"):
				self.set(field, before.get(field))
		self.company = frappe.db.get_value("Consent Text", self.consent_text, "company")
		try:
			filters = json.loads(self.filters_json or "[]")
		except ValueError:
			filters = None
		if not isinstance(filters, list):
			frappe.throw(_("The filter is not complete."))

	def on_trash(self):
		if self.status != "Draft":
			frappe.throw(_("Whom a campaign has asked stays on record."), frappe.PermissionError)
