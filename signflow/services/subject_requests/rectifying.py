"""What is wrong about a person is put right wherever the map knows it to stand, the present shown beside it (GDPR 16).

Proposed and applied by the same search: what is chosen is applied only where it still stands as it was shown. A record is
saved as its own app saves it, in a transaction of its own. What was given out or happened keeps what it said then:
submitted and cancelled documents, mails, logs, and what was signed.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.model import table_fields
from frappe.utils import cstr, formatdate

from signflow.core.privacy import persons
from signflow.core.privacy.correcting import WHOLE, Correction, corrected
from signflow.core.privacy.datamap import PERSON_DOCTYPES, DataMap, Holds, PersonalField
from signflow.core.privacy.findings import Strength
from signflow.core.privacy.kinds import FREE_TEXTS, TEXTS
from signflow.core.privacy.persons import Record, Start
from signflow.services.privacy import accesses, data_map, kinds_of_records, lookup
from signflow.services.privacy.approvals import require_officer
from signflow.services.privacy.person_records import region
from signflow.services.subject_requests import matching, records
from signflow.services.subject_requests.records import REQUEST
from signflow.services.transaction import is_conflict, one_transaction
from signflow.signflow.stored_words import N_, kept, said

# In which fields what is looked for stands: free texts may hold any of it.
_HOLDS = {
	"Email": (Holds.EMAIL, Holds.PERSON),
	"Phone": (Holds.PHONE,),
	"Name": (Holds.NAME,),
	"Other": tuple(Holds),
}
_COMPLETES = {"Email": (Holds.EMAIL,), "Phone": (Holds.PHONE,), "Name": (Holds.NAME,)}
# Of choices: what she is and where, not which records are hers.
_CHOICES = (Holds.OTHER, Holds.ADDRESS, Holds.JOB, Holds.SPECIAL)
_TEXTS = (Holds.TEXT, Holds.ADDRESS, Holds.OTHER, Holds.JOB)
# What happened keeps what it said: mails, logs, what was signed, what was consented to.
_HISTORY = ("mails", "logs", "signatures", "privacy")
CHANGE, KEEP, DECIDE = "Change", "Keep", "Decide"
MOST_CHOICES = 500
# What a correction leaves on its request: of what kind it was and how much it changed, without the values.
_DONE = {
	"Email": N_("Mail address, places corrected: {0}"),
	"Phone": N_("Telephone, places corrected: {0}"),
	"Name": N_("Name, places corrected: {0}"),
	"Date": N_("Date, places corrected: {0}"),
	"Choice": N_("Choice, places corrected: {0}"),
	"Other": N_("Other words, places corrected: {0}"),
}


@dataclass(frozen=True)
class Place:
	"""One field of a record, or of a row within it, where something wrong stands; `advice` is CHANGE, KEEP or DECIDE.

	`by` are the numbers of the corrections that apply there.
	"""

	doctype: str
	name: str
	table: str
	row: str
	fieldname: str
	fieldtype: str
	label: str
	present: str
	proposed: str
	advice: str
	because: str
	by: tuple[int, ...]

	@property
	def id(self) -> str:
		"""Tells this place, as it is now, from all others (32 hex digits)."""
		said = (self.doctype, self.name, self.table, self.row, self.fieldname, self.present, self.proposed)
		return hashlib.sha256("\0".join(said).encode()).hexdigest()[:32]


def propose(request: str, corrections: Iterable[Any]) -> list[Place]:
	"""Every place where one of `corrections` ({kind, old, new}) applies, of the persons that were confirmed. For an officer.

	With no `old` the empty fields of the confirmed records are proposed, for what she lacks.
	Raises ValidationError for a correction that says too little.
	"""
	require_officer()
	doc = frappe.get_doc(REQUEST, request)
	wrongs = [_correction(one) for one in corrections]
	if not wrongs:
		frappe.throw(_("Say what is wrong and what is right."))
	confirmed = matching.confirmed(doc)
	if not confirmed or not doc.verified_on:
		frappe.throw(_("First it has to be shown who asks, and which records are this person's."))
	found = lookup.look_up(_start(confirmed, wrongs), company=doc.company)
	if found.unsearched:
		frappe.throw(_("The search was not finished. Try again when the site is less busy."))
	the_map = data_map.load()
	places: list[Place] = []
	for doctype, hits in sorted(found.hits.items()):
		if frappe.get_meta(doctype).issingle:
			continue
		for name, hit in sorted(hits.items()):
			if hit.strength in (Strength.CERTAIN, Strength.SHARED, Strength.POSSIBLE):
				places += _places(doctype, name, hit, wrongs, the_map, (doctype, name) in confirmed)
	return places


def _start(confirmed: frozenset[Record], wrongs: list[Correction]) -> Start:
	"""Her records, and what was hers: once her own record is right, the rest is found by what is wrong in it."""
	old = {kind: frozenset(one.old for one in wrongs if one.kind == kind) for kind in ("Email", "Phone")}
	mails = frozenset(mail for text in old["Email"] for mail in persons.mails_in(text))
	phones = frozenset(filter(None, (persons.phone_of(text, region()) for text in old["Phone"])))
	return Start(records=confirmed, mails=mails, phones=phones)


def _correction(said: Any) -> Correction:
	try:
		return Correction(
			str(said["kind"]), str(said.get("old") or "").strip(), str(said.get("new") or "").strip()
		)
	except (AttributeError, KeyError, TypeError, ValueError):
		frappe.throw(_("Say what is wrong and what is right, two letters at least, and each date as a date."))


def _places(
	doctype: str, name: str, hit: lookup.Hit, wrongs: list[Correction], the_map: DataMap, is_own: bool
) -> list[Place]:
	if not frappe.db.exists(doctype, name):
		return []
	doc = frappe.get_doc(doctype, name)
	found = _in_row(doc, doc, "", hit, wrongs, the_map, is_own)
	for table in doc.meta.get_table_fields():
		for row in doc.get(table.fieldname) or []:
			found += _in_row(doc, row, table.fieldname, hit, wrongs, the_map, False)
	return found


def _in_row(
	doc: Any, row: Any, table: str, hit: lookup.Hit, wrongs: list[Correction], the_map: DataMap, is_own: bool
) -> list[Place]:
	entry = the_map.doctypes.get(row.doctype)
	found = []
	for field in entry.fields.values() if entry else ():
		df = row.meta.get_field(field.fieldname)
		if not df or df.fieldtype in table_fields:
			continue
		present = cstr(row.get(field.fieldname))
		proposed, by = _put_right(df, field, present, wrongs, is_own)
		if proposed == present:
			continue
		how, why = _advice(doc, hit)
		if how != KEEP:
			kinds = {wrongs[number].kind for number in by}
			how, why = _advice_on_field(df, field, row, present, proposed, kinds, hit) or (how, why)
		found.append(
			Place(
				doc.doctype,
				cstr(doc.name),
				table,
				cstr(row.name) if table else "",
				field.fieldname,
				df.fieldtype,
				_(df.label or field.fieldname),
				present,
				proposed,
				how,
				why,
				by,
			)
		)
	return found


def _put_right(
	df: Any, field: PersonalField, present: str, wrongs: list[Correction], is_own: bool
) -> tuple[str, tuple[int, ...]]:
	"""What a field is to say, and the numbers of the corrections that make it so."""
	proposed, by = present, []
	for number, wrong in enumerate(wrongs):
		if not _may_hold(df, field, wrong):
			continue
		before = proposed
		if not wrong.old:
			if is_own and not present and not df.read_only and not df.hidden:
				proposed = _choice(df, wrong.new) if wrong.kind == "Choice" else wrong.new
		elif wrong.kind == "Choice":
			if present and wrong.old.casefold() in (present.casefold(), _(present).casefold()):
				proposed = _choice(df, wrong.new) or wrong.new
		elif present:
			proposed = corrected(proposed, wrong, region())
		if proposed != before:
			by.append(number)
	return proposed, tuple(by)


def _may_hold(df: Any, field: PersonalField, wrong: Correction) -> bool:
	if wrong.kind == "Date":
		return df.fieldtype == "Date"
	if wrong.kind == "Choice":
		records_of_people = ("Address", *PERSON_DOCTYPES)
		return (
			df.fieldtype in ("Select", "Link")
			and field.holds in _CHOICES
			and field.target not in records_of_people
		)
	if df.fieldtype not in (*TEXTS, *FREE_TEXTS, "Phone"):
		return False
	if not wrong.old:
		return field.holds in _COMPLETES.get(wrong.kind, _TEXTS)
	return field.holds in (*_TEXTS, *_HOLDS[wrong.kind])


def _choice(df: Any, words: str) -> str:
	"""The choice of a field that is called so, as it is stored or in the language spoken; "" for none."""
	if df.fieldtype == "Select":
		names = (df.options or "").split("\n")
	elif words and frappe.db.exists(df.options, words):
		return cstr(frappe.db.get_value(df.options, words, "name"))
	else:
		names = frappe.get_all(df.options, pluck="name", order_by="name asc", limit=MOST_CHOICES)
	told = words.casefold()
	return next((one for one in names if one and told in (one.casefold(), _(one).casefold())), "")


def _advice(doc: Any, hit: lookup.Hit) -> tuple[str, str]:
	if doc.docstatus:
		return KEEP, _("A document that was given out keeps what it said.")
	if kinds_of_records.kind_of(doc.doctype) in _HISTORY:
		return KEEP, _("It tells what happened then.")
	if hit.strength != Strength.CERTAIN:
		return DECIDE, _("It may be somebody else's.")
	return CHANGE, ""


def _advice_on_field(
	df: Any, field: PersonalField, row: Any, present: str, proposed: str, kinds: set[str], hit: lookup.Hit
) -> tuple[str, str] | None:
	"""Advice for one field where it differs from its record's."""
	if _names_the_record(row, field.fieldname):
		return KEEP, _("It is the record's own name: an administrator renames it.")
	if "Choice" in kinds and proposed and not _choice(df, proposed):
		return KEEP, _("It is none of the choices that there are.")
	if hit.strength != Strength.CERTAIN:
		return None
	if not present:
		return DECIDE, _("It is empty: tick what the person completes.")
	if kinds & set(WHOLE) and not hit.hers:
		return DECIDE, _("It may say something of somebody else.")
	return (DECIDE, _("It stands in a text: read it first.")) if field.holds is Holds.TEXT else None


