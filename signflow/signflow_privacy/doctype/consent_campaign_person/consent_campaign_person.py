"""One person of a campaign; written by `services.privacy.consent_campaigns` alone."""

import frappe
from frappe import _
from frappe.model.document import Document


class ConsentCampaignPerson(Document):
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Whom a campaign has asked stays on record."), frappe.PermissionError)

	def on_trash(self):
		if not self.flags.signflow_retention:
			frappe.throw(_("Whom a campaign has asked stays on record."), frappe.PermissionError)
