"""A plan of erasure as an officer reads it, in his language: what becomes of how many records of which kind, each by its
title, and what is his to decide with as much of the record as the decision takes. Changes nothing."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, cstr, getdate, strip_html
from frappe.utils.user import get_users_with_role

from signflow.core.erasure import planner
from signflow.core.erasure.masking import Neutral, Words
from signflow.core.privacy.persons import Start
from signflow.services.erasure import bytes_of_files, planning
from signflow.services.erasure.planning import LINE, PLAN
from signflow.services.privacy import data_map, mail_titles
from signflow.services.privacy.accesses import record_access
from signflow.services.privacy.approvals import require_officer
from signflow.services.privacy.matching import chunks
from signflow.services.privacy.record_names import name_of, named_by_chance
from signflow.services.subject_requests import competing
from signflow.services.subject_requests.giving import Given, Reader, written_time
from signflow.services.times import written_day
from signflow.services.transaction import one_transaction
from signflow.signflow.roles import OFFICER

ORDER = ("Erase", "Mask", "Keep", "Decide", "Unlink")
# How many records are described at once.
MOST, MOST_TO_DECIDE = 200, 100
MOST_FIELDS, LONGEST, LONGEST_TITLE = 8, 400, 90
# What says most of a record whose title field says nothing.
_TITLES = {"Comment": "content", "ToDo": "description", "Version": "docname"}
# What a decision takes to know of these; of others what names her, else what the map knows.
_TEXTS = {
	"Communication": ("subject", "sender", "recipients", "cc", "communication_date", "content"),
	"Comment": ("content",),
	"File": (),
}
# (field with the DocType, field with the name) of what a record hangs under.
_UNDER = (("attached_to_doctype", "attached_to_name"), ("reference_doctype", "reference_name"))
_GROUPED = ("action", "record_doctype", "because", "keep_until", "ground", "statute", "later")


def _readable(plan: str) -> Any:
	require_officer()
	doc = frappe.get_doc(PLAN, plan)
	doc.check_permission("read")
	return doc


def _language() -> str:
	return (frappe.local.lang or "en")[:2]


def overview(plan: str) -> dict[str, Any]:
	"""{summary: [{action, label, count, kinds: [{kind, count}]}], groups: [{line, action, label, kind, count, because, until,
	grounds, later, failed, decided}], told, told_in, approval, competing, newer}: `line` names a group for `records_of`; `approval` as
	`_approval`; `competing` says what else the person has asked and would lose by a draft, "" for nothing;
	`newer` is the plan that took its place, "" if none did. For officers."""
	doc = _readable(plan)
	rows = frappe.get_all(
		LINE,
		{"plan": plan},
		["name", "row_count", "status", "decision", *_GROUPED],
		order_by="place asc, name asc",
	)
	groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
	for row in rows:
		groups[tuple(row[name] for name in _GROUPED)].append(row)
	labels = _actions(doc.status == "Done")
	shown = [_group(lines, labels) for lines in groups.values()]
	shown.sort(key=lambda one: (ORDER.index(one["action"]), one["kind"]))
	language = frappe.db.get_value("Data Subject Request", doc.request, "language") if doc.request else None
	return {
		"summary": _summary(shown, labels),
		"groups": shown,
		"told": doc.told or "",
		"approval": _approval(doc) if doc.status == "Draft" and not doc.undecided else None,
		"competing": competing.said(planning.competing_with(doc)) if doc.status == "Draft" else "",
		"newer": _newer(doc),
		"told_in": {"fi": _("Finnish"), "sv": _("Swedish"), "en": _("English")}.get(language or ""),
	}


def _approval(doc: Any) -> dict[str, Any]:
	"""{may, said, again}: whether the reader may approve the plan, how it goes on in words, and whether by his planning it again."""
	user = frappe.session.user
	if doc.work_due:
		return _goes_on(_("The files of this site are still looked through: please wait until all are."))
	if planning.may_approve(doc, user):
		return _goes_on(_("All is decided. Look through what becomes of it, then approve."), may=True)
	others = [one for one in _approvers(doc) if one != user]
	if not others:
		return _goes_on(
			_("All is decided. Nobody else is a data protection officer: whoever gets the role approves it.")
		)
	if able := [frappe.utils.get_fullname(one) for one in others if planning.may_approve(doc, one)]:
		said = _("All is decided. You have a part in it, so another officer approves it, such as {0}.")
		return _goes_on(said.format(able[0]))
	if doc.made_by in others and not planning.has_decided(doc, doc.made_by):
		said = _(
			"You decided in this erasure, and no officer is left to approve it. Plan it again: then {0} approves it."
		)
		return _goes_on(said.format(frappe.utils.get_fullname(doc.made_by)), again=True)
	if not planning.has_decided(doc, user):
		return _goes_on(
			_(
				"You planned it, and every other officer has decided in it. One of them plans it again: then you approve it."
			)
		)
	return _goes_on(
		_(
			"Every officer has decided in this erasure. Give somebody else the role, or let one of you decide everything anew, alone."
		)
	)


def _goes_on(said: str, *, may: bool = False, again: bool = False) -> dict[str, Any]:
	return {"may": may, "said": said, "again": again}


def _approvers(doc: Any) -> list[str]:
	"""The enabled officers who may see a plan."""
	found = sorted(set(get_users_with_role(OFFICER)))
	return [one for one in found if frappe.has_permission(PLAN, "read", doc=doc, user=one)]


def _newer(doc: Any) -> str:
	"""The plan that took the place of this one; "" if none did."""
	if doc.status != "Superseded" or not doc.request:
		return ""
	later = {"request": doc.request, "status": ["!=", "Superseded"], "creation": [">", doc.creation]}
	return frappe.db.get_value(PLAN, later, "name", order_by="creation desc, name desc") or ""


def _group(lines: list[Any], labels: Mapping[str, str]) -> dict[str, Any]:
	first = lines[0]
	return {
		"line": first.name,
		"action": first.action,
		"label": labels[first.action],
		"kind": name_of(first.record_doctype),
		"count": sum(max(1, line.row_count or 0) for line in lines),
		"because": _(first.because) if first.because else "",
		"until": written_day(first.keep_until, _language()) if first.keep_until else "",
		"grounds": [one for one in (first.ground and _(first.ground), first.statute) if one],
		"later": _later(first.later) if first.action == "Keep" else "",
		"failed": sum(line.status == "Failed" for line in lines),
		"decided": sum(bool(line.decision) for line in lines),
	}


def _summary(groups: list[dict[str, Any]], labels: Mapping[str, str]) -> list[dict[str, Any]]:
	counted: dict[str, Counter[str]] = defaultdict(Counter)
	for one in groups:
		counted[one["action"]][one["kind"]] += one["count"]
	return [
		{
			"action": action,
			"label": labels[action],
			"count": sum(counted[action].values()),
			"kinds": [{"kind": kind, "count": number} for kind, number in counted[action].most_common()],
		}
		for action in ORDER
		if action in counted
	]


def _actions(is_done: bool) -> dict[str, str]:
	if is_done:
		done = {
			"Erase": _("Erased"),
			"Mask": _("Personal data taken out"),
			"Unlink": _("Link taken away"),
		}
	else:
		done = {
			"Erase": _("Will be erased"),
			"Mask": _("Personal data will be taken out"),
			"Unlink": _("Link will be taken away"),
		}
	return {**done, "Keep": _("Kept"), "Decide": _("To decide")}


def _later(action: str | None) -> str:
	return {
		"Erase": _("Then it is erased by itself."),
		"Mask": _("Then what tells who it was is taken out by itself."),
	}.get(action or "", "")


def records_of(plan: str, line: str) -> dict[str, Any]:
	"""The records of one group of `overview`: {records: [{title, link, status, fields: [{label, becomes}]}], more}. For officers."""
	_readable(plan)
	first = frappe.get_all(LINE, {"plan": plan, "name": line}, list(_GROUPED), order_by="name asc")
	if not first:
		frappe.throw(_("There is no such line in this plan."), frappe.DoesNotExistError)
	same = {name: value if value not in (None, "") else ["is", "not set"] for name, value in first[0].items()}
	fields = ["record_doctype", "record_name", "status", "row_count", "fields"]
	filters = {"plan": plan, **same}
	rows = frappe.get_all(LINE, filters, fields, order_by="place asc, name asc", limit=MOST)
	doctype = first[0].record_doctype
	titles = _titles(doctype, [row.record_name for row in rows if row.record_name])
	return {
		"records": [
			{
				"title": titles.get(row.record_name) or _("Not there any more"),
				"link": _link(doctype, row.record_name) if row.record_name in titles else "",
				"status": _(row.status),
				"fields": _becomes(doctype, row.fields, first[0].action),
			}
			for row in rows
			if row.record_name or first[0].action != "Unlink"
		],
		"more": max(0, frappe.db.count(LINE, filters) - len(rows)),
	}


def _becomes(doctype: str, stored: str | None, action: str) -> list[dict[str, str]]:
	"""The fields that are changed, by their labels."""
	if action != "Mask":
		return []
	found = []
	for name, value in json.loads(stored or "{}").items():
		if isinstance(value, Mapping):
			meta = frappe.get_meta(name) if frappe.db.exists("DocType", name) else None
			found += [(meta, field, becomes, f"{_(name)}: ") for field, becomes in value.items()]
		else:
			found.append((frappe.get_meta(doctype), name, value, ""))
	return [
		{
			"label": head + _(meta.get_label(field) if meta and meta.has_field(field) else field),
			"becomes": cstr(becomes) or _("empty"),
		}
		for meta, field, becomes, head in found
	]


def _titles(doctype: str, names: list[str]) -> dict[str, str]:
	"""What records are called, without those that are no more."""
	if not names or not frappe.db.exists("DocType", doctype):
		return {}
	meta, table = frappe.get_meta(doctype), frappe.qb.DocType(doctype)
	if meta.issingle:
		return {doctype: name_of(doctype)}
	if doctype in mail_titles.MAILS:
		return {name: one["title"] for name, one in mail_titles.of(doctype, names).items()}
	columns = frappe.db.get_table_columns(doctype)
	title = _TITLES.get(doctype) or meta.get_title_field()
	title = title if title in columns else "name"
	# A file that no File row names is called by its path.
	found = {path: path for path in bytes_of_files.unnamed(names)} if doctype == "File" else {}
	for some in chunks(names):
		query = frappe.qb.from_(table).select(table.name, table[title].as_("title"), table.creation)
		for row in query.where(table.name.isin(some)).orderby(table.name).run(as_dict=True):
			found[str(row.name)] = _title(row.title, row.name, row.creation, named_by_chance(doctype))
	return found


def _title(title: Any, name: Any, made: Any, is_hash: bool) -> str:
	text = " ".join(strip_html(cstr(title)).split())
	if not text or (text == cstr(name) and is_hash):
		return _("of {0}").format(written_time(made))
	return text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}…"


def _link(doctype: str, name: str) -> str:
	"""Where a record is seen in Desk, "" for whom its permissions do not let in."""
	there = frappe.db.exists(doctype, name) and _may_read(doctype, name)
	return frappe.utils.get_url_to_form(doctype, name) if there else ""


def _may_read(doctype: str, name: str) -> bool:
	"""Whether the user's own permissions let him read a record; says nothing where they do not."""
	said_before = list(frappe.local.message_log)
	try:
		return bool(frappe.has_permission(doctype, "read", doc=name))
	finally:
		frappe.local.message_log = said_before


