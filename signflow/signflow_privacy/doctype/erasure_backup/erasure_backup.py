"""A backup that was there when an erasure ended. `services.erasure.backups` alone writes it."""

import frappe
from frappe import _
from frappe.model.document import Document


class ErasureBackup(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		company: DF.Link | None
		file_name: DF.SmallText | None
		goes_by: DF.Date | None
		gone_on: DF.Date | None
		how: DF.Literal[
			"Deleted by Age",
			"Rhythm of Backups Not Known",
			"Declared in the Settings",
			"Number Limited",
			"Not Known",
		]
		kind: DF.Literal[
			"Folder of the Site", "Other", "Server Snapshot", "Amazon S3", "Dropbox", "Google Drive"
		]
		made_on: DF.Datetime | None
		note: DF.SmallText | None
		noted_by: DF.Link | None
		place: DF.Data | None
		plan: DF.Link
		reminded_on: DF.Date | None
		request: DF.Link | None
		size: DF.Int
		status: DF.Literal["There", "Gone", "Time Over"]

	# end: auto-generated types

	def validate(self):
		frappe.throw(_("What is noted of backups is not changed by hand."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("What is noted of backups is not changed by hand."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("What is noted of backups is not changed by hand."), frappe.PermissionError)
