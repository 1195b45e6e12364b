"""One person of a campaign; written by `services.privacy.consent_campaigns` alone."""

import frappe
from frappe import _
from frappe.model.document import Document


class ConsentCampaignPerson(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		answered_on: DF.Datetime | None
		asked_on: DF.Datetime | None
		campaign: DF.Link | None
		company: DF.Link | None
		email: DF.Data | None
		language: DF.Data | None
		note: DF.Literal[
			"",
			"No mail address",
			"Has objected to marketing",
			"The data is restricted",
			"Has left the customer or supplier",
			"Has consented already",
			"Has said no to this",
			"Asking by mail would be marketing, which may not reach this person",
			"The mail system does not take this address",
			"The mail was returned",
			"Could not be asked for a fault of this site",
		]
		party: DF.DynamicLink | None
		party_type: DF.Link | None
		status: DF.Literal["Waiting", "Asked", "Opened", "Given", "Refused", "Left Out", "Failed"]
		tries: DF.Int

	# end: auto-generated types

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Whom a campaign has asked stays on record."), frappe.PermissionError)

	def on_trash(self):
		if not self.flags.signflow_retention:
			frappe.throw(_("Whom a campaign has asked stays on record."), frappe.PermissionError)