# What is to be decided


def to_decide(plan: str) -> dict[str, Any]:
	"""What of a plan is an officer's to decide, by kind and question: {kinds: [{kind, question, answers: {decision: in words},
	records: [{line, key, title, link, under, file, fields: [{label, text, hers}], choices: {decision: what becomes of it}}]}], more}.

	That he saw it goes to the log of accesses. For officers, while the plan is a draft.
	"""
	doc = _readable(plan)
	told = planning.unpacked(doc)
	rows = frappe.get_all(
		LINE,
		{"plan": plan, "action": "Decide"},
		["name", "record_doctype", "record_name", "because", "later", "record_hash"],
		order_by="record_doctype asc, because asc, place asc",
	)
	seen, words = rows[:MOST_TO_DECIDE], _words_of(told)
	reader = Reader(frozenset(told["all_mails"]), frozenset(told["all_phones"]))
	groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
	for row in seen:
		groups[row.record_doctype, row.because or ""].append(_asked(row, reader, words))
	if seen:
		_record_view(doc, told, Counter(row.record_doctype for row in seen))
	return {
		"kinds": [
			{
				"kind": name_of(doctype),
				"question": _(because) if because else "",
				"answers": _answers(because),
				"records": records,
			}
			for (doctype, because), records in groups.items()
		],
		"more": len(rows) - len(seen),
	}


