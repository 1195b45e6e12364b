"""What an erasure asks of the database grows with the person's own records, and not with the tables."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from erasing import a_request, approved, decide_all, officers
from house import BUILD, House, a_contact, for_writing, statements_asked
from retention_stage import worker_rests
from stage import eventually

from signflow.services.erasure import execution, planning

STRANGERS = 1000


def a_person(house: House, key: str, records: int) -> str:
	"""A Contact, and so many mails, tickets, invoices and comments of hers each; the Contact's name."""
	for_writing()
	mail, name = f"{key}.{house.key}@posti.example", f"Kaisa Kasvu{key}{house.key}"
	contact = a_contact("Kaisa", f"Kasvu{key}{house.key}", mail, ("Customer", house.customer))
	rows = {
		"Communication": {"subject": "Hi", "sender": mail, "recipients": "a@b.example", "content": name},
		"Issue": {"subject": "Broken", "raised_by": mail, "description": f"Call {name}"},
		"Sales Invoice": {"customer": house.customer, "contact_person": contact, "contact_email": mail},
		"Comment": {"comment_type": "Comment", "comment_email": mail, "content": f"Ask {mail}"},
	}
	for doctype, values in rows.items():
		_many(doctype, f"{house.key}-{key}", records, values)
	frappe.db.commit()
	return contact


def strangers(house: House) -> None:
	"""Rows of others, in every table that a person's erasure writes to."""
	for_writing()
	other = "stranger@muu.example"
	_many("Contact", f"{house.key}-x", STRANGERS, {"first_name": "Outi", "email_id": other})
	under = {"parent": f"{house.key}-x-1", "parenttype": "Contact", "parentfield": "email_ids"}
	_many("Contact Email", f"{house.key}-x", STRANGERS, {**under, "email_id": other})
	_many("Communication", f"{house.key}-x", STRANGERS, {"subject": "Hi", "sender": other, "content": "x"})
	_many("Issue", f"{house.key}-x", STRANGERS, {"subject": "Broken", "raised_by": other})
	_many("Sales Invoice", f"{house.key}-x", STRANGERS, {"customer": house.customer, "contact_email": other})
	_many("Comment", f"{house.key}-x", STRANGERS, {"comment_type": "Comment", "content": f"Ask {other}"})
	frappe.db.commit()


def _many(doctype: str, key: str, number: int, values: dict[str, Any]) -> None:
	stamp = frappe.utils.now()
	columns = ["name", "creation", "modified", "owner", "modified_by", "docstatus", *values]
	frappe.db.bulk_insert(
		doctype,
		columns,
		[
			(f"{key}-{place}", stamp, stamp, "Administrator", "Administrator", 0, *values.values())
			for place in range(number)
		],
		chunk_size=1000,
	)


def counted(work: Callable[[], Any]) -> tuple[Any, Counter]:
	"""What `work` gives, and how often it asked which statement; how DocTypes are built is read once by each process."""
	with statements_asked() as asked:
		given = work()
	return given, Counter(query[:60] for query, _moment in asked if not BUILD.search(query))


def erased(house: House, contact: str) -> tuple[Counter, Counter]:
	"""What the plan and the run of an erasure asked."""
	made, approver = officers(house)
	request = a_request(house, ("Contact", contact))
	frappe.set_user(made)
	plan, planned = counted(lambda: planning.plan_erasure(request))
	plan = decide_all(plan, made)
	approved(plan, approver)
	_nothing, run = counted(lambda: execution.carry_on(plan))
	frappe.db.rollback()
	assert frappe.db.get_value("Erasure Plan", plan, ["status", "left_over"]) == ("Done", 0)
	assert not frappe.db.exists("Contact", contact)
	return planned, run


def test_strangers_add_nothing_and_her_own_records_little(
	kept_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	frappe.set_user("Administrator")
	# As many records per transaction on a slow machine as on a quick one.
	monkeypatch.setattr(execution, "TRANSACTION_SECONDS", 60)
	eventually(worker_rests, "nothing is at work")
	few = erased(kept_house, a_person(kept_house, "few", 2))
	strangers(kept_house)
	same = erased(kept_house, a_person(kept_house, "same", 2))
	more = erased(kept_house, a_person(kept_house, "more", 42))
	for stage, (what, most) in enumerate((("planning", 6), ("execution", 2))):
		numbers = [of[stage].total() for of in (few, same, more)]
		print(f"{what}: {numbers} statements for 8, 8 among {6 * STRANGERS} strangers, and 168 records")
		# Which statement comes when is no matter, as where a cache was filled.
		# The framework reads anew what its caches have lost meanwhile; thousands of strangers would show.
		assert numbers[1] <= numbers[0] + 20, (what, same[stage] - few[stage], few[stage] - same[stage])
		assert numbers[2] - numbers[1] <= most * 160, (what, more[stage] - same[stage])
