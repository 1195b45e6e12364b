"""Somebody authorises another person to act for him."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate


class PowerofAttorney(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		attorney_email: DF.Data | None
		attorney_name: DF.Data
		grantor_email: DF.Data
		grantor_name: DF.Data
		grantor_phone: DF.Data | None
		scope: DF.SmallText
		valid_from: DF.Date | None
		valid_until: DF.Date | None

	# end: auto-generated types
	def validate(self):
		if self.valid_from and self.valid_until and getdate(self.valid_until) < getdate(self.valid_from):
			frappe.throw(_("The power of attorney ends before it begins."))
