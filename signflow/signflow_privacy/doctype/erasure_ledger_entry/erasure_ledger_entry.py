"""That a record was erased or masked: keyed hashes alone, by which it is found again in a restored backup."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class ErasureLedgerEntry(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		action: DF.Literal["Erase", "Mask", "Unlink", "Left", "Person"]
		company: DF.Link | None
		document_type: DF.Link | None
		erased_on: DF.Datetime | None
		is_own: DF.Check
		neutral: DF.Data | None
		plan: DF.Data | None
		record_hash: DF.Data | None
		string_hashes: DF.LongText | None

	# end: auto-generated types

	def validate(self):
		if not (self.is_new() and self.flags.signflow):
			frappe.throw(
				_("The ledger of erasures is written once and never changed."), frappe.PermissionError
			)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("The ledger of erasures is written once and never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("The ledger of erasures is written once and never changed."), frappe.PermissionError)
