"""The page /privacy/consents: a person sees and changes all that he has consented to, without an account (GDPR 7(3)).

He comes by the link of a mail, or proves his mailbox by a mailed code. Whoever he is, the answers are alike: even a
stranger may see what is offered and give it, so nobody learns here whether an address is known.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from signflow.core.privacy.marketing import Action, has_objected, text_state
from signflow.services import visits
from signflow.services.company import own_name
from signflow.services.guests import Refused
from signflow.services.privacy import consent_campaigns, consent_letters, consents
from signflow.services.times import utc_time

PAGE = "consents"


def letter(visit: dict[str, Any]) -> visits.Letter:
	"""The words around a visitor's code, known or not."""
	return visits.Letter(_("Your code for seeing your consents"), "signflow_consent_code", own_name())


def open_link(token: str, language: str) -> tuple[str, dict[str, Any]]:
	"""A session and the page's view for the link of a mail; raises Refused `old_link` for any other."""
	row = consent_letters.follow(token)
	if not row:
		raise Refused("old_link", _("This link has ended. Write your mail address, and you get a code."), 401)
	more = {"text": row.consent_text, "campaign_person": row.campaign_person, "by": "Mail Link"}
	session = visits.open_by_link(row.email, language, PAGE, **more)
	consent_campaigns.on_opened(row.campaign_person)
	frappe.db.commit()
	return session, view(visits.identified(session, PAGE)[1], language)


def view(visit: dict[str, Any], language: str) -> dict[str, Any]:
	"""All of a visitor's consents and what else is offered, by company.

	{mail, first (the text that a mail asked about), companies: [{company, objected, texts: [{id, version, title, words,
	channel, state, since, until, said_words}]}]}. `state` is given, pending, withdrawn, refused, ended or none.
	"""
	person = consents.person_with(visit["mail"])
	rows = consents.rows_of(person)
	asked = visit.get("text")
	companies: dict[str, dict[str, Any]] = {}
	for text in _texts(
		{row.consent_text for row in rows if row.consent_text} | ({asked} if asked else set())
	):
		shown = _shown_of(person, rows, text, language)
		if shown:
			company = companies.setdefault(text.company, {"company": text.company, "texts": []})
			company["texts"].append(shown)
	for row in rows:
		companies.setdefault(row.company, {"company": row.company, "texts": []})
	for name, company in companies.items():
		company["objected"] = _objected(person, rows, name)
	return {
		"mail": visit["mail"],
		"first": asked or "",
		"companies": [companies[name] for name in sorted(companies)],
	}


def _texts(known: set[str]) -> list[Any]:
	text = frappe.qb.DocType("Consent Text")
	offered = (text.offered == 1) & (text.disabled == 0)
	return (
		frappe.qb.from_(text)
		.select(text.name, text.company, text.channel, text.current_version, text.disabled)
		.where(text.current_version.isnotnull())
		.where(offered | text.name.isin(sorted(known)) if known else offered)
		.orderby(text.company)
		.orderby(text.purpose)
		.run(as_dict=True)
	)


def _shown_of(person: consents.Person, rows: list[Any], text: Any, language: str) -> dict[str, Any] | None:
	mine = [row for row in rows if row.consent_text == text.name]
	said = consents.as_said(mine, person)
	last = text_state(said, text.name, getdate())
	if text.disabled and not (last and last.action is Action.GIVEN):
		return None
	latest = mine[-1] if mine else None
	state, about = "none", None
	if last:
		state, about = last.action.value.lower(), next(row for row in mine if row.name == last.row)
	elif latest and latest.action == Action.PENDING:
		pass
	elif any(row.action is Action.GIVEN for row in said):
		state, about = "ended", latest
	if latest and latest.action == Action.PENDING and state != "given":
		state, about = "pending", latest
	shown = consents.wording(text.current_version, language)
	agreed = about and about.version and consents.wording(about.version, about.language)
	return {
		"id": text.name,
		"version": shown.version,
		"language": shown.language,
		"title": shown.title,
		"words": shown.words,
		"channel": text.channel or "",
		"closed": bool(text.disabled),
		"state": state,
		"since": utc_time(about.said_on).isoformat() if about else "",
		"until": str(about.expires_on) if about and about.expires_on else "",
		"said_words": agreed.words if agreed and agreed.words != shown.words else "",
	}


def _objected(person: consents.Person, rows: list[Any], company: str) -> bool:
	return has_objected(consents.as_said([row for row in rows if row.company == company], person), getdate())


def answer(visit: dict[str, Any], text: str, version: str, verb: str, language: str) -> dict[str, Any]:
	"""The visitor gives, withdraws or refuses what stands before him; returns {view, mailed}.

	Raises Refused `changed` when the words on the page are no longer those in use.
	"""
	person = consents.person_with(visit["mail"])
	row = frappe.db.get_value(
		"Consent Text", text, ["name", "current_version", "disabled", "offered"], as_dict=True
	)
	if not row or not row.current_version or verb not in ("give", "withdraw", "refuse"):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	way = consents.Given(visit.get("by") or "Page")
	if verb == "withdraw":
		if not _is_about(person, text):
			raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
		kept = consents.withdraw(person, text, way, language)
	else:
		# Texts have numbers for names: whoever guesses one is told nothing of it.
		mine = row.offered or text == visit.get("text") or _is_about(person, text)
		if not mine:
			raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
		if row.current_version != version or row.disabled:
			raise Refused("changed", _("The text has changed meanwhile. Read it again, please."), 409)
		shown = consents.wording(version, language)
		kept = (consents.give if verb == "give" else consents.refuse)(person, shown, way)
		consent_campaigns.on_answered(visit.get("campaign_person"), text, verb)
	return _answered(visit, kept, language)


def _is_about(person: consents.Person, text: str) -> bool:
	return any(said.consent_text == text for said in consents.rows_of(person))


def object_to_all(
	visit: dict[str, Any], company: str, language: str, *, lift: bool = False
) -> dict[str, Any]:
	"""The visitor objects to all direct marketing by a company (GDPR 21(2)), or takes that back; {view, mailed}."""
	# As it is written here: MariaDB finds it in any capitals, and rows of two spellings would be two companies'.
	company = frappe.db.get_value("Company", company) or ""
	if not company:
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	person = consents.person_with(visit["mail"])
	way = consents.Given(visit.get("by") or "Page")
	if _objected(person, consents.rows_of(person, company), company) != lift:
		return {"view": view(visit, language), "mailed": False}
	verb = consents.lift_objection if lift else consents.object_to
	return _answered(visit, verb(person, company, way), language)


def _answered(visit: dict[str, Any], row: str, language: str) -> dict[str, Any]:
	mailed = consent_letters.send_receipt(row, language)
	frappe.db.commit()
	return {"view": view(visit, language), "mailed": mailed}
