"""One link of the request's chain of evidence; append-only for everybody."""

import frappe
from frappe import _
from frappe.model.document import Document


class SignatureEvent(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		canonical: DF.LongText | None
		document: DF.Data | None
		hash: DF.Data | None
		kind: DF.Data | None
		request: DF.Link
		seq: DF.Int
		signer: DF.Link | None
		time: DF.Datetime | None

	# end: auto-generated types
	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Evidence is never deleted."), frappe.PermissionError)
