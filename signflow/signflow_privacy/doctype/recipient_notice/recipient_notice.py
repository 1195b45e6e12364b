"""Somebody who got a person's data from us and has to be told that it was corrected, erased or restricted (GDPR 19)."""

import frappe
from frappe import _
from frappe.model.document import Document


class RecipientNotice(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		answer: DF.SmallText | None
		answered_on: DF.Datetime | None
		company: DF.Link | None
		email: DF.Data | None
		processor: DF.Link | None
		recipient: DF.Data
		reminded_on: DF.Date | None
		request: DF.Link
		settled_by: DF.Link | None
		status: DF.Literal["To Tell", "Told", "Answered", "Waived"]
		told_by: DF.Link | None
		told_on: DF.Datetime | None
		waived_reason: DF.SmallText | None

	# end: auto-generated types
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(
				_("What recipients were told is written by the buttons alone."), frappe.PermissionError
			)

	def on_trash(self):
		if not self.flags.signflow:
			frappe.throw(_("What recipients were told is kept with its request."), frappe.PermissionError)
