"""What a guest writes into a form that makes a ticket: taken in although Helpdesk refuses guests, and confirmed.

Helpdesk saves a new ticket once more with the rights of whoever made it, and a guest has none. So the house takes it in: as
the form's responsible user, for a new record only, and the ticket's words are the sender's all the same.
"""

import json
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint, cstr

# The module, not its functions: by a name of ours they could be called past the override of `accept`.
from frappe.website.doctype.web_form import web_form as framework

from signflow.services import letters
from signflow.services.acting import acting_as
from signflow.services.company import default_company, house
from signflow.services.guests import LANGUAGES
from signflow.signflow.addresses import one_address

TICKETS = ("HD Ticket", "Issue")
MAX_A_DAY = 5


def accept(web_form: str, data: str) -> Any:
	"""Frappe's own `accept` for a form that needs no signature; its answer. A guest's ticket is confirmed to him by mail.

	Raises what that raises.
	"""
	doctype = frappe.db.get_value("Web Form", web_form, "doc_type")
	if doctype not in TICKETS or frappe.session.user != "Guest":
		return framework.accept(web_form=web_form, data=data)
	mail = _sender(data)
	user = mail and _is_new(data) and keeper(web_form)
	with acting_as(user or "Guest"):
		doc = framework.accept(web_form=web_form, data=data)
	if user:
		set_sender(doc)
	if mail and getattr(doc, "doctype", None) in TICKETS:
		_confirm(doc, mail)
	return doc


def keeper(web_form: str, responsible: str | None = None) -> str | None:
	"""In whose name a guest's ticket of Helpdesk is taken in: the form's responsible user, else whoever made the Web Form,
	else Administrator: the first who may make tickets, which from 1.28 on not everybody may who has a log-in.

	None for all other records and for a form that asks for a login.
	"""
	form = frappe.get_cached_doc("Web Form", web_form)
	if form.doc_type != "HD Ticket" or cint(form.login_required):
		return None
	for user in (responsible, form.owner):
		if not user or user == "Guest" or not frappe.db.get_value("User", user, "enabled"):
			continue
		if frappe.has_permission("HD Ticket", "create", user=user):
			return user
	return "Administrator"


def set_sender(doc: Any) -> None:
	"""Let the first words of a ticket that the house took in be its sender's."""
	if doc.doctype != "HD Ticket" or not doc.raised_by:
		return
	words = {
		"reference_doctype": doc.doctype,
		"reference_name": str(doc.name),
		"sent_or_received": "Received",
	}
	for name in frappe.get_all("Communication", words, pluck="name", order_by="creation asc"):
		said = {"sender": doc.raised_by, "sender_full_name": doc.raised_by, "user": None}
		frappe.db.set_value("Communication", name, said, update_modified=False)


def _answers(data: str) -> dict[str, Any]:
	try:
		answers = json.loads(data)
	except ValueError:
		return {}
	return answers if isinstance(answers, dict) else {}


def _sender(data: str) -> str:
	return one_address(cstr(_answers(data).get("raised_by"))) or ""


def _is_new(data: str) -> bool:
	"""Whether a record is made, and without files: in a user's name a guest could else change records and leave files."""
	answers = _answers(data)
	return not answers.get("name") and not any("base64" in cstr(value) for value in answers.values())


def _confirm(doc: Any, mail: str) -> None:
	"""Tell the sender the number of his ticket, and nothing of what was typed: nobody has proven the mailbox."""
	settings = frappe.get_meta("HD Settings") if frappe.db.exists("DocType", "HD Settings") else None
	if doc.doctype == "HD Ticket" and settings and settings.has_field("send_acknowledgement_email"):
		if cint(frappe.db.get_single_value("HD Settings", "send_acknowledgement_email")):
			return  # Helpdesk says so itself.
	if letters.counted(f"feedback {mail.lower()}") > MAX_A_DAY:
		return
	language = frappe.local.lang if frappe.local.lang in LANGUAGES else "fi"
	with print_language(language):
		letters.send_letter(
			mail,
			subject=_("We have received your message"),
			template="signflow_feedback",
			args={"house": house(default_company()), "number": str(doc.name)},
			reference=(doc.doctype, str(doc.name)),
		)
