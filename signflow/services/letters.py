"""Mails to people who are not, or not yet, signers: codes of the public pages, confirmations, receipts.

They go through Email Queue as `delivery`'s do: sent at once, tried again, blanked. Of a mail with a code not even its
row stays: it is about no record, and with none would it ever go.
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
	asked_for: bool = False,
) -> str | None:
	"""Queue one mail to `email` in the caller's transaction and have it sent right after the commit.

	`reference` is (DocType, name) of the record that it belongs to. Returns the Email Queue row, None when the mail
	system does not take the address, or its owner has unsubscribed from everything and has not `asked_for` this.
	"""
	if not asked_for and delivery.has_unsubscribed(email):
		return None
	queued = delivery.queue(
		delivery.LETTER,
		email,
		subject=subject,
		template=template,
		args=args,
		reference=reference,
		attachments=attachments,
		asked_for=asked_for,
	)
	if queued:
		delivery.wake_flush(queued)
	return queued


def send_secret(email: str, *, subject: str, template: str, args: dict[str, Any]) -> None:
	"""Send a mail that holds a code now, and leave nothing of it behind (in a worker; commits).

	Whoever has unsubscribed from all mail gets it too: he asked for it himself, and needs it to take anything back (GDPR
	7(3)). A code lives for minutes: one that the mail server does not take now is not tried again, its reader asks anew.
	"""
	queued = queue_secret(email, subject=subject, template=template, args=args)
	if not queued:
		return
	frappe.db.commit()
	try:
		delivery.flush(queued)
	finally:
		frappe.db.rollback()
		delivery.leave_nothing([queued])
		frappe.db.commit()


def queue_secret(email: str, *, subject: str, template: str, args: dict[str, Any]) -> str | None:
	"""Queue the mail of `send_secret`, in the caller's transaction; the row's name."""
	return delivery.queue(
		delivery.SECRET, email, subject=subject, template=template, args=args, asked_for=True
	)


def counted(key: str, seconds: int = DAY_SECONDS) -> int:
	"""How often `key` was counted within `seconds` of its first time, this one with it. Kept in Redis, not in clear."""
	name = frappe.cache.make_key(f"signflow:count:{hashlib.sha256(key.encode()).hexdigest()}")
	number = frappe.cache.incrby(name, 1)
	if number == 1:
		frappe.cache.expire(name, seconds)
	return number
