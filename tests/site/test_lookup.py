"""Everything on a planted person is found, and nothing of her namesake's, of her colleagues', of her company's."""

import email.message
import json
from collections import Counter
from typing import Any

import frappe
import pytest
from house import House, as_program, for_writing, statements_asked
from personas import PERSONAS
from planted import Planted
from pypika.terms import CustomFunction
from retention_stage import worker_rests
from stage import eventually

import signflow.patches.hash_looked_up_records as patch
from signflow.core.privacy.findings import Strength
from signflow.core.privacy.persons import Start
from signflow.services.delivery import BLANK
from signflow.services.privacy import accesses, lookup, searching


@pytest.fixture(scope="module")
def planted(kept_house: House) -> Planted:
	frappe.set_user("Administrator")
	made = Planted(kept_house)
	made.plant()
	return made


@pytest.fixture
def she(planted: Planted) -> Planted:
	frappe.db.rollback()
	frappe.set_user("Administrator")
	return planted


def by(strength: Strength, found: lookup.LookUp, she: Planted) -> set[tuple[str, str]]:
	"""The planted records that were found with one strength."""
	return found.of(strength) & (she.certain | she.shared | she.possible | she.others)


@pytest.mark.parametrize("start", ["mail", "phone", "contact", "lead", "customer", "user"])
def test_finds_all_that_is_hers_and_nothing_of_others(she: Planted, start: str) -> None:
	starts = {
		"mail": lambda: lookup.start_of(she.mail.upper()),
		"phone": lambda: lookup.start_of(f"+358 {she.digits}"),
		"contact": lambda: lookup.start_of("", "Contact", she.hers),
		"lead": lambda: lookup.start_of("", "Lead", she.lead),
		"customer": lambda: lookup.start_of("", "Customer", she.customer),
		"user": lambda: lookup.start_of("", "User", she.user),
	}
	found = lookup.look_up(starts[start]())
	missing = she.certain - found.of(Strength.CERTAIN)
	assert not missing, sorted(missing)
	too_sure = found.of(Strength.CERTAIN) & (she.shared | she.possible | she.others)
	assert not too_sure, sorted(too_sure)
	assert by(Strength.SHARED, found, she) == she.shared
	assert by(Strength.POSSIBLE, found, she) == she.possible
	assert not found.unsearched and not found.more and not found.hidden


def test_a_shared_mailbox_and_a_common_name_ask_who_is_meant(she: Planted) -> None:
	found = lookup.look_up(lookup.start_of(she.mailbox))
	assert not found.of(Strength.CERTAIN)
	assert {one.key for person in found.choices for one in person} >= {
		("Contact", she.hers),
		("Contact", she.matti),
	}
	named = lookup.look_up(lookup.start_of(she.name))
	assert not named.hits
	chosen = [{one.key for one in person} for person in named.choices]
	assert {("Contact", she.namesake)} in chosen
	assert any(("Contact", she.hers) in keys and ("Contact", she.namesake) not in keys for keys in chosen)


def test_a_company_is_no_person(she: Planted) -> None:
	found = lookup.look_up(lookup.start_of("", "Customer", she.house.customer))
	assert found.is_company and not found.hits
	assert {("Contact", she.matti)} <= {one.key for person in found.choices for one in person}


@pytest.mark.parametrize("typed", ["%", "_", "%@%.%", "a%'; --@x.example", "\\"])
def test_wildcards_are_letters(she: Planted, typed: str) -> None:
	try:
		start = lookup.start_of(typed)
	except frappe.ValidationError:
		return
	found = lookup.look_up(start)
	assert not found.hits


def test_two_companies_stay_apart(she: Planted) -> None:
	for_writing()
	other = f"Toinen {she.house.key} Oy"
	name = she.row("others", "Sales Invoice", customer=she.customer, company=other)
	both = lookup.look_up(lookup.start_of(she.mail))
	assert ("Sales Invoice", name) in both.of(Strength.CERTAIN)
	one = lookup.look_up(lookup.start_of(she.mail), company=she.house.company)
	assert ("Sales Invoice", name) not in one.of(Strength.CERTAIN)
	assert she.certain <= one.of(Strength.CERTAIN)


