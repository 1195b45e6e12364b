"""Privacy notices: what they say, how they are published, who reads whose, and the alarm when the site holds more."""

import re
from typing import Any
from urllib.parse import quote_plus

import frappe
import pytest
import requests
from forms import a_web_form
from frappe.custom.doctype.custom_field.custom_field import create_custom_field
from house import TIMEOUT, House, another_company, as_program, for_writing
from test_register import a_processor, an_activity

from signflow.integrations.helpdesk import notice_link
from signflow.pages.renderer import forget_pages
from signflow.services.privacy import activities, data_map, notices

pytestmark = pytest.mark.timeout(300)
LANGUAGES = ("fi", "sv", "en")
# Articles 6(1)(b) and 7(3), as laws cite them in each language.
CITED = {
	"en": ("6(1)(b)", "7(3)"),
	"fi": ("6 artiklan 1 kohdan b alakohta", "7 artiklan 3 koh"),
	"sv": ("6.1 b", "7.3"),
}
# What GDPR 13 and 14 demand, each by words that stand in the English text.
DEMANDED = {
	"13(1)(a) controller": r"Controller:\*\* {company}",
	"13(1)(b) officer": r"Data Protection Officer:\*\* Onni Officer",
	"13(1)(c) purpose": r"Why:\*\* To make offers",
	"13(1)(c) ground": r"article 6\(1\)\(b\)",
	"13(1)(d) legitimate interest": r"Legitimate interest:\*\* To help those",
	"13(1)(e) recipients": r"Who gets the data:\*\* Carriers",
	"13(1)(e) processors": r"\*\*Pilvi .* Oy\*\*: Keeps the site",
	"13(1)(f) transfers": r"Transfers outside.*Cloud Ltd.*Adequacy Decision",
	"13(2)(a) retention": r"How long we keep it:\*\* Three years after",
	"13(2)(b) access": r"article 15",
	"13(2)(b) rectification": r"article 16",
	"13(2)(b) erasure": r"article 17",
	"13(2)(b) restriction": r"article 18",
	"13(2)(b) portability": r"article 20",
	"13(2)(b) objection": r"article 21",
	"13(2)(c) withdrawal of consent": r"article 7\(3\)",
	"13(2)(d) complaint": r"Data Protection Ombudsman.*\(https://tietosuoja\.fi\)",
	"13(2)(e) must it be given": r"Must you give it:\*\* Name and contact",
	"13(2)(f) automated decisions": r"no decisions about you by automated means",
	"13(3) other purposes": r"another purpose",
	"14(1)(d) categories of data": r"Kinds of data:\*\* Name, email",
	"14(2)(f) source": r"We get the data from:\*\* you and others",
}


@pytest.fixture
def officer(house: House) -> Any:
	"""The data protection officer, named in the settings."""
	mail = "onni.officer@testi.example"
	for_writing()
	if not frappe.db.exists("User", mail):
		user = frappe.get_doc(
			{"doctype": "User", "email": mail, "first_name": "Onni", "last_name": "Officer"}
		)
		user.update({"send_welcome_email": 0, "language": "en"})
		user.append("roles", {"role": "Data Protection Officer"})
		user.flags.no_welcome_mail = True
		user.insert(ignore_permissions=True)
	frappe.db.set_single_value("Signflow Settings", "data_protection_officer", mail)
	frappe.db.commit()
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")
	yield mail
	for_writing()
	frappe.db.set_single_value("Signflow Settings", "data_protection_officer", None)
	frappe.db.commit()
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")


def a_notice(company: str) -> Any:
	"""A published notice of a company, written from its register."""
	for_writing()
	draft = notices.draft(company)
	frappe.db.commit()
	return notices.publish(draft.name)


def the_usual_activities(company: str) -> None:
	"""The usual activities of a company, read and made active."""
	for_writing()
	for name in activities.add_usual(company):
		doc = frappe.get_doc("Processing Activity", name)
		doc.status = "Active"
		doc.save()
	frappe.db.commit()


SIGNED = {"agreement_state": "Signed", "agreement_signed_on": "2026-01-02"}


def page_of(house: House, **query: Any) -> requests.Response:
	return requests.get(f"{house.web}/privacy/notice", params=query, timeout=TIMEOUT)


def told(user: str, notice: str) -> list[str]:
	filters = {"for_user": user, "document_type": "Privacy Notice", "document_name": notice}
	return frappe.get_all("Notification Log", filters, pluck="subject", order_by="creation asc, name asc")


def test_a_draft_says_all_that_the_law_demands(house: House, officer: str) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	the_usual_activities(company)
	a_processor(house, company=company, **SIGNED)
	abroad = {"outside_eea": 1, "transfer_safeguard": "Adequacy Decision", "location": "Basel"}
	a_processor(house, company=company, processor_name="Cloud Ltd", **abroad, **SIGNED)
	for_writing()
	draft = notices.draft(company)
	frappe.db.commit()
	draft.reload()  # as it is stored
	assert [row.language for row in draft.texts] == list(LANGUAGES)
	english = next(row.body for row in draft.texts if row.language == "en")
	for clause, words in DEMANDED.items():
		assert re.search(words.format(company=re.escape(company)), english, re.S), clause
	for row in draft.texts:
		for clause in (*CITED[row.language], "15", "16", "17", "18", "20", "21"):
			assert clause in row.body, (row.language, clause)
		assert "None" not in row.body and "{" not in row.body


