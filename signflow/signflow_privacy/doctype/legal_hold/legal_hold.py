"""What must not go while a claim or an inquiry is open, whatever the rules say."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from signflow.signflow.kept_fields import keep
from signflow.signflow_privacy.record_filters import check_filters, check_record_type

COVERS = ("only_company", "document_type", "document_name", "filters_json")


class LegalHold(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		document_name: DF.DynamicLink | None
		document_type: DF.Link
		filters_json: DF.Code | None
		from_date: DF.Date
		lift_reason: DF.SmallText | None
		lifted: DF.Check
		lifted_by: DF.Link | None
		lifted_on: DF.Datetime | None
		only_company: DF.Link | None
		reason: DF.SmallText
		review_on: DF.Date | None
		title: DF.Data

	# end: auto-generated types
	def validate(self):
		before = self.get_doc_before_save()
		if before and before.lifted:
			frappe.throw(_("A hold that was lifted stays as it is: place another one."))
		if not self.flags.signflow:
			keep(self, before)
		check_record_type(self.document_type)
		if self.document_name and frappe.parse_json(self.filters_json or "[]"):
			frappe.throw(_("A hold covers one record, or all that fit its filters: choose."))
		check_filters(self.document_type, self.filters_json)
		# Put off into the future it would hold nothing, without an officer lifting it.
		if before and getdate(self.from_date) > getdate(before.from_date):
			frappe.throw(_("A hold is not put off: lift it, with a reason."))
		if before and any(self.has_value_changed(name) for name in COVERS):
			frappe.throw(_("What a hold covers is not changed: place another one, then lift this."))

	def on_trash(self):
		if not self.lifted:
			frappe.throw(_("A hold is lifted before it is deleted."), frappe.PermissionError)
