"""What somebody tries on the privacy rooms who wants more than he may: to see, to be believed, to have things deleted."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import frappe
import pytest
from consenting import Reader, a_text, actions, rows
from house import House, another_company, as_program, for_writing
from personas import Asking
from retention_stage import PROBE, a_hold, a_keeping_rule, a_kind_of_record, a_probe, a_rule, an_officer, runs

from signflow.integrations.erpnext import mailing_lists
from signflow.pages import notice
from signflow.patches import company_of_people_asked
from signflow.services import visits
from signflow.services.privacy import (
	consent_campaigns,
	consent_letters,
	consents,
	content_scan,
	kept_elsewhere,
	marketing,
	retention,
)
from signflow.services.privacy.consents import Given
from signflow.signflow.addresses import one_address

HELD = (
	"Retention Rule",
	"Legal Hold",
	"Legal Hold Record",
	"Retention Run",
	"Retention Run Rule",
	"Retention Deletion",
)


@pytest.fixture
def retaining(house: House) -> Iterator[House]:
	"""No rule, no hold and no record of another test."""
	a_kind_of_record()
	_empty()
	yield house
	frappe.db.rollback()
	_empty()


def _empty() -> None:
	for_writing()
	for doctype in (*HELD, PROBE):
		frappe.db.delete(doctype)
	frappe.db.commit()


def test_a_hold_is_not_put_off(retaining: House) -> None:
	"""Only an officer ends a hold, so its first day cannot be moved into the future either."""
	house, probe = retaining, a_probe(f"{retaining.key}-held")
	hold = a_hold(PROBE, probe)
	url = f"{house.web}/api/resource/Legal Hold/{hold.name}"
	for user in (house.users["manager"], an_officer(house)):
		assert as_program(house.web, user).put(url, json={"from_date": "2999-01-01"}).status_code >= 400
	frappe.db.rollback()
	with pytest.raises(frappe.ValidationError, match="legal hold"):
		frappe.delete_doc(PROBE, probe, ignore_permissions=True)
	frappe.db.rollback()
	earlier = as_program(house.web, house.users["manager"]).put(url, json={"from_date": "2020-01-01"})
	assert earlier.status_code == 200, earlier.text[:300]


def test_who_reads_a_record_does_not_read_of_the_case_about_it(retaining: House) -> None:
	house = retaining
	hold = a_hold("Customer", house.customer, title=f"Inquiry {house.key}")
	method, record = "signflow.api.retention.kept", {"doctype": "Customer", "name": house.customer}
	shown = {
		name: as_program(house.web, house.users[name]).post(f"{house.web}/api/method/{method}", json=record)
		for name in ("owner", "manager")
	}
	assert shown["manager"].json()["message"][0]["title"] == hold.title
	(kept,) = shown["owner"].json()["message"]
	assert (kept["until"], kept["title"]) == (None, "") and house.key not in json.dumps(kept["ground"])


def test_a_preview_names_only_what_its_reader_may_read(retaining: House) -> None:
	house = retaining
	other = another_company(f"Muu {house.key}")
	for_writing()
	a_probe(f"{house.key}-ours", company=house.company)
	a_probe(f"{house.key}-theirs", company=other)
	only = {"doctype": "User Permission", "user": house.users["manager"], "allow": "Company"}
	limit = frappe.get_doc({**only, "for_value": house.company}).insert(ignore_permissions=True)
	frappe.db.commit()
	rule = a_rule(approved=False)
	try:
		found = as_program(house.web, house.users["manager"]).post(
			f"{house.web}/api/method/signflow.api.retention.preview", json={"rule": rule.name}
		)
		assert found.status_code == 200, found.text[:300]
		assert [row["name"] for row in found.json()["message"]["rows"]] == [f"{house.key}-ours"]
		assert found.json()["message"]["due"] == 2
	finally:
		for_writing()
		limit.delete(ignore_permissions=True)
		frappe.db.commit()


def test_what_hangs_under_a_record_is_kept_by_its_own_rule(retaining: House) -> None:
	"""A comment goes with its record without being asked, so a rule that keeps comments keeps the record."""
	for_writing()
	probe = frappe.get_doc(PROBE, a_probe(f"{retaining.key}-old"))
	comment = probe.add_comment("Comment", "Agreed on the phone").name
	a_probe(f"{retaining.key}-bare")
	frappe.db.commit()
	a_keeping_rule("Comment", date_field="creation")
	a_rule()
	dry, run = runs(dry_run=True).rules[0], runs().rules[0]
	for counted in (dry, run):
		assert (counted.deleted, counted.protected) == (1, 1)
	assert frappe.db.exists(PROBE, probe.name) and frappe.db.exists("Comment", comment)


def test_a_rule_that_keeps_is_loosened_by_an_officer_alone(retaining: House) -> None:
	"""What it no longer keeps goes by the rules that were approved while it did."""
	house, rule = retaining, a_keeping_rule()
	url = f"{house.web}/api/resource/Retention Rule/{rule.name}"
	manager, officer = as_program(house.web, house.users["manager"]), as_program(house.web, an_officer(house))
	for change in ({"enabled": 0}, {"period_length": 1}, {"kind": "Erase After"}):
		assert manager.put(url, json=change).status_code == 403, change
	assert manager.delete(url).status_code == 403
	assert manager.put(url, json={"statute": "Act 2/2001"}).status_code == 200
	changed = officer.put(url, json={"enabled": 0})
	assert changed.status_code == 200, changed.text[:300]
	assert manager.put(url, json={"enabled": 1}).status_code == 200, (
		"to keep more is anybody's who sets up rules"
	)


def test_an_officer_approves_what_he_has_read(retaining: House) -> None:
	house, rule = retaining, a_rule(approved=False)
	officer, method = (
		as_program(house.web, an_officer(house)),
		f"{house.web}/api/method/signflow.api.retention.approve",
	)
	read = officer.get(f"{house.web}/api/resource/Retention Rule/{rule.name}").json()["data"]["modified"]
	changed = as_program(house.web, house.users["manager"]).put(
		f"{house.web}/api/resource/Retention Rule/{rule.name}",
		json={"period_length": 1, "period_unit": "Days"},
	)
	assert changed.status_code == 200
	assert officer.post(method, json={"rule": rule.name, "modified": read}).status_code == 417
	frappe.db.rollback()
	assert not frappe.db.get_value("Retention Rule", rule.name, "approved")
	now = str(frappe.db.get_value("Retention Rule", rule.name, "modified"))
	assert officer.post(method, json={"rule": rule.name, "modified": now}).status_code == 200


def test_a_job_that_fails_logs_nothing_of_what_it_read(
	retaining: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Frappe logs what a job raises with the values at hand, which may be anybody's mails."""
	secret = f"secret.{retaining.key}@posti.example"

	def fails(*_args: Any, **_more: Any) -> None:
		raise ValueError(secret)

	for module in (content_scan, retention):
		monkeypatch.setattr(module, "wake", lambda _name: None)  # the worker has the same code unchanged
	for_writing()
	scan = content_scan.start("ToDo")
	monkeypatch.setattr(content_scan, "_step", fails)
	content_scan.run(scan)
	a_rule()
	run = retention.start(dry_run=True)
	monkeypatch.setattr(retention, "_next_rule", fails)
	retention.carry_on(run)
	frappe.db.rollback()
	assert frappe.db.get_value("Content Scan", scan, "status") == "Failed"
	assert frappe.db.get_value("Retention Run", run, "failure")
	logs = frappe.get_all("Error Log", fields=["error"], order_by="creation desc", limit=20)
	assert any("fails" in log.error for log in logs), "where it failed is told"
	assert not any(secret in log.error for log in logs)


