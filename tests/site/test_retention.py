"""Retention: what must be kept is kept until its last day, what is past its time goes, and what holds protect stays."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import frappe
import pytest
from frappe.utils import add_days, add_to_date, add_years, now_datetime
from house import House, another_company, as_program, for_writing
from retention_stage import (
	PROBE,
	a_fiscal_year,
	a_hold,
	a_keeping_rule,
	a_kind_of_record,
	a_probe,
	a_row,
	a_rule,
	an_officer,
	checksums,
	ended,
	many_probes,
	runs,
	worker_rests,
)
from stage import Process, eventually

from signflow.services.privacy import holds, keeping, overdue, retention, retention_presets

OURS = (
	"Retention Rule",
	"Legal Hold",
	"Legal Hold Record",
	"Retention Run",
	"Retention Run Rule",
	"Retention Deletion",
)


@pytest.fixture(autouse=True)
def clean(house: House) -> Iterator[None]:
	"""No rule, no hold and no record of another test."""
	a_kind_of_record()
	_empty()
	yield
	frappe.db.rollback()
	_empty()


def _empty() -> None:
	for_writing()
	for doctype in (*OURS, PROBE):
		frappe.db.delete(doctype)
	# Other tests rely on there being one company.
	frappe.db.delete("Company", {"name": "Toinen Oy"})
	frappe.db.set_single_value("Signflow Settings", "retention_stopped", 0)
	frappe.db.commit()
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")


def left(key: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all(PROBE, {"name": ["like", f"{key}%"]}, pluck="name", order_by="name asc")


def test_vouchers_and_books_of_the_fiscal_year_that_ended_on_30_april_2017(house: House) -> None:
	"""Accounting act 1336/1997, 2:10 §: vouchers until 2023-12-31, books until 2027-04-30."""
	for_writing()
	a_fiscal_year(date(2016, 5, 1), date(2017, 4, 30), house.company)
	values = {"company": house.company, "posting_date": "2016-11-22", "docstatus": 1}
	invoice = a_row("Sales Invoice", name=f"S-{house.key}", customer=house.customer, **values)
	entry = a_row("Payment Entry", name=f"P-{house.key}", **values)
	mail = a_row(
		"Communication", name=f"M-{house.key}", reference_doctype="Sales Invoice", reference_name=invoice
	)
	frappe.db.commit()
	vouchers = a_keeping_rule(
		"Sales Invoice",
		company=house.company,
		date_field="posting_date",
		period_length=6,
		reckoning="The End of the Calendar Year in Which the Fiscal Year Ended",
		statute="Accounting act 1336/1997, 2:10 §",
	)
	a_keeping_rule(
		"Payment Entry", date_field="posting_date", period_length=10, reckoning="The End of the Fiscal Year"
	)

	(kept,) = keeping.keep_until("Sales Invoice", invoice, date(2023, 12, 31))
	assert (kept.until, kept.rule) == (date(2023, 12, 31), vouchers.name)
	assert kept.statute == "Accounting act 1336/1997, 2:10 §"
	assert not keeping.keep_until("Sales Invoice", invoice, date(2024, 1, 1))
	(books,) = keeping.keep_until("Payment Entry", entry, date(2027, 4, 30))
	assert books.until == date(2027, 4, 30)
	assert not keeping.keep_until("Payment Entry", entry, date(2027, 5, 1))
	# Correspondence is kept with what it is about.
	(letter,) = keeping.keep_until("Communication", mail, date(2023, 12, 31))
	assert (letter.until, letter.through) == (date(2023, 12, 31), ("Sales Invoice", invoice))
	# A date of which no fiscal year is known has no known end.
	frappe.db.set_value("Sales Invoice", invoice, "posting_date", "1984-01-01")
	(unknown,) = keeping.keep_until("Sales Invoice", invoice, date(2050, 1, 1))
	assert unknown.until is None


def test_a_customers_time_counts_from_the_latest_dealing(house: House) -> None:
	for_writing()
	for place, day in enumerate(("2015-02-01", "2019-06-30")):
		a_row(
			"Sales Invoice",
			name=f"D{place}-{house.key}",
			customer=house.customer,
			company=house.company,
			posting_date=day,
			docstatus=1,
		)
	frappe.db.commit()
	a_keeping_rule(
		"Customer",
		date_in="Sales Invoice",
		date_link="customer",
		date_field="posting_date",
		period_length=5,
		company=house.company,
	)
	(kept,) = keeping.keep_until("Customer", house.customer, date(2020, 1, 1))
	assert kept.until == date(2024, 6, 30)
	# A contact of the customer's is kept with him.
	contact = frappe.get_all("Contact", {"first_name": "Maija"}, pluck="name", order_by="creation desc")[0]
	assert keeping.keep_until("Contact", contact, date(2024, 6, 30))
	assert not keeping.keep_until("Contact", contact, date(2024, 7, 1))


def test_two_companies_with_rules_of_their_own(house: House) -> None:
	key, other = house.key, another_company("Toinen Oy")
	for_writing()
	a_probe(f"{key}-ours", company=house.company)
	a_probe(f"{key}-theirs", company=other)
	a_probe(f"{key}-nobodys")
	a_probe(f"{key}-theirs-old", 9, company=other)
	frappe.db.commit()
	a_rule()
	a_rule(company=other, period_length=8)
	run = runs()
	assert left(key) == [f"{key}-theirs"]
	assert sorted((row.due, row.deleted) for row in run.rules) == [(1, 1), (2, 2)]
	# One company's duty to keep does not keep what is the other's; what says not whose it is, both keep.
	a_keeping_rule(company=house.company)
	for_writing()
	a_probe(f"{key}-a", company=house.company)
	a_probe(f"{key}-c")
	frappe.db.commit()
	assert keeping.keep_until(PROBE, f"{key}-a") and keeping.keep_until(PROBE, f"{key}-c")
	assert not keeping.keep_until(PROBE, f"{key}-theirs")


def test_officers_are_told_of_their_companys_rules_alone(house: House) -> None:
	key, other = house.key, another_company("Toinen Oy")
	for_writing()
	for name, company in (("ours", house.company), ("theirs", other), ("theirs-too", other)):
		a_probe(f"{key}-{name}", company=company)
	frappe.db.commit()
	officers = {}
	for company in (house.company, other):
		officers[company] = mail = an_officer(house, f"{company}.{key}".replace(" ", ".").lower())
		limit = {"doctype": "User Permission", "user": mail, "allow": "Company", "for_value": company}
		frappe.get_doc(limit).insert(ignore_permissions=True)
		a_rule(company=company, action="Mark for Review")
	everybody = an_officer(house)
	run = runs()
	told = dict(
		frappe.get_all(
			"Notification Log",
			{"document_name": run.name},
			["for_user", "subject"],
			as_list=True,
			order_by="name asc",
		)
	)
	text = "Retention: {0} records were marked for review, 0 refused."
	assert told[officers[house.company]] == text.format(1)
	assert told[officers[other]] == text.format(2) and told[everybody] == text.format(3)


def test_which_company_a_customer_is_says_not_whose_the_record_is(house: House) -> None:
	"""ERPNext's `represents_company`, of customers within the group."""
	other = another_company("Toinen Oy")
	for_writing()
	frappe.db.set_value("Customer", house.customer, "represents_company", other)
	frappe.db.commit()
	by_name = {"date_field": "creation", "company": house.company}
	with pytest.raises(frappe.ValidationError, match="does not say whose it is"):
		a_rule("Customer", **by_name)
	frappe.db.rollback()
	# Of a rule that was written before nothing is due.
	assert overdue.due_filters(a_keeping_rule("Customer", **by_name)) is None
	assert keeping.keep_until("Customer", house.customer), "every company's rule keeps it"
	assert holds.fitting(a_hold("Customer", company=house.company), [house.customer]) == [house.customer]
	for_writing()
	frappe.db.set_value("Customer", house.customer, "represents_company", None)
	frappe.db.commit()


