"""A form that opens filled in: links of the house's programs, and what others try with them."""

import json
import time
from typing import Any

import frappe
import pytest
import requests
from form_stage import a_form, a_submission
from house import TIMEOUT, House, as_program

from signflow.services import prefills

pytestmark = pytest.mark.timeout(300)
VALUES = {"full_name": "Maija Meri", "seats": 4, "starts": "2026-12-24", "plan": "Small", "agreed": 1}


def make(house: House, form: Any, who: str | None = "colleague", **values: Any) -> requests.Response:
	return as_program(house.web, house.users[who] if who else None).post(
		f"{house.web}/api/method/signflow.api.prefills.make_prefill",
		json={"form": form.name, "values": VALUES, **values},
		timeout=TIMEOUT,
	)


def made(house: House, form: Any, **values: Any) -> dict[str, str]:
	answer = make(house, form, **values)
	assert answer.status_code == 200, answer.text[:1000]
	return answer.json()["message"]


def opened(house: House, token: Any) -> requests.Response:
	return requests.post(
		f"{house.web}/api/method/signflow.api.prefills.open",
		json={"token": token, "language": "en"},
		timeout=TIMEOUT,
	)


def test_a_program_gets_an_address_and_the_page_gets_the_values(house: House) -> None:
	form = a_form(house)
	link = made(house, form, locked=["seats"], language="fi", expires_in_hours=2)
	route = frappe.db.get_value("Web Form", form.web_form, "route")
	address, _mark, fragment = link["address"].partition("#")
	assert address.endswith(f"/{route}/new?lang=fi") and fragment == f"prefill={link['token']}"
	assert "Maija" not in link["address"]
	answer = opened(house, link["token"])
	assert answer.json()["message"] == {
		"form": form.name,
		"values": VALUES,
		"locked": ["seats"],
		"language": "fi",
	}


@pytest.mark.parametrize(
	("who", "status"), [("manager", 200), ("colleague", 200), ("outsider", 403), (None, 403)]
)
def test_only_users_of_signflow_make_links(house: House, who: str | None, status: int) -> None:
	assert make(house, a_form(house), who).status_code == status


def test_every_bad_token_gets_one_and_the_same_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
	form = a_form(house)
	good = made(house, form)["token"]
	middle = len(good) // 2
	other = "A" if good[middle] != "A" else "B"
	expired = made(house, form, expires_in_hours=0.0001)["token"]
	of_this_site = frappe.utils.password.encrypt(json.dumps({"form": form.name, "values": {}}))
	answers = a_submission(form).answers
	time.sleep(1.1)  # the life of a link is counted in whole seconds
	texts = set()
	for bad in (
		"",
		"x",
		"A" * 9_000,
		good[:middle] + other + good[middle + 1 :],
		good[:-2],
		good + "AAAA",
		expired,
		of_this_site,
		answers,
		{"a": 1},
		"ä" * 50,
	):
		answer = opened(house, bad)
		if isinstance(bad, dict):
			assert 400 <= answer.status_code < 500
			continue
		assert answer.status_code == 410, (bad, answer.text[:300])
		texts.add(answer.text)
	assert len(texts) == 1, texts
	assert opened(house, good).status_code == 200
	frappe.db.delete("Signable Form", {"name": form.name})
	frappe.db.commit()
	assert opened(house, good).text in texts


def test_only_fields_of_the_form_are_given_out(house: House) -> None:
	form = a_form(house)
	link = made(house, form, locked=["plan"])
	web_form = frappe.get_doc("Web Form", form.web_form)
	web_form.web_form_fields = [row for row in web_form.web_form_fields if row.fieldname != "plan"]
	web_form.save(ignore_permissions=True)
	frappe.db.commit()
	given = opened(house, link["token"]).json()["message"]
	assert "plan" not in given["values"] and given["locked"] == []


@pytest.mark.parametrize(
	("values", "said"),
	[
		({"values": {"owner": "x", "nothing": 1}}, ["owner is not a field", "nothing is not a field"]),
		({"values": {"attachment": "a,data:x;base64,AA=="}}, ["attachment is not a field"]),
		({"values": {"items": [{"label": "a"}]}}, ["items is not a field"]),
		({"values": {"seats": "many", "starts": "1.2.2026"}}, ["seats: this is not", "starts: this is not"]),
		({"values": {"plan": "Huge"}}, ["Huge is not one of the choices"]),
		({"values": {"full_name": ["a"]}}, ["full_name: this is not"]),
		({"locked": ["phone"]}, ["phone is locked but has no value"]),
		({"language": "de"}, ["The language is one of"]),
		({"expires_in_hours": 99999}, ["2160 hours at most"]),
		({"expires_in_hours": "soon"}, ["2160 hours at most"]),
		({"expires_in_hours": "nan"}, ["2160 hours at most"]),
		(
			{"values": {"full_name": "".join(chr(97 + n * n % 26) + str(n) for n in range(5000))}},
			["too long"],
		),
		({"values": "[1]"}, ["as an object by field name"]),
	],
)
def test_bad_values_are_named(house: House, values: dict[str, Any], said: list[str]) -> None:
	answer = make(house, a_form(house), **values)
	assert answer.status_code == 417, answer.text[:500]
	assert all(text in answer.text for text in said), answer.text[:1000]


def test_what_is_locked_cannot_be_changed(house: House) -> None:
	form = a_form(house)
	other = a_form(house)
	token = made(house, form, locked=["full_name", "seats", "starts", "agreed"])["token"]
	same = {"full_name": " Maija Meri ", "seats": "4", "starts": "2026-12-24", "agreed": "1", "plan": "Large"}
	prefills.check_locked(form.name, same, token)
	for name, value, label in (
		("full_name", "Matti Meri", "Full Name"),
		("seats", 5, "Seats"),
		("seats", None, "Seats"),
		("seats", "four", "Seats"),
		("starts", "2026-12-25", "Starts"),
		("agreed", 0, "Agreed"),
	):
		with pytest.raises(frappe.ValidationError, match=f"cannot be changed: {label}"):
			prefills.check_locked(form.name, {**same, name: value}, token)
	with pytest.raises(frappe.ValidationError, match="cannot be changed"):
		prefills.check_locked(form.name, {}, token)
	for wrong_form, wrong_token in ((other.name, token), (form.name, token[:-1]), (form.name, None)):
		with pytest.raises(frappe.ValidationError, match="not available any more"):
			prefills.check_locked(wrong_form, same, wrong_token)


def test_who_opened_the_form_in_time_may_send_it_a_little_later(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	form = a_form(house)
	token = made(house, form, locked=["seats"], expires_in_hours=1)["token"]
	now = time.time()
	monkeypatch.setattr(prefills.time, "time", lambda: now + 3600 * 2)
	assert opened(house, token).status_code == 410
	prefills.check_locked(form.name, {"seats": 4}, token)
	monkeypatch.setattr(prefills.time, "time", lambda: now + 3600 * 26)
	with pytest.raises(frappe.ValidationError, match="not available any more"):
		prefills.check_locked(form.name, {"seats": 4}, token)
