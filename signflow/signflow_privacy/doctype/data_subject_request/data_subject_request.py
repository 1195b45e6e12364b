"""What a person asks about the data held on her. `services.subject_requests` alone writes it, step by step."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets
from signflow.signflow.stored_words import said


class DataSubjectRequest(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow_privacy.doctype.data_subject_request_person.data_subject_request_person import (
			DataSubjectRequestPerson,
		)

		company: DF.Link
		complaint_pending: DF.Check
		details: DF.LongText | None
		done_on: DF.Datetime | None
		due_on: DF.Date | None
		email: DF.Data | None
		erased_on: DF.Datetime | None
		extended_on: DF.Datetime | None
		extension_reason: DF.SmallText | None
		has_protected_address: DF.Check
		is_representative: DF.Check
		joined_to: DF.Link | None
		language: DF.Literal["fi", "sv", "en"]
		objection_scope: DF.Literal["", "Direct Marketing", "Other Processing"]
		outcome: DF.SmallText | None
		page_key: DF.Data | None
		person_name: DF.Data | None
		persons: DF.Table[DataSubjectRequestPerson]
		phone: DF.Data | None
		proof_level: DF.Literal["", "none", "mail_code", "sms_code", "in_person", "substantial", "high"]
		proof_method: DF.Literal[
			"",
			"Code by Mail",
			"Link in a Mail",
			"Login",
			"Code by Text Message",
			"Electronic Identity",
			"Identity Document Shown",
			"Known to Staff",
			"Other",
		]
		proof_note: DF.SmallText | None
		pseudonymised_on: DF.Datetime | None
		question: DF.SmallText | None
		received_on: DF.Datetime
		reference_doctype: DF.Link | None
		reference_name: DF.DynamicLink | None
		refusal_ground: DF.Literal[
			"",
			"Manifestly Unfounded",
			"Excessive",
			"Identity Not Shown",
			"Law Forbids or Exempts",
			"Not the Controller",
			"Other",
		]
		refusal_reason: DF.SmallText | None
		refused_by: DF.Link | None
		refused_on: DF.Datetime | None
		reminded_on: DF.Date | None
		represents: DF.SmallText | None
		request_type: DF.Literal[
			"", "Access", "Portability", "Rectification", "Erasure", "Restriction", "Objection"
		]
		restricted_on: DF.Datetime | None
		restriction_lifted_on: DF.Datetime | None
		secret_hash: DF.Data | None
		source: DF.Literal["", "Web Page", "Portal", "Ticket", "Mail", "Desk", "Website Form of Frappe"]
		status: DF.Literal[
			"Unverified",
			"Open",
			"Waiting for Person",
			"Planned",
			"Approved",
			"Running",
			"Done",
			"Refused",
			"Withdrawn",
		]
		verified_on: DF.Datetime | None
		weighed: DF.Literal["", "Objection Upheld", "Compelling Grounds"]
		withdrawn_on: DF.Datetime | None

	# end: auto-generated types

	def onload(self):
		for row in self.persons:
			row.because = said(row.because)
		self.outcome = said(self.outcome)

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(
				_("A data request is changed by its buttons alone, so that every step is on record."),
				frappe.PermissionError,
			)

	def on_trash(self):
		# What nobody has proven to be his is swept after a while; all else is on record (GDPR 5(2)).
		if not self.flags.signflow_retention:
			frappe.throw(_("A data request is never deleted."), frappe.PermissionError)