def test_what_is_past_its_time_goes_with_all_that_hung_under_it(house: House) -> None:
	key = house.key
	for_writing()
	old = a_probe(f"{key}-old", title=f"Secret {key}")
	a_probe(f"{key}-new", 1)
	under = {"reference_doctype": PROBE, "reference_name": old}
	mail = a_row("Communication", name=f"C-{key}", content=f"Secret {key}", **under)
	a_row("Email Queue", name=f"Q-{key}", communication=mail, message=f"Secret {key}", status="Sent", **under)
	a_row("Comment", name=f"N-{key}", content=f"Secret {key}", comment_type="Comment", **under)
	a_row("Version", name=f"V-{key}", ref_doctype=PROBE, docname=old, data=f"Secret {key}")
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{key}.txt",
			"content": f"Secret {key}",
			"is_private": 1,
			"attached_to_doctype": PROBE,
			"attached_to_name": old,
		}
	).insert(ignore_permissions=True)
	path = Path(file.get_full_path())
	frappe.db.commit()
	assert path.exists()
	rule = a_rule()
	run = runs()
	assert left(key) == [f"{key}-new"]
	assert not path.exists()
	for doctype, name in (("Communication", mail), ("Email Queue", f"Q-{key}"), ("Version", f"V-{key}")):
		assert not frappe.db.exists(doctype, name), doctype
	assert not frappe.get_all("Comment", {"reference_name": old}, order_by="name asc")
	assert not frappe.get_all("Comment", {"subject": ["like", f"%{old}%"]}, order_by="name asc")
	assert not frappe.get_all("Deleted Document", {"deleted_name": old}, order_by="name asc")
	(gone,) = frappe.get_all("Retention Deletion", fields=["*"], order_by="name asc")
	assert (gone.run, gone.rule, gone.document_type) == (run.name, rule.name, PROBE)
	assert gone.row_hash == retention.row_hash(PROBE, old) and key not in frappe.as_json(gone)


