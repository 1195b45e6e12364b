"""One document of a signature request."""

import frappe
from frappe import _
from frappe.model.document import Document


class SignatureRequestDocument(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		certified_sha256: DF.Data | None
		file: DF.Attach
		foreign_fields: DF.SmallText | None
		foreign_signatures: DF.SmallText | None
		pages: DF.Int
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		source_sha256: DF.Data | None
		title: DF.Data

	# end: auto-generated types
	def has_permission(self, permtype: str = "read", **options) -> bool:
		"""Ask the request: of a row by itself Frappe asks only whether its reader may read requests at all."""
		return frappe.get_doc(self.parenttype, self.parent).has_permission(permtype, **options)

	# Frappe runs these only when the row is written or deleted by itself, past all rules of its request.
	def validate(self):
		frappe.throw(_("Documents are changed in their request."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("Documents are changed in their request."), frappe.PermissionError)
