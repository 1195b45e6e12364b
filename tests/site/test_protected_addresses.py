"""A protected address (turvakielto) reaches her own proven mailbox in her own copy, and nobody and nothing else."""

import io
from typing import Any

import frappe
import pypdf
import pytest
from asking import REQUEST, Asker, an_officer, as_officer, the
from house import House, as_program, attachments_of, for_writing, text_of
from stage import eventually
from test_erasure_certificate import a_plan
from test_subject_access import Copy, everything_in
from test_subject_requests import taken_in

from signflow.services.subject_requests import (
	access,
	carrying_out,
	decisions,
	matching,
	proofs,
	protecting,
	recipients,
	rectifying,
)

pytestmark = pytest.mark.timeout(300)
STREET = "Salakatu 7 A 3"


class Home:
	"""A person whose address is protected, and one who lived with her: a shared customer and order name both."""

	def __init__(self, house: House):
		for_writing()
		self.house, self.officer = house, an_officer()
		self.mail, self.other = f"turva.{house.key}@posti.example", f"entinen.{house.key}@posti.example"
		self.hers = house._insert("Contact", first_name="Tuuli", email_ids=[{"email_id": self.mail}]).name
		self.his = house._insert("Contact", first_name="Eero", email_ids=[{"email_id": self.other}]).name
		links = [{"link_doctype": "Contact", "link_name": name} for name in (self.hers, self.his)]
		self.address = house._insert(
			"Address",
			address_title=f"Home {house.key}",
			address_type="Personal",
			address_line1=STREET,
			city="Oulu",
			country="Finland",
			links=links,
		).name
		self.note = house._insert(
			"Communication",
			communication_type="Communication",
			subject=f"Moved {house.key}",
			sender=self.other,
			content="<p>She lives at SALAKATU 7  a 3 now, says Eero</p>",
			reference_doctype="Contact",
			reference_name=self.his,
		).name
		frappe.db.commit()

	def asks(self, kind: str, mail: str, contact: str, **values: Any) -> str:
		name = taken_in(self.house, kind, mail, **values)
		matching.choose(name, "Contact", contact, "The house knows this person.")
		return name

	def package(self, name: str, mail: str) -> str:
		"""All words of a copy, as its person gets them."""
		copy = Copy(None, mail, name).collected()
		for row in access.items_of(copy.export):
			access.decide(row.name, included=True, whole=True, reason="All of it.")
		frappe.db.commit()
		access.approve(copy.export, Copy.ANSWER)
		eventually(lambda: copy.row.status == "Ready", "the copy is packed")
		export = copy.row
		path, passphrase = access.package(export)
		parts = everything_in(path.read_bytes(), passphrase)
		return parts["index.html"].decode() + parts["data.json"].decode()


@pytest.fixture
def home(house: House) -> Home:
	return Home(house)


def says(text: str) -> bool:
	return "salakatu" in text.casefold()


def test_she_gets_it_and_who_lived_with_her_does_not(home: Home) -> None:
	before = home.asks("Access", home.other, home.his, person_name="Eero")
	assert says(home.package(before, home.other))  # nobody has said yet that it is protected
	hers = home.asks("Access", home.mail, home.hers, person_name="Tuuli", has_protected_address=True)
	assert says(home.package(hers, home.mail))
	his = home.asks("Portability", home.other, home.his, person_name="Eero")
	text = home.package(his, home.other)
	assert home.other in text and "Oulu" in text and not says(text)
	shown = access.preview(Copy(None, "", his, export_of(his)).item("Address", home.address).name)
	(line,) = [line for line in shown["lines"] if line["path"] == "address_line1"]
	assert line["withheld"] and not says(str(shown))
	# Her request is forgotten one day; what it said of her address is not.
	for_writing()
	assert frappe.db.get_value("Contact", home.hers, protecting.MARK) == 1
	frappe.db.set_value(REQUEST, hers, "has_protected_address", 0)
	frappe.db.commit()
	again = home.asks("Portability", home.other, home.his, person_name="Eero")
	assert not says(home.package(again, home.other))


