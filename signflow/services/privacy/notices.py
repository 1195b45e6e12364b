"""The privacy notices of a company: drafted from its register, published in versions that stay, watched against the site.

The only writer of what a Privacy Notice's publication and drift say.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint, now_datetime
from markupsafe import Markup

from signflow.core.evidence.canonical import canonical_json
from signflow.services import forms, work
from signflow.services import notices as told
from signflow.services.guests import LANGUAGES
from signflow.services.privacy import holdings, notice_texts
from signflow.services.privacy.activities import in_force, in_language, of_status
from signflow.services.transaction import is_missing_table, one_transaction

NOTICE = "Privacy Notice"
PATH = "/privacy/notice"
KEEP_SECONDS = 300


def draft(company: str) -> Any:
	"""A new draft for `company`, written from its register in all languages, with the user's permissions.

	Of activities in force and processors under an agreement alone: `left_out` says what else there is. Raises
	ValidationError while there is another draft, and while no activity is in force.
	"""
	_require_activities(company)
	other = frappe.db.get_value(NOTICE, {"company": company, "status": "Draft"})
	if other:
		frappe.throw(_("There is a draft already: {0}.").format(other))
	return frappe.get_doc({"doctype": NOTICE, "company": company, "texts": _texts(company)}).insert()


def new_version(published: Any) -> Any:
	"""A new draft with the texts of a published notice, to be changed by hand; raises as `draft` does."""
	other = frappe.db.get_value(NOTICE, {"company": published.company, "status": "Draft"})
	if other:
		frappe.throw(_("There is a draft already: {0}.").format(other))
	texts = [{"language": row.language, "title": row.title, "body": row.body} for row in published.texts]
	return frappe.get_doc({"doctype": NOTICE, "company": published.company, "texts": texts}).insert()


def write_anew(doc: Any) -> None:
	"""Replace the texts of a draft by what the register says now, with the user's permissions; raises as `draft` does."""
	_require_activities(doc.company)
	doc.set("texts", _texts(doc.company))
	doc.save()


def _texts(company: str) -> list[dict[str, str]]:
	return [
		{
			"language": language,
			"title": f"{notice_texts.title(language)} – {company}"[:140],
			"body": notice_texts.written(company, language),
		}
		for language in LANGUAGES
	]


@one_transaction
def publish(name: str) -> Any:
	"""Freeze a draft as the company's next version; the one before it stays to be read. The caller checks permission.

	Raises ValidationError for a notice without texts, without activities in force behind it, or with a part on one that
	is not in force.
	"""
	doc = frappe.get_doc(NOTICE, name, for_update=True)
	if doc.status != "Draft":
		frappe.throw(_("This notice was published already."))
	if not doc.texts:
		frappe.throw(_("Write the notice in one language at least."))
	_require_activities(doc.company)
	if early := _told_too_early(doc):
		frappe.throw(
			_(
				"The notice has parts on activities that are not active: {0}. Take them out, or write it anew."
			).format(", ".join(early))
		)
	last = frappe.get_all(
		NOTICE,
		{"company": doc.company, "status": ["!=", "Draft"]},
		pluck="version",
		order_by="version desc",
		limit=1,
	)
	version = cint(last[0] if last else 0) + 1
	for older in frappe.get_all(
		NOTICE, {"company": doc.company, "status": "Published"}, pluck="name", order_by="name asc"
	):
		frappe.db.set_value(
			NOTICE,
			older,
			{"status": "Replaced", "drift_note": None, "drift_found_on": None, "drift_told": None},
		)
	frappe.db.set_value(
		NOTICE,
		name,
		{
			"status": "Published",
			"version": version,
			"published_on": now_datetime(),
			"published_by": frappe.session.user,
			"digest": digest(doc, version),
			"covers": frappe.as_json(_covered(doc)),
		},
	)
	frappe.clear_document_cache(NOTICE, name)
	forget_link()
	for path in frappe.get_hooks("signflow_notice_published"):
		frappe.get_attr(path)()
	return frappe.get_doc(NOTICE, name)


def _require_activities(company: str) -> None:
	if not in_force(company):
		frappe.throw(
			_("Make the processing activities of {0} active first: the notice tells of those alone.").format(
				company
			)
		)


def _told_too_early(doc: Any) -> list[str]:
	"""The titles of activities that have a heading in a text of `doc` and are not in force."""
	active = {
		in_language(one, "title", row.language).casefold()
		for one in in_force(doc.company)
		for row in doc.texts
	}
	return sorted(
		{
			title
			for one in of_status(doc.company, "Draft", "Ended")
			for row in doc.texts
			if (title := in_language(one, "title", row.language))
			and title.casefold() not in active
			and re.search(rf"^#+ *{re.escape(title)} *$", row.body or "", re.MULTILINE | re.IGNORECASE)
		}
	)


