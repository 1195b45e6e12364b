"""A record that a legal hold holds until it is lifted, whatever becomes of its values."""

import frappe
from frappe import _
from frappe.model.document import Document


class LegalHoldRecord(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		document_name: DF.Data | None
		document_type: DF.Link | None
		hold: DF.Link | None

	# end: auto-generated types
	def validate(self):
		frappe.throw(_("What a hold holds is written by the hold itself."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("A hold is lifted before what it holds is let go."), frappe.PermissionError)
