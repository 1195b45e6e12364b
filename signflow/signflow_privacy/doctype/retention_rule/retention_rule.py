"""How long records of one kind are kept, or after how long they go."""

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.core.errors import SignflowError
from signflow.core.privacy.retention import ERASE, KEEP, Period, PeriodUnit
from signflow.signflow.kept_fields import keep
from signflow.signflow.refusals import message_of
from signflow.signflow.roles import OFFICER
from signflow.signflow_privacy.record_filters import (
	check_date_field,
	check_filters,
	check_record_type,
	company_field,
)

# Nothing of the books rests on these, and what Frappe leaves of one when it is deleted, the run takes along.
DELETABLE = (
	*(
		"Access Log",
		"Activity Log",
		"Comment",
		"Communication",
		"Deleted Document",
		"Email Queue",
		"Error Log",
	),
	*("Integration Request", "Notification Log", "Route History", "Scheduled Job Log", "ToDo", "Version"),
	*("View Log", "Webhook Request Log", "Web Page View", "Prepared Report", "Unhandled Email"),
	*("HD Ticket", "Issue", "Lead", "Job Applicant", "Email Campaign", "Email Group Member"),
)
# What an approval was given for.
DECIDES = (
	*("kind", "enabled", "only_company", "document_type", "filters_json", "period_length", "period_unit"),
	*("reckoning", "date_field", "date_in", "date_link", "action", "most_rows"),
)


class RetentionRule(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		action: DF.Literal["Report Only", "Mark for Review", "Delete"]
		approved: DF.Check
		approved_by: DF.Link | None
		approved_on: DF.Datetime | None
		date_field: DF.Autocomplete
		date_in: DF.Link | None
		date_link: DF.Autocomplete | None
		document_type: DF.Link
		enabled: DF.Check
		filters_json: DF.Code | None
		ground: DF.Literal[
			"",
			"Consent",
			"Contract",
			"Legal Obligation",
			"Vital Interests",
			"Public Task",
			"Legitimate Interests",
		]
		kind: DF.Literal["Keep at Least", "Erase After"]
		most_rows: DF.Int
		only_company: DF.Link | None
		period_length: DF.Int
		period_unit: DF.Literal["Days", "Months", "Years"]
		preset: DF.Data | None
		reckoning: DF.Literal[
			"The Date",
			"The End of the Calendar Year",
			"The End of the Fiscal Year",
			"The End of the Calendar Year in Which the Fiscal Year Ended",
		]
		statute: DF.SmallText | None
		title: DF.Data

	# end: auto-generated types
	def validate(self):
		before = self.get_doc_before_save()
		if not self.flags.signflow:
			keep(self, before)
		if before and any(self.has_value_changed(name) for name in DECIDES):
			_check_loosening(before)
		meta = check_record_type(self.document_type)
		check_filters(self.document_type, self.filters_json)
		try:
			Period(self.period_length, PeriodUnit(self.period_unit))
		except SignflowError as refusal:
			frappe.throw(message_of(refusal), title=_("Period"))
		self._validate_date()
		if self.kind == ERASE:
			self._validate_erasing(meta)
		else:
			self.action = "Report Only"
		if self.approved and not self.is_new() and any(self.has_value_changed(name) for name in DECIDES):
			self.approved, self.approved_by, self.approved_on = 0, None, None

	def on_trash(self):
		_check_loosening(self)

	def _validate_date(self):
		if not self.date_in:
			self.date_link = None
			check_date_field(self.document_type, self.date_field)
			return
		check_record_type(self.date_in)
		check_date_field(self.date_in, self.date_field)
		link = frappe.get_meta(self.date_in).get_field(self.date_link or "")
		if not link or link.fieldtype != "Link" or link.options != self.document_type:
			frappe.throw(
				_("{0} does not point to {1} by the field {2}.").format(
					_(self.date_in), _(self.document_type), self.date_link or "?"
				)
			)

	def _validate_erasing(self, meta):
		if self.only_company and not company_field(self.document_type):
			frappe.throw(
				_("{0} does not say whose it is: a rule that erases it holds for all companies.").format(
					_(self.document_type)
				)
			)
		if self.action == "Delete" and (
			meta.is_submittable or not (meta.custom or self.document_type in DELETABLE)
		):
			frappe.throw(
				_("{0} cannot be deleted by rule: choose to mark them, and erase by request.").format(
					_(self.document_type)
				)
			)
		if self.action == "Mark for Review" and "_user_tags" not in frappe.db.get_table_columns(
			self.document_type
		):
			frappe.throw(_("{0} cannot carry tags.").format(_(self.document_type)))


def _check_loosening(rule):
	"""What a rule no longer keeps goes by rules that were approved while it did: that needs an officer as well."""
	if rule.enabled and rule.kind == KEEP and OFFICER not in frappe.get_roles():
		frappe.throw(
			_("This rule keeps records: a data protection officer changes it."), frappe.PermissionError
		)
