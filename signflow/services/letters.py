"""Mails to people who are not, or not yet, signers: codes of the public pages, confirmations, receipts.

They go through Email Queue as `delivery`'s do and are sent at once. Each is bound to a record that staff can open.
"""

import hashlib
from typing import Any

import frappe

from signflow.services import delivery

DAY_SECONDS = 86_400


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
	if delivery.has_unsubscribed(email):
		return None
	queued = delivery.queue(
		"letter",
		email,
		subject=subject,
		template=template,
		args=args,
		reference=reference,
		attachments=attachments,
	)
	if queued:
		delivery.wake_flush(queued)
	return queued


def send_secret(email: str, *, subject: str, template: str, args: dict[str, Any]) -> None:
	"""Send a mail that holds a code now, and leave nothing of it behind (in a worker; commits).

	Whoever has unsubscribed from all mail gets it too: he asked for it himself, and needs it to take anything back (GDPR
	7(3)). A code lives for minutes: one that the mail server does not take now is not tried again, its reader asks anew.
	"""
	queued = delivery.queue("letter", email, subject=subject, template=template, args=args, asked_for=True)
	if not queued:
		return
	frappe.db.commit()
	try:
		delivery.flush(queued)
	finally:
		frappe.db.rollback()
		status = frappe.db.get_value("Email Queue", queued, "status")
		values = {"message": delivery.BLANK}
		if status != "Sent":
			values.update(status="Error", retry=10)
		frappe.db.set_value("Email Queue", queued, values)
		frappe.db.commit()


def counted(key: str, seconds: int = DAY_SECONDS) -> int:
	"""How often `key` was counted within `seconds` of its first time, this one with it. Kept in Redis, not in clear."""
	name = frappe.cache.make_key(f"signflow:count:{hashlib.sha256(key.encode()).hexdigest()}")
	number = frappe.cache.incrby(name, 1)
	if number == 1:
		frappe.cache.expire(name, seconds)
	return number