def test_the_day_is_the_sites_own(house: House) -> None:
	"""Wherever the server stands: at any moment one of these zones has another day than it."""
	key, rule = house.key, a_rule()
	before = frappe.db.get_single_value("System Settings", "time_zone")
	try:
		for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
			for_writing()
			frappe.db.set_single_value("System Settings", "time_zone", zone)
			frappe.db.commit()
			frappe.clear_cache()
			today = datetime.now(ZoneInfo(zone)).date()
			assert keeping.Keeping().today == today
			for_writing()
			for name, day in (
				("last-day", add_years(today, -2)),
				("over", add_days(add_years(today, -2), -1)),
			):
				frappe.delete_doc(PROBE, f"{key}-{name}", ignore_permissions=True)
				a_probe(f"{key}-{name}", happened_on=day)
			over, _last = overdue.due_names(rule, "", keeping.Keeping())
			assert list(over) == [f"{key}-over"], zone
	finally:
		for_writing()
		frappe.db.set_single_value("System Settings", "time_zone", before)
		frappe.db.commit()
		frappe.clear_cache()


def test_holds_protect_what_they_name_and_what_points_there(house: House) -> None:
	key = house.key
	for_writing()
	a_probe(f"{key}-his", customer=house.customer)
	a_probe(f"{key}-named")
	a_probe(f"{key}-fits", title="Dispute")
	part = a_probe(f"{key}-part")
	a_row("Communication", name=f"H-{key}", reference_doctype=PROBE, reference_name=part)
	a_row(
		"Communication Link",
		name=f"H-{key}",
		parent=f"H-{key}",
		parenttype="Communication",
		parentfield="timeline_links",
		link_doctype="Customer",
		link_name=house.customer,
		idx=1,
	)
	a_probe(f"{key}-free")
	frappe.db.commit()
	holds = [
		a_hold("Customer", house.customer),
		a_hold(PROBE, f"{key}-named"),
		a_hold(PROBE, filters_json=frappe.as_json([[PROBE, "title", "=", "Dispute"]])),
	]
	a_rule()
	run = runs()
	assert left(key) == [f"{key}-{name}" for name in ("fits", "his", "named", "part")]
	assert (run.rules[0].deleted, run.rules[0].protected) == (1, 4)
	(kept,) = keeping.keep_until(PROBE, f"{key}-his")
	assert (kept.until, kept.hold, kept.through) == (None, holds[0].name, ("Customer", house.customer))
	# Nor does anybody else delete what is named.
	for name in ("named", "fits"):
		with pytest.raises(frappe.ValidationError, match="legal hold"):
			frappe.delete_doc(PROBE, f"{key}-{name}", ignore_permissions=True)
		frappe.db.rollback()
	officer, manager = as_program(house.web, an_officer(house)), as_program(house.web, house.users["manager"])
	lift = f"{house.web}/api/method/signflow.api.retention.lift_hold"
	for hold in holds:
		assert manager.post(lift, json={"hold": hold.name, "reason": "x"}).status_code == 403
		assert officer.post(lift, json={"hold": hold.name, "reason": " "}).status_code == 417
		assert officer.post(lift, json={"hold": hold.name, "reason": "Settled"}).status_code == 200
		assert (
			officer.put(f"{house.web}/api/resource/Legal Hold/{hold.name}", json={"title": "x"}).status_code
			>= 400
		)
	frappe.db.rollback()
	assert runs().rules[0].deleted == 4
	assert left(key) == []


