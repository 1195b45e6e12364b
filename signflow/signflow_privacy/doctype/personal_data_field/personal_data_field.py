"""What one field of one DocType holds of a person, and who said so."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from signflow.signflow.kept_fields import keep


class PersonalDataField(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		decided_by: DF.Link | None
		decided_on: DF.Datetime | None
		document_type: DF.Link
		fieldname: DF.Data
		fieldtype: DF.Data | None
		finds: DF.SmallText | None
		found_on: DF.Datetime | None
		gone: DF.Check
		holds: DF.Literal[
			"",
			"Name",
			"Email",
			"Phone",
			"Address",
			"Date of Birth",
			"Personal Identity Code",
			"Identity Hash",
			"Bank Account",
			"Business ID",
			"Online Identifier",
			"Picture",
			"Signature",
			"File",
			"Free Text",
			"Work and Position",
			"Pay and Payments",
			"Special Category",
			"Link to a Person",
			"Other",
		]
		label: DF.Data | None
		mark: DF.Literal["Personal", "Not Personal", "To Decide"]
		module: DF.Link | None
		origin: DF.Literal["Preset", "Found", "Content Scan", "By Hand"]
		parents: DF.SmallText | None
		reason: DF.SmallText | None
		rows_with_finds: DF.Int
		scanned_on: DF.Datetime | None
		scanned_rows: DF.Int
		target: DF.Data | None
		type_field: DF.Data | None

	# end: auto-generated types

	def validate(self):
		before = self.get_doc_before_save()
		keep(self, before)
		if before and (self.mark, self.holds) == (before.mark, before.holds):
			return
		self._stands_there()
		if self.mark != "Not Personal" and not self.holds:
			frappe.throw(_("Say what the field holds."))
		# A person's word stands: no scan and no update changes it.
		self.origin = "By Hand"
		self.decided_by = frappe.session.user
		self.decided_on = now_datetime()

	def _stands_there(self):
		"""Describe the field as its DocType does; refuse one that no DocType has."""
		meta = frappe.get_meta(self.document_type)
		field = meta.get_field(self.fieldname)
		if not field or meta.get("is_virtual") or field.get("is_virtual"):
			frappe.throw(
				_("{0} has no field {1} with a value of its own.").format(
					_(self.document_type), self.fieldname
				)
			)
		self.label, self.fieldtype, self.module = field.label, field.fieldtype, meta.module
		self.target = field.options if field.fieldtype == "Link" else ""
		if field.fieldtype == "Dynamic Link":
			self.type_field = field.options
		self.found_on = self.found_on or now_datetime()
