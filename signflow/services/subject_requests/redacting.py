"""A file of a copy that an officer has blackened himself takes the original's place: others' words in it stay here (GDPR
15(4)). The original is never given then; the SHA-256 of both stand on the request.
"""

import hashlib
import secrets
from typing import Any

import frappe
from frappe import _

from signflow.core.privacy import texts_in_files
from signflow.core.privacy.blackening import Blackening
from signflow.core.privacy.texts_in_files import Outcome
from signflow.services.files import sha256_of, write_once
from signflow.services.guests import Refused
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.privacy.person_records import region
from signflow.services.subject_requests import access, papers, records
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept

MOST_BYTES = 50 * 2**20


def original(item: str) -> tuple[str, bytes]:
	"""Name and bytes of the file of an item as it lies on the site, to be read and blackened. For an officer; logged."""
	require_officer()
	given = _given(frappe.get_doc(access.ITEM, item))
	return given.file_name, given.file.read_bytes()


def _given(row: Any) -> Any:
	given = access.viewed(row)
	if not given or not given.file:
		frappe.throw(_("This record has no file."), frappe.DoesNotExistError)
	return given


def replace(item: str, file_name: str, data: bytes, reason: str) -> None:
	"""Give `data` in place of an item's file: a PDF or a picture. For an officer, until it is packed.

	`reason` is told to the person. Raises ValidationError for the same file, and for one in which words that the copy
	withholds can still be read: a black bar over a text leaves the text.
	"""
	require_officer()
	try:
		name, kind = papers.checked(file_name, data, MOST_BYTES)
	except Refused as refused:
		frappe.throw(refused.text)
	reason = require_words(reason, _("Say why this is withheld: the person is told."), 500)
	row = frappe.get_doc(access.ITEM, item)
	before = sha256_of(_given(row).file)
	after = hashlib.sha256(data).hexdigest()
	if before == after:
		frappe.throw(_("This is the same file as it was."))
	words = access.words_withheld(row.export)
	# A picture has no text to be read.
	if words and kind == "pdf" and (left := _still_read(name, data, words)):
		frappe.throw(_("These words can still be read in the file: {0}").format(", ".join(left)))
	_keep(item, name, kind, data, reason, before, after)


def _still_read(name: str, data: bytes, words: list[str]) -> list[str]:
	found = texts_in_files.read_many([(name, data)])[0]
	if found.outcome in (Outcome.LOCKED, Outcome.BROKEN, Outcome.TOO_LARGE):
		frappe.throw(
			_("This file could not be read, so that nobody knows what still stands in it: save it anew.")
		)
	return Blackening(words, region()).read_in(found.text)


@one_transaction
def _keep(item: str, name: str, kind: str, data: bytes, reason: str, before: str, after: str) -> None:
	row = frappe.get_doc(access.ITEM, item, for_update=True)
	access.require_review(row.export)
	path = access.folder() / f"{secrets.token_hex(20)}.{kind}"
	write_once(path, data)
	access.unlink([row.redacted_file])
	frappe.db.set_value(
		access.ITEM,
		item,
		{
			"redacted_file": path.name,
			"redacted_name": name,
			"redacted_sha256": after,
			"original_sha256": before,
			"reason": reason,
			"included": 1,
			"decided_by": frappe.session.user,
		},
	)
	request = frappe.db.get_value(access.EXPORT, row.export, "request")
	text = N_("A blackened file is given in place of one: SHA-256 {0} in place of {1}.")
	records.step(frappe.get_doc(records.REQUEST, request), "Note", kept(text, after, before))


@one_transaction
def restore(item: str) -> None:
	"""Take a blackened file back: what is given is the original again, if anything. For an officer, until it is packed."""
	require_officer()
	row = frappe.get_doc(access.ITEM, item, for_update=True)
	access.require_review(row.export)
	access.unlink([row.redacted_file])
	empty = dict.fromkeys(("redacted_file", "redacted_name", "redacted_sha256", "original_sha256"))
	frappe.db.set_value(access.ITEM, item, {**empty, "included": 0, "decided_by": frappe.session.user})
