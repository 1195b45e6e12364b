"""The personal values and salts behind an event's commitments; only the retention service deletes them."""

import frappe
from frappe import _
from frappe.model.document import Document


class SignatureEventPayload(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		event: DF.Link
		request: DF.Link
		values_json: DF.LongText | None

	# end: auto-generated types
	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("Evidence is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		if not self.flags.signflow_retention:
			frappe.throw(_("Only the retention service deletes personal values."), frappe.PermissionError)
