"""Mails to people who are not, or not yet, signers: codes of the public pages, confirmations, receipts.

They go through Email Queue as `delivery`'s do and are sent at once. Each is bound to a record that staff can open.
"""

import hashlib
import re
import secrets
from typing import Any

import frappe
from frappe.utils import add_to_date, now_datetime

from signflow.services import delivery

DAY_SECONDS = 86_400
# One plain address: Frappe's own check also takes a list of them, and a name before one.
_ONE_ADDRESS = re.compile(r"[^\s,;:<>()\[\]\"\\]{1,64}@[^\s,;:<>()\[\]\"\\@]{1,180}")


def one_address(text: str) -> str | None:
	"""The mail address that somebody typed, None when it is not exactly one."""
	text = (text or "").strip()
	return (
		text if _ONE_ADDRESS.fullmatch(text) and len(text) <= 140 and delivery.is_mail_address(text) else None
	)


def send_letter(
	email: str,
	*,
	subject: str,
	template: str,
	args: dict[str, Any],
	reference: tuple[str, str] | None = None,
	attachments: list[dict[str, str]] | None = None,
) -> str | None:
	"""Queue one mail to `email` in the caller's transaction and have it sent right after the commit.

	`reference` is (DocType, name) of the record that it belongs to. Returns the Email Queue row, None when the mail
	system does not take the address, or its owner has unsubscribed from everything.
	"""
	if frappe.db.exists("Email Unsubscribe", {"email": email, "global_unsubscribe": 1}):
		return None
	queued = frappe.sendmail(
		recipients=[email],
		subject=subject,
		template=template,
		args=args,
		reference_doctype=reference[0] if reference else None,
		reference_name=reference[1] if reference else None,
		message_id=f"signflow.letter.{secrets.token_hex(8)}@{frappe.local.site}",
		attachments=attachments or [],
		add_unsubscribe_link=0,
		send_after=add_to_date(now_datetime(), minutes=5),
		with_container=True,
		send_priority=2,
	)
	if not queued:
		return None
	delivery.wake_flush(queued.name)
	return queued.name


def send_secret(email: str, *, subject: str, template: str, args: dict[str, Any]) -> None:
	"""Send a mail that holds a code now, and leave nothing of it behind (in a worker; commits).

	A code lives for minutes: one that the mail server does not take now is not tried again, its reader asks anew.
	"""
	queued = frappe.sendmail(
		recipients=[email],
		subject=subject,
		template=template,
		args=args,
		message_id=f"signflow.letter.{secrets.token_hex(8)}@{frappe.local.site}",
		add_unsubscribe_link=0,
		send_after=add_to_date(now_datetime(), minutes=5),
		with_container=True,
		send_priority=2,
	)
	if not queued:
		return
	frappe.db.commit()
	try:
		delivery.flush(queued.name)
	finally:
		frappe.db.rollback()
		status = frappe.db.get_value("Email Queue", queued.name, "status")
		values = {"message": delivery.BLANK}
		if status != "Sent":
			values.update(status="Error", retry=10)
		frappe.db.set_value("Email Queue", queued.name, values)
		frappe.db.commit()


def counted(key: str, seconds: int = DAY_SECONDS) -> int:
	"""How often `key` was counted within `seconds` of its first time, this one with it. Kept in Redis, not in clear."""
	name = frappe.cache.make_key(f"signflow:count:{hashlib.sha256(key.encode()).hexdigest()}")
	number = frappe.cache.incrby(name, 1)
	if number == 1:
		frappe.cache.expire(name, seconds)
	return number
