"""A copy of a person's data, for a request of access or portability (GDPR 15 and 20), from the search to the sweep.

The export's row is the queue: a worker collects what was found, an officer looks through it and withholds what would
wrong others, a worker packs it encrypted, the person fetches it by a link and a code, and after some days it is gone.
The package lies outside the folder of files, which goes into backups.
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_days, cint, get_url, now_datetime
from frappe.utils.password import decrypt, encrypt

from signflow.core.identity.tokens import new_token
from signflow.core.privacy.blackening import Blackening
from signflow.core.privacy.export_package import neutral_name, new_passphrase, read_package, write_package
from signflow.core.privacy.findings import How, Strength
from signflow.core.privacy.persons import Record, Subject
from signflow.core.privacy.texts_in_files import Outcome, bytes_to_read, read_together
from signflow.services import notices, work
from signflow.services.company import house
from signflow.services.files import sha256_of
from signflow.services.letters import send_letter
from signflow.services.privacy import accesses, kinds_of_records, lookup
from signflow.services.privacy.approvals import require_officer
from signflow.services.privacy.person_records import find_subject, region
from signflow.services.privacy.record_names import name_of, named_by_chance
from signflow.services.subject_requests import matching, package_texts, protecting, records, signed
from signflow.services.subject_requests.giving import Given, Reader, written_time
from signflow.services.subject_requests.records import REQUEST
from signflow.services.transaction import insert_rows, one_transaction
from signflow.signflow.stored_words import N_, kept, said

EXPORT = "Personal Data Export"
ITEM = "Personal Data Export Item"
RIGHTS = ("Access", "Portability")
LEASE_SECONDS = 120
MOST_ATTEMPTS = 5
# Unless the settings say otherwise.
KEEP_DAYS = 14
# Of an officer's answer, in letters.
MOST_SIGNS = 10_000
# What a web server can hand over without choking; whoever has more gets it on a medium.
MOST_BYTES = 500 * 2**20
BATCH = 50
# Of files in which something is still to be blackened.
MOST_NAMED = 10
# So many files are read at a time; longer than the worst such batch takes, each file all the time that a child gets.
READ_TOGETHER, READING_SECONDS = 5, 300
# What happened to a signature request names all its people in one row: an officer looks at it first.
_OF_SEVERAL = ("Signature Event", "Signature Event Payload", "Signature Request", "Sealed Revision")
# By which the house tells its people of a record: the field with the record's DocType, and the one with who is told.
_INWARD = {
	"Notification Log": ("document_type", "for_user"),
	"ToDo": ("reference_type", "allocated_to"),
	"Comment": ("reference_doctype", ""),
	"Email Queue": ("reference_doctype", ""),
}
# Packages, and the blackened files that go into them.
_OURS = re.compile(r"[0-9a-f]{40}\.(zip(\.part)?|pdf|png|jpg)")


@one_transaction
def prepare(request: str) -> str:
	"""Begin a copy for a request of access or portability whose persons are confirmed; the export's name.

	For an officer. Another copy of the request that is not fetched yet is cancelled.
	"""
	require_officer()
	doc = frappe.get_doc(REQUEST, request, for_update=True)
	if doc.request_type not in RIGHTS:
		frappe.throw(_("A copy of the data is for requests of access and portability."))
	# A copy that was answered with is made anew where its link was lost.
	if doc.status in ("Unverified", "Refused", "Withdrawn") or doc.joined_to or not doc.verified_on:
		frappe.throw(_("First it has to be shown who asks."))
	protecting.require_her_mailbox(doc)
	if not matching.confirmed(doc):
		frappe.throw(_("Confirm first which records are this person's."))
	cancel_all_of(request)
	export = frappe.get_doc(
		{
			"doctype": EXPORT,
			"request": request,
			"company": doc.company,
			"scope": doc.request_type,
			"status": "Collecting",
			"language": doc.language or "en",
			"email": doc.email,
			"made_by": frappe.session.user,
			"work_due": 1,
		}
	)
	export.flags.signflow = True
	export.insert(ignore_permissions=True)
	records.step(doc, "Note", kept(N_("A copy of the data is made.")))
	wake(export.name)
	return export.name


def wake(export: str) -> None:
	"""Have a worker go on with the export as soon as the transaction is committed."""
	# Many files take longer to be read than a short job may last.
	work.wake("signflow.services.subject_requests.access.carry_on", queue="long", export=export)


def sweep() -> None:
	"""Every few minutes: wake exports that nobody holds, a killed worker's among them."""
	work.wake_unheld(EXPORT, wake)