def left_out(company: str) -> list[str]:
	"""What the register of `company` has and a notice does not tell of yet, a line each, in the language spoken now:
	activities that are no more than drafts, processors without an agreement in force."""
	lines = [_("Processing activity {0}: a draft").format(one.title) for one in of_status(company, "Draft")]
	lines += [
		_("Processor {0}: no agreement in force").format(row.processor_name)
		for row in frappe.get_all(
			"Data Processor",
			{"company": company, "disabled": 0, "agreement_state": ["!=", "Signed"]},
			["processor_name"],
			order_by="processor_name asc, name asc",
		)
	]
	return lines


def digest(doc: Any, version: int) -> str:
	"""SHA-256 (hex) of what a version says: company, version and all its texts, as canonical JSON (RFC 8785)."""
	texts = {row.language: {"title": row.title, "body": row.body} for row in doc.texts}
	return hashlib.sha256(
		canonical_json({"company": doc.company, "version": version, "texts": texts})
	).hexdigest()


def _covered(doc: Any) -> dict[str, Any]:
	"""What the texts of `doc` tell of: {"activities", "processors", "kinds": {DocType: [kind]}}.

	An activity or a processor counts when every one of the texts names it.
	"""
	told_of = [one for one in in_force(doc.company) if _names_all(doc, one)]
	kinds: dict[str, set[str]] = {}
	for activity in told_of:
		for row in activity.doctypes:
			kinds.setdefault(row.document_type, set()).update(held.holds for held in activity.data)
	return {
		"activities": [one.name for one in told_of],
		"processors": [
			row.name
			for row in notice_texts.processors_of(doc.company)
			if all(_says(text.body, row.processor_name) for text in doc.texts)
		],
		"kinds": {name: sorted(kinds[name]) for name in sorted(kinds)},
	}


def _names_all(doc: Any, activity: Any) -> bool:
	return all(_says(row.body, in_language(activity, "title", row.language)) for row in doc.texts)


def _says(text: str, words: str) -> bool:
	return _plain(words) in _plain(text)


def _plain(text: str) -> str:
	return re.sub(r"[\W_]+", " ", text or "").strip().casefold()


def drift(doc: Any) -> list[tuple[str, str, str]]:
	"""What the site holds or does and the published notice `doc` does not say: (kind, record, what), in a fixed order.

	Kinds: "activity" and "processor" (of the register, not named), "doctype" (in use and told of by no activity), "data"
	(a kind of data in a DocType that is in use).
	"""
	covers = frappe.parse_json(doc.covers) or {}
	found = [
		("activity", one.name, one.title)
		for one in in_force(doc.company)
		if one.name not in covers["activities"]
	]
	found += [
		("processor", row.name, row.processor_name)
		for row in notice_texts.processors_of(doc.company)
		if row.name not in covers["processors"]
	]
	for doctype, kinds in sorted(holdings.held_kinds().items()):
		told_of = covers["kinds"].get(doctype)
		lacking = sorted({kind.value for kind in kinds} - set(told_of or ()))
		if not lacking or not holdings.in_use(doctype, doc.company):
			continue
		if told_of is None:
			found.append(("doctype", doctype, ""))
		else:
			found += [("data", doctype, kind) for kind in lacking]
	return found


def described(found: Iterable[tuple[str, str, str]]) -> list[str]:
	"""What `drift` found, a line each, in the language spoken now."""
	texts = {
		"activity": lambda record, what: _("Processing activity {0} ({1})").format(what, record),
		"processor": lambda record, what: _("Processor {0} ({1})").format(what, record),
		"doctype": lambda record, what: _(
			"Records of the kind {0}: no processing activity tells of them"
		).format(_(record)),
		"data": lambda record, what: _("{0} in records of the kind {1}").format(_(what), _(record)),
	}
	return [texts[kind](record, what) for kind, record, what in found]


def watch() -> None:
	"""Compare each published notice with the site (daily): officers are told once of what is new."""
	for name in frappe.get_all(NOTICE, {"status": "Published"}, pluck="name", order_by="name asc"):
		with work.edge("privacy notice"):
			look_for_drift(name)


