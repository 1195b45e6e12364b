"""Where persons' data came from, and that they are told of the notice once; what a site still lacks, and the account."""

import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, nowdate
from house import TIMEOUT, House, as_program, for_writing, text_of
from stage import Process
from test_notices import a_notice, officer  # noqa: F401
from test_register import a_processor, an_activity, another_company, companies_as_before  # noqa: F401

from signflow.services.privacy import checks, informing, notices, origin

pytestmark = pytest.mark.timeout(300)
SETTINGS = "Signflow Settings"


@pytest.fixture
def informing_company(house: House, officer: str) -> Iterator[str]:  # noqa: F811
	"""A company with a published notice on a site where informing was turned on by the officer."""
	company = another_company(f"{house.key}a")
	an_activity(company)
	a_notice(company)
	for_writing()
	# Other tests' persons are not of this one.
	for doctype in informing.PARTIES:
		for row in informing._new_persons(doctype, frappe._dict(inform_from="2000-01-01")):
			informing._insert(
				company=company,
				party_type=doctype,
				party=row.name,
				party_made_on=row.creation,
				status="Not Needed",
			)
	frappe.set_user(officer)
	settings = frappe.get_doc(SETTINGS)
	settings.update(
		{"inform_people": 1, "inform_from": nowdate(), "inform_after_days": 0, "inform_per_hour": 1000}
	)
	settings.save(ignore_permissions=True)
	frappe.set_user("Administrator")
	frappe.db.commit()
	yield company
	frappe.db.rollback()
	for_writing()
	for field, value in {"inform_people": 0, "inform_from": None, "inform_per_hour": 60}.items():
		frappe.db.set_single_value(SETTINGS, field, value)
	frappe.db.delete("Notice Delivery", {"status": "Waiting"})
	frappe.db.commit()
	frappe.clear_document_cache(SETTINGS, SETTINGS)


def a_lead(company: str, mail: str | None = None, **values: Any) -> Any:
	for_writing()
	doc = {"doctype": "Lead", "first_name": "Liisa", "company": company, "language": "en", **values}
	lead = frappe.get_doc({**doc, "email_id": mail or f"liisa.{secrets.token_hex(4)}@posti.example"})
	lead.insert(ignore_permissions=True)
	frappe.db.commit()
	return lead


def swept() -> None:
	for_writing()
	informing.sweep()
	frappe.db.commit()


def status_of(doc: Any) -> str | None:
	frappe.db.rollback()
	return frappe.db.get_value("Notice Delivery", {"party_type": doc.doctype, "party": doc.name}, "status")


def mails_to(mail: str) -> list[Any]:
	frappe.db.rollback()
	queue = frappe.qb.DocType("Email Queue")
	to = frappe.qb.DocType("Email Queue Recipient")
	joined = frappe.qb.from_(queue).join(to).on(to.parent == queue.name)
	theirs = joined.where((to.recipient == mail) & (queue.reference_doctype == "Notice Delivery"))
	# Frappe 15 answers a tuple when there is nothing.
	return list(theirs.select(queue.name).orderby(queue.name).run())


