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
from frappe.utils import cstr

from signflow.core.privacy import persons
from signflow.core.privacy.correcting import Correction, corrected
from signflow.core.privacy.datamap import DataMap, Holds
from signflow.core.privacy.findings import Strength
from signflow.core.privacy.kinds import FREE_TEXTS, TEXTS
from signflow.core.privacy.persons import Record, Start
from signflow.services.privacy import accesses, data_map, kinds_of_records, lookup
from signflow.services.privacy.approvals import require_officer
from signflow.services.privacy.person_records import region
from signflow.services.subject_requests import matching, records
from signflow.services.subject_requests.records import REQUEST
from signflow.services.transaction import is_conflict, one_transaction
from signflow.signflow.stored_words import N_, kept

# In which fields what is looked for stands: free texts may hold any of it.
_HOLDS = {
	"Email": (Holds.EMAIL, Holds.PERSON),
	"Phone": (Holds.PHONE,),
	"Name": (Holds.NAME,),
	"Other": tuple(Holds),
}
_TEXTS = (Holds.TEXT, Holds.ADDRESS, Holds.OTHER, Holds.JOB)
# What happened keeps what it said: mails, logs, what was signed, what was consented to.
_HISTORY = ("mails", "logs", "signatures", "privacy")
CHANGE, KEEP, DECIDE = "Change", "Keep", "Decide"


@dataclass(frozen=True)
class Place:
	"""One field of a record, or of a row within it, where something wrong stands; `advice` is CHANGE, KEEP or DECIDE."""

	doctype: str
	name: str
	table: str
	row: str
	fieldname: str
	label: str
	present: str
	proposed: str
	advice: str
	because: str

	@property
	def id(self) -> str:
		"""Tells this place, as it is now, from all others (32 hex digits)."""
		said = (self.doctype, self.name, self.table, self.row, self.fieldname, self.present, self.proposed)
		return hashlib.sha256("\0".join(said).encode()).hexdigest()[:32]


