"""A data request from the public page to its answer: asked on a phone, decided in Desk, seen again on the page."""

import io
import re
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import pyzipper
from office import Office, Person, until
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfWriter
from test_desk import logs_in, opens, shown
from window import DESKTOP, PHONE, Window

pytestmark = pytest.mark.timeout(300)

API = "signflow.api.subject_requests"


@pytest.fixture
def reachable(office: Office) -> Office:
	"""An office that says where to write in data matters."""
	office.changes("Signflow Settings", "Signflow Settings", privacy_contact="privacy@house.example")
	return office


def test_asked_on_a_phone_decided_in_desk_and_seen_again(reachable: Office, visit, url: str) -> None:
	office = reachable
	maija = office.maija
	window: Window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en", wait_until="load")
	expect(page.get_by_role("heading", name="Your personal data")).to_be_visible()
	window.look("request-wish")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#rights-problem")).to_contain_text("Choose what you want")
	expect(page.locator("#rights-problem")).to_be_in_viewport(ratio=1)
	window.look("request-wish-missing")
	_is_not_under_the_bar(page)
	page.get_by_role("radio", name="Object to the use of my data").check()
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_role("heading", name="Object to the use of my data")).to_be_focused()
	expect(page.get_by_role("group", name="What do you object to?")).to_be_visible()
	page.get_by_role("button", name="Change what you ask").click()
	page.get_by_role("radio", name="Correct my data").check()
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_label("What is wrong, and how should it be?")).to_be_visible()
	page.go_back()
	page.get_by_role("radio", name="See my data").check()
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_role("group", name="What do you object to?")).to_be_hidden()
	page.get_by_label("Tell us more").fill("I rented a boat from you in 2024.")
	page.get_by_label("I ask for somebody else").check()
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#person-name-problem")).to_contain_text("Write your name")
	page.get_by_label("Your name").fill("Maija Meri")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#represents-problem")).to_contain_text("Say for whom you ask")
	window.look("request-wish-filled")
	page.get_by_label("I ask for somebody else").uncheck()
	# On a phone the next step's button lies where this one was: a second quick click does not press it.
	page.get_by_role("button", name="Continue").dblclick()
	expect(page.get_by_role("heading", name="Where do we answer?")).to_be_visible()
	expect(page.locator("#mail-problem")).to_be_empty()
	page.get_by_label("Mail address").fill("maija.meri@posti")
	page.get_by_role("button", name="Continue").click()
	expect(page.locator("#mail-problem")).to_contain_text("This is not a whole mail address")
	page.get_by_label("Mail address").fill(maija.address)
	window.look("request-mail")
	page.get_by_role("button", name="Continue").click()
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	window.look("request-code")
	# Whoever has not typed the code yet is shown nothing else.
	window.expected.append(r"403 .*subject_requests\.view")
	_comes_back_to_the_code(page, maija, url)
	second: Window = visit(PHONE)
	_waits_for_the_same_code(second, maija, url)
	asked: list[str] = []
	page.on("request", lambda request: asked.append(request.url.rpartition(".")[2]))
	code.fill(maija.code())
	page.get_by_role("button", name="Confirm").dblclick()
	expect(page.get_by_role("heading", name="We have received your request")).to_be_focused()
	assert asked == ["check_code"]
	assert "request_sent" not in {key for key, value in window.store().items() if value}
	card = page.locator("[data-request]").first
	expect(card).to_contain_text("We work on it")
	expect(card.get_by_role("button", name="Add a paper")).to_have_count(0)
	window.look("request-received")
	until(lambda: maija.mails("We have received your data request"), "the receipt", 60)

	(name,) = office.lists("Data Subject Request", email=maija.address)
	desk: Window = visit()
	screen = logs_in(desk)
	opens(screen, desk, "data-subject-request")
	row = shown(screen).locator(".list-row", has_text=name).first
	expect(row).to_contain_text("Days Left")
	desk.keep("desk-requests-1280")
	until(lambda: office.sender.read("Data Subject Request", name)["persons"], "the records are proposed", 60)
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	form = shown(screen)
	expect(form.locator(".data-request-steps")).to_contain_text("Proven")
	desk.keep("desk-request-1280")
	form.locator(".page-head .primary-action:visible", has_text="Confirm the Records").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Which records are the person?")
	expect(dialog).to_contain_text("Certain")
	desk.keep("desk-request-confirm-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	expect(form.locator(".data-request-steps")).to_contain_text("Confirmed")
	office.sender.call(f"{API}.ask", name=name, question="Which harbour was it?")

	page.reload(wait_until="load")
	expect(card).to_contain_text("Which harbour was it?")
	page.get_by_label("Your answer").fill("Hanko.")
	window.look("request-question")
	page.get_by_role("button", name="Send the answer").click()
	expect(card).to_contain_text("We go on with your request")
	office.sender.call(f"{API}.complete", name=name, outcome="Your copy is on its way to you.", otherwise=1)
	page.reload(wait_until="load")
	expect(card).to_contain_text("Your copy is on its way to you.")
	expect(card).to_contain_text("We answered on")
	window.look("request-done")
	opens(screen, desk, "data-protection")
	expect(shown(screen).get_by_text("Data Requests Late").first).to_be_visible()
	desk.keep("desk-data-protection-1280")


def _is_not_under_the_bar(page: Page) -> None:
	"""Who goes on by the Tab key sees where he is, over the bar with the next step."""
	way = page.locator("summary", has_text="Another way to ask")
	page.locator("#wish-next").focus()
	page.keyboard.press("Tab")
	expect(way).to_be_focused()
	here, bar = way.bounding_box(), page.locator("#wish-step .bar").bounding_box()
	assert here["y"] + here["height"] <= bar["y"], (here, bar)
	way.click()
	reach = page.get_by_role("link", name="privacy@house.example")
	expect(reach).to_have_attribute("href", "mailto:privacy@house.example")
	way.click()


def _comes_back_to_the_code(page: Page, person: Person, url: str) -> None:
	"""A call on the phone, a look at the mail: reload, Back and forth lose neither the step nor what was typed."""
	code, mail = page.get_by_label("6-digit code"), page.get_by_label("Mail address")
	code.fill("12")
	page.reload(wait_until="load")
	expect(code).to_be_focused()
	expect(code).to_have_value("12")
	expect(page.get_by_text("A 6-digit code is on its way to")).to_be_visible()
	page.go_back()
	expect(mail).to_have_value(person.address)
	page.go_back()
	expect(page.get_by_label("Tell us more")).to_have_value("I rented a boat from you in 2024.")
	page.go_back()
	expect(page.get_by_role("radio", name="See my data")).to_be_checked()
	page.go_forward()
	page.go_forward()
	page.go_forward()
	expect(code).to_be_focused()
	page.goto(f"{url}/privacy/consents?lang=en", wait_until="load")
	page.go_back(wait_until="load")
	expect(code).to_be_focused()
	expect(code).to_have_value("12")
	assert person.code() and len(person.codes()) == 1


def _waits_for_the_same_code(window: Window, person: Person, url: str) -> None:
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en&seen=1", wait_until="load")
	expect(page.get_by_role("heading", name="See your requests")).to_be_visible()
	expect(page.get_by_role("button", name="Make a new request")).to_be_visible()
	window.look("request-see")
	page.get_by_label("Mail address").fill(person.address)
	page.get_by_role("button", name="Continue").click()
	expect(page.get_by_text("was sent to").filter(has_text="a moment ago")).to_be_visible()
	expect(page.get_by_label("6-digit code")).to_be_focused()
	window.look("request-code-second")


class Gateway(BaseHTTPRequestHandler):
	"""A gateway for text messages: the last one is kept."""

	def do_GET(self) -> None:
		self.server.text = parse_qs(urlsplit(self.path).query)["text"][0]
		self.send_response(200)
		self.end_headers()

	def log_message(self, *_args: object) -> None:
		pass


def test_a_representative_adds_his_mandate_and_confirms_his_telephone(
	office: Office, visit, url: str
) -> None:
	server = HTTPServer(("127.0.0.1", 0), Gateway)
	server.text = ""
	threading.Thread(target=server.serve_forever, daemon=True).start()
	gateway = f"http://127.0.0.1:{server.server_port}/"
	settings = {"sms_gateway_url": gateway, "message_parameter": "text", "receiver_parameter": "to"}
	office.changes("SMS Settings", "SMS Settings", use_post=0, **settings)
	window: Window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en&right=Access", wait_until="load")
	page.get_by_label("Your name").fill("Matti Niemi")
	page.get_by_label("I ask for somebody else").check()
	page.get_by_label("For whom, and by what right?").fill("My daughter, as her guardian")
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("Mail address").fill(office.matti.address)
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("6-digit code").fill(office.matti.code())
	page.get_by_role("button", name="Confirm").click()
	card = page.locator("[data-request]").first
	expect(card).to_contain_text("Add the power of attorney")
	expect(card).to_contain_text("My daughter, as her guardian")
	window.look("request-mandate")
	file = {"name": "Mandate of Matti Niemi.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
	page.locator("input[type=file]").set_input_files(file)
	expect(card).to_contain_text("The paper is added.")
	expect(card.get_by_role("listitem")).to_contain_text("Mandate of Matti Niemi.pdf")
	card.get_by_text("Confirm your telephone number too").click()
	page.get_by_label("Mobile telephone number").fill("040 123 4567")
	page.get_by_role("button", name="Send a code by text message").click()
	expect(card).to_contain_text("A code is on its way to")
	window.look("request-phone")
	until(lambda: server.text, "the text message", 60)
	page.get_by_label("Code from the text message").fill(re.search(r"\d{6}", server.text).group())
	page.get_by_role("button", name="Confirm the number").click()
	expect(card).to_contain_text("Your telephone number is confirmed")
	expect(card.get_by_text("Confirm your telephone number too")).to_have_count(0)
	server.shutdown()


def test_a_request_by_letter_is_taken_in_and_a_restriction_is_seen_on_the_contact(
	office: Office, visit, url: str
) -> None:
	desk: Window = visit()
	screen = logs_in(desk)
	(contact,) = office.lists("Contact", email_id=office.matti.address)
	opens(screen, desk, "contact", contact)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=contact)
	form = shown(screen)
	form.locator("[data-label='Personal%20Data'] button, [data-label='Personal Data'] button").first.click()
	screen.locator(".dropdown-menu.show, .dropdown-menu:visible").get_by_text(
		"Data Request", exact=True
	).first.click()
	dialog = screen.locator(".modal-dialog:visible", has_text="New Data Request")
	dialog.locator("[data-fieldname='request_type'] select").select_option("Restriction")
	dialog.locator("[data-fieldname='proof_method'] select").select_option("Known to Staff")
	dialog.locator("[data-fieldname='proof_note'] textarea").fill("Called from the number that we know")
	dialog.locator("[data-fieldname='company'] input").fill(office.lists("Company")[0])
	screen.keyboard.press("Tab")
	desk.keep("desk-new-request-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	screen.wait_for_function("() => window.cur_frm?.doctype === 'Data Subject Request'")
	name = screen.evaluate("() => cur_frm.doc.name")
	rows = until(lambda: office.sender.read("Data Subject Request", name)["persons"], "proposed", 60)
	chosen = [row["name"] for row in rows if row["strength"] == "Certain"]
	office.sender.call(f"{API}.confirm", name=name, rows=chosen)
	office.sender.call(f"{API}.carry_out", name=name)
	opens(screen, desk, "contact", contact)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=contact)
	expect(shown(screen).get_by_text("Processing is restricted").first).to_be_visible()
	desk.keep("desk-restricted-1280")
	window: Window = visit(PHONE)
	window.page.goto(f"{url}/privacy/request?lang=fi&right=Erasure", wait_until="load")
	expect(window.page.locator("input[value=Erasure]")).to_be_checked()
	window.keep("request-fi-360")


def unfolds(form: Locator, group: str) -> None:
	"""Open a group of a copy's records; one in which something is not surely hers, a namesake's say, is open already."""
	details = form.locator("details").filter(has=form.page.locator("summary", has_text=group))
	expect(details).to_be_visible()
	if details.get_attribute("open") is None:
		details.locator("summary").click()


def test_a_copy_is_looked_through_and_fetched(office: Office, visit, url: str, a_minute_passes) -> None:
	maija = office.maija
	name = office.sender.call(
		f"{API}.record",
		company=office.lists("Company")[0],
		request_type="Access",
		person_name="Maija Meri",
		email=maija.address,
		received_on=date.today().isoformat(),
		language="en",
		proof_method="Known to Staff",
		proof_note="Called from the number that we know",
	)
	(contact,) = office.lists("Contact", email_id=maija.address)
	letter = {"file_name": "letter.pdf", "content": "%PDF-1.7 the neighbours", "is_private": 1}
	office.makes("File", attached_to_doctype="Contact", attached_to_name=contact, **letter)
	rows = until(lambda: office.sender.read("Data Subject Request", name)["persons"], "proposed", 60)
	office.sender.call(
		f"{API}.confirm", name=name, rows=[row["name"] for row in rows if row["strength"] == "Certain"]
	)
	desk: Window = visit()
	screen = logs_in(desk)
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	form = shown(screen)
	form.locator(".page-head .primary-action:visible", has_text="Prepare the Copy").click()
	screen.wait_for_function("() => window.cur_frm?.doctype === 'Personal Data Export'")
	form = shown(screen)
	expect(form.locator("summary", has_text="Identity")).to_be_visible(timeout=60_000)
	desk.keep("desk-copy-1280")
	# Namesakes are listed too, not ticked.
	hers = form.locator("tr", has_text="surely this person's").filter(has_text="Contact person: Maija")
	unfolds(form, "Identity")
	hers.get_by_role("link").first.click()
	dialog = screen.locator(".modal-dialog:visible", has_text="The person gets it")
	expect(dialog).to_contain_text(maija.address)
	desk.keep("desk-copy-record-1280")
	# In the whole copy, names of files included.
	dialog.locator("textarea[data-fieldname='texts']").fill("letter")
	dialog.locator("textarea[data-fieldname='reason']").fill("It names her family")
	dialog.get_by_role("button", name="Save the Choices").click()
	expect(form).to_contain_text("something withheld")
	expect(hers).to_be_visible()
	# A file that names others is blackened elsewhere and given in the original's place.
	unfolds(form, "Files")
	form.get_by_role("link", name="letter.pdf").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Give a Blackened File Instead")
	with screen.expect_download() as opened:
		dialog.get_by_role("button", name="Open the File").click()
	assert opened.value.path().read_bytes() == b"%PDF-1.7 the neighbours"
	dialog.locator("textarea[data-fieldname='reason']").fill("It names the neighbours")
	black = {"name": "black.pdf", "mimeType": "application/pdf", "buffer": _blank_pdf()}
	dialog.locator("input[type=file]").set_input_files(black)
	expect(dialog).to_be_hidden()
	unfolds(form, "Files")
	form.get_by_role("link", name="letter.pdf").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Given in its place: black.pdf")
	expect(dialog).to_be_visible()
	desk.keep("desk-copy-blackened-1280")
	dialog.locator(".modal-footer .btn-primary").click()
	screen.get_by_role("button", name="Pack and Tell the Person").click()
	dialog = screen.locator(".modal-dialog:visible", has_text="Answer to the Person")
	expect(dialog).to_contain_text("not inside the files")
	dialog.locator("textarea[data-fieldname='answer']").fill("We hold your data to rent boats to you.")
	desk.keep("desk-copy-answer-1280")
	dialog.get_by_role("button", name="Pack and Tell the Person").click()

	window: Window = visit(PHONE)
	page = window.page
	page.goto(_link(maija), wait_until="load")
	code = page.get_by_label("6-digit code")
	expect(code).to_be_focused()
	assert "#" not in page.url
	window.look("data-code")
	code.fill(maija.code())
	page.get_by_role("button", name="Confirm").click()
	expect(page.get_by_role("heading", name="Your data is ready")).to_be_focused()
	expect(page.locator("#facts")).to_contain_text(re.compile(r"^\d+ records?"))
	window.look("data-ready")
	passphrase = page.locator("#passphrase").inner_text()
	with page.expect_download() as fetched:
		page.get_by_role("button", name="Fetch the encrypted copy").click()
	with pyzipper.AESZipFile(fetched.value.path()) as package:
		html = package.read("index.html", pwd=passphrase.encode()).decode()
		files = [package.read(one, pwd=passphrase.encode()) for one in package.namelist()]
	assert black["buffer"] in files and b"%PDF-1.7 the neighbours" not in files
	assert fetched.value.suggested_filename == f"{name}.zip"
	assert maija.address in html and "It names her family" in html
	assert "letter.pdf" not in html and "▮▮▮.pdf" in html and "to rent boats to you" in html
	page.get_by_text("My device does not open encrypted files").click()
	with page.expect_download() as plain:
		page.get_by_role("button", name="Fetch it without encryption").click()
	assert plain.value.suggested_filename == f"{name}-unencrypted.zip"
	expect(page.get_by_text("Your data is saved on your device.").last).to_be_visible()
	page.reload(wait_until="load")
	expect(page.locator("#passphrase")).to_have_text(passphrase)
	for lang in ("fi", "sv"):
		page.goto(f"{url}/privacy/data?lang={lang}", wait_until="load")
		expect(page.locator("#passphrase")).to_have_text(passphrase)
		window.look(f"data-ready-{lang}")
	# From the state of her request she comes to the copy as well, wherever she is: days are the house's.
	a_minute_passes()
	abroad: Window = visit(PHONE, timezone_id="Pacific/Kiritimati")
	page = abroad.page
	page.goto(f"{url}/privacy/request?lang=en&seen=1", wait_until="load")
	page.get_by_label("Mail address").fill(maija.address)
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("6-digit code").fill(maija.code(1))
	page.get_by_role("button", name="Confirm").click()
	card = page.locator("[data-request]").first
	expect(card).to_contain_text("The copy of your data can be fetched until")
	received = office.sender.read("Data Subject Request", name)["received_on"]
	expect(card).to_contain_text(f"{date.fromisoformat(received[:10]):%-d %B %Y}")
	abroad.look("request-copy")
	card.get_by_role("button", name="Fetch your data").click()
	expect(page.get_by_role("heading", name="Your data is ready")).to_be_visible()
	expect(page.locator("#passphrase")).to_have_text(passphrase)
	page.go_back(wait_until="load")
	expect(card).to_be_visible()
	# What she opens at home is read as a picture too.
	home: Window = visit(PHONE)
	home.page.set_content(html)
	home.keep("data-index-360")


def _blank_pdf() -> bytes:
	writer, made = PdfWriter(), io.BytesIO()
	writer.add_blank_page(200, 200)
	writer.write(made)
	return made.getvalue()


def _link(person: Person) -> str:
	def found() -> list[str]:
		texts = [
			mail.get_body(("html", "plain")).get_content() for mail in person.mails("Your data is ready")
		]
		return [
			link for text in texts for link in re.findall(r'href="([^"]+/privacy/data\?lang=en#[^"]+)"', text)
		]

	return until(found, "the link to the data", 60)[0]


def test_a_request_is_taken_back_by_whoever_made_it(reachable: Office, visit, url: str) -> None:
	office, maija = reachable, reachable.maija
	window: Window = visit(PHONE)
	page = window.page
	page.goto(f"{url}/privacy/request?lang=en&right=Erasure", wait_until="load")
	page.get_by_label("Your name").fill("Maija Meri")
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("Mail address").fill(maija.address)
	page.get_by_role("button", name="Continue").click()
	page.get_by_label("6-digit code").fill(maija.code())
	page.get_by_role("button", name="Confirm").click()
	card = page.locator("[data-request]").first
	card.get_by_role("button", name="Take the request back").click()
	expect(card.get_by_text("Take this request back?")).to_be_focused()
	window.look("request-take-back")
	card.get_by_role("button", name="No, keep it").click()
	expect(card.get_by_role("button", name="Take the request back")).to_be_focused()
	expect(card).to_contain_text("We work on it")
	card.get_by_role("button", name="Take the request back").click()
	card.get_by_role("button", name="Yes, take it back").click()
	expect(card).to_contain_text("Your request is taken back.")
	expect(card).to_contain_text("You took it back on")
	expect(card.get_by_role("button", name="Take the request back")).to_have_count(0)
	window.look("request-taken-back")
	until(lambda: maija.mails("Your data request is taken back"), "the confirmation", 60)
	(request,) = office.lists("Data Subject Request", email=maija.address)
	assert office.sender.read("Data Subject Request", request)["status"] == "Withdrawn"


def test_a_copy_for_whom_no_mail_reaches_is_handed_over(office: Office, visit) -> None:
	name = office.sender.call(
		f"{API}.record",
		company=office.lists("Company")[0],
		request_type="Access",
		person_name="Maija Meri",
		received_on=date.today().isoformat(),
		language="en",
		proof_method="Known to Staff",
		proof_note="She came to the desk",
	)
	(contact,) = office.lists("Contact", email_id=office.maija.address)
	office.sender.call(
		f"{API}.choose", name=name, doctype="Contact", record=contact, because="She came to the desk"
	)
	desk: Window = visit()
	screen = logs_in(desk)
	opens(screen, desk, "data-subject-request", name)
	screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=name)
	shown(screen).locator(".page-head .primary-action:visible", has_text="Prepare the Copy").click()
	screen.wait_for_function("() => window.cur_frm?.doctype === 'Personal Data Export'")
	screen.get_by_role("button", name="Pack the Copy").click(timeout=60_000)
	dialog = screen.locator(".modal-dialog:visible", has_text="Answer to the Person")
	expect(dialog).to_contain_text("you hand it over")
	dialog.locator("textarea[data-fieldname='answer']").fill("We hold your data to rent boats to you.")
	dialog.locator(".modal-footer .btn-primary").click()
	screen.get_by_role("button", name="Hand the Copy Over").click(timeout=60_000)
	with screen.expect_download() as fetched:
		screen.locator(".modal-dialog:visible", has_text="shown once").locator(".btn-primary").click()
	assert fetched.value.suggested_filename == f"{name}.zip"
	dialog = screen.locator(".modal-dialog:visible", has_text="It is not shown again")
	expect(dialog).to_be_visible()
	desk.keep("desk-copy-handed-over-1280")
	passphrase = dialog.locator("[data-fieldname='passphrase'] .control-value").inner_text().strip()
	with pyzipper.AESZipFile(io.BytesIO(fetched.value.path().read_bytes())) as package:
		package.setpassword(passphrase.encode())
		assert "Maija" in package.read("index.html").decode()
	dialog.get_by_role("button", name="I Have Written It Down").click()
	expect(screen.get_by_role("button", name="Download Once More")).to_be_visible()
	assert office.sender.read("Data Subject Request", name)["status"] == "Done"