def test_the_origin_is_noted_where_it_is_known(house: House) -> None:
	manager = as_program(house.web, house.users["manager"])
	made = manager.post(
		f"{house.web}/api/resource/Lead", json={"first_name": f"Ohjelma {house.key}"}, timeout=TIMEOUT
	).json()["data"]
	assert (made["signflow_origin"], made["signflow_data_owner"]) == ("Program", house.users["manager"])
	desk = house.as_user("manager")
	answer = desk.post(
		f"{house.web}/api/resource/Lead", json={"first_name": f"Käsin {house.key}"}, timeout=TIMEOUT
	)
	assert answer.json()["data"]["signflow_origin"] == "Made by a User"
	for_writing()
	frappe.flags.in_import = True
	try:
		imported = frappe.get_doc({"doctype": "Contact", "first_name": f"Tuotu {house.key}"}).insert()
	finally:
		frappe.flags.in_import = False
	frappe.flags.in_web_form = True
	try:
		asked = frappe.get_doc({"doctype": "Lead", "first_name": f"Kysyjä {house.key}"}).insert()
	finally:
		frappe.flags.in_web_form = None
	unknown = frappe.get_doc({"doctype": "Contact", "first_name": f"Tuntematon {house.key}"}).insert()
	given = {"signflow_origin": "Public Register", "signflow_data_owner": house.users["owner"]}
	told = frappe.get_doc({"doctype": "Lead", "first_name": f"Rekisteri {house.key}", **given}).insert()
	customer = frappe.get_doc(
		{
			"doctype": "Customer",
			"customer_name": f"Rekisteri {house.key}",
			"lead_name": told.name,
			"customer_group": frappe.db.get_value("Customer", house.customer, "customer_group"),
			"territory": frappe.db.get_value("Customer", house.customer, "territory"),
		}
	).insert()
	frappe.db.commit()
	assert (imported.signflow_origin, imported.signflow_verified_on) == ("Import", None)
	assert (asked.signflow_origin, str(asked.signflow_verified_on)) == ("Web Form", nowdate())
	assert (customer.signflow_origin, customer.signflow_data_owner) == (
		"Public Register",
		house.users["owner"],
	)
	listed = {(row["doctype"], row["name"]) for row in origin.unknown()}
	assert ("Contact", unknown.name) in listed
	known = {(doc.doctype, doc.name) for doc in (imported, asked, told, customer)}
	assert known & listed == set() and ("Lead", made["name"]) not in listed


def test_nobody_is_told_before_an_officer_turns_it_on(house: House, officer: str) -> None:  # noqa: F811
	company = another_company(f"{house.key}a")
	an_activity(company)
	a_notice(company)
	lead = a_lead(company)
	swept()
	assert status_of(lead) is None and mails_to(lead.email_id) == []
	settings = frappe.get_doc(SETTINGS)
	settings.inform_people = 1
	frappe.set_user(house.users["manager"])
	with pytest.raises(frappe.PermissionError):
		settings.save(ignore_permissions=True)
	frappe.set_user("Administrator")
	frappe.db.rollback()


def test_a_person_is_told_once_by_each_controller(
	house: House, informing_company: str, worker: Process, smtp: Process
) -> None:
	company, other = informing_company, another_company(f"{house.key}b")
	an_activity(other)
	a_notice(other)
	keeper = house.users["colleague"]
	frappe.defaults.set_user_default("company", company, keeper)
	lead = a_lead(company, signflow_origin="Public Register")
	for_writing()
	twin = frappe.get_doc({"doctype": "Contact", "first_name": "Liisa"})
	twin.add_email(lead.email_id.upper(), is_primary=True)
	twin.insert(ignore_permissions=True).db_set("signflow_data_owner", keeper)
	frappe.db.commit()
	at_other = frappe.get_doc({"doctype": "Contact", "first_name": "Liisa"})
	at_other.add_email(lead.email_id, is_primary=True)
	at_other.insert(ignore_permissions=True)
	frappe.db.commit()
	by_form = a_lead(company, signflow_origin="Web Form")
	without = a_lead(company)
	frappe.db.set_value("Lead", without.name, "email_id", "not an address")
	frappe.db.commit()
	for _again in range(3):
		swept()
	assert status_of(lead) == "Sent" and status_of(twin) == "Already Told"
	assert informing.inform_now("Contact", at_other.name, other) == "Sent"
	assert status_of(by_form) == "Told Where Asked" and mails_to(by_form.email_id) == []
	assert status_of(without) == "Not Reachable"
	assert len(mails_to(lead.email_id)) == 2
	mail = house.mailbox.wait_for(lead.email_id, subject=company)
	words = text_of(mail)
	assert "/privacy/notice?company=" in words and "Public Register" in words and other not in words
	assert "Liisa" not in words  # nobody has proven this mailbox
	row = frappe.get_doc("Notice Delivery", {"party": lead.name})
	assert row.notice == notices.published(company).name and lead.email_id not in str(row.as_dict())
	assert informing.inform_now("Contact", twin.name, company) == "Already Told"
	assert len(mails_to(lead.email_id)) == 2


