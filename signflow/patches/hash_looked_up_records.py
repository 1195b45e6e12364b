"""The log of accesses named the record that a look-up started from; a Contact's name is a person's."""

import frappe

from signflow.services.privacy.accesses import hash_of

BEFORE = "record_name"


def execute() -> None:
	"""Keep the hash in place of the name."""
	if BEFORE not in frappe.db.get_table_columns("Personal Data Access"):
		return
	log = frappe.qb.DocType("Personal Data Access")
	rows = frappe.qb.from_(log).select(log.name, log.record_doctype, log[BEFORE])
	for name, doctype, record in rows.where(log[BEFORE].isnotnull()).orderby(log.name).run():
		hashed = hash_of("record", f"{doctype}\0{record}") if record else None
		query = frappe.qb.update(log).set(log.record_hash, hashed).set(log[BEFORE], None)
		query.where(log.name == name).run()