def carry_on(export: str) -> None:
	"""Collect or pack, whatever is due (RQ job; may be killed anywhere). Does nothing while another worker holds it."""
	frappe.set_user("Administrator")
	token = secrets.token_hex(16)
	if not work.take_lease(EXPORT, export, LEASE_SECONDS, lease_token=token):
		return
	try:
		doc = frappe.get_doc(EXPORT, export)
		with print_language(doc.language):
			if doc.status == "Collecting":
				_collect(doc, token)
			elif doc.status == "Packing":
				_pack(doc, token)
	except Exception as error:
		frappe.db.rollback()
		# Not raised: Frappe would log it with all values at hand, which are somebody's.
		_failed(export, token, work.place_of(error))


@one_transaction
def _failed(export: str, token: str, place: str) -> None:
	if not work.is_ours(EXPORT, export, token):
		return
	attempts = cint(frappe.db.get_value(EXPORT, export, "work_attempts")) + 1
	log = frappe.log_error(title="signflow: copy of personal data", message=place)
	given_up = {"status": "Failed", "work_due": 0} if attempts >= MOST_ATTEMPTS else {}
	_set(
		export,
		work_attempts=attempts,
		failure=kept(N_("See Error Log {0}."), log.name),
		lease_token=None,
		lease_until=work.lease(work.pause(attempts)),
		**given_up,
	)


def _set(export: str, **values: Any) -> None:
	frappe.db.set_value(EXPORT, export, values, update_modified=False)


# What is found


def _collect(doc: Any, token: str) -> None:
	"""Search everything on the person and keep one item for each record."""
	request = frappe.get_doc(REQUEST, doc.request)
	found = lookup.look_up(matching.start_of(request), company=doc.company)
	if found.unsearched:
		raise TimeoutError("the look-up was not finished")
	items = _items(doc, found)
	_keep(doc.name, token, items, found)


def _items(doc: Any, found: lookup.LookUp) -> list[dict[str, Any]]:
	kinds = list(kinds_of_records.labels())
	items = []
	for doctype, hits in found.hits.items():
		if doctype in (EXPORT, ITEM, accesses.ACCESS):
			continue  # what looked for her; the accesses are told of in words
		inward = _inward(doctype, sorted(hits), found.subject)
		kind = kinds_of_records.kind_of(doctype)
		titles = _titles(doctype, sorted(hits))
		for name, hit in hits.items():
			if name in inward:
				continue
			if hit.strength == Strength.TRACE and all(one.how is How.MAKER for _path, one in hit.reasons):
				continue  # she made or changed what is about others
			items.append(
				{
					"record_doctype": doctype,
					"record_name": name,
					"title": titles.get(name, name)[:140],
					"kind": kind,
					"strength": hit.strength.name,
					"because": json.dumps([[path, reason.how.name] for path, reason in hit.reasons[:40]]),
					"included": int(_is_given(doc.scope, hit, (doctype, name) in found.subject.records)),
					"whole": int(hit.hers),
				}
			)
	by_record = {(one["record_doctype"], one["record_name"]): one for one in items}
	papers = signed.papers(found, doc.company)
	for name in signed.copies_of_unsigned(papers):
		if ("File", name) in by_record:
			by_record["File", name]["included"] = 0
	for paper in papers:
		# Evidence is no data that she gave us herself; what she signed is.
		given = paper.signed and (doc.scope == "Access" or paper.doctype == signed.REVISION)
		by_record[paper.doctype, paper.name] = {
			"record_doctype": paper.doctype,
			"record_name": paper.name,
			"title": paper.title[:140],
			"kind": kinds_of_records.kind_of(paper.doctype),
			"strength": Strength.CERTAIN.name,
			"because": "[]",
			"included": int(given),
			"whole": 1,
		}
	items = list(by_record.values())
	items.sort(key=lambda one: (kinds.index(one["kind"]), one["record_doctype"], one["record_name"]))
	return items