def test_a_rule_only_counts_until_an_officer_approves_it_as_it_is(house: House) -> None:
	key = house.key
	for_writing()
	a_probe(f"{key}-old")
	frappe.db.commit()
	rule = a_rule(approved=False)
	officer, manager = as_program(house.web, an_officer(house)), as_program(house.web, house.users["manager"])
	method, resource = (
		f"{house.web}/api/method/signflow.api.retention",
		f"{house.web}/api/resource/Retention Rule",
	)

	def count_of_run() -> int:
		return runs().rules[0].deleted

	run = runs()
	assert (run.rules[0].acts, run.rules[0].deleted) == (0, 1) and left(key)
	assert manager.post(f"{method}.approve", json={"rule": rule.name}).status_code == 403
	forged = manager.put(f"{resource}/{rule.name}", json={"approved": 1})
	assert forged.status_code == 200 and not forged.json()["data"]["approved"]
	answer = officer.post(f"{method}.approve", json={"rule": rule.name})
	assert answer.status_code == 200, answer.text
	changed = manager.put(f"{resource}/{rule.name}", json={"period_length": 1})
	assert changed.status_code == 200 and not changed.json()["data"]["approved"]
	assert count_of_run() == 1 and left(key)
	shown = manager.post(f"{method}.preview", json={"rule": rule.name}).json()["message"]
	assert (shown["due"], [row["name"] for row in shown["rows"]]) == (1, [f"{key}-old"])
	assert officer.post(f"{method}.approve", json={"rule": rule.name}).status_code == 200
	assert manager.put(f"{resource}/{rule.name}", json={"statute": "GDPR 5(1)(e)"}).json()["data"]["approved"]
	assert count_of_run() == 1 and not left(key)


def test_a_dry_run_changes_nothing(house: House) -> None:
	key = house.key
	for_writing()
	parent = a_probe(f"{key}-1")
	a_probe(f"{key}-2", 1, part_of=parent)
	a_probe(f"{key}-3")
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{key}.txt",
			"content": key,
			"attached_to_doctype": PROBE,
			"attached_to_name": f"{key}-3",
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	a_rule()
	eventually(worker_rests, "the worker has done what earlier tests left")
	but = ("tabRetention Run", "tabRetention Run Rule", "tabSessions")
	before = checksums(but)
	run = runs(dry_run=True)
	eventually(worker_rests, "the worker has done what the run left")
	after = checksums(but)
	assert {table for table in before if before[table] != after[table]} == set()
	row = run.rules[0]
	assert (row.due, row.deleted, row.refused, row.linked) == (2, 1, 1, 1)
	assert Path(file.get_full_path()).exists()


