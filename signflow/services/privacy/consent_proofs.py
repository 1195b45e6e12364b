"""The mail by which a person said something, kept as a file of the Consent.

It stays when the Communication is deleted, is private, and is neither changed nor taken away while the Consent stands. The
Consent's proof has its SHA-256.
"""

import email.policy
import hashlib
from email.message import EmailMessage
from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr, get_datetime, strip_html

from signflow.services.times import utc_time
from signflow.signflow.uploads import bytes_of

# Attachments beyond this are named by their hashes and not kept twice: Frappe takes files up to 25 MB.
MOST_ATTACHED_BYTES = 10_000_000
CONSENT = "Consent"


def mail_as_file(mail: Any) -> tuple[str, bytes, dict[str, Any]]:
	"""A Communication as a mail program opens it: (file name, bytes of RFC 5322, what the proof says of its attachments).

	Frappe keeps no mail as it came; this is what it kept of it.
	"""
	message = EmailMessage(policy=email.policy.SMTP)
	for header, value in (
		("From", mail.sender),
		("To", mail.recipients),
		("Cc", mail.cc),
		(
			"Date",
			utc_time(get_datetime(mail.communication_date or mail.creation)).strftime(
				"%a, %d %b %Y %H:%M:%S +0000"
			),
		),
		("Subject", mail.subject),
		("Message-ID", mail.message_id and f"<{mail.message_id.strip('<> ')}>"),
		("X-Frappe-Communication", mail.name),
	):
		if value := " ".join(cstr(value).split()):
			message[header] = value
	message.set_content(strip_html(cstr(mail.content)) or "\n")
	message.add_alternative(cstr(mail.content) or "\n", subtype="html")
	attached, room = [], MOST_ATTACHED_BYTES
	for name in frappe.get_all(
		"File",
		{"attached_to_doctype": mail.doctype, "attached_to_name": mail.name},
		pluck="name",
		order_by="creation asc, name asc",
	):
		file = frappe.get_doc("File", name)
		data = bytes_of(file)
		room -= len(data)
		attached.append(
			{"name": file.file_name, "sha256": hashlib.sha256(data).hexdigest(), "kept": room >= 0}
		)
		if room >= 0:
			message.add_attachment(
				data, maintype="application", subtype="octet-stream", filename=file.file_name
			)
	return f"{mail.name}.eml", message.as_bytes(), {"attachments": attached} if attached else {}


def keep(consent: str, file_name: str, data: bytes) -> None:
	"""Keep `data` as a private file of a Consent, in the caller's transaction."""
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"is_private": 1,
			"attached_to_doctype": CONSENT,
			"attached_to_name": consent,
			"content": data,
		}
	).insert(ignore_permissions=True)
	# Frappe deletes the bytes before any hook may refuse, but only of a File whose hash it knows.
	frappe.db.set_value("File", file.name, "content_hash", None, update_modified=False)


def _is_kept(file: Any) -> bool:
	return file.attached_to_doctype == CONSENT and bool(frappe.db.exists(CONSENT, file.attached_to_name))


def guard_change(doc: Any, method: str | None = None) -> None:
	"""Refuse a change of a proof, and a file that somebody else would put beside it (File validate)."""
	before = doc.get_doc_before_save()
	if before and (_is_kept(before) or _is_kept(doc)):
		fields = ("file_url", "is_private", "attached_to_doctype", "attached_to_name", "file_name")
		if any(cstr(before.get(field)) != cstr(doc.get(field)) for field in fields):
			_refuse()


def guard_delete(doc: Any, method: str | None = None) -> None:
	"""Refuse to delete a proof while its Consent stands (File on_trash); with a Consent that is erased its bytes go."""
	if _is_kept(doc):
		_refuse()
	if doc.attached_to_doctype == CONSENT:
		doc.delete_file_data_content()


def _refuse() -> None:
	frappe.throw(_("This file is the proof of a consent and is kept with it."), frappe.PermissionError)
