"""One access to a person's data: who, what, why (GDPR 5(2)); append-only for everybody."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets
from signflow.signflow.stored_words import said


class PersonalDataAccess(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		accessed_on: DF.Datetime
		company: DF.Link | None
		counts: DF.LongText | None
		kind: DF.Literal["Look-up", "View", "Export", "Change", "Restriction", "Erasure"]
		purpose: DF.SmallText | None
		record_doctype: DF.Link | None
		record_hash: DF.Data | None
		subject_hashes: DF.LongText | None
		total: DF.Int
		user: DF.Link

	# end: auto-generated types

	def onload(self):
		self.purpose = said(self.purpose)

	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(_("The log of accesses is written once and never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("The log of accesses is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("The log of accesses is never deleted."), frappe.PermissionError)