def test_a_dry_run_says_of_leads_what_the_run_then_does(house: House) -> None:
	"""A lead takes its contact along, unless a rule keeps that; one that became a customer is refused."""
	key = house.key
	for_writing()
	leads = {}
	for kind in ("free", "kept", "used"):
		lead = frappe.get_doc(
			{
				"doctype": "Lead",
				"first_name": kind,
				"last_name": key,
				"email_id": f"{kind}.{key}@posti.example",
			}
		).insert(ignore_permissions=True)
		frappe.db.set_value("Lead", lead.name, "creation", "2015-01-01", update_modified=False)
		leads[kind] = lead.name
	contacts = {
		kind: frappe.get_all("Dynamic Link", {"parenttype": "Contact", "link_name": lead}, pluck="parent")
		for kind, lead in leads.items()
	}
	frappe.db.set_value("Customer", house.customer, "lead_name", leads["used"])
	frappe.db.commit()
	values = {"filters_json": frappe.as_json([["Contact", "first_name", "=", "kept"]])}
	a_keeping_rule("Contact", date_field="creation", **values)
	a_rule("Lead", date_field="creation", filters_json=frappe.as_json([["Lead", "last_name", "=", key]]))

	def counts(dry_run: bool) -> tuple[int, ...]:
		row = runs(dry_run=dry_run).rules[0]
		return row.due, row.deleted, row.protected, row.refused, row.linked

	assert counts(dry_run=True) == (3, 1, 1, 1, 1)
	assert all(frappe.db.exists("Contact", name) for names in contacts.values() for name in names)
	assert counts(dry_run=False) == (3, 1, 1, 1, 1)
	frappe.db.rollback()
	left = {kind for kind, lead in leads.items() if frappe.db.exists("Lead", lead)}
	assert left == {"kept", "used"}
	assert all(len(names) == 1 for names in contacts.values())
	left = {kind for kind, (contact,) in contacts.items() if frappe.db.exists("Contact", contact)}
	assert left == {"kept", "used"}


def test_what_frappe_refuses_stays_and_is_counted_with_its_reason(house: House) -> None:
	key = house.key
	for_writing()
	linked = a_probe(f"{key}-linked")
	a_probe(f"{key}-new", 1, part_of=linked)
	frappe.db.set_value(PROBE, a_probe(f"{key}-submitted"), "docstatus", 1)
	a_probe(f"{key}-plain")
	mail = a_row("Communication", name=f"C-{key}", reference_doctype=PROBE, reference_name=linked)
	frappe.db.commit()
	a_rule()
	row = runs().rules[0]
	assert (row.due, row.deleted, row.refused, row.linked, row.submitted) == (3, 1, 2, 1, 1)
	assert left(key) == [f"{key}-linked", f"{key}-new", f"{key}-submitted"]
	assert frappe.db.get_value("Communication", mail, "reference_name") == linked


def test_records_that_cannot_be_deleted_by_rule_are_marked(house: House) -> None:
	for_writing()
	frappe.db.set_value("Customer", house.customer, "creation", "2015-01-01", update_modified=False)
	frappe.db.commit()
	values = {"date_field": "creation", "filters_json": f'[["Customer", "name", "=", "{house.customer}"]]'}
	for doctype in ("Customer", "Sales Invoice", "User"):
		with pytest.raises(frappe.ValidationError, match="cannot be deleted by rule"):
			a_rule(doctype, date_field="creation")
		frappe.db.rollback()
	a_rule("Customer", action="Mark for Review", **values)
	assert runs().rules[0].marked == 1
	frappe.db.rollback()
	assert frappe.get_all("Customer", {"_user_tags": ["like", f"%{retention.PAST}%"]}, pluck="name") == [
		house.customer
	]
	assert runs().rules[0].marked == 0


def test_tickets_whose_names_are_numbers_go_with_their_mails(house: House) -> None:
	for_writing()
	values = {"subject": f"Ticket {house.key}", "raised_by": house.maija.mail, "description": "Help"}
	first = 10_000_000 + int(house.key[:6], 16)
	tickets = [
		a_row(
			"HD Ticket",
			name=first + place,
			creation="2015-01-01",
			modified="2015-01-01",
			status=status,
			**values,
		)
		for place, status in enumerate(("Closed", "Closed", "Open"))
	]
	mail = a_row(
		"Communication", name=f"K-{house.key}", reference_doctype="HD Ticket", reference_name=str(tickets[0])
	)
	frappe.db.commit()
	a_rule(
		"HD Ticket",
		date_field="modified",
		filters_json=frappe.as_json(
			[["HD Ticket", "subject", "=", values["subject"]], ["HD Ticket", "status", "=", "Closed"]]
		),
	)
	row = runs().rules[0]
	assert (row.due, row.deleted, row.last_row) == (2, 2, str(tickets[1]))
	frappe.db.rollback()
	left_over = frappe.get_all("HD Ticket", {"subject": values["subject"]}, pluck="name")
	assert [str(name) for name in left_over] == [str(tickets[2])]  # 1.28 keeps the numbers as texts
	assert not frappe.db.exists("Communication", mail)


