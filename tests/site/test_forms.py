"""Signable forms: filled in, signed and made a record in one sitting; nothing goes past the signature."""

import base64
import json
import re

import frappe
import pypdfium2
import pytest
from forms import FormPage, a_signable_form, a_web_form, message_in, submissions_of
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, getdate, now_datetime
from house import House, as_program, for_writing, kinds
from stage import eventually

from signflow.services import replays, requests, submissions
from signflow.signflow.uploads import bytes_of

pytestmark = pytest.mark.timeout(300)
INTRODUCTION = "Fill in your details, read the agreement and sign it. It takes a few minutes."
PNG = base64.b64encode(
	base64.b64decode(
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	)
).decode()


def text_of(pdf: bytes) -> str:
	return " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def leads(page: FormPage) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all(
		"Lead", filters={"email_id": page.answers()["email_id"]}, pluck="name", order_by="creation asc"
	)


def completed(form) -> object:
	def found():
		rows = submissions_of(form)
		failed = [row.failure for row in rows if row.status == "Failed"]
		assert not failed, failed
		return [row for row in rows if row.status == "Completed"]

	return eventually(found, "the submission is completed")[0]


def test_answers_become_a_record_when_they_are_signed(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	maija = page.submits(mobile_no="+358 40 123 4567")
	assert leads(page) == [], "nothing is a record before the signature"
	view = page.view
	assert view["state"] == "open" and view["signer"]["name"] == maija.name and view["form"]["editable"]
	document = maija.browser.call("document", document=view["documents"][0]["id"]).content
	assert "+358 40 123 4567" in text_of(document) and maija.mail in text_of(document)
	assert not house.mailbox.all(maija.mail), "no invitation to whoever sits before the page"
	maija.identifies()
	maija.signs()
	row = completed(form)
	assert [row.record_name] == leads(page)
	lead = frappe.get_doc("Lead", row.record_name)
	assert (lead.first_name, lead.mobile_no) == ("Liisa", "+358 40 123 4567")
	assert house.mailbox.wait_for(maija.mail, subject="Signed:")
	assert "link_given" in kinds(row.request) and "invitation_queued" not in kinds(row.request)


def test_what_is_kept_is_encrypted(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.submits(company_name="Salainen Yhtiö Oy")
	[row] = submissions_of(form)
	assert submissions.answers_of(row)["company_name"] == "Salainen Yhtiö Oy"
	stored = frappe.db.sql("select * from `tabForm Submission` where name = %s", row.name, as_dict=True)[0]
	assert "Salainen" not in json.dumps(stored, default=str, ensure_ascii=False)
	assert page.answers()["email_id"] not in json.dumps(stored, default=str)


def test_a_page_that_sends_twice_makes_one_submission(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.submits()
	first = submissions_of(form)[0].request
	maija = page.submits()
	[row] = submissions_of(form)
	assert row.request == first
	maija.identifies()
	maija.signs()
	completed(form)
	assert page.sends().json()["message"] == {"signflow": {"done": True}}
	assert len(leads(page)) == 1 and len(submissions_of(form)) == 1


def test_changed_answers_replace_the_documents(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	before = page.submits(company_name="Vanha Oy").browser
	first = submissions_of(form)[0].request
	files = frappe.get_all(
		"File", filters={"attached_to_name": ["like", f"{first}%"]}, pluck="name", order_by="name asc"
	)
	assert files
	person = page.submits(company_name="Uusi Oy")
	[row] = submissions_of(form)
	assert row.request != first
	assert before.refused("view")["code"] == "session_expired"
	document = person.browser.call("document", document=page.view["documents"][0]["id"]).content
	assert "Uusi Oy" in text_of(document)
	frappe.db.rollback()
	assert frappe.db.get_value("Signature Request", first, "status") == "Cancelled"
	assert not frappe.get_all(
		"File", filters={"attached_to_name": ["like", f"{first}%"]}, pluck="name", order_by="name asc"
	)
	assert not frappe.db.exists("Signature Request Signer", {"request": first, "email": person.mail})
	assert "payload_erased" in kinds(first)


def test_the_way_back_brings_the_answers(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.submits(company_name="Paluu Oy")
	kept = page.post("signflow.api.forms.resume", token=page.back).json()["message"]
	assert kept["answers"]["company_name"] == "Paluu Oy"
	page.takes_puzzle(kept)
	page.submits(company_name="Toinen Oy")
	assert len(submissions_of(form)) == 1


def test_from_the_documents_back_to_the_form(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	browser = page.submits().browser
	answer = page.post("signflow.api.forms.change_answers")
	assert answer.status_code == 401
	headers = {"X-Signflow-Session": browser.session}
	import requests as http

	answer = http.post(
		f"{house.web}/api/method/signflow.api.forms.change_answers", json={}, headers=headers, timeout=30
	)
	address = answer.json()["message"]["next"]
	route = frappe.db.get_value("Web Form", form.web_form, "route")
	assert address.startswith(f"/{route}/new?")
	token = address.partition("#signflow=")[2]
	kept = page.post("signflow.api.forms.resume", token=token).json()["message"]
	assert kept["answers"]["first_name"] == "Liisa"


def test_unfinished_answers_are_mailed_back(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	page.begins()
	mail = f"myohemmin.{house.key}@posti.example"
	answer = page.post(
		"signflow.api.forms.save_for_later",
		web_form=form.web_form,
		data=json.dumps({"first_name": "Kesken <b>"}),
		email=mail,
		page=page.said,
	)
	assert answer.status_code == 200, answer.text
	message = house.mailbox.wait_for(mail)
	body = message.get_body(("html", "plain")).get_content()
	assert "Kesken" not in body, "a mail to an unproven address says nothing that was typed"
	import html
	import re

	token = re.search(r"#signflow=([\w.~-]+)", html.unescape(body)).group(1)
	kept = page.post("signflow.api.forms.resume", token=token).json()["message"]
	assert kept["answers"] == {"first_name": "Kesken <b>"}
	eventually(
		lambda: all(
			"#signflow=" not in (row.message or "")
			for row in frappe.get_all(
				"Email Queue",
				filters={"reference_doctype": "Form Submission"},
				fields=["message"],
				order_by="creation asc",
			)
		),
		"the sent mail's link is blanked",
	)
	again = page.post(
		"signflow.api.forms.save_for_later", web_form=form.web_form, data="{}", email=mail, page=page.said
	)
	assert again.status_code == 429
	assert len(submissions_of(form)) == 1, (
		"the page that was left and the one that was mailed write the same row"
	)


def test_the_web_forms_own_checks_still_hold(house: House) -> None:
	page = FormPage(house, a_signable_form(house))
	page.begins()
	refused = page.sends(first_name="", last_name="")
	assert refused.status_code >= 400
	wrong = page.sends(email_id="not-a-mail")
	assert wrong.status_code >= 400
	assert submissions_of(page.form) == []


def test_a_form_that_asks_for_a_login_keeps_guests_out(house: House) -> None:
	web_form = a_web_form(house, login_required=1)
	page = FormPage(house, a_signable_form(house, web_form))
	page.begins()
	refused = page.sends()
	assert refused.status_code >= 400 and "login" in message_in(refused).lower()
	assert submissions_of(page.form) == []


def test_a_record_is_made_in_the_name_of_who_was_logged_in(house: House) -> None:
	web_form = a_web_form(house, login_required=1)
	form = a_signable_form(house, web_form)
	page = FormPage(house, form)
	page.begins()
	http = as_program(house.web, house.users["colleague"])
	data = {**page.answers(), "__signflow": page.said}
	answer = http.post(
		f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
		json={"web_form": form.web_form, "data": json.dumps(data)},
		timeout=60,
	)
	assert answer.status_code == 200, answer.text[:2000]
	from house import Browser, Signer

	token = answer.json()["message"]["signflow"]["next"].partition("#")[2]
	values = page.answers()
	person = Signer(house, "Liisa Lahti", values["email_id"], Browser(house.web, token=token))
	person.browser.open()
	person.identifies()
	person.signs()
	row = completed(form)
	assert frappe.db.get_value("Lead", row.record_name, "owner") == house.users["colleague"]
	assert frappe.db.get_value("Signature Request", row.request, "owner") == house.users["owner"]


def test_files_come_along(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits(image=f"kuva.png,data:image/png;base64,{PNG}")
	document = person.browser.call("document", document=page.view["documents"][0]["id"]).content
	assert "kuva.png" in text_of(document)
	person.identifies()
	person.signs()
	row = completed(form)
	files = frappe.get_all(
		"File",
		filters={
			"attached_to_doctype": "Lead",
			"attached_to_name": row.record_name,
			"file_name": ["like", "kuva%"],
		},
		pluck="name",
		order_by="creation asc",
	)
	assert len(files) == 1, frappe.get_all(
		"File",
		filters={"file_name": ["like", "kuva%"]},
		fields=["file_url", "attached_to_doctype", "attached_to_name", "attached_to_field", "owner"],
		order_by="creation desc",
	)
	assert bytes_of(frappe.get_doc("File", files[0])) == base64.b64decode(PNG)


@pytest.mark.parametrize(
	"value",
	[
		"sivu.html,data:text/html;base64,PGgxPg==",
		"kuva.svg,data:image/svg+xml;base64,PHN2Zz4=",
		f"ohjelma.exe,data:application/x-msdownload;base64,{PNG}",
		"kuva.png,data:image/png;base64,TVqQAAMAAAAEAAAA",
		"kuva.png,data:image/png;base64,!!!!",
		"kuva,data:image/png;base64,AAAA",
		"/private/files/secret.pdf",
	],
)
def test_files_of_a_bad_kind_are_refused(kept_house: House, value: str) -> None:
	page = FormPage(kept_house, a_signable_form(kept_house))
	page.begins()
	refused = page.sends(image=value)
	assert refused.status_code >= 400 and "Attachment" in message_in(refused)
	assert submissions_of(page.form) == []


def test_further_signers_get_their_mail_when_the_person_has_signed(house: House) -> None:
	form = a_signable_form(
		house,
		signers=[
			{"kind": "Fixed", "signer_name": house.matti.name, "email": house.matti.mail, "signing_order": 2},
			{"kind": "Added by the Person", "most": 2, "signing_order": 2},
		],
	)
	page = FormPage(house, form)
	assert page.begins()["most_people"] == 2
	page.said["people"] = [{"name": house.maija.name, "email": house.maija.mail}]
	person = page.submits()
	[row] = submissions_of(form)
	assert len(requests.signers_of(row.request)) == 3
	person.identifies()
	person.signs()
	house.subject = form.title
	for signer in (house.matti, house.maija):
		assert leads(page) == []
		signer.opens()
		signer.identifies()
		signer.signs()
	completed(form)
	assert len(leads(page)) == 1


def test_who_has_no_role_in_the_template_signs_all_the_same(house: House) -> None:
	for_writing()
	template = frappe.get_doc(
		{
			"doctype": "Signature Template",
			"template_name": f"Jäsensopimus {house.key}",
			"reference_doctype": "Lead",
			"source": "Text",
			"document_title": "Membership",
			"body": "<p>{{ doc.first_name }} joins.</p>",
			"roles": [
				{"role": "Member"},
				{
					"role": "Club",
					"signer_name": house.matti.name,
					"email": house.matti.mail,
					"signing_order": 2,
				},
			],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	added = {"kind": "Added by the Person", "most": 1, "signing_order": 2}
	form = a_signable_form(house, template=template.name, signers=[added])
	page = FormPage(house, form)
	page.begins()
	page.said["people"] = [{"name": house.maija.name, "email": house.maija.mail}]
	page.submits()
	[row] = submissions_of(form)
	mails = {signer.email for signer in requests.signers_of(row.request)}
	assert mails == {page.answers()["email_id"], house.matti.mail, house.maija.mail}


def test_too_many_or_wrong_further_signers_are_refused(kept_house: House) -> None:
	form = a_signable_form(
		kept_house, signers=[{"kind": "Added by the Person", "most": 1, "required": 1, "signing_order": 2}]
	)
	page = FormPage(kept_house, form)
	page.begins()
	people = [{"name": "A", "email": "a@posti.example"}, {"name": "B", "email": "b@posti.example"}]
	for wrong in (
		[],
		people,
		[{"name": "A", "email": "nothing"}],
		[{"name": "X", "email": page.answers()["email_id"]}],
	):
		refused = page.sends({**page.said, "people": wrong})
		assert refused.status_code >= 400, wrong
	assert submissions_of(form) == []


@pytest.mark.parametrize(
	("values", "text"),
	[
		({"status": "Closed"}, "closed"),
		({"opens_on": 1}, "not open yet"),
		({"closes_on": -1}, "closed"),
	],
)
def test_a_closed_form_takes_nothing(kept_house: House, values: dict, text: str) -> None:
	values = {
		key: add_to_date(now_datetime(), days=value) if type(value) is int else value
		for key, value in values.items()
	}
	page = FormPage(kept_house, a_signable_form(kept_house, **values))
	assert text in page.begins()["closed"]
	refused = page.sends()
	assert refused.status_code >= 400 and text in message_in(refused)
	assert submissions_of(page.form) == []


def test_a_full_form_takes_nothing_more(house: House) -> None:
	form = a_signable_form(house, max_submissions=1)
	person = FormPage(house, form).submits()
	person.identifies()
	person.signs()
	completed(form)
	page = FormPage(house, form)
	assert page.begins()["closed"]
	assert page.sends(email_id=f"toinen.{house.key}@posti.example").status_code >= 400


def test_one_address_sends_so_many_a_day(house: House) -> None:
	form = a_signable_form(house, max_per_day=2)
	for _round in range(2):
		FormPage(house, form).submits()
	page = FormPage(house, form)
	page.begins()
	refused = page.sends()
	assert refused.status_code >= 400 and "today" in message_in(refused)
	page.submits(email_id=f"muu.{house.key}@posti.example")


def test_a_worker_that_dies_leaves_the_record_to_the_next(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits()
	person.identifies()
	person.signs()
	row = completed(form)
	# As a kill after the first step leaves it: the record is made, the rest is due.
	for_writing()
	frappe.db.set_value(
		"Form Submission",
		row.name,
		{
			"status": "Signed",
			"work_due": 1,
			"completed_on": None,
			"lease_until": add_to_date(now_datetime(), seconds=-1),
		},
	)
	frappe.db.commit()
	replays.sweep()
	completed(form)
	assert len(leads(page)) == 1


def test_a_record_that_cannot_be_made_is_told_and_tried_again(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits()
	for_writing()
	# The site changed since: the same Lead cannot be made any more.
	web_form = frappe.get_doc("Web Form", form.web_form)
	frappe.db.set_value("Web Form", web_form.name, "login_required", 1)
	frappe.db.commit()
	frappe.clear_document_cache("Web Form", web_form.name)
	person.identifies()
	person.signs()
	eventually(lambda: submissions_of(form)[0].status == "Failed", "the submission has failed")
	[row] = submissions_of(form)
	assert "login" in row.failure and submissions.answers_of(row)
	for_writing()
	frappe.db.set_value("Web Form", web_form.name, "login_required", 0)
	frappe.db.commit()
	frappe.clear_document_cache("Web Form", web_form.name)
	answer = as_program(house.web, house.users["manager"]).post(
		f"{house.web}/api/method/signflow.api.forms.retry", json={"name": row.name}, timeout=30
	)
	assert answer.status_code == 200, answer.text
	completed(form)
	assert len(leads(page)) == 1


@pytest.mark.parametrize("who", ["person", "added"])
def test_a_name_that_is_too_long_is_said_before_anything_is_kept(who: str, house: House) -> None:
	form = a_signable_form(house, signers=[{"kind": "Added by the Person", "most": 1}])
	page = FormPage(house, form)
	page.begins()
	long = "L" * 80
	page.said["people"] = [
		{"name": f"{long} {long}" if who == "added" else "Matti", "email": house.matti.mail}
	]
	values = {"first_name": long, "last_name": long} if who == "person" else {}
	answer = page.sends(**values)
	assert answer.status_code == 417 and "161" in message_in(answer), answer.text[:500]
	assert "140" in message_in(answer) and not submissions_of(form)
	page.said["people"] = []
	page.submits()


def test_what_nobody_signs_is_erased(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits()
	[row] = submissions_of(form)
	for_writing()
	ago = add_to_date(now_datetime(), days=-1)
	frappe.db.set_value("Form Submission", row.name, "expires_on", ago)
	frappe.db.set_value("Signature Request", row.request, "expires_on", ago)
	frappe.db.commit()
	requests.expire_due()
	submissions.sweep()
	[row] = submissions_of(form)
	assert row.status == "Expired" and not row.answers
	for doctype in ("Signature Request Signer", "Signature Event Payload", "Form Submission"):
		rows = frappe.get_all(doctype, filters={"creation": [">", ago]}, fields=["*"], order_by="name asc")
		assert person.mail not in json.dumps(rows, default=str), doctype
	assert not frappe.get_all(
		"File", filters={"attached_to_name": ["like", f"{row.request}%"]}, order_by="name asc"
	)
	assert page.post("signflow.api.forms.resume", token=page.back).status_code == 403


def test_signed_answers_are_erased_when_their_time_is_over(house: House) -> None:
	form = a_signable_form(house, keep_answers_days=30)
	page = FormPage(house, form)
	person = page.submits()
	person.identifies()
	person.signs()
	row = completed(form)
	assert submissions.answers_of(row)
	for_writing()
	frappe.db.set_value("Form Submission", row.name, "expires_on", add_to_date(now_datetime(), days=-1))
	frappe.db.commit()
	submissions.sweep()
	row.reload()
	assert row.status == "Completed" and submissions.answers_of(row) == {}
	assert leads(page) == [row.record_name]


def test_other_web_forms_work_as_before(house: House) -> None:
	web_form = a_web_form(house)
	mail = f"tavallinen.{house.key}@posti.example"
	import requests as http

	answer = http.post(
		f"{house.web}/api/method/frappe.website.doctype.web_form.web_form.accept",
		json={"web_form": web_form.name, "data": json.dumps({"first_name": "Tavallinen", "email_id": mail})},
		timeout=60,
	)
	assert answer.status_code == 200, answer.text[:2000]
	frappe.db.rollback()
	assert frappe.db.exists("Lead", {"email_id": mail})
	page = http.get(f"{house.web}/{web_form.route}/new", timeout=60)
	assert "signflow/forms" not in page.text


def test_the_page_of_a_form_speaks_one_language_with_the_signing_page(house: House) -> None:
	import requests as http

	web_form = a_web_form(house)
	for_writing()
	web_form.update({"introduction_text": INTRODUCTION}).save(ignore_permissions=True)
	form = a_signable_form(house, web_form)

	def spoken(address: str = "", reads: str = "sv-FI,sv;q=0.9,en;q=0.5") -> str:
		page = http.get(
			f"{house.web}/{web_form.route}/new{address}", headers={"Accept-Language": reads}, timeout=60
		)
		language = re.search(r'<html[^>]* lang="(\w+)"', page.text)[1]
		with print_language(language):
			assert _(INTRODUCTION) in page.text
		return language

	# Finnish and Swedish need not be enabled in the site: Frappe takes a reader of such a language for none.
	assert (spoken(), spoken("?lang=fi"), spoken(reads="de")) == ("sv", "fi", "en")
	for_writing()
	form.language = "fi"
	form.save(ignore_permissions=True)
	frappe.db.commit()
	assert (spoken(), spoken("?lang=en")) == ("fi", "fi")


def test_the_page_of_a_bound_form_carries_the_script(house: House) -> None:
	import requests as http

	web_form = a_web_form(house)
	form = a_signable_form(house, web_form, embedding_domains="https://www.example.com")
	page = http.get(f"{house.web}/{web_form.route}/new", timeout=60)
	# Browsers keep /assets for a year: the address changes with each build.
	assert "/assets/signflow/forms/form.js?" in page.text
	assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self' https://www.example.com"
	for_writing()
	form.embedding_domains = ""
	form.save(ignore_permissions=True)
	frappe.db.commit()
	page = http.get(f"{house.web}/{web_form.route}/new", timeout=60)
	assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self' 'self'"


def test_a_consumer_orders_with_an_obligation_to_pay_and_may_withdraw(house: House) -> None:
	form = a_signable_form(house, consumer_contract=1, button_label="Yes, I do")
	page = FormPage(house, form)
	person = page.submits()
	assert page.view["form"]["binds_to_pay"] and page.view["form"]["withdraw"] is None
	person.identifies()
	person.signs()
	row = completed(form)
	assert row.withdraw_until >= add_to_date(getdate(row.signed_on), days=14)
	view = person.browser.answer("view")
	assert view["form"]["withdraw"].startswith("/withdraw?")
	mail = house.mailbox.wait_for(person.mail, subject="Signed:")
	assert "Withdraw from contract here" in mail.get_body(("html", "plain")).get_content()