def propose(request: str, corrections: Iterable[Any]) -> list[Place]:
	"""Every place where one of `corrections` ({kind, old, new}) applies, of the persons that were confirmed. For an officer.

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
				places += _places(doctype, name, hit, wrongs, the_map)
	return places


def _start(confirmed: frozenset[Record], wrongs: list[Correction]) -> Start:
	"""Her records, and what was hers: once her own record is right, the rest is found by what is wrong in it."""
	old = {kind: frozenset(one.old for one in wrongs if one.kind == kind) for kind in ("Email", "Phone")}
	mails = frozenset(mail for text in old["Email"] for mail in persons.mails_in(text))
	phones = frozenset(filter(None, (persons.phone_of(text, region()) for text in old["Phone"])))
	return Start(records=confirmed, mails=mails, phones=phones)


def _correction(said: Any) -> Correction:
	try:
		return Correction(str(said["kind"]), str(said["old"]).strip(), str(said.get("new") or "").strip())
	except (KeyError, TypeError, ValueError):
		frappe.throw(_("Say what is wrong and what is right, two letters at least."))


def _places(
	doctype: str, name: str, hit: lookup.Hit, wrongs: list[Correction], the_map: DataMap
) -> list[Place]:
	if not frappe.db.exists(doctype, name):
		return []
	doc = frappe.get_doc(doctype, name)
	advice, because = _advice(doc, hit)
	found = _in_row(doc, doc, "", wrongs, the_map, advice, because)
	for table in doc.meta.get_table_fields():
		for row in doc.get(table.fieldname) or []:
			found += _in_row(doc, row, table.fieldname, wrongs, the_map, advice, because)
	return found


def _advice(doc: Any, hit: lookup.Hit) -> tuple[str, str]:
	if doc.docstatus:
		return KEEP, _("A document that was given out keeps what it said.")
	if kinds_of_records.kind_of(doc.doctype) in _HISTORY:
		return KEEP, _("It tells what happened then.")
	if hit.strength != Strength.CERTAIN:
		return DECIDE, _("It may be somebody else's.")
	return CHANGE, ""


def _in_row(
	doc: Any, row: Any, table: str, wrongs: list[Correction], the_map: DataMap, advice: str, because: str
) -> list[Place]:
	entry = the_map.doctypes.get(row.doctype)
	found, where = [], region()
	for field in entry.fields.values() if entry else ():
		df = row.meta.get_field(field.fieldname)
		present = row.get(field.fieldname)
		if not df or df.fieldtype in table_fields or not isinstance(present, str) or not present:
			continue
		if df.fieldtype not in (*TEXTS, *FREE_TEXTS, "Phone"):
			continue
		proposed, in_text = present, field.holds in _TEXTS
		for wrong in wrongs:
			if in_text or field.holds in _HOLDS[wrong.kind]:
				proposed = corrected(proposed, wrong, where)
		if proposed == present:
			continue
		how, why = advice, because
		if how == CHANGE and _names_the_record(row, field.fieldname):
			how, why = KEEP, _("It is the record's own name: an administrator renames it.")
		elif how == CHANGE and in_text and field.holds is Holds.TEXT:
			how, why = DECIDE, _("It stands in a text: read it first.")
		found.append(
			Place(
				doc.doctype,
				cstr(doc.name),
				table,
				cstr(row.name) if table else "",
				field.fieldname,
				_(df.label or field.fieldname),
				present,
				proposed,
				how,
				why,
			)
		)
	return found


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
			"present": one.present,
			"proposed": one.proposed,
			"advice": one.advice,
			"because": one.because,
		}
		for one in places
	]


def apply(request: str, corrections: Iterable[Any], chosen: Iterable[str]) -> dict[str, Any]:
	"""Correct the places whose ids were chosen; {done: places, records, refused: [{doctype, name, text}], changed: places}.

	Each record in a transaction of its own: after a kill the same again does what is left. What must keep what it said is
	refused. `changed` counts what was chosen and does not stand there any more. For an officer.
	"""
	require_officer()
	wanted = {str(one) for one in chosen}
	places = [one for one in propose(request, corrections) if one.id in wanted]
	if any(one.advice == KEEP for one in places):
		frappe.throw(_("What was given out or happened keeps what it said."))
	by_record: dict[tuple[str, str], list[Place]] = {}
	for one in places:
		by_record.setdefault((one.doctype, one.name), []).append(one)
	done, refused = 0, []
	for (doctype, name), mine in by_record.items():
		try:
			done += _correct(doctype, name, mine)
		except (frappe.ValidationError, frappe.PermissionError) as refusal:
			if is_conflict(refusal):
				raise
			refused.append({"doctype": _(doctype), "name": name, "text": str(refusal)})
			frappe.clear_messages()
	_note(request, Counter(doctype for doctype, _name in by_record))
	return {
		"done": done,
		"records": len(by_record) - len(refused),
		"refused": refused,
		"changed": len(wanted) - len(places),
	}


@one_transaction
def _correct(doctype: str, name: str, places: list[Place]) -> int:
	doc = frappe.get_doc(doctype, name, for_update=True)
	done = 0
	for place in places:
		rows = [row for row in doc.get(place.table) if cstr(row.name) == place.row] if place.table else [doc]
		for row in rows:
			if cstr(row.get(place.fieldname)) == place.present:
				row.set(place.fieldname, place.proposed)
				done += 1
	if done:
		# What an older record lacks keeps nobody from having his own data right.
		doc.flags.ignore_mandatory = True
		doc.save(ignore_permissions=True)
	return done


@one_transaction
def _note(request: str, counts: dict[str, int]) -> None:
	doc = frappe.get_doc(REQUEST, request)
	records.step(doc, "Note", kept(N_("Corrected in {0} records."), sum(counts.values())))
	accesses.record_access(
		"Change",
		matching.start_of(doc),
		purpose=_("Correction for {0}").format(request),
		counts=counts,
		company=doc.company,
	)
