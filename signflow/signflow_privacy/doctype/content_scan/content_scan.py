"""One search of the site's texts for personal data."""

import frappe
from frappe import _
from frappe.model.document import Document


class ContentScan(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		at_doctype: DF.Data | None
		doctypes_done: DF.Int
		document_type: DF.Link | None
		ended_on: DF.Datetime | None
		failure: DF.SmallText | None
		fields_with_finds: DF.Int
		lease_until: DF.Datetime | None
		rows_per_doctype: DF.Int
		rows_scanned: DF.Int
		started_on: DF.Datetime | None
		state: DF.JSON | None
		status: DF.Literal["Queued", "Running", "Done", "Stopped", "Failed"]
		work_due: DF.Check

	# end: auto-generated types

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(
				_("A content scan is started from the map of personal data."), frappe.PermissionError
			)

	def on_trash(self):
		if self.status in ("Queued", "Running"):
			frappe.throw(_("Stop the scan first."))