def _inward(doctype: str, names: list[str], subject: Subject) -> set[str]:
	"""Those of `names` by which the house tells its own people of its work for her: they say no more of her than that work."""
	if doctype not in _INWARD:
		return set()
	about, to = _INWARD[doctype]
	ours = [
		"in",
		frappe.get_all("DocType", {"module": "Signflow Privacy"}, pluck="name", order_by="name asc"),
	]
	fields = ["name", to] if to else ["name"]
	found = set()
	for place in range(0, len(names), BATCH * 10):
		filters = {"name": ["in", names[place : place + BATCH * 10]], about: ours}
		rows = frappe.get_all(doctype, filters, fields, order_by="name asc")
		found |= {row.name for row in rows if not to or (row[to] or "").lower() not in subject.mails}
	if doctype == "Email Queue" and found:
		hers = {"parent": ["in", sorted(found)], "recipient": ["in", sorted(subject.mails)]}
		found -= set(frappe.get_all("Email Queue Recipient", hers, pluck="parent", order_by="parent asc"))
	return found


def _is_given(scope: str, hit: lookup.Hit, own: bool) -> bool:
	"""Whether the person gets a record unless the officer says otherwise.

	What may be somebody else's is not. Portability is about what she gave us herself (GDPR 20(1)): her own records and
	what came from her.
	"""
	if hit.strength != Strength.CERTAIN or hit.doctype in _OF_SEVERAL:
		return False
	return scope == "Access" or own or hit.hers


def _titles(doctype: str, names: list[str]) -> dict[str, str]:
	found: dict[str, str] = {}
	for place in range(0, len(names), BATCH * 10):
		chunk = lookup.describe(doctype, names[place : place + BATCH * 10])
		found |= {name: str(one["title"]) for name, one in chunk.items()}
	return found


@one_transaction
def _keep(export: str, token: str, items: list[dict[str, Any]], found: lookup.LookUp) -> None:
	if not work.is_ours(EXPORT, export, token):
		return
	frappe.db.delete(ITEM, {"export": export})
	insert_rows(ITEM, [{"export": export, "place": place, **one} for place, one in enumerate(items, 1)])
	made_by, company = frappe.db.get_value(EXPORT, export, ["made_by", "company"])
	counts = Counter(one["record_doctype"] for one in items)
	log = accesses.record_access(
		"Look-up",
		found.subject,
		purpose=_purpose(frappe.db.get_value(EXPORT, export, "request")),
		counts=counts,
		company=company,
	)
	log.db_set("user", made_by, update_modified=False)
	more = ", ".join(sorted(found.more))
	note = kept(N_("There is more of these than was read: {0}"), more) if more else None
	_set(
		export,
		status="To Review",
		record_count=len(items),
		note=note,
		work_due=0,
		work_attempts=0,
		failure=None,
		lease_token=None,
		lease_until=None,
	)


def _purpose(request: str) -> str:
	return kept(N_("Copy of the data for {0}"), request)


# What the officer decides


def on_open(export: Any, method: str | None = None) -> None:
	"""Tell whoever opens a copy, in his language, what is noted on it, and what he must know before it is packed: `warning`."""
	export.note = said(export.note, lambda kinds: ", ".join(sorted(map(name_of, kinds.split(", ")))))
	export.failure = said(export.failure)
	export.set_onload("by_hand", is_by_hand(export))
	if export.status == "To Review" and _lacks_notice(export):
		text = _(
			"No privacy notice is published: the copy says nothing of purposes, sources, recipients and retention. You have to tell the person these yourself, in your answer (GDPR 15(1))."
		)
		export.set_onload("warning", text)


def is_by_hand(export: Any) -> bool:
	"""Whether an officer hands the copy over: there is no address, or no link to it could be mailed."""
	return not (export.link_hash if export.status == "Ready" else export.email)


