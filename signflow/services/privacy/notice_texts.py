"""What a privacy notice says: written from the register of a company, in one language, as Markdown to be edited.

The order is that of GDPR 13 and 14; the clause of each part stands beside it.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from signflow.services.privacy.activities import company_lines, in_force, in_language, officer

GROUNDS = {
	"Consent": lambda: _("your consent (article 6(1)(a))"),
	"Contract": lambda: _("a contract with you, or steps before one (article 6(1)(b))"),
	"Legal Obligation": lambda: _("a legal obligation (article 6(1)(c))"),
	"Vital Interests": lambda: _("vital interests (article 6(1)(d))"),
	"Public Task": lambda: _("a task in the public interest (article 6(1)(e))"),
	"Legitimate Interests": lambda: _("our legitimate interest (article 6(1)(f))"),
}
SOURCES = {
	"From the Person": lambda: _("you"),
	"From Elsewhere": lambda: _("others than you"),
	"Both": lambda: _("you and others"),
}
# As Markdown; not in angle brackets, which Frappe takes for a tag and drops.
OMBUDSMAN = "[tietosuoja.fi](https://tietosuoja.fi)"


def title(language: str) -> str:
	"""The heading of a notice in `language`."""
	with print_language(language):
		return _("Privacy Notice")


def written(company: str, language: str) -> str:
	"""The notice of `company` in `language` as Markdown, by what its register says now."""
	activities, processors = in_force(company), processors_of(company)
	with print_language(language):
		parts = [
			_who(company),
			*(_activity(doc, language) for doc in activities),
			_recipients(processors),
			_transfers(activities, processors, language),
			_rights(company, activities),
			_decisions(activities, language),
			_changes(),
		]
	return "\n\n".join(part for part in parts if part) + "\n"


def processors_of(company: str) -> list[Any]:
	"""The Data Processors that `company` uses under an agreement in force (GDPR 28(3)), by name."""
	return frappe.get_all(
		"Data Processor",
		{"company": company, "disabled": 0, "agreement_state": "Signed"},
		[
			"name",
			"processor_name",
			"services",
			"location",
			"outside_eea",
			"transfer_safeguard",
			"safeguard_note",
		],
		order_by="processor_name asc, name asc",
	)


def _points(*rows: tuple[str, str]) -> str:
	return "\n".join(f"- **{label}:** {_line(text)}" for label, text in rows if text)


def _enumerated(kinds: list[str]) -> str:
	"""Names of kinds as a sentence has them: "Name, email, business ID"; what is written in capitals stays."""
	return ", ".join(
		kind[:1].lower() + kind[1:] if place and kind[1:2].islower() else kind
		for place, kind in enumerate(kinds)
	)


def _line(text: str) -> str:
	return "; ".join(line.strip().rstrip(";") for line in text.splitlines() if line.strip())


def _who(company: str) -> str:
	"""13(1)(a) and (b), 14(1)(a) and (b)."""
	about, who = company_lines(frappe.get_cached_doc("Company", company)), officer()
	return "\n\n".join(
		[
			_(
				"This notice tells how we handle personal data: which, why, on what ground, for how long, and what you can ask of us."
			),
			"## " + _("Who answers for your data"),
			_points(
				(_("Controller"), about["name"]),
				(_("Business ID"), about["business_id"]),
				(_("Email"), about["email"] or who["email"]),
				(_("Telephone"), about["phone"]),
				(_("Data Protection Officer"), ", ".join(filter(None, (who["name"], who["email"])))),
			),
			"## " + _("What we do with personal data"),
		]
	)


def _activity(doc: Any, language: str) -> str:
	"""13(1)(c), (d) and (e), 13(2)(a) and (e); 14(1)(c) and (d), 14(2)(a), (b) and (f)."""

	def text(field: str) -> str:
		return in_language(doc, field, language)

	ground = GROUNDS[doc.ground]() if doc.ground else ""
	special = (
		_("for special categories: {0} (article 9(2))").format(_(doc.special_ground))
		if doc.special_ground
		else ""
	)
	source = SOURCES[doc.data_source]() if doc.data_source else ""
	kinds = [f"{_(row.holds)} ({row.note})" if row.note else _(row.holds) for row in doc.data]
	return "\n\n".join(
		[
			f"### {text('title')}",
			_points(
				(_("Why"), text("purpose")),
				(_("Ground"), "\n".join(filter(None, (ground, special, text("statute"))))),
				(_("Legitimate interest"), text("interest") if doc.ground == "Legitimate Interests" else ""),
				(_("Whose data"), text("persons")),
				(_("Kinds of data"), _enumerated(kinds)),
				(_("We get the data from"), ". ".join(filter(None, (source, text("source_note"))))),
				(_("Must you give it"), text("must_give")),
				(_("Who gets the data"), text("recipients")),
				(_("How long we keep it"), text("retention")),
			),
		]
	)


def _recipients(processors: list[Any]) -> str:
	"""13(1)(e), 14(1)(e)."""
	if not processors:
		lead = _("Nobody processes personal data on our behalf.")
		return "\n\n".join(["## " + _("Who processes data for us"), lead])
	lead = _("These process personal data on our behalf, under a contract and only as we tell them:")
	rows = [
		f"- **{row.processor_name}**: {_line(', '.join(filter(None, (row.services, row.location))))}"
		for row in processors
	]
	return "\n\n".join(["## " + _("Who processes data for us"), lead, "\n".join(rows)])


def _transfers(activities: list[Any], processors: list[Any], language: str) -> str:
	"""13(1)(f), 14(1)(f)."""
	rows = [
		(
			in_language(doc, "title", language),
			doc.transfer_countries,
			doc.transfer_safeguard,
			doc.safeguard_note,
		)
		for doc in activities
		if doc.outside_eea
	]
	rows += [
		(row.processor_name, row.location, row.transfer_safeguard, row.safeguard_note)
		for row in processors
		if row.outside_eea
	]
	if not rows:
		text = _("We do not transfer personal data outside the European Economic Area.")
	else:
		text = _(
			"Data is transferred outside the European Economic Area as follows. Ask us for a copy of the safeguards."
		)
		text += "\n\n" + "\n".join(
			f"- **{name}**: " + _line("\n".join(filter(None, (where, _(safeguard or ""), note))))
			for name, where, safeguard, note in rows
		)
	return "\n\n".join(["## " + _("Transfers outside the European Economic Area"), text])


def _rights(company: str, activities: list[Any]) -> str:
	"""13(2)(b), (c) and (d), 14(2)(c), (d) and (e)."""
	grounds = {doc.ground for doc in activities}
	rights = [
		_("**See it**: you can ask whether we have data on you, and get a copy of it (article 15)."),
		_("**Correct it**: we correct what is wrong and complete what is missing (article 16)."),
		_("**Have it erased**: we erase what we no longer need or may no longer keep (article 17)."),
		_(
			"**Restrict it**: you can ask us to put its use on hold, for example while we check whether it is right (article 18)."
		),
		_(
			"**Take it with you**: what you gave us yourself, by contract or consent, you get in a form that programs read (article 20)."
		),
		_(
			"**Object**: you can object to what rests on our legitimate interest, and to direct marketing at any time, without a reason (article 21)."
		),
	]
	if "Consent" in grounds:
		rights.append(
			_(
				"**Withdraw your consent**: at any time and as easily as you gave it. What was done before stays lawful (article 7(3))."
			)
		)
	email = officer()["email"] or frappe.get_cached_value("Company", company, "email")
	how = (
		_("Write to {0}. We answer within a month, and may have to ask who you are.").format(email)
		if email
		else _("Write to us. We answer within a month, and may have to ask who you are.")
	)
	if frappe.get_cached_value("Company", company, "country") == "Finland":
		complain = _(
			"If you think that we break the law, you can complain to the Data Protection Ombudsman (Office of the Data Protection Ombudsman, PO Box 800, 00531 Helsinki, {0})."
		).format(OMBUDSMAN)
	else:
		complain = _(
			"If you think that we break the law, you can complain to the supervisory authority of the country in which you live or work, or in which it happened (article 77)."
		)
	listed = "\n".join(f"- {one}" for one in rights)
	return "\n\n".join(["## " + _("Your rights"), listed, how, complain])


def _decisions(activities: list[Any], language: str) -> str:
	"""13(2)(f), 14(2)(g)."""
	rows = [
		f"- **{in_language(doc, 'title', language)}**: {_line(doc.automated_decisions)}"
		for doc in activities
		if doc.automated_decisions
	]
	text = "\n".join(rows) or _(
		"We make no decisions about you by automated means alone, and no profiles that would have such effects."
	)
	return "\n\n".join(["## " + _("Automated decisions"), text])


def _changes() -> str:
	"""13(3), 14(4)."""
	text = _(
		"When we begin to use data for another purpose, or change this notice otherwise, we publish a new version here and tell those concerned beforehand where the law demands it. Older versions stay here to be read."
	)
	return "\n\n".join(["## " + _("Changes"), text])
