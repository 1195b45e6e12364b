"""Who processes personal data for a company, and under which agreement (GDPR 28)."""

import frappe
from frappe import _
from frappe.model.document import Document


class DataProcessor(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow_privacy.doctype.further_processor.further_processor import FurtherProcessor

		agreement_expires_on: DF.Date | None
		agreement_file: DF.Attach | None
		agreement_request: DF.Link | None
		agreement_signed_on: DF.Date | None
		agreement_state: DF.Literal["None", "Draft", "Sent", "Signed", "Expired"]
		company: DF.Link
		contact_email: DF.Data | None
		contact_name: DF.Data | None
		data: DF.SmallText | None
		data_at_the_end: DF.Literal["Data Is Deleted", "Data Is Returned"]
		disabled: DF.Check
		further: DF.Table[FurtherProcessor]
		location: DF.Data | None
		measures: DF.SmallText | None
		outside_eea: DF.Check
		persons: DF.SmallText | None
		processor_name: DF.Data
		responsible: DF.Link | None
		safeguard_note: DF.SmallText | None
		services: DF.SmallText
		signatory_email: DF.Data | None
		signatory_name: DF.Data | None
		supplier: DF.Link | None
		transfer_safeguard: DF.Literal[
			"",
			"Adequacy Decision",
			"Standard Contractual Clauses",
			"Binding Corporate Rules",
			"Derogation for the Case",
		]
		warn_days: DF.Int
		warned_on: DF.Date | None

	# end: auto-generated types
	def validate(self):
		if self.agreement_state == "Signed" and not self.agreement_signed_on:
			frappe.throw(_("When was the agreement signed?"))
		first, last = self.agreement_signed_on, self.agreement_expires_on
		if first and last and str(last) < str(first):
			frappe.throw(_("The agreement ends before it was signed."))
		before = self.get_doc_before_save()
		if before and str(before.agreement_expires_on) != str(self.agreement_expires_on):
			self.warned_on = None