def _lacks_notice(export: Any) -> bool:
	return export.scope == "Access" and not package_texts.has_notice(export)


def items_of(export: str) -> list[dict[str, Any]]:
	"""The items in their order: {name, record_doctype, label, record_name, title, kind, strength, included, whole, reason,
	withheld, words}: how much is withheld of each, and the words among it.
	"""
	require_officer()
	labels = kinds_of_records.labels()
	rows = frappe.get_all(
		ITEM,
		filters={"export": export},
		fields=[
			"name",
			"record_doctype",
			"record_name",
			"title",
			"kind",
			"strength",
			"included",
			"whole",
			"reason",
			"withheld_fields",
			"withheld_texts",
		],
		order_by="place asc",
	)
	times = Counter((row.record_doctype, row.title) for row in rows)
	for row in rows:
		if times[row.record_doctype, row.title] > 1 and not named_by_chance(row.record_doctype):
			# Otherwise all of a kind bear the person's name.
			row.title = f"{row.title} ({row.record_name})"
		row.label, row.group = name_of(row.record_doctype), labels[row.kind]
		row.words = len(json.loads(row.pop("withheld_texts") or "[]"))
		row.withheld = len(json.loads(row.pop("withheld_fields") or "[]")) + row.words
	return rows


def preview(item: str) -> dict[str, Any]:
	"""What the person would get of one record: {title, lines: [{path, label, text, withheld, others}], file, lost, redacted, texts}.

	`others` are mail addresses and telephones in a line that are not hers. Written into the log of accesses.
	"""
	require_officer()
	row = frappe.get_doc(ITEM, item)
	given = viewed(row)
	if not given:
		frappe.throw(_("This record is not there any more."), frappe.DoesNotExistError)
	return {
		"title": given.title,
		"lines": [
			{
				"path": line.path,
				"label": line.label,
				"text": line.text,
				"withheld": line.withheld,
				"others": list(line.others),
			}
			for line in given.lines
		],
		"file": given.file_name,
		"lost": given.lost,
		"redacted": row.redacted_name or "",
		"texts": json.loads(row.withheld_texts or "[]"),
		"fields": json.loads(row.withheld_fields or "[]"),
	}


def viewed(row: Any) -> Given | None:
	"""What an item would give, for an officer's eyes: written into the log of accesses."""
	export = frappe.get_doc(EXPORT, row.export)
	subject = _subject(export)
	given = _read(_reader(subject, row.export), row)
	_record_view(subject, export, row)
	return given


@one_transaction
def _record_view(subject: Subject, export: Any, row: Any) -> None:
	accesses.record_access(
		"View",
		subject,
		purpose=_purpose(export.request),
		counts={row.record_doctype: 1},
		company=export.company,
	)


@one_transaction
def decide(
	item: str,
	*,
	included: bool,
	whole: bool,
	fields: list[str] | None = None,
	texts: list[str] | None = None,
	reason: str = "",
) -> None:
	"""Whether the person gets a record, as a whole or only where it is about her, without `fields` (paths).

	`texts` are words withheld in the whole copy, whichever record they were named on. What is withheld needs a reason, which she is told (GDPR 12(4), 15(4)). For an officer, until it is packed.
	"""
	require_officer()
	row = frappe.get_doc(ITEM, item, for_update=True)
	require_review(row.export)
	fields = sorted({str(one)[:280] for one in fields or []})
	texts = sorted({str(one).strip()[:280] for one in texts or [] if len(str(one).strip()) > 1})
	sure = row.strength == Strength.CERTAIN.name
	if ((sure and not included) or (included and (fields or texts))) and not reason.strip():
		frappe.throw(_("Say why this is withheld: the person is told."))
	frappe.db.set_value(
		ITEM,
		item,
		{
			"included": int(included),
			"whole": int(whole),
			"withheld_fields": json.dumps(fields, ensure_ascii=False) if fields else None,
			"withheld_texts": json.dumps(texts, ensure_ascii=False) if texts else None,
			"reason": reason.strip()[:500] or None,
			"decided_by": frappe.session.user,
		},
	)


