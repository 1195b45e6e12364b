"""One wording of a consent text, in each language. Once published it stays as it is, since people answered it."""

import frappe
from frappe import _
from frappe.model.document import Document

LANGUAGES = ("fi", "sv", "en")
KEPT = ("number", "company", "status", "published_on", "published_by", "sha256")


class ConsentTextVersion(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		company: DF.Link | None
		consent_text: DF.Link
		number: DF.Int
		published_by: DF.Link | None
		published_on: DF.Datetime | None
		sha256: DF.Data | None
		status: DF.Literal["Draft", "Published", "Replaced"]
		text_en: DF.SmallText | None
		text_fi: DF.SmallText | None
		text_sv: DF.SmallText | None
		title_en: DF.Data | None
		title_fi: DF.Data | None
		title_sv: DF.Data | None

	# end: auto-generated types

	def before_insert(self):
		text = frappe.db.get_value("Consent Text", self.consent_text, ["name", "company"], as_dict=True)
		last = frappe.get_all(
			"Consent Text Version",
			{"consent_text": self.consent_text},
			pluck="number",
			order_by="number desc",
			limit=1,
		)
		self.update({"number": (last[0] if last else 0) + 1, "company": text and text.company})
		self.update({"status": "Draft", "published_on": None, "published_by": None, "sha256": None})

	def validate(self):
		for code in LANGUAGES:
			for part in ("title", "text"):
				self.set(f"{part}_{code}", (self.get(f"{part}_{code}") or "").strip())
			if bool(self.get(f"title_{code}")) != bool(self.get(f"text_{code}")):
				frappe.throw(_("A language needs both a title and a text."))
		before = self.get_doc_before_save()
		if not before or self.flags.signflow:
			return
		if before.status != "Draft" and any(
			(self.get(field.fieldname) or "") != (before.get(field.fieldname) or "")
			for field in self.meta.get("fields", {"fieldtype": ["in", ("Data", "Small Text", "Link")]})
		):
			frappe.throw(
				_("This wording is published: people have answered it. Make a new version."),
				frappe.PermissionError,
			)
		for field in KEPT:
			self.set(field, before.get(field))

	def on_trash(self):
		if frappe.db.exists("Consent", {"version": self.name}):
			frappe.throw(_("People have answered this wording: it stays."), frappe.PermissionError)
