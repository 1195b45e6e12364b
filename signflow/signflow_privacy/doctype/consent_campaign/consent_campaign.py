"""Asking people for a consent by mail, one or many. `services.privacy.consent_campaigns` does the asking."""

import json

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets, keep


class ConsentCampaign(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		ask_doctype: DF.Literal["Contact", "Lead"]
		asked_for: DF.Check
		company: DF.Link | None
		consent_text: DF.Link
		failure: DF.SmallText | None
		filled_to: DF.Data | None
		filters_json: DF.Code | None
		given_count: DF.Int
		language: DF.Literal["fi", "sv", "en"]
		lease_until: DF.Datetime | None
		left_out_count: DF.Int
		message: DF.SmallText | None
		opened_count: DF.Int
		people_count: DF.Int
		per_hour: DF.Int
		refused_count: DF.Int
		return_rate: DF.Float
		sent_count: DF.Int
		started_on: DF.Datetime | None
		status: DF.Literal["Draft", "Sending", "Paused", "Sent"]
		title: DF.Data
		tries: DF.Int
		work_due: DF.Check

	# end: auto-generated types

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