def test_a_run_that_is_killed_goes_on_where_it_stood(house: House, worker: Process) -> None:
	key, number = house.key, 150
	many_probes(key, number)
	a_rule()
	run = retention.start(dry_run=False)
	eventually(lambda: len(left(key)) < number - 10, "some are deleted")
	worker.kill()
	try:
		some = left(key)
		assert some, "the run was over before it was killed"
		assert frappe.db.count("Retention Deletion", {"run": run}) == number - len(some)
		assert frappe.get_doc("Retention Run", run).rules[0].deleted == number - len(some)
		for_writing()
		frappe.db.set_value("Retention Run", run, "lease_until", add_to_date(now_datetime(), seconds=-1))
		frappe.db.commit()
	finally:
		worker.restart()
	retention.sweep()
	row = ended(run).rules[0]
	assert (left(key), row.deleted, row.due) == ([], number, number)
	hashes = frappe.get_all("Retention Deletion", {"run": run}, pluck="row_hash", order_by="name asc")
	assert sorted(hashes) == sorted(
		retention.row_hash(PROBE, f"{key}-{place:04d}") for place in range(number)
	)
	assert not frappe.db.count("Comment", {"reference_doctype": PROBE, "reference_name": ["like", f"{key}%"]})


def test_limits_and_two_ways_to_stop(house: House) -> None:
	key = house.key
	many_probes(key, 150)
	a_rule(most_rows=20)
	row = runs().rules[0]
	assert (row.deleted, row.more_left, row.due, len(left(key))) == (20, 1, 150, 130)
	frappe.db.set_value("Retention Rule", {"document_type": PROBE}, "most_rows", 0)
	frappe.db.commit()
	run = retention.start(dry_run=False)
	eventually(lambda: len(left(key)) < 125, "some are deleted")
	for_writing()
	retention.stop(run)
	assert ended(run).status == "Stopped"
	stopped_at = left(key)
	assert 0 < len(stopped_at) < 125
	run = retention.start(dry_run=False)
	for_writing()
	frappe.db.set_single_value("Signflow Settings", "retention_stopped", 1)
	frappe.db.commit()
	assert ended(run).status == "Stopped"
	some = left(key)
	assert some
	retention.daily()
	with pytest.raises(frappe.ValidationError, match="stopped in the settings"):
		retention.start(dry_run=False)
	assert left(key) == some and not frappe.db.exists("Retention Run", {"status": "Running"})


def test_the_usual_rules_are_drafts_and_are_added_once(house: House) -> None:
	for_writing()
	made = retention_presets.add_usual_rules(house.company)
	rules = frappe.get_all("Retention Rule", fields=["*"], order_by="name asc")
	assert len(made) == len(rules) > 5
	assert not any(rule.enabled or rule.approved for rule in rules)
	vouchers = next(rule for rule in rules if rule.document_type == "Sales Invoice")
	assert (vouchers.period_length, vouchers.kind) == (6, "Keep at Least")
	assert vouchers.reckoning == "The End of the Calendar Year in Which the Fiscal Year Ended"
	assert retention_presets.add_usual_rules(house.company) == []
	others = retention_presets.add_usual_rules(another_company("Toinen Oy"))
	again = frappe.get_all("Retention Rule", {"name": ["in", others]}, pluck="kind", order_by="name asc")
	assert again and set(again) == {"Keep at Least"}


