"""What becomes of one record, or of all rows of one table that point to what is erased."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class ErasurePlanLine(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		action: DF.Literal["Erase", "Mask", "Unlink", "Keep", "Decide"]
		because: DF.SmallText | None
		decided_by: DF.Link | None
		decision: DF.Literal["", "Hers", "Not Hers", "Keep"]
		fields: DF.LongText | None
		ground: DF.Data | None
		keep_until: DF.Date | None
		later: DF.Literal["", "Erase", "Mask"]
		place: DF.Int
		plan: DF.Link
		record_doctype: DF.Link | None
		record_hash: DF.Data | None
		record_name: DF.Data | None
		renamed: DF.Data | None
		row_count: DF.Int
		status: DF.Literal["Planned", "Done", "Failed", "Waiting"]
		statute: DF.Data | None
		version: DF.Data | None
		words: DF.Check

	# end: auto-generated types

	def onload(self):
		self.because = _(self.because) if self.because else None

	def validate(self):
		if not (self.is_new() and self.flags.signflow):
			frappe.throw(_("The lines of a plan of erasure are never changed."), frappe.PermissionError)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("The lines of a plan of erasure are never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("The lines of a plan of erasure are never changed."), frappe.PermissionError)