@one_transaction
def look_for_drift(name: str) -> list[tuple[str, str, str]]:
	"""Compare one published notice with the site and say on it what it lacks; officers are told of what they were not
	told before, in one notification each. Returns what was found."""
	doc = frappe.get_doc(NOTICE, name, for_update=True)
	if doc.status != "Published":
		return []
	found = drift(doc)
	before = {tuple(one) for one in frappe.parse_json(doc.drift_told or "[]")}
	with print_language(frappe.get_cached_doc("Signflow Settings").default_language or "fi"):
		note = "\n".join(described(found))
	values = {"drift_note": note or None, "drift_told": frappe.as_json(found) if found else None}
	if bool(found) != bool(doc.drift_note):
		values["drift_found_on"] = now_datetime() if found else None
	if (doc.drift_note or "") != note or set(found) != before:
		frappe.db.set_value(NOTICE, name, values)
	new = [one for one in found if one not in before]
	if new:
		for user in told.officers(NOTICE, doc.company):
			told.notify(user, (NOTICE, name), lambda: _told(doc.company, new))
	return found


def _told(company: str, new: list[tuple[str, str, str]]) -> str:
	lines = described(new)
	text = _("The privacy notice of {0} does not say all that the site holds: {1}").format(
		company, "; ".join(lines[:5])
	)
	return text if len(lines) <= 5 else text + " " + _("and {0} more").format(len(lines) - 5)


def published(company: str | None) -> Any:
	"""The notice of `company` that is in force, as a document, or None."""
	name = company and frappe.db.get_value(NOTICE, {"company": company, "status": "Published"})
	return frappe.get_doc(NOTICE, name) if name else None


def of_version(company: str, version: int) -> Any:
	"""One version of a company's notice that is or was in force, or None."""
	name = frappe.db.get_value(
		NOTICE, {"company": company, "version": version, "status": ["in", ("Published", "Replaced")]}
	)
	return frappe.get_doc(NOTICE, name) if name else None


def versions(company: str) -> list[Any]:
	"""All versions that are or were in force, the newest first: [{version, published_on}]."""
	return frappe.get_all(
		NOTICE,
		{"company": company, "status": ["in", ("Published", "Replaced")]},
		["version", "published_on"],
		order_by="version desc",
	)


def text_in(doc: Any, language: str) -> Any:
	"""The text of a notice in `language`, else in the first of ours that it has."""
	by_language = {row.language: row for row in doc.texts}
	return next(by_language[one] for one in (language, *LANGUAGES) if one in by_language)


def site_company() -> str | None:
	"""Whose notice is meant where an address names no company: the site's default company, or the only one with a notice."""
	companies = frappe.get_all(
		NOTICE, {"status": "Published"}, pluck="company", distinct=True, order_by="company asc"
	)
	# A notice may outlive its company.
	companies = frappe.get_all("Company", {"name": ["in", companies]}, pluck="name", order_by="name asc")
	default = frappe.defaults.get_global_default("company")
	if default in companies:
		return default
	return companies[0] if len(companies) == 1 else None


def link(company: str | None, language: str = "") -> str:
	"""Where persons read the notice: the settings' address, else our page below the site's, "" if there is none."""
	own = frappe.get_cached_doc("Signflow Settings").privacy_url
	if own:
		return own
	company = company or site_company()
	if not company or not frappe.db.exists(NOTICE, {"company": company, "status": "Published"}):
		return ""
	query = {"company": company, **({"lang": language} if language else {})}
	return f"{PATH}?{urlencode(query)}"


def in_footer(context: Any) -> dict[str, Any] | None:
	"""Put the notice into the footer of portal and web form pages (hook update_website_context)."""
	address = _link_of_site()
	if not address:
		return None
	if context.get("doctype") == "Web Form":
		return _in_web_form(context, address)
	items = list(context.get("footer_items") or [])
	if any((item.get("url") or "").startswith(PATH) for item in items):
		return None
	return {"footer_items": [*items, {"label": _("Privacy Notice"), "url": address, "right": 0}]}


def _in_web_form(context: Any, address: str) -> dict[str, Any] | None:
	"""Above the fields: where data is asked for, the notice must be at hand, and newer frameworks show no footer there."""
	if any(str(path).startswith(forms.SCRIPT) for path in context.get("web_include_js") or ()):
		return None  # a signable form's own script says it, with the form's company
	line = Markup('<p><a href="{}" target="_blank" rel="noopener">{}</a></p>').format(
		address, _("Privacy Notice")
	)
	return {"introduction_text": f"{context.get('introduction_text') or ''}{line}"}


def _link_of_site() -> str:
	"""The site's own link, remembered for a while: every page of the portal asks."""
	kept = frappe.cache.get_value(_kept_link(), expires=True)
	if kept is None:
		try:
			kept = link(None)
		except Exception as error:
			# Between an update of the code and its migration all pages go on.
			if not is_missing_table(error):
				raise
			return ""
		frappe.cache.set_value(_kept_link(), kept, expires_in_sec=KEEP_SECONDS)
	return kept


def _kept_link() -> str:
	return "signflow:notice-link"


def forget_link() -> None:
	"""The next page asks anew which notice is in force."""
	frappe.cache.delete_value(_kept_link())
