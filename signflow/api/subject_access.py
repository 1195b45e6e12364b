"""Endpoints of the page /privacy/data, for guests, and of Desk's review of a copy of personal data, for officers."""

from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers, reader_language, session
from signflow.services import visits
from signflow.services.subject_requests import access, access_page, handing_over, redacting

PAGE = access_page.PAGE


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def begin(token: str, language: str | None = None) -> dict[str, Any]:
	"""Exchange the link of our mail for a session, and mail a code: {session, sent_to, …}."""
	new_session, shown = access_page.begin(str(token), reader_language())
	return {"session": new_session, **shown}


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def check_code(code: str, language: str | None = None) -> dict[str, Any]:
	"""Identify the visit by the mailed code; the page's view."""
	return access_page.view(visits.check_code(session(), str(code), PAGE))


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=60, seconds=60 * 10)
@answers
def view(language: str | None = None) -> dict[str, Any]:
	"""What lies ready for the visitor."""
	return access_page.view(visits.identified(session(), PAGE)[1])


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def download(opened: bool | int = False, language: str | None = None) -> Any:
	"""The bytes of the package (application/octet-stream)."""
	visit = visits.identified(session(), PAGE)[1]
	name, data = access_page.download(visit, opened=bool(opened))
	frappe.local.response.filename = name
	frappe.local.response.filecontent = data
	frappe.local.response.type = "download"
	return None


@frappe.whitelist(methods=["POST"])
def prepare(request: str) -> str:
	"""Begin a copy for a request; its name."""
	return access.prepare(request)


@frappe.whitelist(methods=["POST"])
def items(export: str) -> list[dict[str, Any]]:
	"""What was found, record by record."""
	return access.items_of(export)


@frappe.whitelist(methods=["POST"])
def preview(item: str) -> dict[str, Any]:
	"""What the person would get of one record."""
	return access.preview(item)


@frappe.whitelist(methods=["POST"])
def decide(
	item: str,
	included: bool | int,
	whole: bool | int,
	fields: list | str | None = None,
	texts: list | str | None = None,
	reason: str = "",
) -> None:
	"""Whether and how far the person gets a record."""
	access.decide(
		item,
		included=bool(int(included)),
		whole=bool(int(whole)),
		fields=frappe.parse_json(fields) or [],
		texts=frappe.parse_json(texts) or [],
		reason=reason,
	)


@frappe.whitelist(methods=["POST"])
def original(item: str) -> None:
	"""The file of a record as it lies on the site (application/octet-stream)."""
	frappe.local.response.filename, frappe.local.response.filecontent = redacting.original(item)
	frappe.local.response.type = "download"


@frappe.whitelist(methods=["POST"])
def redact(item: str, reason: str = "") -> None:
	"""Give a blackened file (multipart, `file`) in place of a record's."""
	file = frappe.request.files.get("file")
	if not file:
		frappe.throw(_("Choose a PDF, JPEG or PNG file."))
	redacting.replace(item, file.filename or "", file.stream.read(redacting.MOST_BYTES + 1), reason)


@frappe.whitelist(methods=["POST"])
def restore(item: str) -> None:
	"""Take a blackened file back."""
	redacting.restore(item)


@frappe.whitelist(methods=["POST"])
def approve(export: str, answer: str = "") -> None:
	"""Have the copy packed and sent for; `answer` is told to the person."""
	access.approve(export, answer)


@frappe.whitelist(methods=["POST"])
def package(export: str) -> None:
	"""The encrypted package of a copy that no link could be mailed to (application/octet-stream)."""
	frappe.local.response.filename, frappe.local.response.filecontent = handing_over.package(export)
	frappe.local.response.type = "download"


@frappe.whitelist(methods=["POST"])
def hand_over(export: str) -> str:
	"""Hand such a copy over: its passphrase, this once."""
	return handing_over.hand_over(export)


@frappe.whitelist(methods=["POST"])
def cancel(export: str) -> None:
	"""End a copy at once."""
	access.cancel(export)