def _names_the_record(row: Any, fieldname: str) -> bool:
	"""A User's address is his name, by which he logs in; other records only show what they were named by once."""
	return row.doctype == "User" and fieldname == "email"


def shown(places: list[Place]) -> list[dict[str, Any]]:
	"""Places for showing: {id, doctype, label, name, field, present, proposed, advice, because}."""
	return [
		{
			"id": one.id,
			"doctype": one.doctype,
			"label": _(one.doctype),
			"name": one.name,
			"field": one.label,
			"present": _told(one, one.present),
			"proposed": _told(one, one.proposed),
			"advice": one.advice,
			"because": one.because,
		}
		for one in places
	]


def _told(place: Place, value: str) -> str:
	"""A value as the reader's forms show it."""
	if not value or place.fieldtype not in ("Date", "Select", "Link"):
		return value
	return formatdate(value) if place.fieldtype == "Date" else _(value)


def apply(request: str, corrections: Iterable[Any], chosen: Iterable[str]) -> dict[str, Any]:
	"""Correct the places whose ids were chosen; {done: places, records, refused: [{doctype, name, text}], changed: places}.

	Each record in a transaction of its own: after a kill the same again does what is left. What must keep what it said is
	refused. `changed` counts what was chosen and does not stand there any more. For an officer.
	"""
	require_officer()
	corrections, wanted = list(corrections), {str(one) for one in chosen}
	places = [one for one in propose(request, corrections) if one.id in wanted]
	if any(one.advice == KEEP for one in places):
		frappe.throw(_("What was given out or happened keeps what it said."))
	by_record: dict[tuple[str, str], list[Place]] = {}
	for one in places:
		by_record.setdefault((one.doctype, one.name), []).append(one)
	done: list[Place] = []
	refused: list[dict[str, str]] = []
	for (doctype, name), mine in by_record.items():
		try:
			done += _correct(doctype, name, mine)
		except (frappe.ValidationError, frappe.PermissionError) as refusal:
			if is_conflict(refusal):
				raise
			refused.append({"doctype": _(doctype), "name": name, "text": str(refusal)})
			frappe.clear_messages()
	if done:
		_note(request, [_correction(one) for one in corrections], done)
	return {
		"done": len(done),
		"records": len(by_record) - len(refused),
		"refused": refused,
		"changed": len(wanted) - len(places),
	}


