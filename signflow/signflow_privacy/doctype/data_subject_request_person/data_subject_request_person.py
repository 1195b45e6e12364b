"""A record that is the person who asks: proposed with its reason, confirmed by an officer."""

import frappe
from frappe import _
from frappe.model.document import Document


class DataSubjectRequestPerson(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		because: DF.SmallText | None
		confirmed: DF.Check
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		record_doctype: DF.Link
		record_name: DF.DynamicLink
		strength: DF.Literal["", "Certain", "Shared", "Possible", "Chosen"]

	# end: auto-generated types

	# These run for a row that is saved or deleted by itself, which Frappe allows to whoever may make or change requests.
	def validate(self):
		frappe.throw(
			_("Which records are the person is confirmed by an officer, on the request."),
			frappe.PermissionError,
		)

	def on_trash(self):
		self.validate()
