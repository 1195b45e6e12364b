"""How long signatures stay provable: time-stamps, what is needed for later checks, archives kept alive.

The levels are those of PAdES (ETSI EN 319 142-1, 6). "Completed" never waits for an authority: what could not be
reached is said on the request and tried again, and no lock is held while an authority is asked.
"""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import frappe
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from frappe import _
from frappe.utils import add_to_date, cint, get_datetime, now_datetime

from signflow.core.errors import SignflowError
from signflow.core.pdf import LEVELS
from signflow.core.pdf.extend import Extended, LevelNotReached, extend, renew
from signflow.core.pdf.timestamps import (
	Authority,
	TimestampAuthorities,
	Timestamper,
	TimestampUnavailable,
)
from signflow.core.pdf.validate import validate
from signflow.services import delivery
from signflow.services.files import read_sealed
from signflow.services.keys import seals_of
from signflow.services.requests import fresh, lock_request
from signflow.services.revisions import append, final_revisions
from signflow.services.times import site_time
from signflow.services.transaction import one_transaction
from signflow.signflow.refusals import message_of

RENEW_BEFORE = timedelta(days=60)
FIRST_RETRY_MINUTES, LAST_RETRY_MINUTES = 5, 24 * 60


def wanted_level(request: Any) -> str:
	"""The level that a request asks for, else the one of the settings."""
	return request.signature_level or frappe.get_cached_doc("Signflow Settings").signature_level or "B-B"


def trusted_certificates() -> list[str]:
	"""The administrator's trust anchors as PEM texts: his own list and the trust list of the EU he gave."""
	settings = frappe.get_cached_doc("Signflow Settings")
	return [text for text in (settings.trusted_certificates, settings.trust_list_anchors) if text]


def anchors_of(request: str) -> list[str]:
	"""What vouches for the seals in a request's documents, as PEM texts: the root in each key's file (a test seal is
	its own) and the administrator's anchors; where neither is there, the highest issuer in the file.
	"""
	trusted, tops = trusted_certificates(), []
	for seal in seals_of(request):
		chain = load_pem_x509_certificates(seal.chain_pem.encode())
		tops += [one for one in chain if one.subject == one.issuer] or ([] if trusted else chain[-1:])
	return [*dict.fromkeys(one.public_bytes(Encoding.PEM).decode() for one in tops), *trusted]


def timestamper(level: str) -> Timestamper | None:
	"""What asks the time-stamp authorities of the settings in their order; None if `level` needs none or none is set."""
	if level == "B-B":
		return None
	settings = frappe.get_cached_doc("Signflow Settings")
	authorities = [
		Authority(row.url, row.username or "", row.get_password("password", raise_exception=False) or "")
		for row in settings.timestamp_authorities
		if row.enabled
	]
	if not authorities:
		return None
	return TimestampAuthorities(authorities, trusted_certificates(), seconds=4, tries=1)


def with_timestamp(request: Any, make: Callable[[Timestamper | None], bytes]) -> bytes:
	"""What `make` seals with a time-stamp on its signature, which proves when each person signed.

	If no authority answers, without: nobody who signs waits for one, and a time-stamp over the finished document
	proves that it was signed before then.
	"""
	ask = timestamper(wanted_level(request))
	if ask:
		with contextlib.suppress(TimestampUnavailable):
			return make(ask)
	return make(None)


def next_attempt(attempts: int) -> Any:
	"""When a level that could not be reached is tried again: after 5 minutes, then twice as long, up to a day."""
	minutes = min(FIRST_RETRY_MINUTES * 2 ** min(attempts, 12), LAST_RETRY_MINUTES)
	return add_to_date(now_datetime(), minutes=minutes)


def must_renew(archive_due: Any) -> bool:
	"""Whether an archive's last time-stamp holds for so short a time that a new one goes around it."""
	return bool(archive_due) and get_datetime(archive_due) < now_datetime() + RENEW_BEFORE