def test_a_published_notice_stays_and_older_versions_are_read(house: House) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	an_activity(company)
	first = a_notice(company)
	assert (first.version, first.status) == (1, "Published") and len(first.digest) == 64
	for change in (lambda doc: doc.texts[0].set("body", "Nothing."), lambda doc: doc.set("changes", "x")):
		doc = frappe.get_doc("Privacy Notice", first.name)
		change(doc)
		with pytest.raises(frappe.ValidationError, match="stays as it was read"):
			doc.save()
	with pytest.raises(frappe.ValidationError, match="is kept"):
		frappe.delete_doc("Privacy Notice", first.name)
	for_writing()
	draft = notices.new_version(first)
	for row in draft.texts:
		row.body += "\n\nSecond thoughts."
	draft.status, draft.version = "Published", 9  # nobody publishes by writing the field
	draft.save()
	frappe.db.commit()
	draft.reload()
	assert (draft.status, draft.version) == ("Draft", 0)
	second = notices.publish(draft.name)
	assert (second.version, frappe.db.get_value("Privacy Notice", first.name, "status")) == (2, "Replaced")
	assert second.digest != first.digest == notices.digest(frappe.get_doc("Privacy Notice", first.name), 1)
	now, then = (
		page_of(house, company=company, lang="en"),
		page_of(house, company=company, lang="en", version=1),
	)
	assert "Second thoughts." in now.text and "Second thoughts." not in then.text
	assert "older version" in then.text and first.digest in then.text


def test_a_notice_tells_of_what_is_in_force_and_says_before_what_it_leaves_out(house: House) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	plan = an_activity(company, title="Drone deliveries", status="Draft")
	for_writing()
	with pytest.raises(frappe.ValidationError, match="active first"):
		notices.draft(company)
	frappe.db.rollback()
	an_activity(company)
	a_processor(house, company=company, processor_name="Pilvi Oy", **SIGNED)
	a_processor(house, company=company, processor_name="Aikomus Oy", agreement_state="Sent")
	for_writing()
	draft = notices.draft(company)
	frappe.db.commit()
	manager = as_program(house.web, house.users["manager"])
	url = f"{house.web}/api/method/signflow.api.register.left_out_of_notice"
	left = manager.post(url, json={"name": draft.name}, timeout=TIMEOUT).json()["message"]
	assert left == [
		"Processing activity Drone deliveries: a draft",
		"Processor Aikomus Oy: no agreement in force",
	]
	notice = notices.publish(draft.name)
	page = page_of(house, company=company, lang="en").text
	assert "Boat rental" in page and "Pilvi Oy" in page
	assert "Drone" not in page and "Aikomus" not in page
	# What is only planned is no drift.
	assert not [one for one in notices.drift(notice) if one[0] in ("activity", "processor")]
	plan.update({"status": "Active"})
	plan.save()
	frappe.db.commit()
	assert ("activity", plan.name, "Drone deliveries") in notices.drift(notice)
	# A part on what has ended since it was written is not published.
	second = notices.draft(company)
	frappe.db.commit()
	frappe.db.set_value("Processing Activity", plan.name, "status", "Ended")
	frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="Drone deliveries"):
		notices.publish(second.name)


def test_the_page_shows_one_companys_notice_and_no_other(house: House) -> None:
	company, other, silent = (another_company(f"Toinen {house.key}{letter} Oy") for letter in "abc")
	an_activity(company, purpose="To rent <script>alert(1)</script> boats.")
	an_activity(other, title="Secret plans")
	a_notice(company)
	a_notice(other)
	for language in LANGUAGES:
		page = page_of(house, company=company, lang=language)
		assert page.status_code == 200 and page.headers["Content-Language"] == language
		assert company in page.text and "Boat rental" in page.text
		assert 'href="https://tietosuoja.fi"' in page.text
		assert other not in page.text and "Secret plans" not in page.text
		assert (
			"<script>alert" not in page.text
			and "<script src" not in page.text
			and "script-src 'self'" in page.headers["Content-Security-Policy"]
		)
		assert f'lang="{language}"' in page.text
	# A company without a notice and one that does not exist look the same.
	known, unknown = page_of(house, company=silent, lang="en"), page_of(house, company="Nobody", lang="en")
	assert known.status_code == unknown.status_code == 404 and known.text == unknown.text
	assert page_of(house, company=company, version=7).status_code == 404
	assert requests.post(f"{house.web}/privacy/notice", timeout=TIMEOUT).status_code == 405