def export_of(request: str) -> str:
	export = frappe.db.get_value(access.EXPORT, {"request": request}, "name")
	for_writing()
	frappe.db.set_value(access.EXPORT, export, "status", "To Review")
	frappe.db.commit()
	return export


def test_no_letter_list_or_log_of_a_request_says_it(home: Home) -> None:
	house = home.house
	names = []
	for kind in ("Rectification", "Erasure", "Restriction"):
		name = home.asks(
			kind, home.mail, home.hers, person_name="Tuuli", details="Correct it.", has_protected_address=True
		)
		names.append(name)
	corrected, erased, restricted = names
	with as_officer():
		places = rectifying.propose(corrected, [{"kind": "Other", "old": STREET, "new": "Uusikatu 1"}])
		assert any(one.name == home.address for one in places)
		rectifying.apply(corrected, [{"kind": "Other", "old": "No such street", "new": "Uusikatu 1"}], [])
		decisions.ask(corrected, "Which of your addresses is wrong?")
		told = recipients.add(corrected, "The printing house", f"printer.{house.key}@posti.example")
		recipients.tell(told, "Correct the data of Tuuli, whom you know from us.")
		recipients.answered(told, "Done.")
		decisions.extend(corrected, 1, "There are many records.")
		carrying_out.carry_out(restricted)
		a_plan(erased, house.company)
		decisions.complete(erased, "Your data is erased.")
	message = house.mailbox.wait_for(home.mail, subject="Your data request is done")
	((_name, certificate),) = attachments_of(message).items()
	pages = pypdf.PdfReader(io.BytesIO(certificate)).pages
	assert "Tuuli" in (printed := "".join(page.extract_text() for page in pages)) and not says(printed)
	for mail in (home.mail, home.officer, f"printer.{house.key}@posti.example"):
		for sent in house.mailbox.all(mail):
			assert not says(str(sent["Subject"]) + text_of(sent)), (mail, sent["Subject"])
	frappe.db.rollback()
	for doctype in (
		*(REQUEST, "Data Subject Request Step", "Data Subject Request Person", "Recipient Notice"),
		*("Personal Data Access", "Personal Data Export", "Erasure Plan", "Notification Log", "Error Log"),
	):
		since = {"creation": [">=", frappe.db.get_value("Contact", home.hers, "creation")]}
		rows = frappe.get_all(doctype, since, ["*"], order_by="creation asc")
		assert not says(str(rows)), doctype
	# Who is no officer gets neither a correction's places nor a copy's records.
	other = as_program(house.web, house.users["owner"])
	for verb, values in (
		(
			"recipients.propose_corrections",
			{"request": corrected, "corrections": [{"kind": "Other", "old": STREET, "new": "x"}]},
		),
		("subject_requests.steps", {"name": corrected}),
		("subject_access.prepare", {"request": corrected}),
	):
		answer = other.post(f"{house.web}/api/method/signflow.api.{verb}", json=values, timeout=60)
		assert answer.status_code in (403, 404), (verb, answer.text[:300])
		assert not says(answer.text)


def test_no_copy_goes_to_a_mailbox_that_is_not_shown_to_be_hers(home: Home) -> None:
	seen = proofs.by_staff("Identity Document Shown", "Her passport, at the desk")
	name = home.asks(
		"Access", home.mail, home.hers, person_name="Tuuli", proof=seen, has_protected_address=True
	)
	with pytest.raises(frappe.ValidationError, match="nobody has shown that the mailbox is hers"):
		access.prepare(name)
	frappe.db.rollback()
	assert not frappe.db.exists(access.EXPORT, {"request": name})
	asker = Asker(home.house, home.mail)
	asker.begins()
	asker.does("check_code", code=asker.code())
	assert protecting.is_mailbox_proven(name)
	# What staff have seen of her stands: it shows more than a mailbox.
	assert the(name).proof_level == "in_person"
	assert access.prepare(name)