@one_transaction
def _correct(doctype: str, name: str, places: list[Place]) -> list[Place]:
	doc = frappe.get_doc(doctype, name, for_update=True)
	done = []
	for place in places:
		rows = [row for row in doc.get(place.table) if cstr(row.name) == place.row] if place.table else [doc]
		for row in rows:
			if cstr(row.get(place.fieldname)) == place.present:
				row.set(
					place.fieldname, place.proposed or None if place.fieldtype == "Date" else place.proposed
				)
				done.append(place)
	if done:
		# What an older record lacks keeps nobody from having his own data right.
		doc.flags.ignore_mandatory = True
		doc.save(ignore_permissions=True)
	return done


@one_transaction
def _note(request: str, wrongs: list[Correction], done: list[Place]) -> None:
	doc = frappe.get_doc(REQUEST, request)
	counts = Counter(doctype for doctype, _name in {(one.doctype, one.name) for one in done})
	records.step(doc, "Note", kept(N_("Corrected in {0} records."), sum(counts.values())))
	for number, wrong in enumerate(wrongs):
		if places := sum(number in one.by for one in done):
			records.step(doc, "Note", kept(_DONE[wrong.kind], places))
	accesses.record_access(
		"Change",
		matching.start_of(doc),
		purpose=_("Correction for {0}").format(request),
		counts=counts,
		company=doc.company,
	)


def corrected_so_far(request: str) -> list[str]:
	"""What was corrected on a request, one line for each correction, in the language spoken."""
	notes = frappe.get_all(
		records.STEP,
		{"request": request, "kind": "Note"},
		pluck="note",
		order_by="at asc, creation asc, name asc",
	)
	starts = tuple(kept(text).partition(', "values"')[0] for text in _DONE.values())
	return [said(note) for note in notes if (note or "").startswith(starts)]