def test_what_was_told_does_not_keep_a_record_from_being_deleted(
	house: House, informing_company: str
) -> None:
	lead = a_lead(informing_company)
	frappe.db.set_value("Notice Delivery", {"status": "Waiting"}, "not_before", add_days(nowdate(), 2))
	settings = frappe.get_doc(SETTINGS)
	for row in informing._new_persons("Lead", settings):
		informing._take_up("Lead", row, settings)
	name = frappe.db.get_value("Notice Delivery", {"party": lead.name})
	for_writing()
	for contact in frappe.get_all(
		"Dynamic Link", {"link_name": lead.name, "parenttype": "Contact"}, pluck="parent"
	):
		frappe.delete_doc("Contact", contact, force=True)
	frappe.delete_doc("Lead", lead.name)
	frappe.db.commit()
	assert informing.tell(name) == "Not Needed"


def test_the_hour_has_a_bound_and_a_killed_worker_tells_nobody_twice(
	house: House, informing_company: str, tmp_path: Any
) -> None:
	leads = [a_lead(informing_company) for _place in range(6)]
	for_writing()
	sent = frappe.db.count("Notice Delivery", {"status": "Sent"})
	frappe.db.set_single_value(SETTINGS, "inform_per_hour", sent + 2)
	frappe.db.commit()
	swept()
	assert sorted(status_of(lead) for lead in leads) == ["Sent"] * 2 + ["Waiting"] * 4
	swept()
	assert sum(status_of(lead) == "Sent" for lead in leads) == 2
	for_writing()
	frappe.db.set_single_value(SETTINGS, "inform_per_hour", 1000)
	frappe.db.commit()
	code = (
		"import frappe, os; frappe.init(os.environ['SIGNFLOW_SITE'], sites_path='.'); frappe.connect();"
		"from signflow.services.privacy import informing; informing.sweep()"
	)
	for _try in range(3):
		process = Process([sys.executable, "-c", code], tmp_path / "sweep.log", cwd=Path.cwd())
		process.start()
		time.sleep(0.9 + _try * 0.2)  # somewhere in its work: when does not matter
		process.kill()
	swept()
	assert {status_of(lead) for lead in leads} == {"Sent"}
	for lead in leads:
		assert len(mails_to(lead.email_id)) == 1, lead.name


def test_who_may_tell_a_person_now(house: House) -> None:
	company = another_company(f"{house.key}a")
	an_activity(company)
	lead = a_lead(company)
	url = f"{house.web}/api/method/signflow.api.register.inform_now"
	values = {"doctype": "Lead", "name": lead.name, "company": company}
	owner = as_program(house.web, house.users["owner"])
	without = owner.post(url, json=values, timeout=TIMEOUT)
	assert without.status_code == 417 and "no published privacy notice" in without.text
	a_notice(company)
	assert (
		as_program(house.web, house.users["outsider"]).post(url, json=values, timeout=TIMEOUT).status_code
		== 403
	)
	assert owner.post(url, json=values, timeout=TIMEOUT).json()["message"] == "Sent"
	assert owner.post(url, json=values, timeout=TIMEOUT).json()["message"] == "Sent"
	assert len(mails_to(lead.email_id)) == 1


def codes() -> set[str]:
	return {one.code for one in checks.findings()}