def raise_level(name: str) -> None:
	"""Bring the finished documents towards the level that the request asks for, or renew archives that age.

	What is out of reach is said on the request and tried again; copies are handed out meanwhile.
	"""
	request = fresh(name)
	wanted = wanted_level(request)
	# For all documents: an authority that does not answer is asked last from then on.
	ask, trust = timestamper(wanted), anchors_of(name)
	foreign = {row.name: (row.foreign_fields or "").splitlines() for row in request.documents}
	reached, ends, notes = [], [], []
	for head in final_revisions(name):
		level, until = head.level or "B-B", head.archive_due
		renewing = level == wanted == "B-LTA" and must_renew(head.archive_due)
		if renewing or level != wanted:
			data = read_sealed(head.file_url, head.sha256)
			theirs = foreign.get(head.document, [])
			made, note = _raised(data, "" if renewing else wanted, ask, trust, theirs)
			if note:
				notes.append(f"{head.document_title}: {note}")
			if made:
				level = made.level
			if made and len(made.data) > len(data):
				_check(made.data, trust, theirs)
				until = site_time(made.archive_expires) if made.archive_expires else None
				append(name, head.document, head, made.data, kind="Archived", level=level, archive_due=until)
		reached.append(level)
		ends += [get_datetime(until)] if until else []
	_note_level(name, min(reached, key=LEVELS.index), min(ends, default=None), notes)


def _raised(
	data: bytes, wanted: str, ask: Timestamper | None, trust: list[str], foreign: list[str]
) -> tuple[Extended | None, str]:
	"""A finished file at the level `wanted` (renewed if ""), or as high as could be reached, and why not higher."""
	if ask is None:
		return None, _("No time-stamp authority is set in Signflow Settings.")
	try:
		if not wanted:
			return renew(data, timestamp=ask, trust=trust, foreign=foreign), ""
		return extend(data, wanted, timestamp=ask, trust=trust, foreign=foreign), ""
	except LevelNotReached as refusal:
		return refusal.extended, message_of(refusal)
	except SignflowError as refusal:
		return None, message_of(refusal)


def _check(data: bytes, trust: list[str], foreign: list[str]) -> None:
	"""Nothing is kept that our own validator would refuse; raises, and it is tried again."""
	problems = validate(data, trust=trust).problems_besides(foreign)
	if problems:
		raise RuntimeError(f"the extended document does not hold: {'; '.join(problems)}")


@one_transaction
def _note_level(name: str, reached: str, archive_due: Any, notes: list[str]) -> None:
	"""Say how far the request came, and when it is looked at again: once no more can be reached, not at all."""
	request = lock_request(name)
	wanted, attempts = wanted_level(request), (request.level_attempts or 0) + 1
	highest = reached == "B-T" and frappe.db.get_value("Sealing Key", request.sealing_key, "is_test")
	ended = reached == wanted or highest
	values = dict(
		reached_level=reached,
		archive_due=archive_due,
		level_note="\n".join(dict.fromkeys(notes)) or None,
		level_attempts=1 if ended and not notes else attempts,
		level_due=next_attempt(attempts) if notes and not highest else None,
	)
	frappe.db.set_value("Signature Request", name, values, update_modified=False)
	if attempts == 4 and not ended:
		delivery.tell_sender(
			request,
			lambda: _("The signature level {0} of {1} could not be reached yet. It is tried again.").format(
				wanted, request.title
			),
		)


def due_requests() -> list[str]:
	"""The completed requests whose level is to be tried again now, or whose archives age; these are marked so."""
	now = now_datetime()
	# "is set" by itself as well: Frappe takes a time that is not set for one long ago.
	base = [["status", "=", "Completed"], ["work_due", "=", 0]]
	due = frappe.get_all(
		"Signature Request",
		filters=[*base, ["level_due", "is", "set"], ["level_due", "<=", now]],
		pluck="name",
		order_by="level_due asc",
		limit=100,
	)
	years = cint(frappe.get_cached_doc("Signflow Settings").archive_years)
	kept = [["completed_on", ">", add_to_date(now, years=-years)]] if years else []
	ageing = frappe.get_all(
		"Signature Request",
		filters=[
			*base,
			*kept,
			["level_due", "is", "not set"],
			["archive_due", "is", "set"],
			["archive_due", "<", now + RENEW_BEFORE],
		],
		pluck="name",
		order_by="archive_due asc",
		limit=100,
	)
	for name in ageing:
		frappe.db.set_value("Signature Request", name, "level_due", now, update_modified=False)
	return due + ageing
