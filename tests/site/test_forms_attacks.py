"""Attacks on signable forms: past the signature, past the puzzle, with others' links, from others' web sites."""

import json
import re
import time

import frappe
import pytest
import requests
from forms import FormPage, a_signable_form, a_web_form, message_in, solve, submissions_of
from house import Browser, House, text_of
from stage import eventually

from signflow.core.identity import puzzle
from signflow.services import forms, site_keys

pytestmark = pytest.mark.timeout(300)
ACCEPT = "frappe.website.doctype.web_form.web_form.accept"


def straight(house: House, form, path: str, **more) -> requests.Response:
	data = {"first_name": "Ohi", "last_name": house.key, "email_id": f"ohi.{house.key}@posti.example"}
	return requests.post(
		f"{house.web}{path}",
		json={"web_form": form.web_form, "data": json.dumps(data), **more},
		headers={"Accept": "application/json"},
		timeout=60,
	)


def nothing_came_in(house: House, form) -> None:
	assert submissions_of(form) == []
	assert not frappe.db.exists("Lead", {"email_id": f"ohi.{house.key}@posti.example"})


@pytest.mark.parametrize(
	"path",
	[
		f"/api/method/{ACCEPT}",
		f"/api/v1/method/{ACCEPT}",
		f"/api/v2/method/{ACCEPT}",
		"/api/v2/method/Web Form/accept",
		f"/?cmd={ACCEPT}",
		"/api/method/signflow.api.forms.accept",
		"/api/method/signflow.api.forms.framework.accept",
		"/api/method/signflow.services.forms.framework.accept",
		"/api/method/signflow.services.replays.framework.accept",
		"/api/method/frappe.website.doctype.web_form.test_web_form.accept",
	],
)
def test_answers_posted_straight_are_refused(kept_house: House, path: str) -> None:
	form = a_signable_form(kept_house)
	answer = straight(kept_house, form, path)
	assert answer.status_code >= 400 or not answer.headers["Content-Type"].startswith("application/json")
	nothing_came_in(kept_house, form)


def test_another_apps_way_into_accept_ends_at_the_guard(house: House) -> None:
	"""Whatever calls the framework's function, the record's own event refuses."""
	from frappe.website.doctype.web_form import web_form as framework

	form = a_signable_form(house)
	data = json.dumps({"first_name": "Ohi", "email_id": f"ohi.{house.key}@posti.example"})
	before = frappe.local.form_dict
	frappe.local.form_dict = frappe._dict(web_form=form.web_form, data=data)
	try:
		with pytest.raises(frappe.PermissionError):
			framework.accept(web_form=form.web_form, data=data)
	finally:
		frappe.local.form_dict = before
		frappe.flags.in_web_form = None
		frappe.db.rollback()
	nothing_came_in(house, form)


def said(form, **changes) -> dict:
	made = puzzle.new_puzzle(
		site_keys.secret("puzzle"), changes.pop("purpose", form.name), changes.pop("at", time.time())
	)
	return {"puzzle": made, "answer": solve(made, puzzle.BITS), "language": "en", **changes}


def test_a_page_that_did_not_solve_its_puzzle_is_refused(kept_house: House) -> None:
	form, other = a_signable_form(kept_house), a_signable_form(kept_house)
	page = FormPage(kept_house, form)
	made = said(form)
	wrong = [
		{},
		"text",
		[1],
		{"puzzle": made["puzzle"]},
		{**made, "answer": str(int(made["answer"]) + 1)},
		{**made, "answer": "-1"},
		{**made, "answer": "٣"},
		{**made, "puzzle": made["puzzle"][:-1] + "0"},
		{**made, "puzzle": "x" * 5000},
		said(form, purpose=other.name),
		said(form, at=time.time() - puzzle.LIFETIME_SECONDS - 60),
		said(form, at=time.time() + 3600),
		{**made, "company_fax": "+358 9 123"},
	]
	for one in wrong:
		refused = page.sends(one)
		assert refused.status_code >= 400 and "too long" in message_in(refused), one
	assert submissions_of(form) == []


def test_one_pages_answers_are_not_anothers(house: House) -> None:
	form = a_signable_form(house)
	mine, other = FormPage(house, form), FormPage(house, form)
	mine.submits(company_name="Minun Oy")
	other.submits(email_id=f"toinen.{house.key}@posti.example")
	assert len(submissions_of(form)) == 2


def test_a_puzzle_of_one_form_does_not_write_anothers_row(house: House) -> None:
	form, other = a_signable_form(house), a_signable_form(house)
	page = FormPage(house, form)
	page.submits()
	stolen = page.said["puzzle"].partition(".")[0]
	made = puzzle.new_puzzle(site_keys.secret("puzzle"), other.name, time.time(), id=stolen)
	refused = FormPage(house, other).sends({"puzzle": made, "answer": solve(made, puzzle.BITS)})
	assert refused.status_code >= 400
	assert submissions_of(other) == []