def test_a_correction_is_shown_and_completed_and_an_answer_that_came_back_is_given_again(
	office: Office, visit
) -> None:
	taken = {"company": office.lists("Company")[0], "person_name": "Maija Meri", "language": "en"}
	seen = {"proof_method": "Known to Staff", "proof_note": "She came to the desk"}
	today = date.today().isoformat()
	(contact,) = office.lists("Contact", email_id=office.maija.address)
	office.changes("Contact", contact, designation="Kauppias")
	asked = f"{API}.record"
	details = "I am no merchant any more."
	name = office.sender.call(
		asked, request_type="Rectification", details=details, received_on=today, **taken, **seen
	)
	why = "She came to the desk"
	office.sender.call(f"{API}.choose", name=name, doctype="Contact", record=contact, because=why)
	desk: Window = visit()
	screen = logs_in(desk)

	def opens_request(one: str) -> None:
		opens(screen, desk, "data-subject-request", one)
		screen.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=one)

	def first_button(label: str) -> None:
		screen.set_viewport_size(DESKTOP)
		shown(screen).locator(".page-head .primary-action:visible", has_text=label).click()

	def pictures(of: str) -> None:
		for size in (PHONE, DESKTOP):
			screen.set_viewport_size(size)
			# The bars at the sides slide away.
			screen.wait_for_function(
				"() => document.getAnimations().every((one) => one.playState !== 'running')"
			)
			desk.keep(f"desk-{of}-{size['width']}")

	opens_request(name)
	first_button("Correct")
	dialog = screen.locator(".modal-dialog:visible", has_text="What is wrong, and what is right")
	screen.wait_for_function("() => window.cur_dialog?.fields_dict.corrections")
	screen.evaluate(
		"""(rows) => { const field = cur_dialog.fields_dict.corrections; field.df.data = rows; field.grid.refresh(); }""",
		[
			{"idx": 1, "name": "row 1", "kind": "Other", "old": "Kauppias", "new": "Yrittäjä"},
			{"idx": 2, "name": "row 2", "kind": "Date", "old": "", "new": "24.12.1981"},
		],
	)
	written = "() => frappe.boot.sysdefaults.date_format = frappe.sys_defaults.date_format = 'dd.mm.yyyy'"
	screen.evaluate(written)
	asks = dialog.get_by_role("button", name="Find Where It Stands")
	with screen.expect_request("**/*propose_corrections") as sent:
		asks.click()
	assert "1981-12-24" in (sent.value.post_data or "")
	expect(dialog.locator("tr", has_text="Yrittäjä").last).to_contain_text("Kauppias")
	pictures("correct")
	dialog.locator(".modal-footer .btn-primary").click()
	expect(screen.get_by_text("1 places in 1 records are corrected.").first).to_be_visible()
	assert office.sender.read("Contact", contact)["designation"] == "Yrittäjä"
	recipients = "signflow.api.recipients"
	office.sender.call(f"{recipients}.list_up", request=name)
	for row in office.sender.call(f"{recipients}.of_request", request=name):
		office.sender.call(f"{recipients}.waive", notice=row["name"], reason="It never had her data.")
	opens_request(name)
	first_button("Complete")
	dialog = screen.locator(".modal-dialog:visible", has_text="What was corrected so far")
	expect(dialog).to_contain_text("Other words, places corrected: 1")
	expect(dialog).to_contain_text(details)
	dialog.locator("textarea[data-fieldname='outcome']").fill("You are an entrepreneur now.")
	pictures("complete-correction")
	dialog.locator("input[data-fieldname='all_corrected']").check()
	dialog.locator(".modal-footer .btn-primary").click()
	until(lambda: office.sender.read("Data Subject Request", name)["status"] == "Done", "it is answered")

	mail = f"no-such-{office.key}@posti.example"
	refused = office.sender.call(
		asked, request_type="Erasure", email=mail, received_on=today, **taken, **seen
	)
	opens_request(refused)
	shown(screen).locator("[data-label='Actions'] button:visible").first.click()
	screen.locator(".dropdown-menu:visible").get_by_text("Refuse", exact=True).click()
	dialog = screen.locator(".modal-dialog:visible", has_text="It is named in the mail")
	dialog.locator("[data-fieldname='ground'] select").select_option("Law Forbids or Exempts")
	dialog.locator("textarea[data-fieldname='reason']").fill("The accounting act.")
	pictures("refuse")
	dialog.locator(".modal-footer .btn-primary").click()
	until(lambda: office.sender.read("Data Subject Request", refused)["status"] == "Refused", "it is refused")
	state = f"{API}.next_step"
	until(lambda: office.sender.call(state, name=refused)["came_back"], "its mail comes back", 60)
	opens_request(refused)
	expect(shown(screen).get_by_text("A mail to the person came back since").first).to_be_visible()
	pictures("came-back")
	first_button("Answer Again")
	dialog = screen.locator(".modal-dialog:visible", has_text="This one mail goes there")
	dialog.locator("input[data-fieldname='email']").fill(office.maija.address)
	dialog.locator("textarea[data-fieldname='because']").fill("She rang.")
	pictures("answer-again")
	dialog.locator(".modal-footer .btn-primary").click()
	until(lambda: office.maija.mails("Your data request is refused"), "the refusal arrives", 60)
	screen.set_viewport_size(DESKTOP)
	screen.goto(
		f"{desk.url}/app/query-report/Data Subject Requests in Figures", wait_until="domcontentloaded"
	)
	expect(shown(screen).locator(".dt-cell", has_text="Rectification").first).to_be_visible()
	pictures("figures")
