"""Notice that ends a customer's agreements."""

import frappe
from frappe import _
from frappe.model.document import Document


class ContractTermination(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.contract_termination_agreement.contract_termination_agreement import (
			ContractTerminationAgreement,
		)

		agreements: DF.Table[ContractTerminationAgreement]
		channel: DF.Literal["On the Page", "Signed", "In Writing", "Said to Staff"]
		communication: DF.Link | None
		company: DF.Link
		confirmation_note: DF.SmallText | None
		confirmed_on: DF.Datetime | None
		customer: DF.Link
		email: DF.Data | None
		failure: DF.SmallText | None
		language: DF.Data | None
		naming_series: DF.Literal["TERM-.YYYY.-.#####"]
		next_work_on: DF.Datetime | None
		note: DF.SmallText | None
		person_name: DF.Data | None
		reason: DF.SmallText | None
		received_on: DF.Datetime | None
		recorded_by: DF.Link | None
		request: DF.Link | None
		status: DF.Literal["Draft", "Waiting for Signature", "Notice Given", "Ended", "Cancelled"]
		work_attempts: DF.Int

	# end: auto-generated types
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(
				_("Terminations are written by signflow: use the buttons of the customer or the agreement."),
				frappe.PermissionError,
			)

	def on_trash(self):
		frappe.throw(_("A notice of termination is kept."), frappe.PermissionError)