def test_a_draft_is_read_by_nobody_outside(house: House) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	an_activity(company)
	for_writing()
	notices.draft(company)
	frappe.db.commit()
	assert page_of(house, company=company).status_code == 404
	with pytest.raises(frappe.ValidationError, match="draft already"):
		notices.draft(company)


def test_who_publishes(house: House) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	an_activity(company)
	for_writing()
	draft = notices.draft(company)
	frappe.db.commit()
	url = f"{house.web}/api/method/signflow.api.register.publish_notice"
	for role in ("owner", "outsider"):
		asked = as_program(house.web, house.users[role]).post(url, json={"name": draft.name}, timeout=TIMEOUT)
		assert asked.status_code == 403
	answer = as_program(house.web, house.users["manager"]).post(
		url, json={"name": draft.name}, timeout=TIMEOUT
	)
	assert answer.status_code == 200, answer.text[:2000]
	assert answer.json()["message"]["version"] == 1


def test_the_alarm_rings_once_when_the_site_holds_more(house: House, officer: str) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	the_usual_activities(company)
	data_map.scan()
	notice = a_notice(company)
	# DocTypes that other tests have made.
	before = set(notices.look_for_drift(notice.name))
	calls = len(told(officer, notice.name))
	field = f"sf_{house.key}"
	for_writing()
	create_custom_field(
		"Customer",
		{"fieldname": field, "label": "Religion", "fieldtype": "Data"},
		ignore_validate=True,
	)
	frappe.db.commit()
	try:
		data_map.scan()
		a_processor(house, company=company, processor_name="Uusi Kumppani Oy", **SIGNED)
		for _again in range(2):
			found = set(notices.look_for_drift(notice.name)) - before
		assert ("data", "Customer", "Special Category") in found
		assert "Uusi Kumppani Oy" in {what for kind, _record, what in found if kind == "processor"}
		assert len(found) == 2
		assert len(told(officer, notice.name)) == calls + 1
		note = frappe.db.get_value("Privacy Notice", notice.name, "drift_note")
		assert "Uusi Kumppani Oy" in note and len(note.splitlines()) == len(before) + 2
		# Said in a new version, it rings no more.
		for_writing()
		customers = frappe.get_doc(
			"Processing Activity", {"company": company, "preset": "customers-and-sales"}
		)
		customers.append("data", {"holds": "Special Category"})
		customers.special_ground = "Explicit Consent"
		customers.save()
		frappe.db.commit()
		assert set(notices.look_for_drift(a_notice(company).name)) <= before
	finally:
		for_writing()
		frappe.delete_doc("Custom Field", f"Customer-{field}")
		frappe.db.commit()
		data_map.scan()


def test_a_notice_that_cannot_be_compared_stops_no_other_and_logs_nothing_it_read(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	names = []
	for letter in "ab":
		company = another_company(f"Toinen {house.key}{letter} Oy")
		an_activity(company)
		names.append(a_notice(company).name)
	looked, secret, drift = [], f"secret.{house.key}@posti.example", notices.drift

	def fails_once(doc: Any) -> Any:
		looked.append(doc.name)
		if doc.name == names[0]:
			raise ValueError(secret)
		return drift(doc)

	monkeypatch.setattr(notices, "drift", fails_once)
	for_writing()
	notices.watch()
	assert set(names) <= set(looked)
	logs = frappe.get_all("Error Log", ["error"], order_by="creation desc", limit=10)
	assert any("fails_once" in log.error for log in logs) and not any(secret in log.error for log in logs)


def test_the_notice_is_linked_where_people_are(house: House) -> None:
	company = another_company(f"Toinen {house.key}a Oy")
	an_activity(company)
	a_notice(company)
	form = a_web_form(house)
	before = frappe.defaults.get_global_default("company")
	for_writing()
	frappe.db.set_default("company", company)
	frappe.db.commit()
	notices.forget_link()
	try:
		address = f"/privacy/notice?company={quote_plus(company)}"
		assert notices.link(None) == address
		for path in (form.route, "contact"):
			page = requests.get(f"{house.web}/{path}", timeout=TIMEOUT)
			assert address in page.text, path
		forget_pages()
		public = requests.get(f"{house.web}/verify", params={"lang": "en"}, timeout=TIMEOUT)
		assert 'class="foot"' in public.text
		# A signer reads the notice of whoever sent his request.
		request = house.sends(house.maija)
		frappe.db.set_value("Signature Request", request.name, "company", company)
		frappe.db.commit()
		assert house.maija.opens()["notice"]["url"] == address
	finally:
		for_writing()
		frappe.db.set_default("company", before)
		frappe.db.commit()
		notices.forget_link()
	script = frappe.get_doc("HD Form Script", notice_link.SCRIPT)
	assert script.apply_to_customer_portal and "/privacy/notice" in script.script
	notice_link.take_away()
	assert not frappe.db.exists("HD Form Script", notice_link.SCRIPT)
	frappe.db.rollback()
