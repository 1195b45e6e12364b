"""The log of who looked up, exported, changed or erased what of whom, and why (GDPR 5(2)): its only writer.

Of the person it keeps keyed hashes, by which an access is found again by whoever has the mail address, and never the
address itself, nor the name of a record, which is often a person's. `record_access` is for every verb that shows or changes a person's data as such.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import frappe
from frappe.utils import now_datetime

from signflow.core.privacy.persons import Record, Start, Subject
from signflow.services.site_keys import keyed_hash
from signflow.signflow.stored_words import as_stored

ACCESS = "Personal Data Access"
# To tell from its hash which record an access started from, so many names are compared.
MOST_COMPARED = 200_000


def hash_of(kind: str, value: str) -> str:
	"""The keyed hash (32 hex digits) under which a "mail", "phone" (E.164), "identity", "name" or "record" is logged."""
	return keyed_hash("personal data access", f"{kind}\0{value.casefold()}")[:32]


def hashes_of(person: Subject | Start) -> list[str]:
	"""The hashes of all that is known of a person, in no telling order."""
	values = [("mail", one) for one in person.mails] + [("phone", one) for one in person.phones]
	values += [("identity", one) for one in person.identities]
	values += [("record", "\0".join(one)) for one in person.records]
	# A name says too little to be told by, unless it is all there is.
	values += [("name", one) for one in person.names] if not values else []
	return sorted(hash_of(kind, value) for kind, value in values)


def record_access(
	kind: str,
	person: Subject | Start | Iterable[str],
	*,
	purpose: str = "",
	record: Record | None = None,
	counts: Mapping[str, int] | None = None,
	company: str | None = None,
) -> Any:
	"""Write one row of the log, in the caller's transaction; returns it.

	`kind` is one of the DocType's; `person` is whose data it was (or hashes by `hashes_of`); `record` the (DocType, name) that it
	started from; `counts` the number of records by DocType. `purpose` is what somebody typed, or a text of the
	site's (`stored_words.kept`). Raises ValidationError on an unknown kind.
	"""
	hashes = hashes_of(person) if isinstance(person, Subject | Start) else list(person)
	doc = frappe.new_doc("Personal Data Access")
	doc.update(
		{
			"accessed_on": now_datetime(),
			"user": frappe.session.user,
			"kind": kind,
			"purpose": as_stored(purpose, 1000),
			"company": company,
			"record_doctype": record[0] if record else None,
			"record_hash": hash_of("record", "\0".join(record)) if record else None,
			"total": sum((counts or {}).values()),
			"counts": json.dumps(dict(sorted((counts or {}).items())), ensure_ascii=False),
			"subject_hashes": " ".join(hashes),
		}
	)
	doc.flags.signflow = True
	# A record that is gone meanwhile was looked at all the same.
	doc.flags.ignore_links = True
	return doc.insert(ignore_permissions=True)


def record_of(access: str) -> Record | None:
	"""The record that an access started from, as long as it exists under that name and the user may read it, else None.

	The log keeps no names: those that the user may list, the newest first, are compared with the hash.
	"""
	doctype, wanted = frappe.db.get_value("Personal Data Access", access, ["record_doctype", "record_hash"])
	if not wanted or not frappe.db.exists("DocType", doctype) or not frappe.has_permission(doctype, "read"):
		return None
	names = frappe.get_list(
		doctype, pluck="name", order_by="creation desc, name asc", limit_page_length=MOST_COMPARED
	)
	return next(
		((doctype, name) for name in names if hash_of("record", f"{doctype}\0{name}") == wanted), None
	)


def accesses_to(person: Subject | Start) -> list[dict[str, Any]]:
	"""The log's rows on a person, newest first: {name, accessed_on, user, kind, purpose, total, company}."""
	log = frappe.qb.DocType("Personal Data Access")
	hashes = hashes_of(person)
	if not hashes:
		return []
	condition = log.subject_hashes.like(f"%{hashes[0]}%")
	for one in hashes[1:]:
		condition = condition | log.subject_hashes.like(f"%{one}%")
	columns = (log.name, log.accessed_on, log.user, log.kind, log.purpose, log.total, log.company)
	query = frappe.qb.from_(log).select(*columns).where(condition)
	return query.orderby(log.accessed_on, order=frappe.qb.desc).orderby(log.name).run(as_dict=True)
