"""Answers to a signable form, encrypted, until they are signed and become a record."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class FormSubmission(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		answers: DF.LongText | None
		completed_on: DF.Datetime | None
		contact: DF.Link | None
		contract: DF.Link | None
		customer: DF.Link | None
		duplicates: DF.SmallText | None
		expires_on: DF.Datetime | None
		failure: DF.SmallText | None
		form: DF.Link
		language: DF.Data | None
		lead: DF.Link | None
		lease_until: DF.Datetime | None
		mail_hash: DF.Data | None
		origin: DF.Data | None
		page_key: DF.Data | None
		record_doctype: DF.Link | None
		record_name: DF.DynamicLink | None
		request: DF.Link | None
		resume_hash: DF.Data | None
		resume_sent_on: DF.Datetime | None
		signed_on: DF.Datetime | None
		status: DF.Literal["Draft", "Signing", "Signed", "Completed", "Failed", "Expired", "Cancelled"]
		submitted_on: DF.Datetime | None
		token_hash: DF.Data | None
		user: DF.Link | None
		withdraw_until: DF.Date | None
		work_attempts: DF.Int
		work_due: DF.Check

	# end: auto-generated types
	def validate(self):
		# By this it knows that it comes from the services: no API can set a flag.
		if not self.flags.signflow:
			frappe.throw(_("Answers to a form are written by the form alone."), frappe.PermissionError)

	def on_trash(self):
		if self.status not in ("Draft", "Expired", "Cancelled"):
			frappe.throw(
				_("Answers that are being signed, or were signed, are kept."), frappe.PermissionError
			)
