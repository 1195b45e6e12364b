"""That a person was told of a company's privacy notice: how and when."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class NoticeDelivery(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		asked_on: DF.Datetime | None
		asking: DF.Literal["", "Waiting", "Asked", "Not Asked", "Failed"]
		attempts: DF.Int
		company: DF.Link
		due_on: DF.Date | None
		mail_key: DF.Data | None
		not_before: DF.Datetime | None
		notice: DF.Link | None
		party: DF.DynamicLink | None
		party_made_on: DF.Datetime | None
		party_type: DF.Link | None
		sent_on: DF.Datetime | None
		status: DF.Literal[
			"Waiting", "Sent", "Told Where Asked", "Already Told", "Not Reachable", "Not Needed", "Failed"
		]

	# end: auto-generated types
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Who was told of a notice is written by signflow."), frappe.PermissionError)


def on_doctype_update():
	# The most urgent rows of a status are asked for every five minutes.
	frappe.db.add_index("Notice Delivery", ["status", "due_on"])
