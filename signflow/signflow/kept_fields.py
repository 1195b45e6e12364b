"""What only the services write: every field that its DocType marks read-only, and every field above permlevel 0.

Frappe's read-only is for the form alone. A program could send such a field, and a form that was open for long sends
back what stood there before.
"""

from typing import Any

from frappe.model.document import Document


def keep(doc: Any, before: Any = None) -> None:
	"""Set the services' fields of `doc` to what is stored (`before`), or to their defaults in a new record."""
	for field in doc.meta.get("fields"):
		if field.read_only or field.permlevel:
			doc.set(field.fieldname, before.get(field.fieldname) if before else field.default)


class KeepsSecrets(Document):
	"""A record whose fields of permlevel 9 no answer of an API holds."""

	def apply_fieldlevel_read_permissions(self):
		"""Not even to Administrator, for whom Frappe asks no permission."""
		super().apply_fieldlevel_read_permissions()
		for field in self.meta.get("fields", {"permlevel": 9}):
			self.set(field.fieldname, None)