@pytest.mark.parametrize("change", ["nothing", "cut", "longer", "other", "ended"])
def test_a_link_that_is_not_right_opens_no_answers(house: House, change: str) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.submits()
	token = {
		"nothing": "",
		"cut": page.back[:-1],
		"longer": page.back + "A" * 300,
		"other": submissions_of(form)[0].name + ".".ljust(44, "A"),
		"ended": page.back,
	}[change]
	if change == "ended":
		page.submits(company_name="Muutos Oy")
	answer = page.post("signflow.api.forms.resume", token=token, language="en")
	assert answer.status_code == 403
	assert answer.json()["message"]["error"] == {
		"code": "link_invalid",
		"text": "This link does not work any more. Fill the form in anew.",
	}


def test_answers_of_somebody_who_was_logged_in_open_to_him_alone(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.submits()
	[row] = submissions_of(form)
	frappe.db.set_value("Form Submission", row.name, "user", house.users["colleague"])
	frappe.db.commit()
	assert page.post("signflow.api.forms.resume", token=page.back).status_code == 403


def test_the_other_signers_session_does_not_open_the_answers(house: House) -> None:
	other = {"kind": "Fixed", "signer_name": house.matti.name, "email": house.matti.mail, "signing_order": 1}
	form = a_signable_form(house, signers=[other])
	page = FormPage(house, form)
	person = page.submits()
	assert not house.mailbox.all(house.matti.mail), "nobody is bothered before the person has signed"
	person.identifies()
	person.signs()
	house.subject = form.title
	view = house.matti.opens()
	assert view["form"] is None
	for verb in ("change_answers", "mail_link"):
		answer = requests.post(
			f"{house.web}/api/method/signflow.api.forms.{verb}",
			json={},
			headers={"X-Signflow-Session": house.matti.browser.session},
			timeout=30,
		)
		assert answer.status_code == 409, answer.text


@pytest.mark.parametrize(
	"mail",
	[
		"liisa@posti.example, toinen@posti.example",
		"Liisa <liisa@posti.example>",
		"liisa@posti.example toinen@posti.example",
	],
)
def test_a_signer_has_one_mailbox(kept_house: House, mail: str) -> None:
	"""A code that goes to two mailboxes shows control of neither."""
	page = FormPage(kept_house, a_signable_form(kept_house))
	page.begins()
	assert page.sends(email_id=mail).status_code >= 400
	assert submissions_of(page.form) == []


def test_a_mail_to_an_unproven_mailbox_carries_nothing_that_was_typed(house: House) -> None:
	"""Else the house would carry anybody's text to anybody."""
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits(first_name="Voita palkinto", last_name="www.evil.example")
	person.browser.answer("send_code")
	headers = {"X-Signflow-Session": person.browser.session}
	url = f"{house.web}/api/method/signflow.api.forms.mail_link"
	assert requests.post(url, json={}, headers=headers, timeout=30).status_code == 200
	house.mailbox.wait_for(person.mail, subject="code")
	house.mailbox.wait_for(person.mail, subject="Please sign")
	for message in house.mailbox.all(person.mail):
		assert form.title in str(message["Subject"])
		assert "evil" not in text_of(message) and "evil" not in str(message["Subject"])


def test_a_link_for_later_goes_to_the_signer_and_so_many_times(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits()
	headers = {"X-Signflow-Session": person.browser.session}
	url = f"{house.web}/api/method/signflow.api.forms.mail_link"
	codes = [requests.post(url, json={}, headers=headers, timeout=30).status_code for _round in range(4)]
	assert codes == [200, 200, 200, 429]
	person.browser.answer("view")
	house.subject = form.title
	# Each link ends the one before, and a mail that has not left yet: of the three mails one to three arrive.
	opened: dict[str, requests.Response] = {}

	def alive() -> list[dict]:
		for mail in house.mailbox.all(person.mail):
			link = re.search(r"/sign[^\"]*#([^\"]+)", text_of(mail))
			if link and link[1] not in opened:
				opened[link[1]] = Browser(house.web).call("open", token=link[1])
		return [answer.json()["message"]["view"] for answer in opened.values() if answer.status_code == 200]

	(view,) = eventually(alive, "the last link has come")
	assert view["state"] == "open"


@pytest.mark.parametrize(
	"origin",
	[
		"https://evil.example",
		"https://www.example.com.evil.example",
		"http://www.example.com",
		"https://www.example.com/path",
		"https://xwww.example.com",
		"javascript:alert(1)",
		"null",
		"*",
		"https://.shop.example",
		"https://a/b.shop.example",
	],
)
def test_a_web_site_that_is_not_listed_is_no_host(kept_house: House, origin: str) -> None:
	form = a_signable_form(kept_house, embedding_domains="https://www.example.com\nhttps://*.shop.example")
	assert not forms.is_host(form, origin)
	page = FormPage(kept_house, form)
	assert page.begins(host=origin)["host"] == ""
	page.said["host"] = origin
	page.submits(email_id=f"h.{frappe.generate_hash(length=6)}@posti.example")
	assert "host" not in page.query()
	assert page.view["form"]["host"] == ""


def test_a_listed_web_site_is_a_host(kept_house: House) -> None:
	form = a_signable_form(kept_house, embedding_domains="https://www.example.com\nhttps://*.shop.example")
	assert forms.is_host(form, "https://www.example.com") and forms.is_host(form, "https://fi.shop.example")
	page = FormPage(kept_house, form)
	assert page.begins(host="https://fi.shop.example")["host"] == "https://fi.shop.example"
	page.said["host"] = "https://fi.shop.example"
	page.submits(email_id=f"h.{frappe.generate_hash(length=6)}@posti.example")
	assert page.view["form"]["host"] == "https://fi.shop.example"


@pytest.mark.parametrize(
	"values",
	[
		{"embedding_domains": "https://a.example; script-src *"},
		{"embedding_domains": "*"},
		{"embedding_domains": "https://*"},
		{"embedding_domains": "http://a.example"},
		{"embedding_domains": "https://a.example/path"},
		{"embedding_domains": "'unsafe-inline'"},
		{"success_url": "https://evil.example"},
		{"success_url": "//evil.example"},
		{"success_url": "/\\evil.example"},
		{"success_url": "javascript:alert(1)"},
		{"accent_color": "red;}body{display:none"},
		{"accent_color": "#ffff00"},
		{"delivery_addresses": "nobody"},
		{"signer_email_field": "nothing"},
		{"responsible": "signflow-outsider@testi.example"},
	],
)
def test_what_a_form_must_not_say(kept_house: House, values: dict) -> None:
	with pytest.raises(frappe.ValidationError):
		a_signable_form(kept_house, **values)
	frappe.db.rollback()


def test_only_the_forms_hosts_may_frame_the_signing_page(house: House) -> None:
	form = a_signable_form(house, embedding_domains="https://www.example.com")
	bare = requests.get(f"{house.web}/sign", timeout=30)
	assert "frame-ancestors 'none'" in bare.headers["Content-Security-Policy"]
	framed = requests.get(f"{house.web}/sign", params={"form": form.name}, timeout=30)
	assert framed.headers["Content-Security-Policy"].endswith(
		"frame-ancestors 'self' https://www.example.com"
	)
	assert "X-Frame-Options" not in framed.headers
	other = requests.get(f"{house.web}/sign", params={"form": "nothing' *"}, timeout=30)
	assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]


def test_a_framed_page_of_one_form_opens_no_other_request(house: House) -> None:
	"""Whoever lists his own web site on his form must not frame somebody else's signing with it."""
	form = a_signable_form(house, embedding_domains="https://www.example.com")
	house.sends(house.maija)
	house.maija.invitation()
	import re

	link = re.search(r'href="([^"]+/sign[^"]*#[^"]+)"', text_of(house.maija.invitation())).group(1)
	url = f"{house.web}/api/method/signflow.api.signing.open"
	token = link.partition("#")[2]
	refused = requests.post(url, json={"token": token, "form": form.name}, timeout=30)
	assert refused.status_code == 403 and refused.json()["message"]["error"]["code"] == "link_invalid"
	assert requests.post(url, json={"token": token}, timeout=30).status_code == 200


def test_the_limit_of_calls_holds_for_the_forms_own_endpoint(kept_house: House) -> None:
	frappe.cache.delete_keys("rl:")
	form = a_signable_form(kept_house)
	codes = [straight(kept_house, form, f"/api/method/{ACCEPT}").status_code for _round in range(31)]
	frappe.cache.delete_keys("rl:")
	assert codes[-1] == 429 and 429 not in codes[:30]


def test_other_web_forms_keep_frappes_own_limit(kept_house: House) -> None:
	frappe.cache.delete_keys("rl:")
	web_form = a_web_form(kept_house)
	mail = f"raja.{frappe.generate_hash(length=6)}@posti.example"
	url = f"{kept_house.web}/api/method/{ACCEPT}"
	codes = []
	for number in range(11):
		data = json.dumps({"first_name": "Raja", "email_id": f"{number}.{mail}"})
		codes.append(
			requests.post(url, json={"web_form": web_form.name, "data": data}, timeout=30).status_code
		)
	frappe.cache.delete_keys("rl:")
	assert codes[:10] == [200] * 10 and codes[10] == 429


def test_html_in_an_answer_is_text_in_the_document(house: House) -> None:
	import pypdfium2

	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits(company_name="<b>Oy</b> {{ doc.name }} & Co")
	data = person.browser.call("document", document=page.view["documents"][0]["id"]).content
	text = " ".join(one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(data))
	assert "{{ doc.name }}" in text and "Oy" in text
