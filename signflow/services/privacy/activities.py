"""The record of processing activities (GDPR 30): the usual ones added as drafts, all of them printed."""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import getdate

from signflow.core.privacy.datamap import Holds
from signflow.services.company import house, public_file
from signflow.services.printing import from_html
from signflow.services.privacy import holdings
from signflow.services.privacy.usual_activities import MEASURES, USUAL, UsualActivity
from signflow.services.times import written_day

ACTIVITY = "Processing Activity"
_PRINT = "signflow/templates/privacy/record.html"
# What "Add the Usual Activities" fills in with a text of its own.
TEXTS = (
	*("title", "purpose", "statute", "interest", "balancing_test", "persons", "recipients", "retention"),
	*("source_note", "must_give"),
)


def add_usual(company: str) -> list[str]:
	"""Make the usual activities that `company` has not yet, as drafts in the user's language and with his permissions.

	Returns the names of those made. One that was made, changed, ended or renamed is never made again.
	"""
	there = set(frappe.get_all(ACTIVITY, {"company": company}, pluck="preset", order_by="name asc"))
	held = holdings.held_kinds()
	return [_add(company, usual, held) for usual in USUAL if usual.key not in there]


def _add(company: str, usual: UsualActivity, held: dict[str, set[Holds]]) -> str:
	doc = frappe.new_doc(ACTIVITY)
	doctypes = _doctypes_of(usual, held)
	# What the site's own map says of these DocTypes is true of this activity as well.
	kinds = {*usual.holds, *(kind for name in doctypes for kind in held.get(name, ()))}
	doc.update({name: _(getattr(usual, name)) if getattr(usual, name) else None for name in TEXTS})
	doc.update(
		{
			"company": company,
			"status": "Draft",
			"preset": usual.key,
			"responsible": frappe.get_cached_doc("Signflow Settings").data_protection_officer,
			"ground": usual.ground,
			"special_ground": usual.special_ground,
			"data_source": usual.data_source,
			"measures": _(MEASURES),
			"data": [{"holds": kind.value} for kind in Holds if kind in kinds],
			"doctypes": [{"document_type": name} for name in doctypes],
		}
	)
	return doc.insert().name


def _doctypes_of(usual: UsualActivity, held: dict[str, set[Holds]]) -> list[str]:
	"""The DocTypes of this site that the activity names, and what its modules hold that no usual activity names."""
	named = {name for one in USUAL for name in one.doctypes}
	there = {
		row.name: row
		for row in frappe.get_all(
			"DocType",
			{"istable": 0, "name": ["in", sorted({*named, *held})]},
			["name", "module", "custom"],
			order_by="name asc",
		)
	}
	rest = [
		name
		for name, row in there.items()
		if name in held and name not in named and row.module in usual.modules and not row.custom
	]
	return [name for name in usual.doctypes if name in there] + rest


def in_force(company: str) -> list[Any]:
	"""The active activities of `company`, as documents, in the order in which they were made."""
	return of_status(company, "Active")


def of_status(company: str, *statuses: str) -> list[Any]:
	"""The activities of `company` in one of `statuses`, as documents, in the order in which they were made."""
	names = frappe.get_all(
		ACTIVITY,
		{"company": company, "status": ["in", statuses]},
		pluck="name",
		order_by="creation asc, name asc",
	)
	return [frappe.get_doc(ACTIVITY, name) for name in names]


def in_language(doc: Any, field: str, language: str) -> str:
	"""The text `field` of an activity in `language`: ours in each of its languages, what people wrote as it stands.

	A text that came with the usual activities and was not changed is known by that it reads as in one of our languages.
	"""
	text = (doc.get(field) or "").strip()
	usual = next((one for one in USUAL if one.key == doc.preset), None)
	ours = MEASURES if field == "measures" else getattr(usual, field, "") if usual else ""
	if not text or not ours or text not in {translated(ours, one) for one in ("en", "fi", "sv")}:
		return text
	return translated(ours, language)


def translated(text: str, language: str) -> str:
	"""`text` in `language`, whatever language is spoken now."""
	with print_language(language):
		return _(text)


def print_register(company: str, language: str) -> tuple[str, bytes]:
	"""Title and PDF of the whole record of `company` in `language` (GDPR 30(1)); the caller checks permission."""
	with print_language(language):
		title = _("Record of Processing Activities")
		rows = of_status(company, "Draft", "Active")  # a draft is marked as one
		if not rows:
			frappe.throw(_("{0} has no processing activities yet.").format(company))
		return title, from_html(_html(title, company, rows, language))


def _html(title: str, company: str, rows: list[Any], language: str) -> str:
	controller = frappe.get_cached_doc("Company", company)
	activities = [
		{
			"doc": row,
			"text": {field: in_language(row, field, language) for field in (*TEXTS, "measures")},
			"processors": [frappe.get_cached_doc("Data Processor", one.processor) for one in row.processors],
			"reviewed_on": written_day(row.reviewed_on, language) if row.reviewed_on else "",
			"next_review": written_day(row.next_review, language) if row.next_review else "",
			"responsible": row.responsible and frappe.db.get_value("User", row.responsible, "full_name"),
		}
		for row in rows
	]
	return (
		frappe.get_jenv()
		.get_template(_PRINT)
		.render(
			title=title,
			language=language,
			logo=public_file(house(company)["logo"]),
			company=company_lines(controller),
			officer=officer(),
			today=written_day(getdate(), language),
			activities=activities,
		)
	)


def company_lines(controller: Any) -> dict[str, str]:
	"""What is known of a Company as controller: {name, business_id, email, phone, website}, "" where unknown."""
	known = {"business_id": "tax_id", "email": "email", "phone": "phone_no", "website": "website"}
	return {"name": controller.name, **{key: controller.get(field) or "" for key, field in known.items()}}


def officer() -> dict[str, str]:
	"""The officer whom the settings name: {name, email}, "" if there is none."""
	settings = frappe.get_cached_doc("Signflow Settings")
	user = settings.data_protection_officer
	name, email = frappe.db.get_value("User", user, ["full_name", "email"]) if user else ("", "")
	return {"name": name or "", "email": settings.privacy_contact or email or ""}