def test_other_apps_delete_while_the_code_is_newer_than_the_database(house: House) -> None:
	for_writing()
	todo = frappe.get_doc({"doctype": "ToDo", "description": "Old"}).insert(ignore_permissions=True)
	frappe.db.commit()
	frappe.db.sql_ddl("ALTER TABLE `tabLegal Hold` RENAME TO `tabLegal Hold Away`")
	try:
		for_writing()
		frappe.delete_doc("ToDo", todo.name, ignore_permissions=True)
		frappe.db.commit()
	finally:
		frappe.db.rollback()
		frappe.db.sql_ddl("ALTER TABLE `tabLegal Hold Away` RENAME TO `tabLegal Hold`")
	assert not frappe.db.exists("ToDo", todo.name)


def test_a_box_ticked_in_anothers_name_ends_no_objection(house: House) -> None:
	"""Nobody has proven the mailbox that was typed into a form: after a no only its owner can say yes."""
	text, maija = a_text(house, double_opt_in=0), house.maija.mail
	person = consents.person_with(maija)
	consents.object_to(person, house.company, Given("Page"))
	consents.give(person, consents.current_wording(text, "en"), Given("Form Checkbox"))
	assert actions(maija) == ["Objected", "Pending"]
	house.mailbox.wait_for(maija, subject="Please confirm")

	refused = a_text(house, double_opt_in=0)
	consents.refuse(person, consents.current_wording(refused, "en"), Given("Page"))
	consents.give(person, consents.current_wording(refused, "en"), Given("Form Checkbox"))
	assert [row.action for row in rows(maija, consent_text=refused)] == ["Refused", "Pending"]


