"""A run of the retention rules: what was past its time, and what became of it."""

import frappe
from frappe import _
from frappe.model.document import Document


class RetentionRun(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow_privacy.doctype.retention_run_rule.retention_run_rule import RetentionRunRule

		day: DF.Date | None
		dry_run: DF.Check
		failure: DF.SmallText | None
		finished_on: DF.Datetime | None
		lease_token: DF.Data | None
		lease_until: DF.Datetime | None
		rules: DF.Table[RetentionRunRule]
		started_by: DF.Link | None
		started_on: DF.Datetime | None
		status: DF.Literal["Running", "Finished", "Stopped", "Failed"]
		stop_requested: DF.Check
		work_attempts: DF.Int
		work_due: DF.Check

	# end: auto-generated types
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Runs are written by the run itself."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Runs are kept: they show what was deleted by which rule."), frappe.PermissionError)
