"""One record of a copy of personal data, and whether and how far the person gets it."""

import frappe
from frappe import _
from frappe.model.document import Document


class PersonalDataExportItem(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		because: DF.LongText | None
		decided_by: DF.Link | None
		export: DF.Link
		included: DF.Check
		kind: DF.Data | None
		original_sha256: DF.Data | None
		place: DF.Int
		reason: DF.SmallText | None
		record_doctype: DF.Link | None
		record_name: DF.DynamicLink | None
		redacted_file: DF.Data | None
		redacted_name: DF.Data | None
		redacted_sha256: DF.Data | None
		strength: DF.Literal["CERTAIN", "SHARED", "TRACE", "POSSIBLE"]
		title: DF.Data | None
		whole: DF.Check
		withheld_fields: DF.LongText | None
		withheld_texts: DF.LongText | None

	# end: auto-generated types
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("A copy of personal data is made by its request."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("A copy of personal data is made by its request."), frappe.PermissionError)

	def on_trash(self):
		if not self.flags.signflow:
			frappe.throw(_("A copy of personal data ends by itself."), frappe.PermissionError)
