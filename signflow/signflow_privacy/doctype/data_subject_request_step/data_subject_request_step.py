"""One step of a data subject request (GDPR 5(2)); append-only for everybody."""

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.signflow.stored_words import said


class DataSubjectRequestStep(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		at: DF.Datetime
		by_user: DF.Link | None
		company: DF.Link | None
		kind: DF.Literal[
			"",
			"Received",
			"Proof Asked",
			"Proven",
			"Disowned",
			"Records Proposed",
			"Confirmed",
			"Joined",
			"Question",
			"Answer",
			"Extended",
			"Planned",
			"Approved",
			"Running",
			"Restricted",
			"Restriction Lifted",
			"Objection Carried Out",
			"Refused",
			"Withdrawn",
			"Done",
			"Mailed",
			"Reminder",
			"Download",
			"Paper Added",
			"Handed Over",
			"Kind Changed",
			"Handed to the Person",
			"Backups Gone",
			"Complaint Pending",
			"Complaint Over",
			"Pseudonymised",
			"Note",
		]
		note: DF.SmallText | None
		request: DF.Link

	# end: auto-generated types

	def onload(self):
		self.note = said(self.note)

	def validate(self):
		if not self.is_new() or not self.flags.signflow:
			frappe.throw(
				_("A step of a data request is written once and never changed."), frappe.PermissionError
			)

	def on_trash(self):
		# It goes with its request, by whoever may delete that.
		if not self.flags.signflow_retention:
			frappe.throw(_("A step of a data request is never deleted."), frappe.PermissionError)