def _answers(because: str) -> dict[str, str]:
	"""The answers to the question of a line, by what they decide."""
	if because in (planner.ASK_COPY, planner.ASK_FILE, planner.ASK_COMPANY):
		return {"Hers": _("Yes, erase it"), "Not Hers": _("No, leave it"), "Keep": _("It must be kept")}
	if because == planner.ASK_EVIDENCE:
		return {
			"Hers": _("No ground: erase what is hers"),
			"Not Hers": _("It is somebody else's"),
			"Keep": _("Yes, it must be kept"),
		}
	if because == planner.ASK_UNFINISHED:
		return {
			"Hers": _("Nothing is owed: erase it"),
			"Not Hers": _("It is somebody else's"),
			"Keep": _("It must be kept until it is handled"),
		}
	return {
		"Hers": _("It is this person's"),
		"Not Hers": _("It is somebody else's"),
		"Keep": _("It must be kept"),
	}


@one_transaction
def _record_view(plan: Any, told: Mapping[str, Any], counts: Mapping[str, int]) -> None:
	person = Start(
		records=frozenset((doctype, name) for doctype, name in told["records"]),
		mails=frozenset(told["all_mails"]),
		phones=frozenset(told["all_phones"]),
	)
	record_access("View", person, purpose=f"{PLAN} {plan.name}", counts=counts, company=plan.company)


