"""A copy of what is held on a person, for a request of access or portability: looked through by an officer, packed encrypted, fetched by the person and swept."""

import frappe
from frappe import _
from frappe.model.document import Document


class MadeByItsRequest(Document):
	"""A part of a copy, which only the services make and end."""

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("A copy of personal data is made by its request."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("A copy of personal data is made by its request."), frappe.PermissionError)

	def on_trash(self):
		if not self.flags.signflow:
			frappe.throw(_("A copy of personal data ends by itself."), frappe.PermissionError)


class PersonalDataExport(MadeByItsRequest):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		answer: DF.Text | None
		approved_by: DF.Link | None
		approved_on: DF.Datetime | None
		company: DF.Link | None
		downloads: DF.Int
		email: DF.Data | None
		expires_on: DF.Datetime | None
		failure: DF.SmallText | None
		file_count: DF.Int
		file_name: DF.Data | None
		handed_over_on: DF.Datetime | None
		language: DF.Literal["fi", "sv", "en"]
		last_download_on: DF.Datetime | None
		lease_token: DF.Data | None
		lease_until: DF.Datetime | None
		link_hash: DF.Data | None
		made_by: DF.Link | None
		note: DF.SmallText | None
		passphrase: DF.SmallText | None
		progress: DF.Percent
		ready_on: DF.Datetime | None
		record_count: DF.Int
		request: DF.Link
		scope: DF.Literal["Access", "Portability"]
		sha256: DF.Data | None
		size: DF.Int
		status: DF.Literal["Collecting", "To Review", "Packing", "Ready", "Expired", "Cancelled", "Failed"]
		work_attempts: DF.Int
		work_due: DF.Check

	# end: auto-generated types
	pass
