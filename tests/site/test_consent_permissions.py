"""Who may do what with consents. EXPECTATIONS is the specification, as in test_permissions.py: DocType → persona → what is
allowed (r: read, w: write, d: delete), by the REST API.
"""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from asking import an_officer
from consenting import a_text
from house import House, as_program, for_writing
from personas import NOBODY, PERSONAS, Asking

from signflow.services.privacy import consent_campaigns, consent_letters, consents
from signflow.services.privacy.consents import Given

USERS = {**NOBODY, "manager": "r", "owner": "r", "colleague": "r"}
MANAGERS = {**NOBODY, "manager": "r"}
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	"Consent Text": {"house": {**USERS, "manager": "rw"}},
	"Consent Text Version": {"draft": {**USERS, "manager": "rw"}, "published": {**USERS, "manager": "r"}},
	"Consent": {"given": USERS},
	"Consent Link": {"mailed": NOBODY},
	"Consent Campaign": {
		"draft": {**MANAGERS, "manager": "rw"},
		"owner's": {**MANAGERS, "manager": "rw", "owner": "rw"},
	},
	"Consent Campaign Person": {"asked": MANAGERS},
	"Form Consent": {"bound": NOBODY},
}
CHANGES = {
	"Consent Text": {"valid_months": 7},
	"Consent Text Version": {"text_en": "Other words."},
	"Consent": {"action": "Withdrawn"},
	"Consent Link": {"expires_on": "2099-01-01"},
	"Consent Campaign": {"per_hour": 100},
	"Consent Campaign Person": {"status": "Given"},
	"Form Consent": {"language": "sv"},
}


@pytest.fixture(scope="module")
def world(kept_house: House) -> Iterator[Asking]:
	house = kept_house
	asking = Asking(house)
	asking.log_in()
	text = a_text(house)
	person = consents.person_with(house.maija.mail)
	row = consents.give(person, consents.current_wording(text, "fi"), Given("Page"))
	asking.records["Consent Text", "house"] = text
	asking.records["Consent Text Version", "published"] = frappe.db.get_value(
		"Consent Text", text, "current_version"
	)
	for_writing()
	asking.records["Consent Text Version", "draft"] = consents.new_version(text)
	asking.records["Consent", "given"] = row
	link = consent_letters.link_for(person.email, "fi", text=text)
	asking.records["Consent Link", "mailed"] = link.partition("#")[2].split(".")[0]
	for state, owner in (("draft", "Administrator"), ("owner's", house.users["owner"])):
		campaign = frappe.get_doc(
			{"doctype": "Consent Campaign", "title": f"Kampanja {state}", "consent_text": text}
		).insert()
		frappe.db.set_value("Consent Campaign", campaign.name, "owner", owner)
		asking.records["Consent Campaign", state] = campaign.name
	frappe.db.commit()
	asked = consent_campaigns.ask("Contact", person.party, text, language="fi", asked_for=True)
	asking.records["Consent Campaign Person", "asked"] = frappe.db.get_value(
		"Consent Campaign Person", {"campaign": asked["campaign"]}
	)
	asking.records["Form Consent", "bound"] = a_bound_row(house, text)
	yield asking
	frappe.set_user("Administrator")


def a_bound_row(house: House, text: str) -> str:
	from test_form_consents import a_form_with

	return a_form_with(house, text).signflow_consents[0].name


CASES = [(doctype, state) for doctype, states in EXPECTATIONS.items() for state in states]


@pytest.mark.parametrize(("doctype", "state"), CASES)
def test_what_each_may_do(world: Asking, doctype: str, state: str) -> None:
	world.holds(doctype, world.records[doctype, state], EXPECTATIONS[doctype][state], CHANGES[doctype])


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("doctype", [name for name in EXPECTATIONS if name != "Form Consent"])
def test_lists_agree_with_records(world: Asking, doctype: str, persona: str) -> None:
	states: dict[str, Any] = {state: world.records[doctype, state] for state in EXPECTATIONS[doctype]}
	readable = {name for state, name in states.items() if "r" in EXPECTATIONS[doctype][state][persona]}
	for way, names in world.names(persona, doctype).items():
		assert names & set(states.values()) == readable, way


def test_the_proof_is_for_managers(world: Asking) -> None:
	url = world.url("Consent", world.records["Consent", "given"])
	assert not world.people["owner"].get(url, timeout=30).json()["data"].get("proof")
	assert world.people["manager"].get(url, timeout=30).json()["data"]["proof"]


def test_the_data_protection_officer_sees_all_and_changes_no_proof(world: Asking) -> None:
	officer = as_program(world.house.web, an_officer())
	for (doctype, _state), name in world.records.items():
		if doctype != "Form Consent":
			assert officer.get(world.url(doctype, name), timeout=30).status_code == 200, doctype
	for doctype, state in (
		("Consent", "given"),
		("Consent Link", "mailed"),
		("Consent Campaign Person", "asked"),
	):
		url = world.url(doctype, world.records[doctype, state])
		assert officer.put(url, json=CHANGES[doctype], timeout=30).status_code == 403, doctype
		assert officer.delete(url, timeout=30).status_code == 403, doctype
	made = officer.post(
		world.url("Consent Text"),
		json={"purpose": f"By the officer {world.house.key}", "company": world.house.company},
		timeout=30,
	)
	assert made.status_code == 200, made.text[:500]