def test_what_a_site_lacks_is_said_and_said_no_more_when_it_is_cured(house: House, officer: str) -> None:  # noqa: F811
	company = another_company(f"{house.key}a")
	texts = {one.text for one in checks.findings()}
	assert f"{company} has published no privacy notice." in texts
	assert f"{company} has no record of processing activities." in texts
	processor = a_processor(house, company=company)
	for_writing()
	frappe.db.set_single_value("System Settings", "enable_two_factor_auth", 0)
	frappe.get_doc(
		{"doctype": "DocPerm", "parent": "Lead", "parenttype": "DocType", "parentfield": "permissions"}
	).update({"role": "Guest", "read": 1, "permlevel": 0}).db_insert()
	found = {one.code: one for one in checks.findings()}
	assert {"two_factor_off", "open_to_guest", "no_agreement", "gravatar", "logs_kept"} <= set(found)
	assert all(one.text and one.cure for one in found.values())
	assert "Lead" in found["open_to_guest"].text
	assert "no_officer_role" not in found and "no_officer_named" not in found
	frappe.db.delete("DocPerm", {"parent": "Lead", "role": "Guest"})
	frappe.db.set_value("Data Processor", processor.name, "agreement_state", "Signed")
	for one in frappe.get_all(
		"Has Role", {"role": "Data Protection Officer", "parenttype": "User"}, pluck="parent"
	):
		frappe.db.set_value("User", one, "enabled", 0)
	after = codes()
	assert "open_to_guest" not in after and "no_officer_role" in after
	assert processor.processor_name not in " ".join(one.text for one in checks.findings())
	frappe.db.rollback()
	an_activity(company)
	a_notice(company)
	for_writing()
	frappe.db.set_value("Data Processor", processor.name, "disabled", 1)
	frappe.db.commit()
	texts = {one.text for one in checks.findings()}
	assert not [text for text in texts if text.startswith(company)]


def test_reports_are_read_by_those_who_answer(house: House, officer: str) -> None:  # noqa: F811
	company = another_company(f"{house.key}a")
	an_activity(company, reviewed_on=nowdate())
	notice = a_notice(company)
	url = f"{house.web}/api/method/frappe.desk.query_report.run"
	today = f'{{"from_date": "{nowdate()}", "to_date": "{nowdate()}", "company": "{company}"}}'
	for report in ("Privacy Set-up Check", "Personal Data Account", "Persons of Unknown Origin"):
		values = {"report_name": report, "filters": today}
		for person in (officer, house.users["manager"]):
			answer = as_program(house.web, person).get(url, params=values, timeout=TIMEOUT)
			if report == "Persons of Unknown Origin" and person == officer:
				continue  # reads what the officer may read, which is another role's matter
			assert answer.status_code == 200, (report, person, answer.text[:500])
			assert answer.json()["message"]["columns"]
		assert (
			as_program(house.web, house.users["outsider"])
			.get(url, params=values, timeout=TIMEOUT)
			.status_code
			== 403
		)
	rows = checks.account(nowdate(), nowdate(), company)
	assert [row["record"] for row in rows if row["what"] == "Notice published"] == [
		f"Privacy Notice {notice.name}"
	]
	assert {row["company"] for row in rows} == {company}
	assert "Activity reviewed" in {row["what"] for row in rows}
	with pytest.raises(frappe.ValidationError, match="before it begins"):
		checks.account(nowdate(), add_days(nowdate(), -1))


def test_the_account_tells_who_looked_up_whom_and_why(house: House) -> None:
	company = another_company(f"{house.key}a")
	for_writing()
	for kind, of in (("Look-up", company), ("Export", None), ("Erasure", house.company)):
		row = frappe.new_doc("Personal Data Access")
		row.update({"kind": kind, "purpose": f"Asked {house.key}", "company": of, "total": 3})
		row.update({"accessed_on": frappe.utils.now_datetime(), "user": house.users["owner"]})
		row.set_new_name()
		row.db_insert()
	frappe.db.commit()
	rows = [row for row in checks.account(nowdate(), nowdate(), company) if house.key in (row["why"] or "")]
	assert {row["what"] for row in rows} == {"Look-up", "Export"}
	assert {(row["user"], row["number"]) for row in rows} == {(house.users["owner"], 3)}
	everything = [row for row in checks.account(nowdate(), nowdate()) if house.key in (row["why"] or "")]
	assert len(everything) == 3
