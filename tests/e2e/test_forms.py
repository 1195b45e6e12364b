"""Signable forms in Chromium: from the empty form to the signed agreement in one sitting, also on another web site."""

import pytest
from filling import FormFilling, foreign_site, opens_form, person_of
from office import Office, until
from playwright.sync_api import expect
from signing import SigningPage
from window import PHONE

pytestmark = pytest.mark.timeout(300)
PHONE_OPTIONS = {"size": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def test_a_stranger_fills_in_signs_and_is_a_lead(office: Office, visit) -> None:
	_form, route = opens_form(office)
	person = person_of(office)
	window = visit(**PHONE_OPTIONS)
	page = window.page
	page.goto(f"{office.url}/{route}/new", wait_until="load")
	form = FormFilling(page, person)
	form.is_ready()
	window.look("form-first-page")
	form.fills_first_page()
	form.goes_to_next_page()
	form.fills_second_page()
	window.look("form-second-page")
	form.goes_to_sign()

	signer = SigningPage(window, person)
	signer.reads("Lahti Oy")
	window.look("form-read")
	assert office.lists("Lead", email_id=person.address) == []

	# Back to the form: what was typed is there, and the changed answer stands in the new document.
	page.locator("#change-answers").click()
	form.is_ready()
	expect(form.field("first_name")).to_have_value("Liisa")
	form.goes_to_next_page()
	expect(form.field("company_name")).to_have_value("Lahti Oy")
	form.fills_second_page("Lahti ja Pojat Oy")
	form.goes_to_sign()
	signer.reads("Lahti ja Pojat Oy")

	# The browser's own way back does the same.
	page.go_back()
	form.is_ready()
	expect(form.field("first_name")).to_have_value("Liisa")
	form.goes_to_next_page()
	expect(form.field("company_name")).to_have_value("Lahti ja Pojat Oy")
	form.goes_to_sign()
	signer.reads("Lahti ja Pojat Oy")

	signer.identifies()
	expect(page.get_by_label("Your name")).to_have_value(person.name)
	window.look("form-sign")
	signer.accepts()
	signer.signs()
	signer.ends_with("Everybody has signed")
	window.look("form-signed")
	until(lambda: len(office.lists("Lead", email_id=person.address)) == 1, "one Lead was made")
	until(lambda: person.mails("Signed:"), "the copy in the mail")
	assert not person.mails("Please sign")


MAPPING = [
	{"target": "Customer", "target_field": "customer_name", "value": "company_name"},
	{"target": "Contact", "target_field": "first_name", "value": "first_name"},
	{"target": "Contact", "target_field": "last_name", "value": "last_name"},
]
HOST = """<!doctype html><html lang="en"><head><title>Our club</title><meta charset="utf-8"></head><body>
<main><h1>Our club</h1>
<script src="{url}/sign/embed.js" data-form="{route}" data-lang="en" data-title="Become a member" id="form"></script>
<ol id="events"></ol></main><script>
for (const name of ["loaded", "submitted", "signed", "cancelled"]) {
	document.addEventListener(`signflow:${name}`, (event) => {
		const line = document.createElement("li");
		line.textContent = `${name} ${event.detail.form}`;
		document.getElementById("events").append(line);
	});
}
</script></body></html>"""


def test_a_form_on_another_web_site(office: Office, visit) -> None:
	"""Third-party cookies are blocked, as many browsers do."""
	person = person_of(office, "Heikki")
	html = HOST.replace("{url}", office.url).replace("{route}", f"jasen-{office.key}")
	with foreign_site(html) as site:
		name, _route = opens_form(office, embedding_domains=site, creates="Customer", mapping=MAPPING)
		window = visit(blocks_third_party=True)
		window.allowed.append(site)
		page = window.page
		page.goto(site, wait_until="load")
		frame = page.frame_locator("iframe")
		form = FormFilling(frame, person)
		form.is_ready()
		assert not page.frames[1].evaluate("() => document.hasStorageAccess()"), (
			"third-party cookies are blocked"
		)
		events = page.locator("#events li")
		expect(events.last).to_have_text(f"loaded {name}")
		tall = page.locator("iframe").bounding_box()["height"]
		assert tall != 480 and tall >= 200
		form.fills_first_page()
		form.goes_to_next_page()
		form.fills_second_page(f"Lahti {office.key} Oy")
		form.goes_to_sign()
		expect(frame.locator(".text-layer").first).to_contain_text(f"Lahti {office.key} Oy")
		expect(page.locator("#events")).to_contain_text(f"submitted {name}")
		window.keep("embed-read")
		frame.locator("#read-next").click()
		codes = len(person.codes())
		frame.locator("#code-next").click()
		frame.get_by_label("6-digit code").fill(person.code(codes))
		frame.locator("#code-next").click()
		frame.locator("#accept").check()
		frame.locator("#sign-next").click()
		expect(frame.locator("#outcome-title")).to_have_text("Everybody has signed", timeout=120_000)
		expect(events.last).to_have_text(f"signed {name}")
		window.look("embed-signed")
		until(
			lambda: office.lists("Form Submission", form=name, status="Completed"),
			"the submission is completed",
		)
		[submission] = office.lists("Form Submission", form=name)
		row = office.sender.read("Form Submission", submission)
		customer = office.sender.read("Customer", row["customer"])
		assert customer["customer_name"] == f"Lahti {office.key} Oy"
		contact = office.sender.read("Contact", row["contact"])
		assert (contact["first_name"], contact["email_id"]) == ("Heikki", person.address)
		assert contact["signflow_identified_level"] == "mail_code"
		signed = office.lists("File", attached_to_doctype="Customer", attached_to_name=row["customer"])
		assert len(signed) == 2, "the signed agreement and its report lie under the customer"


def test_a_web_site_that_is_not_listed_shows_nothing(office: Office, visit) -> None:
	html = HOST.replace("{url}", office.url).replace("{route}", f"jasen-{office.key}")
	with foreign_site(html) as site:
		opens_form(office, embedding_domains="https://www.example.com")
		window = visit()
		window.allowed.append(site)
		window.expected += ["frame-ancestors", "ERR_BLOCKED_BY_RESPONSE", "Refused to frame"]
		window.page.goto(site, wait_until="load")
		expect(window.page.locator("iframe")).to_be_attached()
		window.page.wait_for_timeout(500)
		assert not window.page.frames[1].url.startswith(office.url) or not window.page.frames[
			1
		].content().count("web-form")
