"""A consumer's statement that he withdraws from a contract, kept as it was made."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets

STATED = ("stated_on", "person_name", "email", "language", "contract_reference", "message", "page_key")


class ContractWithdrawal(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		contract: DF.Link | None
		contract_reference: DF.SmallText | None
		customer: DF.Link | None
		email: DF.Data | None
		handled_by: DF.Link | None
		handled_on: DF.Datetime | None
		language: DF.Data | None
		match_due: DF.Check
		match_note: DF.SmallText | None
		message: DF.SmallText | None
		naming_series: DF.Literal["WDR-.YYYY.-.#####"]
		note: DF.SmallText | None
		page_key: DF.Data | None
		person_name: DF.Data | None
		receipt_note: DF.SmallText | None
		receipt_queued_on: DF.Datetime | None
		request: DF.Link | None
		stated_on: DF.Datetime | None
		status: DF.Literal["New", "Matched", "Accepted", "Too Late", "Handled"]
		submission: DF.Link | None
		timeliness: DF.Literal["", "In Time", "Too Late"]
		withdraw_until: DF.Date | None

	# end: auto-generated types
	def validate(self):
		before = self.get_doc_before_save()
		if not self.flags.signflow or (
			before and any(str(self.get(field)) != str(before.get(field)) for field in STATED)
		):
			frappe.throw(_("What a person stated is kept as it was."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("What a person stated is kept as it was."), frappe.PermissionError)