def test_a_stranger_answers_only_what_he_is_shown(house: House) -> None:
	text = a_text(house, offered=0)
	version = frappe.db.get_value("Consent Text", text, "current_version")
	reader = Reader(house)
	reader.comes(f"stranger.{house.key}@posti.example")
	answers = {
		reader.refused("answer", text=text, version=guess, verb=verb)["code"]
		for guess in (version, "CT-1")
		for verb in ("give", "refuse", "withdraw")
	}
	assert answers == {"invalid_input"}


@pytest.mark.parametrize(
	"written",
	[
		"[a](javascript:alert(1))",
		"[a](java&#x09;script:alert(1))",
		"<a href=' &#1;JaVaScript:alert(1)'>a</a>",
		"[a](data:text/html,alert(1))",
		"[a](vbscript:x)",
		"<p onclick=alert(1) style='position:fixed'>a</p><script>alert(1)</script><iframe src='//evil'>",
	],
)
def test_a_notice_runs_nothing(house: House, written: str) -> None:
	html, _contents = notice._body(written)
	lowered = html.lower()
	assert not any(
		word in lowered for word in ("href", "script:", "<script", "onclick", "position", "<iframe")
	)


def test_links_of_a_notice_lead_where_they_say(house: House) -> None:
	html, _contents = notice._body(
		"[a](https://a.example/b?c=d) [b](mailto:a@b.example) [c](/contact) [d](#part-1) [e](tel:+358501)"
	)
	for address in ("https://a.example/b?c=d", "mailto:a@b.example", "/contact", "#part-1"):
		assert f'href="{address}"' in html
	# Frappe 15's cleaning lets no tel: through, Frappe 16's does.
	assert html.count("href=") in (4, 5)


@pytest.mark.parametrize(
	"typed", ["maija@ban\u212a.example", "ma\u0131ja@posti.example", "maija@po\u017fti.example"]
)
def test_signs_that_pass_for_others_make_no_address(house: House, typed: str) -> None:
	"""Databases and `str.lower` take them for k, i and s: one would prove one mailbox and be shown another's."""
	assert one_address(typed) is None


def test_the_log_is_read_by_whoever_may_read_it(house: House) -> None:
	"""The account of what was done tells a manager nothing of the log, which the officer alone reads."""
	purpose = f"Asked {house.key}"
	looked = as_program(house.web, house.users["owner"]).post(
		f"{house.web}/api/method/signflow.api.lookup.look_up",
		json={"purpose": purpose, "query": house.maija.mail, "company": house.company},
	)
	assert looked.status_code == 200, looked.text[:300]
	report = f"{house.web}/api/method/frappe.desk.query_report.run?report_name=Personal Data Account"
	told = {
		user: as_program(house.web, user).get(report).text
		for user in (house.users["manager"], an_officer(house))
	}
	assert [purpose in text for text in told.values()] == [False, True], {u: t[:300] for u, t in told.items()}


def test_the_log_says_no_company_that_is_none(house: House) -> None:
	answer = as_program(house.web, house.users["owner"]).post(
		f"{house.web}/api/method/signflow.api.lookup.look_up",
		json={"purpose": "A test", "query": house.maija.mail, "company": "Nobody Ltd"},
	)
	assert answer.status_code in (404, 417), answer.text[:300]
	assert not frappe.db.exists("Personal Data Access", {"company": "Nobody Ltd"})