def _words_of(told: Mapping[str, Any]) -> Words:
	# Here also what she shares with others: it is why an officer is asked.
	return Words(*(frozenset(told[f"all_{kind}"]) for kind in ("mails", "phones", "names")))


def _asked(row: Any, reader: Reader, words: Words) -> dict[str, Any]:
	doctype, name = row.record_doctype, row.record_name
	record: dict[str, Any] = {
		"line": row.name,
		# By which a choice is found again in a plan made anew.
		"key": row.record_hash,
		"title": _("Not there any more"),
		"link": "",
		"under": "",
		"file": None,
		"fields": [],
		"choices": {
			"Hers": _hers(row.later),
			"Not Hers": _("It stays as it is."),
			"Keep": _("It stays, used for nothing else."),
		},
	}
	given = reader.read(doctype, name) if frappe.db.exists("DocType", doctype) else None
	if given is None:
		record["title"] = _titles(doctype, [name]).get(name) or record["title"]
		return record
	record["title"] = _titles(doctype, [name]).get(name) or given.title
	record["link"] = _link(doctype, name)
	record["under"] = _under(doctype, name)
	record["fields"] = [*_telling_fields(given, words), *_said_of_it(doctype, name, words)]
	if doctype == "File":
		record["file"] = _file(name)
	return record


def _hers(later: str | None) -> str:
	return {
		"Erase": _("It is erased."),
		"Mask": _("It stays, and what tells who it was is taken out."),
	}.get(later or "", _("It goes, as far as nothing that stays needs it."))


def _under(doctype: str, name: str) -> str:
	"""What a record hangs under, in words; "" if nothing."""
	meta = frappe.get_meta(doctype)
	for kind, reference in _UNDER:
		if meta.has_field(kind) and meta.has_field(reference):
			on = frappe.db.get_value(doctype, name, [kind, reference])
			if on and all(on) and frappe.db.exists("DocType", on[0]):
				return f"{name_of(on[0])}: {_titles(on[0], [on[1]]).get(on[1], on[1])}"
	return ""


def _file(name: str) -> dict[str, Any]:
	called, address, size, made = frappe.db.get_value(
		"File", name, ["file_name", "file_url", "file_size", "creation"]
	)
	may_open = (address or "").startswith(("/files/", "/private/files/")) and _may_read("File", name)
	# Also whoever may not open it can tell it apart from others.
	told = f"{ceil(cint(size) / 1024)} kB, {written_day(getdate(made), _language())}"
	return {"name": called or name, "address": address if may_open else "", "told": told}


def _telling_fields(given: Given, words: Words) -> Iterable[dict[str, Any]]:
	"""The fields that name her, then those that the map knows or that say what the record is; as she or others wrote them."""
	lines = [line for line in given.lines if line.path not in ("name", "creation", "modified")]
	named = {line.path for line in lines if words.stand_in(line.text)}
	wanted = _TEXTS.get(given.doctype)
	if wanted is None:
		the_map = data_map.load()
		wanted = tuple(the_map[given.doctype].fields) if given.doctype in the_map else ()
	places = {path: place for place, path in enumerate(wanted)}
	shown = [line for line in lines if line.path in named or line.path in places]
	shown.sort(key=lambda line: (places.get(line.path, len(places)), line.path not in named))
	if given.doctype not in _TEXTS:
		shown.sort(key=lambda line: line.path not in named)
	for line in shown[:MOST_FIELDS]:
		yield {"label": line.label, "text": _excerpt(line.text, words), "hers": line.path in named}


def _said_of_it(doctype: str, name: str, words: Words) -> Iterable[dict[str, Any]]:
	"""Where a record's own copy of what was commented on it, or of its tags, names her."""
	columns = {"_comments": _("Comments"), "_user_tags": _("Tags")}
	held = columns.keys() & set(frappe.db.get_table_columns(doctype))
	row = frappe.db.get_value(doctype, name, sorted(held), as_dict=True) if held else {}
	for column in sorted(held):
		text = strip_html(_plain(row[column]))
		if words.stand_in(text):
			yield {"label": columns[column], "text": _excerpt(text, words), "hers": True}


def _plain(stored: Any) -> str:
	"""What `_comments` holds as JSON, as text; anything else as it is."""
	try:
		return "\n".join(str(one["comment"]).strip() for one in json.loads(stored))
	except (ValueError, TypeError, KeyError):
		return cstr(stored)


def _excerpt(text: str, words: Words) -> str:
	"""`text`, or as much of it as stands around the first of her words."""
	if len(text) <= LONGEST:
		return text
	marked = words.replaced(text, Neutral("\0", "\0"))
	at = next(
		(place for place, (one, other) in enumerate(zip(text, marked, strict=False)) if one != other), 0
	)
	start = max(0, at - LONGEST // 3)
	return f"{'…' if start else ''}{text[start : start + LONGEST]}…"