def require_review(export: str) -> None:
	"""Raise ValidationError unless the copy is open for an officer's decisions; locked in the caller's transaction."""
	if frappe.db.get_value(EXPORT, export, "status", for_update=True) != "To Review":
		frappe.throw(_("This copy is not open for changes."))


@one_transaction
def approve(export: str, answer: str = "") -> None:
	"""Have the copy packed and the person told where to fetch it, with what the officer says in `answer`. For an officer.

	Raises ValidationError without an answer where no notice tells the rest (GDPR 15(1)), and for one with words that the copy withholds.
	"""
	require_officer()
	require_review(export)
	doc, answer = frappe.get_doc(EXPORT, export), answer.strip()
	if _lacks_notice(doc) and not answer:
		frappe.throw(
			_("Write what no privacy notice tells the person: purposes, sources, recipients and retention.")
		)
	if len(answer) > MOST_SIGNS:
		frappe.throw(_("The answer is too long: at most {0} characters.").format(MOST_SIGNS))
	if left := Blackening(words_withheld(export), region()).stand_in(answer):
		frappe.throw(_("These words are withheld and stand in your answer: {0}").format(", ".join(left)))
	if not frappe.db.exists(ITEM, {"export": export, "included": 1}):
		frappe.throw(_("Nothing would be given. Tell the person by an answer to the request instead."))
	_set(
		export,
		status="Packing",
		approved_by=frappe.session.user,
		approved_on=now_datetime(),
		answer=answer or None,
		failure=None,
		progress=0,
		work_due=1,
	)
	wake(export)


@one_transaction
def cancel(export: str) -> None:
	"""End a copy: its package and what was found are gone at once. For an officer."""
	require_officer()
	_end(export, "Cancelled")


def cancel_all_of(request: str) -> None:
	"""End the copies of a request that have not ended yet (in the caller's transaction)."""
	running = {"request": request, "status": ["not in", ("Expired", "Cancelled")]}
	for export in frappe.get_all(EXPORT, running, pluck="name", order_by="name asc"):
		_end(export, "Cancelled")


# The package


def folder() -> Path:
	"""Where packages lie: beside the site's private files, not among them."""
	path = Path(frappe.get_site_path("private", "signflow-copies"))
	path.mkdir(mode=0o700, exist_ok=True)
	return path


def _subject(export: Any) -> Subject:
	request = frappe.get_doc(REQUEST, export.request)
	return find_subject(matching.start_of(request))[0]


def _reader(subject: Subject, export: str) -> Reader:
	guarded = protecting.addresses_of_others(subject)
	without = Blackening(words_withheld(export), region())
	return Reader(frozenset(subject.mails), frozenset(subject.phones), guarded=guarded, without=without)


def words_withheld(export: str) -> list[str]:
	"""The words that are withheld in a copy, on whichever of its records an officer named them."""
	filters = {"export": export, "withheld_texts": ["is", "set"]}
	found = frappe.get_all(ITEM, filters, pluck="withheld_texts", order_by="place asc")
	return sorted({word for one in found for word in json.loads(one)})


def _read(reader: Reader, row: Any) -> Given | None:
	only = None
	if not row.whole:
		only = {path for path, _how in json.loads(row.because or "[]")}
	withheld = frozenset(json.loads(row.withheld_fields or "[]"))
	return reader.read(row.record_doctype, row.record_name, only=only, withheld=withheld)


def _blackened(rows: list[Any]) -> dict[str, tuple[Path, str]]:
	"""SHA-256 of files that are not given → what is given in their place, and its name.

	The same bytes may hang under several records: none of them lets them out.
	"""
	found = {}
	for row in rows:
		if row.redacted_file:
			path = folder() / row.redacted_file
			if sha256_of(path) != row.redacted_sha256:
				raise FileNotFoundError("the blackened file was changed")
			found[row.original_sha256] = (path, row.redacted_name)
	return found


