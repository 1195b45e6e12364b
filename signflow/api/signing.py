"""Endpoints of the signing page. POST only; a token or a session is checked in the first lines of each service verb."""

from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers, invalid_input, session
from signflow.services import ceremony


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def open(token: str, form: str | None = None, language: str | None = None) -> dict[str, Any]:
	"""Exchange the invitation's token for a session: {session, view}. `form` is whose frame the page may stand in."""
	new_session, shown = ceremony.open_invitation(str(token), form=str(form) if form else None)
	return {"session": new_session, "view": shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=600, seconds=60 * 10)
@answers
def view(language: str | None = None) -> dict[str, Any]:
	"""What the page shows now."""
	return ceremony.view(session())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=200, seconds=60 * 10)
@answers
def document(document: str, purpose: str = "view", language: str | None = None) -> Any:
	"""The bytes of one document (application/pdf)."""
	name, data = ceremony.read_document(session(), str(document), str(purpose))
	frappe.local.response.filename = name
	frappe.local.response.filecontent = data
	frappe.local.response.type = "pdf" if purpose != "download" else "download"
	frappe.local.response.display_content_as = "inline" if purpose != "download" else "attachment"
	return None


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=30, seconds=60 * 10)
@answers
def send_code(language: str | None = None) -> dict[str, Any]:
	"""Mail a one-time code to the signer."""
	return ceremony.send_code(session())


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def check_code(code: str, language: str | None = None) -> dict[str, Any]:
	"""Identify the session by the mailed code; answers the new view."""
	return ceremony.check_code(session(), str(code))


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def sign(
	name: str,
	documents: list | str,
	accepted: bool | int | str = False,
	drawn: str | None = None,
	language: str | None = None,
) -> dict[str, Any]:
	"""Sign the documents shown; answers the new view, whose state is "sealing" until the worker is done."""
	return ceremony.sign(
		session(),
		name=str(name),
		drawn=drawn,
		documents=_documents(documents),
		accepted=frappe.utils.sbool(accepted) in (True, 1),
	)


def _documents(given: list | str) -> list[dict[str, Any]]:
	try:
		rows = frappe.parse_json(given)
	except ValueError:
		rows = None
	if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
		raise invalid_input()
	return rows


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=30, seconds=60 * 10)
@answers
def decline(reason: str = "", language: str | None = None) -> dict[str, Any]:
	"""Decline with a reason; answers the new view."""
	return ceremony.decline(session(), str(reason))


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def ask_sender(question: str, language: str | None = None) -> dict[str, bool]:
	"""Mail a question to the sender."""
	ceremony.ask_sender(session(), str(question))
	return {"sent": True}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=10, seconds=60 * 10)
@answers
def send_new_link(token: str, language: str | None = None) -> dict[str, str]:
	"""Send a new link to the mailbox of an older one; the same answer whether there is one or not."""
	ceremony.send_new_link(str(token))
	return {
		"text": _("If the request is still open, a new link is on its way to the mailbox of the old one.")
	}
