"""A record that a run deleted: which rule, when, and a keyed hash of its name."""

import frappe
from frappe import _
from frappe.model.document import Document


class RetentionDeletion(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		deleted_on: DF.Datetime | None
		document_type: DF.Data | None
		row_hash: DF.Data | None
		rule: DF.Link | None
		run: DF.Link | None

	# end: auto-generated types
	def validate(self):
		if not (self.is_new() and self.flags.signflow):
			frappe.throw(_("What was deleted is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("What was deleted is written once and never changed."), frappe.PermissionError)