def _pack(doc: Any, token: str) -> None:
	"""Read what is given anew, write it into an encrypted ZIP, and tell the person."""
	subject = _subject(doc)
	reader = _reader(subject, doc.name)
	rows = frappe.get_all(ITEM, filters={"export": doc.name}, fields=["*"], order_by="place asc")
	packed, files, named, size, withheld = [], dict[Path, str](), [], 0, []
	blackened = _blackened(rows)
	for number, row in enumerate(rows, 1):
		if number % BATCH == 0:
			if not work.hold_lease(EXPORT, doc.name, token, LEASE_SECONDS):
				return
			_set(doc.name, progress=int(90 * number / len(rows)))
			frappe.db.commit()
		if not row.included:
			if row.reason:
				withheld.append((name_of(row.record_doctype), row.reason))
			continue
		given = _read(reader, row)
		if not given:
			continue
		if given.file and blackened and (instead := blackened.get(sha256_of(given.file))):
			given = replace(given, file=instead[0], file_name=reader.without(instead[1]))
		# A sealed file also hangs under the customer's record: it is given once.
		file = given.file and given.file.resolve()
		if file and file not in files:
			files[file] = neutral_name(len(files) + 1, given.file_name)
			named.append((row, file))
			size += file.stat().st_size
		packed.append((row, given, files[file] if file else ""))
	if size > MOST_BYTES:
		why = N_("The files are larger than a page can hand over. Leave some out and give them on a medium.")
		_give_back(doc, token, kept(why))
		return
	why = _to_look_at(doc, token, named, reader.without)
	if why is None:
		return
	if why:
		_give_back(doc, token, why)
		return
	name, passphrase = f"{secrets.token_hex(20)}.zip", new_passphrase()
	target = folder() / f"{name}.part"
	target.unlink(missing_ok=True)
	page = package_texts.page(doc, subject, packed, withheld, reader.without)
	data = package_texts.data(doc, packed, reader.without)
	parts = [("index.html", page.encode()), ("data.json", data)]
	sha256, written = write_package(
		target, passphrase, [*parts, *((path, file) for file, path in files.items())]
	)
	os.chmod(target, 0o600)
	_ready(
		doc.name,
		token,
		name,
		subject,
		record_count=len(packed),
		file_count=len(files),
		size=written,
		sha256=sha256,
		passphrase=encrypt(passphrase),
	)


def _to_look_at(doc: Any, token: str, files: list[tuple[Any, Path]], without: Blackening) -> str | None:
	"""Why an officer has to look at files (item, path) once more, as it is stored: withheld words can be read in them, or they cannot
	be read to their end and no officer has decided on them. "" for nothing, None where another worker has the copy now.

	Pictures, sound and films have no text to be read.
	"""
	if not without:
		return ""
	words, unread = [], []
	texts = [(row, path) for row, path in files if not _is_heard_or_seen(path)]
	for place in range(0, len(texts), READ_TOGETHER):
		some = texts[place : place + READ_TOGETHER]
		if not work.hold_lease(EXPORT, doc.name, token, READING_SECONDS):
			return None
		frappe.db.commit()
		for row, read in read_together((row, path.name, bytes_to_read(path)) for row, path in some):
			if without.is_read_in(read.text):
				words.append(row.title or row.record_name)
			elif read.outcome is not Outcome.READ and not row.decided_by:
				unread.append(row.title or row.record_name)
	if words:
		why = N_(
			"Words that you withhold can still be read in these files: {0}. Give blackened ones, or leave them out."
		)
		return kept(why, _named(words))
	if unread:
		why = N_(
			"Nobody knows whether words that you withhold stand in these files, since they cannot be read to their end: {0}. Open each, and decide on it yourself."
		)
		return kept(why, _named(unread))
	return ""


def _is_heard_or_seen(path: Path) -> bool:
	kind = guess_type(path.name)[0] or ""
	return kind.startswith(("image/", "audio/", "video/")) and kind != "image/svg+xml"


def _named(titles: list[str]) -> str:
	more = len(titles) - MOST_NAMED
	return ", ".join(titles[:MOST_NAMED]) + (f" (+ {more})" if more > 0 else "")


