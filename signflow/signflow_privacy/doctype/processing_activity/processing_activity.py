"""One line of the record of processing activities (GDPR 30)."""

import frappe
from frappe import _
from frappe.model.document import Document


class ProcessingActivity(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow_privacy.doctype.processing_activity_data.processing_activity_data import (
			ProcessingActivityData,
		)
		from signflow.signflow_privacy.doctype.processing_activity_doctype.processing_activity_doctype import (
			ProcessingActivityDocType,
		)
		from signflow.signflow_privacy.doctype.processing_activity_processor.processing_activity_processor import (
			ProcessingActivityProcessor,
		)

		ask_new_persons: DF.Literal["", "Contacts", "Leads", "Contacts and Leads"]
		automated_decisions: DF.SmallText | None
		balancing_test: DF.Text | None
		company: DF.Link
		consent_text: DF.Link | None
		data: DF.Table[ProcessingActivityData]
		data_source: DF.Literal["", "From the Person", "From Elsewhere", "Both"]
		doctypes: DF.Table[ProcessingActivityDocType]
		ground: DF.Literal[
			"",
			"Consent",
			"Contract",
			"Legal Obligation",
			"Vital Interests",
			"Public Task",
			"Legitimate Interests",
		]
		interest: DF.SmallText | None
		joint_controller: DF.SmallText | None
		measures: DF.SmallText | None
		must_give: DF.SmallText | None
		next_review: DF.Date | None
		outside_eea: DF.Check
		persons: DF.SmallText | None
		preset: DF.Data | None
		processors: DF.Table[ProcessingActivityProcessor]
		purpose: DF.SmallText
		recipients: DF.SmallText | None
		responsible: DF.Link | None
		retention: DF.SmallText | None
		retention_rule: DF.Link | None
		reviewed_on: DF.Date | None
		safeguard_note: DF.SmallText | None
		source_note: DF.SmallText | None
		special_ground: DF.Literal[
			"",
			"Explicit Consent",
			"Employment and Social Security",
			"Vital Interests",
			"Members of an Association",
			"Made Public by the Person",
			"Legal Claims",
			"Substantial Public Interest",
			"Health Care",
			"Public Health",
			"Archives and Research",
		]
		status: DF.Literal["Draft", "Active", "Ended"]
		statute: DF.Data | None
		title: DF.Data
		transfer_countries: DF.Data | None
		transfer_safeguard: DF.Literal[
			"",
			"Adequacy Decision",
			"Standard Contractual Clauses",
			"Binding Corporate Rules",
			"Derogation for the Case",
		]

	# end: auto-generated types
	def validate(self):
		if self.status == "Active":
			self._check_complete()
		if self.ground != "Consent" or not self.consent_text:
			self.ask_new_persons = ""
		elif frappe.db.get_value("Consent Text", self.consent_text, "company") != self.company:
			frappe.throw(_("{0} is a text of another controller.").format(frappe.bold(self.consent_text)))
		for row in self.processors:
			if frappe.db.get_value("Data Processor", row.processor, "company") != self.company:
				frappe.throw(
					_("{0} processes data for another controller.").format(frappe.bold(row.processor))
				)

	def _check_complete(self):
		if not self.ground:
			frappe.throw(_("Say on which ground the data is processed before the activity is made active."))
		if self.ground == "Legitimate Interests" and not (self.interest and self.balancing_test):
			frappe.throw(_("Name the legitimate interest and write down the balancing test."))
		if not self.data:
			frappe.throw(_("Say which data is processed."))
		held = {row.holds for row in self.data}
		if "Special Category" in held and not self.special_ground:
			frappe.throw(_("Special categories of data need a ground of their own (GDPR 9)."))
