"""What becomes of a person's records when they are erased: a dry run, approved by a second person, then carried out."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets
from signflow.signflow.stored_words import said


class ErasurePlan(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		approved_by: DF.Link | None
		approved_on: DF.Datetime | None
		certificate_made_on: DF.Datetime | None
		certificate_sha256: DF.Data | None
		certificates_replaced: DF.SmallText | None
		company: DF.Link | None
		decisions: DF.LongText | None
		digest: DF.Data | None
		failure: DF.SmallText | None
		fingerprint: DF.Data | None
		finished_on: DF.Datetime | None
		is_replay: DF.Check
		lease_token: DF.Data | None
		lease_until: DF.Datetime | None
		left_over: DF.Int
		made_by: DF.Link | None
		made_on: DF.Datetime | None
		neutral_mail: DF.Data | None
		neutral_name: DF.Data | None
		request: DF.Link | None
		started_on: DF.Datetime | None
		status: DF.Literal["Draft", "Approved", "Running", "Done", "Failed", "Superseded"]
		subject: DF.LongText | None
		told: DF.LongText | None
		totals: DF.LongText | None
		undecided: DF.Int
		work_attempts: DF.Int
		work_due: DF.Check

	# end: auto-generated types

	def onload(self):
		self.failure = said(self.failure, lambda value: ", ".join(map(_, value.split(", "))))

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(
				_("A plan of erasure is made, decided, approved and run by its buttons alone."),
				frappe.PermissionError,
			)

	def before_rename(self, old: str, new: str, merge: bool = False):
		frappe.throw(_("A plan of erasure is never changed."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("A plan of erasure is never deleted."), frappe.PermissionError)