@one_transaction
def _give_back(doc: Any, token: str, why: str) -> None:
	"""The officer has to look at it once more: `why` is told to him."""
	if not work.is_ours(EXPORT, doc.name, token):
		return
	_set(
		doc.name,
		status="To Review",
		failure=why,
		work_due=0,
		lease_token=None,
		lease_until=None,
	)
	notices.notify(
		doc.approved_by,
		(EXPORT, doc.name),
		lambda: _("The copy of the data for {0} was not packed: look at it once more").format(doc.request),
	)


@one_transaction
def _ready(export: str, token: str, name: str, subject: Subject, **facts: Any) -> None:
	part = folder() / f"{name}.part"
	if not work.is_ours(EXPORT, export, token):
		part.unlink(missing_ok=True)
		return
	doc = frappe.get_doc(EXPORT, export)
	link = new_token(export)
	expires = add_days(now_datetime(), keep_days())
	_set(
		export,
		status="Ready",
		file_name=name,
		link_hash=link.secret_hash,
		ready_on=now_datetime(),
		expires_on=expires,
		progress=100,
		work_due=0,
		work_attempts=0,
		failure=None,
		lease_token=None,
		lease_until=None,
		**facts,
	)
	os.replace(part, folder() / name)
	accesses.record_access(
		"Export",
		subject,
		purpose=_purpose(doc.request),
		counts={"File": facts["file_count"]},
		company=doc.company,
	)
	request = records.for_change(doc.request)
	queued = doc.email and send_letter(
		doc.email,
		subject=_("Your data is ready to be fetched"),
		template="signflow_data_ready",
		args={
			"house": house(doc.company),
			"link": get_url(f"/privacy/data?lang={doc.language}#{link.text}"),
			"name": request.person_name,
			"number": doc.request,
			"answer": doc.answer or "",
			"until": written_time(expires),
		},
		reference=(REQUEST, doc.request),
		asked_for=True,
	)
	if not queued:
		# Not answered yet: nobody has got it, and without a link it is handed over.
		_set(export, link_hash=None)
		records.step(
			request,
			"Note",
			kept(N_("No mail could be sent: hand the copy over on a medium.")),
			by_itself=True,
		)
		return
	records.step(request, "Mailed", by_itself=True)
	if request.status in records.OPEN:
		records.finish(doc.request, outcome(doc.answer))


def keep_days() -> int:
	"""For how many days a copy can be fetched."""
	return cint(frappe.get_cached_doc("Signflow Settings").copy_keep_days) or KEEP_DAYS


def outcome(answer: str | None) -> str:
	"""What came of a request that a copy answers, with the officer's `answer`."""
	if answer:
		return kept(N_("A copy of the data was made available, with this answer: {0}"), answer)
	return kept(N_("A copy of the data was made available."))


# The end


def package(export: Any) -> tuple[Path, str]:
	"""Where the package of an export that is ready lies, and its passphrase. Raises ValidationError when it is gone."""
	path = folder() / (export.file_name or "-")
	if export.status != "Ready" or not path.is_file():
		frappe.throw(_("This copy is not there any more."))
	return path, decrypt(export.passphrase)


def bytes_of(export: Any) -> tuple[bytes, str]:
	"""As `package`, but its bytes. Raises ValidationError when it is gone, or is not what was packed."""
	path, passphrase = package(export)
	data = path.read_bytes()
	if hashlib.sha256(data).hexdigest() != export.sha256:
		frappe.throw(_("This copy was changed on the server. It is not handed over."))
	return data, passphrase


def expire() -> None:
	"""Once a day: end what is past its time, and delete packages that no export names (a kill leaves one)."""
	for name in frappe.get_all(
		EXPORT, {"status": "Ready", "expires_on": ["<", now_datetime()]}, pluck="name", order_by="name asc"
	):
		one_transaction(_end)(name, "Expired")
	kept = set(frappe.get_all(EXPORT, {"status": "Ready"}, pluck="file_name", order_by="name asc"))
	kept |= set(_redacted({"redacted_file": ["is", "set"]}))
	for entry in folder().iterdir():
		if (
			_OURS.fullmatch(entry.name)
			and entry.name not in kept
			and time.time() - entry.stat().st_mtime > 3600
		):
			entry.unlink(missing_ok=True)