def test_whom_another_company_asked_is_not_seen(house: House) -> None:
	"""A manager who is limited to one company lists, opens, counts and exports nobody whom another company asked."""
	other = another_company(f"Muu {house.key}")
	maija = consents.person_with(house.maija.mail)
	asked = {
		company: consent_campaigns.ask(
			"Contact", maija.party, a_text(house, company=company), language="en", asked_for=True
		)["campaign"]
		for company in (house.company, other)
	}
	rows_of = {
		company: frappe.db.get_value("Consent Campaign Person", {"campaign": campaign})
		for company, campaign in asked.items()
	}
	for_writing()
	# As rows were before they had a company.
	frappe.db.set_value("Consent Campaign Person", list(rows_of.values())[1], "company", None)
	# In another place than the rows: the limit is on campaigns alone.
	limits = [
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": house.users["manager"],
				"allow": "Company",
				"for_value": house.company,
				"apply_to_all_doctypes": 0,
				"applicable_for": "Consent Campaign",
			}
		).insert(ignore_permissions=True)
	]
	frappe.db.commit()
	asking = Asking(house)
	asking.log_in()
	try:
		_sees_only(asking, rows_of[house.company], rows_of[other])
		company_of_people_asked.execute()
		frappe.db.commit()
		assert frappe.db.get_value("Consent Campaign Person", rows_of[other], "company") == other
		for_writing()
		limits.pop().delete(ignore_permissions=True)
		limits.append(
			frappe.get_doc(
				{
					"doctype": "User Permission",
					"user": house.users["manager"],
					"allow": "Company",
					"for_value": house.company,
				}
			).insert(ignore_permissions=True)
		)
		frappe.db.commit()
		_sees_only(asking, rows_of[house.company], rows_of[other])
	finally:
		for_writing()
		for limit in limits:
			limit.delete(ignore_permissions=True)
		frappe.db.commit()


def _sees_only(asking: Asking, ours: str, theirs: str) -> None:
	doctype = "Consent Campaign Person"
	for way, names in asking.names("manager", doctype).items():
		assert ours in names and theirs not in names, way
	manager = asking.people["manager"]
	assert manager.get(asking.url(doctype, ours)).status_code == 200
	assert manager.get(asking.url(doctype, theirs)).status_code == 403
	only = {"doctype": doctype, "filters": json.dumps([[doctype, "name", "=", theirs]])}
	for method in ("frappe.client.get_count", "frappe.desk.reportview.get_count"):
		counted = asking.call("manager", method, **only)
		assert counted.status_code == 200 and counted.json()["message"] == 0, (method, counted.text[:300])
	exported = asking.call(
		"manager",
		"frappe.desk.reportview.export_query",
		file_format_type="CSV",
		fields=json.dumps([f"`tab{doctype}`.`name`"]),
		title="All",
		**only,
	)
	assert theirs not in exported.text


def test_no_address_reaches_the_error_log(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
	"""Jobs about consents that fail say where, and nothing of whom."""
	secret = f"secret.{house.key}@posti.example"
	text = a_text(house)
	group = frappe.get_doc({"doctype": "Email Group", "title": f"Lista {house.key}"}).insert().name
	member = {"doctype": "Email Group Member", "email_group": group, "email": secret}
	frappe.get_doc(member).insert()
	frappe.db.commit()

	def fails(*_args: Any, **_more: Any) -> None:
		mail = secret
		raise ValueError(mail)

	monkeypatch.setattr(visits, "visit_of", lambda page: {"mail": secret, "language": "en", "page": page})
	monkeypatch.setattr(visits, "send_secret", fails)
	monkeypatch.setattr(marketing, "willing", fails)
	monkeypatch.setattr(marketing, "people_named", fails)
	monkeypatch.setattr(consents, "people_with", fails)
	monkeypatch.setattr(consent_letters, "_about_to_end", fails)
	a_text(house, valid_months=12, ask_again_days=30)
	before = frappe.db.count("Error Log")
	jobs = (
		*(partial(visits.mail_code, page) for page in visits.LETTERS),
		lambda: mailing_lists.check_group(group),
		lambda: kept_elsewhere.record_members_now(
			group, text, "2024-05-01", "Folder 7", "en", "Administrator"
		),
		mailing_lists.refresh_segments,
		consent_letters.daily,
	)
	for number, job in enumerate(jobs, 1):
		job()
		frappe.db.rollback()
		assert frappe.db.count("Error Log") >= before + number, "where it failed is told"
	logs = frappe.get_all("Error Log", {}, ["method", "error"], order_by="creation desc", limit=50)
	assert not any(secret in f"{log.method}{log.error}" for log in logs)
	assert frappe.db.get_value("Email Group Member", {"email": secret}, "signflow_held_back"), (
		"kept from mailings"
	)
