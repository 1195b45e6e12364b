"""One immutable state of a document: each signature adds one."""

import frappe
from frappe import _
from frappe.model.document import Document


class SealedRevision(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		archive_due: DF.Datetime | None
		document: DF.Data
		document_title: DF.Data | None
		file_url: DF.Data | None
		kind: DF.Literal["Certified", "Received", "Signed", "Closed", "Report", "Archived"]
		level: DF.Literal["", "B-B", "B-T", "B-LT", "B-LTA"]
		parent_sha256: DF.Data | None
		request: DF.Link
		sealed_on: DF.Datetime | None
		sealing_key: DF.Link | None
		seq: DF.Int
		sha256: DF.Data | None
		signer: DF.Link | None
		size: DF.Int

	# end: auto-generated types
	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Evidence is never deleted."), frappe.PermissionError)
