"""From a ticket to a draft request: whose ticket it is, its contact as signer, its files to choose from."""

from typing import Any

import frappe
from frappe import _

from signflow.integrations.erpnext.matching import contacts_of_mail
from signflow.integrations.helpdesk import TICKET
from signflow.integrations.helpdesk.customers import Match, customer_of
from signflow.integrations.helpdesk.dialogs import (
	Answers,
	Asked,
	Field,
	Option,
	chosen_company,
	company_field,
)
from signflow.services import drafts

MOST_FILES = 50


def label() -> str:
	return _("Request signature")


def may() -> bool:
	"""Whether the user may make requests."""
	return bool(frappe.has_permission("Signature Request", "create"))


def begin(ticket: Any) -> Asked:
	"""What is asked before a draft is made."""
	match, files, people = customer_of(ticket), files_of(ticket), people_of(ticket)
	notes = [match.note] if match.note else []
	if match.customer:
		notes.append(_("Customer: {0}").format(match.customer))
	if not people:
		notes.append(_("The ticket names nobody to sign: add the signers in the draft."))
	if not files:
		notes.append(_("No PDF is attached to the ticket: add the documents in the draft."))
	fields = [*customer_field(match)]
	if people:
		signers = [
			Option(person["email"], f"{person['signer_name']} · {person['email']}", place == 0)
			for place, person in enumerate(people)
		]
		fields.append(Field("signers", "checks", _("Signers"), signers))
	if files:
		documents = [Option(row.file_url, row.file_name, place == 0) for place, row in enumerate(files)]
		fields.append(Field("documents", "checks", _("Documents"), documents))
	fields += company_field("Signature Request")
	return Asked(_("Request Signature"), _("Make a draft"), fields, notes)


def perform(ticket: Any, values: dict[str, Any]) -> dict[str, str]:
	"""Make the draft, with the user's permissions: {text, address}."""
	answers = Answers(begin(ticket), values)
	chosen, names = answers.many("signers"), {row.file_url: row.file_name for row in files_of(ticket)}
	documents = [{"title": _title(names[file]), "file": file} for file in answers.many("documents")]
	request = drafts.create_request(
		title=documents[0]["title"] if documents else (ticket.subject or "")[:140],
		documents=documents,
		signers=[person for person in people_of(ticket) if person["email"] in chosen],
		company=chosen_company(answers, "Signature Request"),
		customer=chosen_customer(ticket, answers),
		reference_doctype=TICKET,
		reference_name=str(ticket.name),
	)
	for document in documents:
		_share(document["file"], names[document["file"]], request.name)
	return {
		"text": _("The draft {0} is made.").format(request.name),
		"address": f"/app/signature-request/{request.name}",
	}


def _share(address: str, file_name: str, request: str) -> None:
	"""Let a file of the ticket's mails belong to the draft as well: who sees the ticket sees its mails, by Helpdesk's
	rules; their files he may not read by the framework's."""
	frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"file_url": address,
			"is_private": int(address.startswith("/private/")),
			"attached_to_doctype": "Signature Request",
			"attached_to_name": request,
		}
	).insert(ignore_permissions=True)


def customer_field(match: Match) -> list[Field]:
	"""Which Customer, where the ticket does not settle it: those that the user may read."""
	if match.customer:
		return []
	seen = [name for name in match.candidates if frappe.has_permission("Customer", "read", name)]
	if not seen:
		return []
	none = Option("", _("None of these"))
	named = [(name, frappe.db.get_value("Customer", name, "customer_name")) for name in seen]
	shown = [Option(name, title if title == name else f"{title} ({name})") for name, title in named]
	return [Field("customer", "select", _("Customer"), [none, *shown])]


def chosen_customer(ticket: Any, answers: Answers) -> str | None:
	"""The Customer that the ticket settles, else the one that was chosen."""
	return customer_of(ticket).customer or answers.one("customer") or None


def files_of(ticket: Any) -> list[Any]:
	"""The ticket's PDFs, its mails' and comments' with them, newest first, each file once: {file_name, file_url}.

	What was signed already is left out.
	"""
	under = [(TICKET, [str(ticket.name)])]
	mails = {"reference_doctype": TICKET, "reference_name": str(ticket.name)}
	for doctype, filters in (
		("Communication", mails),
		("HD Ticket Comment", {"reference_ticket": str(ticket.name)}),
	):
		under.append((doctype, frappe.get_all(doctype, filters, pluck="name", order_by="creation asc")))
	rows: dict[str, Any] = {}
	for doctype, names in under:
		for row in frappe.get_all(
			"File",
			[
				["attached_to_doctype", "=", doctype],
				["attached_to_name", "in", names or [""]],
				["file_url", "like", "%.pdf"],
			],
			["name", "file_name", "file_url", "creation"],
			order_by="creation desc",
			limit=MOST_FILES,
		):
			rows.setdefault(row.file_url, row)
	sealed = frappe.get_all(
		"Sealed Revision", {"file_url": ["in", list(rows) or [""]]}, pluck="file_url", order_by="name asc"
	)
	newest = sorted(rows.values(), key=lambda row: row.creation, reverse=True)
	return [row for row in newest if row.file_url not in sealed][:MOST_FILES]


def people_of(ticket: Any) -> list[dict[str, Any]]:
	"""Who may sign, the likeliest first: the ticket's contact, else whoever raised it: {signer_name, email, contact}."""
	people, raised_by = [], frappe.utils.parse_addr(ticket.raised_by or "")[1]
	names = [ticket.contact] if ticket.contact else [row.name for row in contacts_of_mail(raised_by)[:1]]
	for name in filter(None, names):
		row = frappe.db.get_value(
			"Contact", name, ["name", "first_name", "last_name", "email_id"], as_dict=True
		)
		email = row and (row.email_id or raised_by)
		if email:
			full_name = " ".join(filter(None, (row.first_name, row.last_name)))
			people.append({"signer_name": full_name or email, "email": email, "contact": row.name})
	if "@" in raised_by and raised_by.lower() not in {person["email"].lower() for person in people}:
		name = frappe.db.get_value("User", raised_by, "full_name") or raised_by.partition("@")[0]
		people.append({"signer_name": name, "email": raised_by})
	return people


def _title(file_name: str) -> str:
	return file_name.rpartition(".")[0][:140] or file_name