def forget(request: str) -> None:
	"""Leave of a request's exports only that they were (in the caller's transaction)."""
	for row in frappe.get_all(EXPORT, {"request": request}, ["name", "status"], order_by="name asc"):
		_end(row.name, "Expired" if row.status == "Ready" else row.status)


@one_transaction
def end_all_of(
	person_records: Iterable[Record],
	mails: Iterable[str],
	*,
	company: str | None,
	request: str | None = None,
	before: str | None = None,
) -> None:
	"""End the copies of a person whose data are erased for `company` (None: for all): what was given does not outlive it.

	Hers are those of requests that an officer confirmed to be of one of `person_records`, that came from one of `mails`
	(hers alone), and of `request` itself; `before`: only those that were made by then. Their bytes go before the rows are committed: a worker that is killed in
	between finds the rows again and comes here again.
	"""
	for export in _copies_of(set(person_records), sorted(mails), company, request, before):
		row = frappe.db.get_value(EXPORT, export, ["status", "file_name"], as_dict=True, for_update=True)
		for name in filter(None, [row.file_name, *_redacted({"export": export})]):
			(folder() / name).unlink(missing_ok=True)
		ended = ("Expired", "Cancelled")
		_end(
			export, row.status if row.status in ended else "Expired" if row.status == "Ready" else "Cancelled"
		)


def _copies_of(
	person_records: set[Record],
	mails: list[str],
	company: str | None,
	request: str | None,
	before: str | None = None,
) -> list[str]:
	found = requests_of(person_records, mails) | ({request} if request else set())
	within: dict[str, Any] = {"company": company} if company else {}
	if before:
		within["creation"] = ["<=", before]
	return frappe.get_all(
		EXPORT, {"request": ["in", sorted(found)], **within}, pluck="name", order_by="name asc"
	)


def requests_of(person_records: set[Record], mails: list[str]) -> set[str]:
	"""The requests that an officer confirmed to be of one of `person_records`, or that came from one of `mails`."""
	rows = frappe.get_all(
		"Data Subject Request Person",
		{
			"parenttype": REQUEST,
			"confirmed": 1,
			"record_name": ["in", sorted({name for _doctype, name in person_records})],
		},
		["parent", "record_doctype", "record_name"],
		order_by="name asc",
	)
	found = {row.parent for row in rows if (row.record_doctype, row.record_name) in person_records}
	# "In" of nothing finds rows without a value as well, which are others'.
	if mails:
		found |= set(frappe.get_all(REQUEST, {"email": ["in", mails]}, pluck="name", order_by="name asc"))
	return found


def parts_of(path: Path) -> Iterator[tuple[str, bytes]]:
	"""What is in a package that lies in `folder`: path within it and bytes, one by one, for the proof of an erasure.

	Raises ValidationError for one that no export names, RuntimeError for one that was changed.
	"""
	passphrase = frappe.db.get_value(EXPORT, {"status": "Ready", "file_name": path.name}, "passphrase")
	if not passphrase:
		frappe.throw(_("This copy is not there any more."))
	return read_package(path, decrypt(passphrase))


def _end(export: str, status: str) -> None:
	"""Leave of an export only that it was: no items, no passphrase, no link, no bytes."""
	name = frappe.db.get_value(EXPORT, export, "file_name", for_update=True)
	unlink(_redacted({"export": export}))
	frappe.db.delete(ITEM, {"export": export})
	_set(
		export,
		status=status,
		email=None,
		answer=None,
		note=None,
		failure=None,
		file_name=None,
		passphrase=None,
		link_hash=None,
		sha256=None,
		work_due=0,
		lease_token=None,
		lease_until=None,
	)
	unlink([name])


def _redacted(filters: dict[str, Any]) -> list[str]:
	return frappe.get_all(ITEM, filters, pluck="redacted_file", order_by="name asc")


def unlink(names: list[str | None]) -> None:
	"""Delete files of ours by name once the caller's transaction is committed."""
	for name in filter(None, names):
		frappe.db.after_commit.add(partial((folder() / name).unlink, missing_ok=True))