def test_of_very_much_it_is_said_that_there_is_more(she: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(searching, "MOST_ROWS", 2)
	found = lookup.look_up(lookup.start_of(she.mail))
	assert {"Sales Invoice", "Comment"} <= found.more
	monkeypatch.setattr(lookup, "SECONDS", 0)
	assert {"Sales Invoice", "Comment"} <= set(lookup.look_up(lookup.start_of(she.mail)).unsearched)


def test_a_statement_that_takes_too_long_is_said_to(she: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
	"""MariaDB ends it; no other database is asked to, and there all is searched."""
	ends = frappe.db.db_type == "mariadb"
	monkeypatch.setattr(searching, "SECONDS", 1)
	plain = searching._conditions

	def slow(entry: Any, *args: Any) -> Any:
		for condition in plain(entry, *args):
			late = ends and entry.doctype == "Lead"
			yield (
				condition | (CustomFunction("BENCHMARK", ["times", "what"])(2 * 10**9, 1) == 1)
				if late
				else condition
			)

	monkeypatch.setattr(searching, "_conditions", slow)
	found = lookup.look_up(lookup.start_of(she.mail))
	assert found.unsearched == (["Lead"] if ends else [])
	assert (("Lead", she.lead) in found.of(Strength.CERTAIN)) is not ends
	assert ("Customer", she.customer) in found.of(Strength.CERTAIN)


def test_the_number_of_statements_does_not_grow_with_the_rows(she: Planted) -> None:
	start = lookup.start_of(she.mail)
	# A job that an earlier test left may empty the caches in between.
	eventually(worker_rests, "nothing is at work")

	def asked() -> list[Any]:
		lookup.look_up(start)  # what Frappe remembers per process, it remembers now
		with statements_asked() as found:
			lookup.look_up(start)
		return found

	before = asked()
	for_writing()
	for number in range(60):
		she.row("others", "Sales Invoice", customer=she.customer, contact_email=she.mail, po_no=str(number))
		she.row("others", "Comment", reference_doctype="Contact", reference_name=she.hers, content=she.mail)
	after = asked()
	more = Counter(query[:150] for query, _moment in after) - Counter(
		query[:150] for query, _moment in before
	)
	assert len(after) == len(before), more
	tables = len(
		[one for one in frappe.get_all("DocType", {"issingle": 0}, pluck="name", order_by="name asc")]
	)
	assert len(before) < tables + 80, (len(before), tables)


def ask(she: Planted, persona: str, verb: str = "look_up", **values: Any) -> Any:
	browser = as_program(she.house.web, she.house.users.get(persona))
	return browser.post(f"{she.house.web}/api/method/signflow.api.lookup.{verb}", json=values, timeout=60)


def logged(she: Planted) -> list[dict[str, Any]]:
	frappe.db.rollback()
	return accesses.accesses_to(Start(mails=frozenset({she.mail})))


def test_every_look_is_logged_by_hash_and_never_changed(she: Planted) -> None:
	before = len(logged(she))
	answer = ask(she, "operator", query=she.mail, purpose="She asks what we hold")
	assert answer.status_code == 200, answer.text[:1000]
	shown = answer.json()["message"]
	page = ask(she, "operator", "details", id=shown["id"], doctype="Contact").json()["message"]
	shown_names = {row["name"] for row in page["rows"]}
	assert she.hers in shown_names and not shown_names & {she.matti, she.namesake}
	log = logged(she)
	assert [row["kind"] for row in log[: len(log) - before]] == ["View", "Look-up"]
	assert log[0]["user"] == she.house.users["operator"] and log[1]["purpose"] == "She asks what we hold"
	row = frappe.get_doc("Personal Data Access", log[1]["name"])
	stored = json.dumps(row.as_dict(), default=str).lower()
	assert she.mail not in stored and she.name.lower() not in stored and she.digits not in stored
	row.purpose = "Nothing"
	with pytest.raises(frappe.PermissionError):
		row.save(ignore_permissions=True)
	with pytest.raises(frappe.PermissionError):
		frappe.delete_doc("Personal Data Access", row.name, ignore_permissions=True)
	api = as_program(she.house.web, "Administrator")
	read = api.get(f"{she.house.web}/api/resource/Personal Data Access/{row.name}", timeout=30).json()["data"]
	assert not read.get("subject_hashes")


def test_the_log_names_no_record_and_tells_which_it_was_while_it_may_be_read(she: Planted) -> None:
	answer = ask(she, "operator", record_doctype="Contact", record_name=she.namesake, purpose="Test")
	shown = answer.json()["message"]
	row = frappe.get_doc("Personal Data Access", shown["id"])
	stored = json.dumps(row.as_dict(), default=str)
	assert row.record_doctype == "Contact" and she.namesake not in stored and row.record_hash
	told = ask(she, "operator", "record_of", access=shown["id"]).json()["message"]
	assert told == {"doctype": "Contact", "name": she.namesake}
	assert ask(she, "owner", "record_of", access=shown["id"]).status_code == 403
	# Where it came from in an earlier version it is hashed as well.
	patch.execute()
	assert accesses.record_of(shown["id"]) == ("Contact", she.namesake)
	for_writing()
	frappe.rename_doc("Contact", she.namesake, f"{she.namesake} gone", force=True)
	assert accesses.record_of(shown["id"]) is None
	frappe.db.rollback()


def test_the_officer_reads_the_log_and_sees_all(she: Planted) -> None:
	for_writing()
	mail = f"officer.{she.house.key}@testi.example"
	roles = [{"role": "Data Protection Officer"}]
	she.house._insert("User", email=mail, first_name="Officer", roles=roles, send_welcome_email=0)
	frappe.db.commit()
	she.house.users["officer"] = mail
	shown = ask(she, "officer", query=she.mail, purpose="Test").json()["message"]
	assert "Email Queue" in {row["doctype"] for group in shown["groups"] for row in group["doctypes"]}
	assert not shown["hidden"]
	read = as_program(she.house.web, mail).get(
		f"{she.house.web}/api/resource/Personal Data Access/{shown['id']}", timeout=30
	)
	assert read.status_code == 200 and not read.json()["data"].get("subject_hashes")


def test_a_purpose_is_needed(she: Planted) -> None:
	assert ask(she, "operator", query=she.mail, purpose=" ").status_code == 417


@pytest.mark.parametrize("persona", [*PERSONAS, "nobody"])
def test_each_sees_what_he_may_read(she: Planted, persona: str) -> None:
	answer = ask(she, persona, query=she.mail, purpose="Test")
	if persona not in ("manager", "owner", "colleague", "operator"):
		assert answer.status_code == 403, answer.text[:500]
		return
	shown = answer.json()["message"]
	counted = {row["doctype"] for group in shown["groups"] for row in group["doctypes"]}
	assert {"Lead", "Customer"} <= counted
	if persona == "operator":
		assert she.member in counted and "Email Queue" in counted and not shown["hidden"]
		return
	frappe.set_user(she.house.users[persona])
	unreadable = {doctype for doctype in counted if not frappe.has_permission(doctype, "read")}
	frappe.set_user("Administrator")
	assert not unreadable
	assert not counted & {she.member, "Email Queue", "Version"}
	assert shown["hidden"] > 0
	refused = ask(she, persona, "details", id=shown["id"], doctype="Email Queue").json()["message"]
	assert refused["rows"] == []
	# Another's look-up is nobody else's.
	stolen = ask(she, "operator", query=she.mail, purpose="Test").json()["message"]["id"]
	assert ask(she, persona, "details", id=stolen, doctype="Email Queue").status_code == 417


def test_a_mail_is_called_by_its_subject_and_day(house: House) -> None:
	for_writing()
	message = email.message.EmailMessage()
	message["Subject"] = f"Kutsu kesäjuhliin {house.key}"
	message.set_content("Tervetuloa")
	sent, blank = (
		frappe.get_doc({"doctype": "Email Queue", "sender": "a@b.example", "message": text, "status": "Sent"})
		.insert(ignore_permissions=True)
		.name
		for text in (message.as_string(), BLANK)
	)
	titles = {name: one["title"] for name, one in lookup.describe("Email Queue", [sent, blank]).items()}
	assert titles[sent].startswith(f"Kutsu kesäjuhliin {house.key}, ")
	assert titles[blank].startswith("Mail of ") and blank not in titles[blank]
	frappe.db.rollback()