@pytest.mark.parametrize(
	("values", "message"),
	[
		({"filters_json": "[1]"}, "cannot be read"),
		({"filters_json": '[["Retention Probe", "nothing_like_it", "=", 1]]'}, "do not fit"),
		({"date_field": "title"}, "no date field"),
		(
			{"date_in": "Sales Invoice", "date_link": "customer", "date_field": "posting_date"},
			"does not point",
		),
		({"period_length": 101}, "between 0 and 100"),
		({"document_type": "Signflow Settings", "date_field": "modified"}, "no records of its own"),
		({"document_type": "Comment", "date_field": "creation", "company": "x"}, "whose it is"),
	],
)
def test_a_rule_that_means_nothing_is_refused(house: House, values: dict, message: str) -> None:
	if values.get("company"):
		values = {**values, "company": house.company}
	with pytest.raises(frappe.ValidationError, match=message):
		a_rule(
			values.get("document_type", PROBE), **{k: v for k, v in values.items() if k != "document_type"}
		)


# DocType → persona → what is allowed (r: read, w: write, c: create, d: delete), by the REST API.
EXPECTATIONS = {
	"Retention Rule": {"officer": "rwcd", "manager": "rwcd"},
	"Legal Hold": {"officer": "rwc", "manager": "rwc"},
	"Retention Run": {"officer": "r", "manager": "r"},
	"Retention Run Rule": {"officer": "r", "manager": "r"},
	"Retention Deletion": {"officer": "r", "manager": "r"},
}
CHANGES = {
	"Retention Rule": {"statute": "x"},
	"Legal Hold": {"reason": "x"},
	"Retention Run": {"status": "Failed"},
	"Retention Run Rule": {"deleted": 9},
	"Retention Deletion": {"row_hash": "x"},
}


def test_who_may_do_what(house: House) -> None:
	for_writing()
	a_probe(f"{house.key}-old")
	frappe.db.commit()
	rule, hold = a_rule(), a_hold(PROBE)
	frappe.db.set_value("Legal Hold", hold.name, "from_date", "2999-01-01")
	frappe.db.commit()
	run = runs()
	records = {
		"Retention Rule": rule.name,
		"Legal Hold": hold.name,
		"Retention Run": run.name,
		"Retention Run Rule": run.rules[0].name,
		"Retention Deletion": frappe.get_all("Retention Deletion", pluck="name", order_by="name asc")[0],
	}
	people = {name: as_program(house.web, user) for name, user in house.users.items()}
	people |= {"officer": as_program(house.web, an_officer(house)), "guest": as_program(house.web, None)}
	for doctype, name in records.items():
		for persona, browser in people.items():
			allowed = EXPECTATIONS[doctype].get(persona, "")
			url, what = f"{house.web}/api/resource/{doctype}", (doctype, persona)
			assert (browser.get(f"{url}/{name}").status_code == 200) == ("r" in allowed), what
			written = browser.put(f"{url}/{name}", json=CHANGES[doctype])
			assert (written.status_code == 200) == ("w" in allowed), (what, written.text[:300])
			values = {**frappe.get_doc(doctype, name).as_dict(no_default_fields=True), "doctype": doctype}
			made = browser.post(
				url, data=frappe.as_json(values), headers={"Content-Type": "application/json"}
			)
			assert (made.status_code == 200) == ("c" in allowed), (what, made.text[:300])
			target = made.json()["data"]["name"] if "c" in allowed else name
			deleted = browser.delete(f"{url}/{target}")
			assert (deleted.status_code in (200, 202)) == ("d" in allowed), (what, deleted.text[:300])
	method = f"{house.web}/api/method/signflow.api.retention"
	for persona, browser in people.items():
		may = persona in ("officer", "manager")
		assert (browser.post(f"{method}.dry_run", json={}).status_code == 200) == may, persona
		assert (browser.post(f"{method}.stop", json={"run": run.name}).status_code == 200) == may, persona
		officer = persona == "officer"
		assert (browser.post(f"{method}.run_now", json={}).status_code == 200) == officer, persona
	customer = {"doctype": "Customer", "name": house.customer}
	assert people["owner"].post(f"{method}.kept", json=customer).json()["message"] == []
	assert people["guest"].post(f"{method}.kept", json=customer).status_code == 403
