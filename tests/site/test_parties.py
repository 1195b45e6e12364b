"""Strangers who signed become Leads and Customers: found only by what they proved, made once, duplicates shown."""

import random
import re
import signal
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import frappe
import pytest
from forms import FIELDS, FormPage, a_signable_form, a_web_form, submissions_of
from frappe.utils import add_to_date, get_datetime, getdate, now_datetime
from house import House, a_contact, as_program, for_writing
from stage import eventually

from signflow.integrations.erpnext.matching import name_key, normal_tax_id
from signflow.integrations.erpnext.parties import settle_parties
from signflow.services.revisions import file_copies_later
from signflow.services.suggestions import suggest_mapping
from signflow.services.transaction import is_conflict, one_transaction
from signflow.signflow.mapping import check_mapping

pytestmark = pytest.mark.timeout(300)

MAPPING = {
	("Customer", "customer_name"): "company_name",
	("Customer", "tax_id"): "business_id",
	("Customer", "website"): "homepage",
	("Lead", "company_name"): "company_name",
	("Lead", "job_title"): "job_title",
	("Contact", "first_name"): "first_name",
	("Contact", "last_name"): "last_name",
	("Contact", "email_id"): "mail",
	("Contact", "phone"): "phone",
	("Contact", "designation"): "job_title",
	("Address", "address_line1"): "street",
	("Address", "pincode"): "pincode",
	("Address", "city"): "city",
	("Address", "country"): "country",
}


@pytest.fixture
def key() -> str:
	"""Letters that no other test has, for names that nobody else bears."""
	return "".join(random.choice("abcdefghijklmnoprstuvyz") for _letter in range(10))


def business_id() -> str:
	"""A Finnish business ID with its check digit."""
	while True:
		digits = [random.randrange(10) for _digit in range(7)]
		rest = sum(a * b for a, b in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
		if rest != 1:
			return "".join(map(str, digits)) + f"-{11 - rest if rest else 0}"


def a_form(house: House, creates: str = "Customer", *, replace: tuple = (), **values: Any) -> Any:
	"""A form that maps everything; `replace` names the fields that replace what is there."""
	rows = [
		{
			"target": target,
			"target_field": field,
			"value": value,
			"merge": "Replace" if field in replace else "Keep",
		}
		for (target, field), value in MAPPING.items()
	]
	return frappe.get_doc(
		{
			"doctype": "Signable Form",
			"title": "Asiakkaaksi",
			"creates": creates,
			"company": house.company,
			"responsible": house.users["owner"],
			"mapping": rows,
			**values,
		}
	)


def a_signer(
	house: House, name: str, mail: str, *, level: str | None = "mail_code", days_ago: int = 0, **more: Any
) -> Any:
	"""The row of a person who signed, identified by a mailed code unless `level` says otherwise."""
	on = add_to_date(now_datetime(), days=-days_ago)
	person = SimpleNamespace(name=name, mail=mail)
	request = house.drafts(person, customer=None)
	row = frappe.db.get_value("Signature Request Signer", {"request": request.name})
	for_writing()
	frappe.db.set_value(
		"Signature Request Signer",
		row,
		{"identified_level": level, "identified_on": on, "signed_on": on, "signed_name": name},
	)
	frappe.db.commit()
	signer = frappe.get_doc("Signature Request Signer", row)
	signer.update(more)
	return signer


def an_application(**answers: Any) -> Any:
	"""The record that was made from the answers."""
	for_writing()
	doc = frappe.get_doc({"doctype": "Issue", "subject": "Asiakkaaksi"}).insert(ignore_permissions=True)
	frappe.db.commit()
	# A form can stand on any DocType: what it asks is put on the record as if it had these fields.
	doc.update(answers)
	return doc


def answers_for(key: str, first: str = "Anna", last: str = "Aalto", **changes: Any) -> dict[str, Any]:
	return {
		"first_name": first,
		"last_name": f"{last}{key}",
		"mail": f"anna@{key}.example",
		"phone": "+358 40 " + "".join(random.choice("0123456789") for _digit in range(7)),
		"company_name": f"{key.capitalize()} Oy",
		"business_id": business_id(),
		"street": "Rantakatu 1",
		"pincode": "00100",
		"city": "Helsinki",
		"country": "Suomi",
		**changes,
	}


@one_transaction
def settles(form: Any, doc: Any, signer: Any) -> frappe._dict:
	return frappe._dict(settle_parties(form, frappe.new_doc("Form Submission"), doc, signer))


def signs_up(
	house: House, answers: dict[str, Any], creates: str = "Customer", **options: Any
) -> frappe._dict:
	"""Somebody fills in, proves the mailbox and signs: what became of it."""
	form = a_form(house, creates, **options.pop("form", {}))
	name = f"{answers.get('first_name') or ''} {answers.get('last_name') or ''}".strip()
	signer = a_signer(house, options.pop("name", name), options.pop("mail", answers["mail"]), **options)
	return settles(form, an_application(**answers), signer)


def a_customer(name: str, tax_id: str | None = None, **values: Any) -> str:
	for_writing()
	customer = frappe.get_doc(
		{
			"doctype": "Customer",
			"customer_name": name,
			"customer_type": "Company",
			"tax_id": tax_id,
			"customer_group": frappe.get_all(
				"Customer Group", {"is_group": 0}, pluck="name", order_by="name asc", limit=1
			)[0],
			"territory": frappe.get_all(
				"Territory", {"is_group": 0}, pluck="name", order_by="name asc", limit=1
			)[0],
			**values,
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return customer.name


def everything(key: str) -> dict[str, list[str]]:
	"""All parties that bear the key, by kind."""
	like = ["like", f"%{key}%"]
	return {
		"Customer": frappe.get_all("Customer", {"customer_name": like}, pluck="name", order_by="name asc"),
		"Lead": frappe.get_all("Lead", {"lead_name": like}, pluck="name", order_by="name asc"),
		"Contact": frappe.get_all("Contact", {"last_name": like}, pluck="name", order_by="name asc"),
		"Address": frappe.get_all("Address", {"address_title": like}, pluck="name", order_by="name asc"),
	}


def counted(key: str) -> list[int]:
	return [len(names) for names in everything(key).values()]


def listed(settled: Any, name: str) -> bool:
	return any(f" {name}: " in line for line in settled.duplicates)


def test_a_stranger_becomes_a_customer_and_the_same_again_when_it_is_run_again(
	house: House, key: str
) -> None:
	answers = answers_for(key)
	form, doc = a_form(house, creates_contract=1), an_application(**answers)
	signer = a_signer(house, f"Anna Aalto{key}", answers["mail"].upper())
	settled = settles(form, doc, signer)
	assert settled.lead is None and settled.duplicates == [], settled
	customer = frappe.get_doc("Customer", settled.customer)
	assert (customer.customer_name, customer.customer_type) == (answers["company_name"], "Company")
	assert customer.tax_id == answers["business_id"]
	assert customer.customer_primary_contact == settled.contact
	assert customer.customer_primary_address == settled.address
	contact = frappe.get_doc("Contact", settled.contact)
	assert (contact.first_name, contact.last_name) == ("Anna", f"Aalto{key}")
	assert contact.email_id == answers["mail"] and contact.phone == answers["phone"]
	assert contact.has_link("Customer", settled.customer)
	assert contact.signflow_identified_level == "mail_code"
	assert get_datetime(contact.signflow_identified_on) == get_datetime(signer.identified_on)
	address = frappe.get_doc("Address", settled.address)
	assert (address.address_line1, address.city, address.country) == ("Rantakatu 1", "Helsinki", "Finland")
	assert address.has_link("Customer", settled.customer)
	contract = frappe.get_doc("Contract", settled.contract)
	assert (contract.party_type, contract.party_name) == ("Customer", settled.customer)
	assert (contract.is_signed, contract.signee) == (1, f"Anna Aalto{key}")
	assert get_datetime(contract.signed_on) == get_datetime(signer.signed_on)
	assert contract.start_date == getdate(signer.signed_on) and "Sopimus 1" in contract.contract_terms
	assert contract.docstatus == 1 and contract.signed_by_company == house.users["owner"]
	modified = customer.modified, contact.modified
	assert settles(form, doc, signer) == settled
	customer.reload(), contact.reload()
	assert (customer.modified, contact.modified) == modified, "nothing was written again"
	assert counted(key) == [1, 0, 1, 1]


def test_a_private_person_becomes_an_individual(house: House, key: str) -> None:
	answers = answers_for(key, company_name="", business_id="")
	settled = signs_up(house, answers)
	customer = frappe.get_doc("Customer", settled.customer)
	assert (customer.customer_name, customer.customer_type) == (f"Anna Aalto{key}", "Individual")
	again = signs_up(house, answers)
	assert (again.customer, again.contact, again.address) == (
		settled.customer,
		settled.contact,
		settled.address,
	)


@pytest.mark.parametrize("written", ["{0}-{1}", "FI{0}{1}", "fi {0} {1}", "{0}{1}", " FI-{0}-{1} "])
def test_a_business_id_is_known_however_it_is_written(written: str, house: House, key: str) -> None:
	digits, check = business_id().split("-")
	customer = a_customer(f"{key} Oyj", written.format(digits, check))
	settled = signs_up(house, answers_for(key, business_id=f"{digits}-{check}"))
	assert settled.customer is None and listed(settled, customer)


def test_whoever_names_a_business_id_is_not_that_company(house: House, key: str) -> None:
	number = business_id()
	customer = a_customer(f"{key} Oyj", number, website="oikea.example")
	before = frappe.get_doc("Customer", customer).as_dict()
	form = a_form(house, creates_contract=1, replace=("customer_name", "website"))
	doc = an_application(**answers_for(key, business_id=number, homepage="evil.example"))
	signer = a_signer(house, f"Anna Aalto{key}", doc.mail)
	settled = settles(form, doc, signer)
	assert settled.customer is None and settled.contract is None and settled.address is None
	assert listed(settled, customer) and any("No Contract" in line for line in settled.duplicates)
	assert frappe.get_doc("Customer", customer).as_dict() == before
	assert not frappe.get_doc("Contact", settled.contact).get("links")
	# A person in the house looks at it, finds it right and has it settled again.
	for_writing()
	contact = frappe.get_doc("Contact", settled.contact)
	contact.append("links", {"link_doctype": "Customer", "link_name": customer})
	contact.save(ignore_permissions=True)
	frappe.db.commit()
	again = settles(form, doc, signer)
	assert (again.customer, again.contact) == (customer, settled.contact) and again.contract
	assert counted(key)[0] == 1


def test_a_colleague_by_mail_domain_is_linked_but_changes_nothing(house: House, key: str) -> None:
	number = business_id()
	customer = a_customer(f"{key} Oyj", number)
	a_contact("Olli", f"Oja{key}", f"olli@{key}.example", ("Customer", customer))
	before = frappe.get_doc("Customer", customer).as_dict()
	form = a_form(house, replace=("customer_name", "website"), creates_contract=1)
	doc = an_application(**answers_for(key, business_id=number, homepage="evil.example"))
	signer = a_signer(house, f"Anna Aalto{key}", doc.mail)
	settled = settles(form, doc, signer)
	assert settled.customer == customer and settled.contract and settled.address is None
	assert settles(form, doc, signer) == settled, (
		"linked by the first run, the person is as new in the second"
	)
	assert frappe.get_doc("Contact", settled.contact).has_link("Customer", customer)
	assert frappe.get_doc("Customer", customer).as_dict() == before
	assert listed(settled, customer), "the house is told that somebody new acts for the company"


def test_a_website_tells_the_domain_and_a_providers_domain_tells_nothing(house: House, key: str) -> None:
	number, other = business_id(), business_id()
	customer = a_customer(f"{key} Oyj", number, website=f"https://www.{key}.example/fi")
	assert signs_up(house, answers_for(key, business_id=number)).customer == customer
	a_customer(f"{key}x Oyj", other, website="gmail.com")
	stranger = answers_for(f"{key}x", business_id=other, mail=f"anna.{key}@gmail.com")
	assert signs_up(house, stranger).customer is None


def test_a_domain_that_two_customers_share_is_nobodys(house: House, key: str) -> None:
	number = business_id()
	one, two = a_customer(f"{key} Oyj", number), a_customer(f"{key} Toinen Oy")
	a_contact("Olli", f"Oja{key}", f"olli@{key}.example", ("Customer", one))
	a_contact("Outi", f"Oja{key}", f"outi@{key}.example", ("Customer", two))
	assert signs_up(house, answers_for(key, business_id=number)).customer is None


def test_keep_keeps_and_replace_replaces_for_a_known_person(house: House, key: str) -> None:
	number = business_id()
	customer = a_customer(f"{key} Oyj", number, website="vanha.example")
	contact = a_contact(
		"Anna",
		f"Aalto{key}",
		f"Anna@{key}.example",
		("Customer", customer),
		designation="Harjoittelija",
		phone_nos=[{"phone": "09 123456", "is_primary_phone": 1}],
	)
	answers = answers_for(key, business_id=number, homepage="uusi.example", job_title="Johtaja")
	kept = signs_up(house, answers)
	assert (kept.customer, kept.contact) == (customer, contact)
	row = frappe.get_doc("Contact", contact)
	assert row.designation == "Harjoittelija" and row.phone == "09 123456"
	assert frappe.db.get_value("Customer", customer, "website") == "vanha.example"
	changed = signs_up(house, answers, form={"replace": ("website", "designation", "phone")})
	assert (changed.customer, changed.contact) == (customer, contact)
	row = frappe.get_doc("Contact", contact)
	assert row.designation == "Johtaja" and row.phone == answers["phone"]
	assert [one.phone for one in row.phone_nos] == ["09 123456", answers["phone"]], "the old number stays"
	assert frappe.db.get_value("Customer", customer, "website") == "uusi.example"
	assert frappe.db.get_value("Customer", customer, "customer_name") == f"{key} Oyj"
	assert len(row.email_ids) == 1


def test_an_address_is_used_again_kept_or_replaced(house: House, key: str) -> None:
	answers = answers_for(key)
	settled = signs_up(house, answers)
	assert signs_up(house, answers | {"street": "RANTAKATU  1"}).address == settled.address
	moved = answers | {"street": "Uusikuja 2", "pincode": "00200"}
	kept = signs_up(house, moved)
	assert kept.address == settled.address and listed(kept, settled.address)
	assert frappe.db.get_value("Address", settled.address, "address_line1") == "Rantakatu 1"
	signs_up(house, moved, form={"replace": ("address_line1", "pincode")})
	assert frappe.db.get_value("Address", settled.address, "address_line1") == "Uusikuja 2"
	assert counted(key) == [1, 0, 1, 1]


def test_half_an_address_is_said_and_loses_nothing_else(house: House, key: str) -> None:
	settled = signs_up(house, answers_for(key, street=""))
	assert settled.customer and settled.address is None
	assert any("Address" in line and "missing" in line for line in settled.duplicates)


@pytest.mark.parametrize("level", [None, "none", "sms_code"])
def test_a_mail_address_that_was_only_typed_finds_and_changes_nobody(
	level: str | None, house: House, key: str
) -> None:
	customer = a_customer(f"{key} Oyj")
	victim = a_contact(
		"Anna", f"Aalto{key}", f"anna@{key}.example", ("Customer", customer), designation="Johtaja"
	)
	before = frappe.get_doc("Contact", victim).as_dict()
	answers = answers_for(key, business_id="", job_title="Konna")
	settled = signs_up(house, answers, level=level, form={"replace": ("designation", "first_name")})
	assert settled.contact != victim and settled.customer != customer and listed(settled, victim)
	assert frappe.get_doc("Contact", victim).as_dict() == before
	stranger = frappe.get_doc("Contact", settled.contact)
	assert not stranger.email_ids
	assert (stranger.signflow_identified_level or None) == (level if level == "sms_code" else None)


def test_another_mail_address_in_the_answers_is_not_taken_for_proven(house: House, key: str) -> None:
	"""Else whoever signs from that mailbox one day would be taken for the one who typed it."""
	victims = f"uhri@{key}.example"
	settled = signs_up(house, answers_for(key) | {"mail": victims}, mail=f"konna@{key}.example")
	contact = frappe.get_doc("Contact", settled.contact)
	assert [row.email_id for row in contact.email_ids] == [f"konna@{key}.example"]
	assert any(victims in line for line in settled.duplicates)
	victim = signs_up(house, answers_for(key, "Ulla", "Uhri", mail=victims, business_id=business_id()))
	assert victim.contact != settled.contact and victim.customer != settled.customer


def test_namesakes_and_numbers_are_shown_never_joined(house: House, key: str) -> None:
	first = answers_for(key)
	one = signs_up(house, first)
	second = answers_for(key, mail=f"toinen@{key}2.example", phone=first["phone"].replace(" ", "-"))
	other = signs_up(house, second)
	assert other.contact != one.contact and other.customer != one.customer
	assert listed(other, one.contact) and listed(other, one.customer)
	phone_only = answers_for(f"{key}q", "Pia", mail=f"pia@{key}q.example", phone=first["phone"])
	third = signs_up(house, phone_only)
	assert listed(third, one.contact) and "telephone" in " ".join(third.duplicates)
	turned = answers_for(
		key, f"AALTO{key.upper()}", "x", mail=f"x@{key}3.example", company_name=f"{key} Ab"
	) | {"last_name": "Anna"}
	assert listed(signs_up(house, turned), one.contact), "the words in another order, case and company form"


def test_one_mailbox_of_several_people(house: House, key: str) -> None:
	customer, mail = a_customer(f"{key} Oyj"), f"info@{key}.example"
	a_contact("Olli", f"Oja{key}", mail, ("Customer", customer))
	anna = a_contact("Anna", f"Aalto{key}", mail)
	settled = signs_up(house, answers_for(key, mail=mail, company_name="", business_id=""))
	assert settled.contact == anna and len(settled.duplicates) >= 1
	other = signs_up(house, answers_for(key, "Pia", "Puro", mail=mail, company_name="", business_id=""))
	assert listed(other, other.contact), "taken by the mailbox, with another name: shown"


def test_a_proven_identity_finds_whatever_was_typed(house: House, key: str) -> None:
	identity, answers = uuid.uuid4().hex, answers_for(key)
	settled = signs_up(house, answers, identity_hmac=identity, level="substantial")
	moved = answers_for(key, last="Uusi", mail=f"anna@{key}2.example", business_id=answers["business_id"])
	again = signs_up(house, moved, identity_hmac=identity, level="high")
	assert (again.contact, again.customer) == (settled.contact, settled.customer)
	row = frappe.get_doc("Contact", again.contact)
	assert row.signflow_identity_hmac == identity and row.signflow_identified_level == "high"
	assert not row.email_ids, "an electronic identity proves no mailbox"


def test_an_identity_does_not_get_a_contact_by_a_mail_address_that_it_typed(house: House, key: str) -> None:
	victim = a_contact("Anna", f"Aalto{key}", f"anna@{key}.example")
	settled = signs_up(house, answers_for(key), identity_hmac=uuid.uuid4().hex, level="high")
	assert settled.contact != victim and listed(settled, victim)
	assert not frappe.db.get_value("Contact", victim, "signflow_identity_hmac")


def test_a_contact_of_another_identity_is_not_taken_by_mail(house: House, key: str) -> None:
	mail, mine, others = f"anna@{key}.example", uuid.uuid4().hex, uuid.uuid4().hex
	contact = a_contact("Anna", f"Aalto{key}", mail, signflow_identity_hmac=others)
	settled = signs_up(house, answers_for(key), identity_hmac=mine)
	assert settled.contact != contact and listed(settled, contact)
	assert frappe.db.get_value("Contact", contact, "signflow_identity_hmac") == others
	assert signs_up(house, answers_for(key), identity_hmac=mine).contact == settled.contact


def test_a_weaker_proof_does_not_lower_a_stronger_one(house: House, key: str) -> None:
	contact = a_contact(
		"Anna",
		f"Aalto{key}",
		f"anna@{key}.example",
		signflow_identified_level="substantial",
		signflow_identified_on="2026-01-01 12:00:00",
	)
	assert signs_up(house, answers_for(key)).contact == contact
	row = frappe.get_doc("Contact", contact)
	assert (row.signflow_identified_level, row.signflow_identified_on.year) == ("substantial", 2026)
	assert row.signflow_identified_on.month == 1


def test_the_date_is_that_of_the_latest_proof(house: House, key: str) -> None:
	answers = answers_for(key)
	settled = signs_up(house, answers, days_ago=3)
	first = frappe.db.get_value("Contact", settled.contact, "signflow_identified_on")
	signs_up(house, answers, days_ago=5)
	assert frappe.db.get_value("Contact", settled.contact, "signflow_identified_on") == first
	signs_up(house, answers)
	assert frappe.db.get_value("Contact", settled.contact, "signflow_identified_on") > first


def test_a_lead_is_made_once_and_followed_when_it_became_a_customer(house: House, key: str) -> None:
	answers = answers_for(key, job_title="Johtaja")
	settled = signs_up(house, answers, "Lead")
	assert settled.customer is None and settled.contract is None
	lead = frappe.get_doc("Lead", settled.lead)
	assert (lead.lead_name, lead.email_id) == (f"Anna Aalto{key}", answers["mail"])
	assert (lead.company, lead.lead_owner) == (house.company, house.users["owner"])
	assert lead.status == "Lead" and lead.company_name == answers["company_name"]
	assert frappe.get_doc("Contact", settled.contact).has_link("Lead", settled.lead)
	assert frappe.get_doc("Address", settled.address).has_link("Lead", settled.lead)
	again = signs_up(house, answers, "Lead")
	assert (again.lead, again.contact, again.customer) == (settled.lead, settled.contact, None)
	assert counted(key) == [0, 1, 1, 1]
	bought = signs_up(house, answers)
	assert bought.lead == settled.lead and bought.contact == settled.contact
	assert frappe.db.get_value("Customer", bought.customer, "lead_name") == settled.lead
	followed = signs_up(house, answers, "Lead")
	assert (followed.customer, followed.lead) == (bought.customer, settled.lead)
	assert counted(key) == [1, 1, 1, 1]
	assert frappe.get_doc("Address", settled.address).has_link("Customer", bought.customer)


def test_a_lead_of_a_person_whose_contact_is_there_gets_no_second_contact(house: House, key: str) -> None:
	contact = a_contact("Anna", f"Aalto{key}", f"anna@{key}.example")
	settled = signs_up(house, answers_for(key), "Lead")
	assert settled.contact == contact and counted(key) == [0, 1, 1, 1]
	assert frappe.get_doc("Contact", contact).has_link("Lead", settled.lead)


def test_the_forms_own_record_may_be_the_lead(house: House, key: str) -> None:
	answers = answers_for(key)
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Lead",
			"first_name": "Anna",
			"last_name": f"Aalto{key}",
			"email_id": answers["mail"],
			"company_name": answers["company_name"],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	doc.update({name: value for name, value in answers.items() if name not in ("city", "country")})
	settled = settles(a_form(house, "Lead"), doc, a_signer(house, f"Anna Aalto{key}", answers["mail"]))
	assert settled.lead == doc.name and counted(key)[:2] == [0, 1]


def at_once(*people: tuple[Any, Any, Any]) -> list[frappe._dict]:
	"""Settle several at the same moment, each in a thread and connection of its own."""
	barrier, site = threading.Barrier(len(people)), frappe.local.site
	frappe.db.commit()

	def one(form: Any, doc: Any, signer: Any) -> frappe._dict:
		frappe.init(site, sites_path=".")
		frappe.connect()
		frappe.set_user("Administrator")
		tries = []

		@one_transaction
		def settle() -> frappe._dict:
			frappe.db.count("Customer")  # what this transaction sees is fixed now, before the other's work
			if not tries:
				tries.append(1)
				barrier.wait(timeout=60)
			return frappe._dict(settle_parties(form, frappe.new_doc("Form Submission"), doc, signer))

		try:
			return settle()
		finally:
			frappe.destroy()

	with ThreadPoolExecutor(len(people)) as threads:
		running = [threads.submit(one, *person) for person in people]
		results = [each.result() for each in running]
	frappe.db.rollback()
	return results


def test_two_strangers_of_one_company_at_once(house: House, key: str) -> None:
	number = business_id()
	people = []
	for first in ("Anna", "Bertta", "Cecilia"):
		mail = f"{first.lower()}@{key}.example"
		answers = answers_for(key, first, business_id=number, mail=mail)
		people.append(
			(a_form(house), an_application(**answers), a_signer(house, f"{first} Aalto{key}", mail))
		)
	results = at_once(*people)
	assert len(everything(key)["Customer"]) == 1, everything(key)
	assert {one.customer for one in results} == set(everything(key)["Customer"])
	assert len({one.contact for one in results}) == 3


@pytest.mark.parametrize("creates", ["Customer", "Lead"])
def test_the_same_person_twice_at_once(creates: str, house: House, key: str) -> None:
	answers = answers_for(key, business_id="")
	people = [
		(
			a_form(house, creates),
			an_application(**answers),
			a_signer(house, f"Anna Aalto{key}", answers["mail"]),
		)
		for _time in range(2)
	]
	one, other = at_once(*people)
	assert (one.customer, one.lead, one.contact) == (other.customer, other.lead, other.contact)
	assert counted(key) == ([1, 0, 1, 1] if creates == "Customer" else [0, 1, 1, 1])


def test_what_was_read_before_anothers_turn_is_not_used(house: House, key: str) -> None:
	"""The second transaction is told to begin again; it does not go on with what it saw before."""
	answers = answers_for(key)
	form, doc = a_form(house), an_application(**answers)
	signer = a_signer(house, f"Anna Aalto{key}", answers["mail"])
	frappe.db.commit()
	frappe.db.count("Customer")
	with ThreadPoolExecutor(1) as thread:
		thread.submit(_settle_elsewhere, frappe.local.site, form, doc, signer).result()
	with pytest.raises(Exception) as refusal:
		settle_parties(form, frappe.new_doc("Form Submission"), doc, signer)
	assert is_conflict(refusal.value), refusal.value
	frappe.db.rollback()
	assert counted(key) == [1, 0, 1, 1]


def _settle_elsewhere(site: str, form: Any, doc: Any, signer: Any) -> None:
	frappe.init(site, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")
	settles(form, doc, signer)
	frappe.destroy()


KILLED = """
import sys
sys.path[:0] = sys.argv[1].split(":")
import frappe
frappe.init(sys.argv[2], sites_path=".")
frappe.connect()
frappe.set_user("Administrator")
import test_parties
form = frappe.get_doc(frappe.parse_json(sys.stdin.readline()))
doc = frappe._dict(frappe.parse_json(sys.stdin.readline()))
signer = frappe.get_doc("Signature Request Signer", sys.argv[3])
frappe.db.commit()
test_parties.settle_parties(form, frappe.new_doc("Form Submission"), doc, signer)
if sys.argv[4] == "after":
	frappe.db.commit()
print("settled", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_before_or_after_its_commit(
	moment: str, house: House, key: str, tmp_path: Path
) -> None:
	answers = answers_for(key)
	form, doc = a_form(house, creates_contract=1), an_application(**answers)
	signer = a_signer(house, f"Anna Aalto{key}", answers["mail"])
	paths = ":".join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
	worker = subprocess.Popen(
		[sys.executable, "-c", KILLED, paths, frappe.local.site, signer.name, moment],
		stdin=subprocess.PIPE,
		stdout=subprocess.PIPE,
		text=True,
	)
	worker.stdin.write(
		frappe.as_json(form.as_dict(), indent=None)
		+ "\n"
		+ frappe.as_json(dict(answers, doctype="Issue", name=doc.name), indent=None)
		+ "\n"
	)
	worker.stdin.flush()
	assert worker.stdout.readline() == "settled\n"
	worker.send_signal(signal.SIGKILL)
	worker.wait(timeout=30)
	eventually(
		lambda: counted(key) == ([1, 0, 1, 1] if moment == "after" else [0, 0, 0, 0]),
		"its connection is gone",
	)
	settled = settles(form, doc, signer)
	assert settled.customer and settled.contact and settled.address and settled.contract
	assert counted(key) == [1, 0, 1, 1]
	assert len(frappe.get_all("Contract", {"party_name": settled.customer})) == 1


def test_html_in_names_is_text(house: House, key: str) -> None:
	answers = answers_for(
		key,
		first='<img src=x onerror="alert(1)">Anna',
		company_name=f"<script>alert(1)</script> {key} & Pojat \u202e Oy\n",
		street="<b>Katu</b> 1",
	)
	settled = signs_up(house, answers, form={"creates_contract": 1}, name='<b onclick="x">Anna</b>')
	for doctype in ("Customer", "Contact", "Address", "Contract"):
		stored = frappe.get_doc(doctype, settled[doctype.lower()])
		for value in stored.get_valid_dict().values():
			assert not re.search(r"<script|<img|<[^>]*\son\w+=", str(value or "")), (doctype, value)
	assert frappe.db.get_value("Customer", settled.customer, "customer_name").endswith(f"{key} & Pojat Oy")
	assert counted(key)[0] == 1


@pytest.mark.parametrize(
	("answer", "field"),
	[
		({"first_name": "A" * 141}, "first_name"),
		({"company_name": "Y" * 135}, "customer_name"),
		({"phone": "040 1234567 (työ) tai 09 123"}, "phone"),
		({"phone": "soita vaimolle"}, "phone"),
		({"country": "Atlantis"}, "country"),
	],
	ids=["name", "company", "two phones", "words", "country"],
)
def test_what_erpnext_would_refuse_is_said_with_its_field_and_nothing_is_left(
	answer: dict, field: str, house: House, key: str
) -> None:
	with pytest.raises(frappe.ValidationError, match=field):
		signs_up(house, answers_for(key, **answer), name="Anna")
	assert counted(key) == [0, 0, 0, 0]


def test_the_longest_names_and_the_oddest_phones_that_fit(house: House, key: str) -> None:
	answers = answers_for(
		key,
		first="A" * 60,
		last="B" * 60,
		company_name=f"{key} " + "C" * 110,
		phone="+358 (0)40 – 123 45 67 89",
	)
	settled = signs_up(house, answers)
	assert len(settled.contact) <= 140 and frappe.db.get_value("Contact", settled.contact, "phone")
	again = signs_up(house, answers_for(key, first="A" * 60, last="B" * 60, mail=f"b@{key}.example"))
	assert again.contact != settled.contact


def test_a_wrong_business_id_is_kept_and_said_but_finds_nobody(house: House, key: str) -> None:
	digits, check = business_id().split("-")
	wrong = f"{digits}-{(int(check) + 1) % 10}"
	settled = signs_up(house, answers_for(key, business_id=wrong))
	assert frappe.db.get_value("Customer", settled.customer, "tax_id") == wrong
	assert any(wrong in line for line in settled.duplicates)


def test_numbers_and_names_in_one_form() -> None:
	assert normal_tax_id("2077474-0") == normal_tax_id("FI20774740") == normal_tax_id("fi 2077474 0")
	assert normal_tax_id("2077474-1") is None and normal_tax_id("") is None and normal_tax_id("x") is None
	assert normal_tax_id("SE 556703-748501") == "SE556703748501"
	assert normal_tax_id("DE 136,695 976") == "DE136695976" and normal_tax_id("12-3456789") == "123456789"
	assert name_key("Meri & Pojat Oy") == name_key("POJAT, MERI ab") != name_key("Meri Oy")


def test_a_form_that_makes_nothing_makes_nothing(house: House, key: str) -> None:
	settled = signs_up(house, answers_for(key), "")
	assert not any(settled.values()) and counted(key) == [0, 0, 0, 0]


def test_how_a_contact_was_identified_is_nobodys_to_write(house: House, key: str) -> None:
	settled = signs_up(house, answers_for(key))
	browser = as_program(house.web, house.users["operator"])
	for values in (
		{"signflow_identified_level": "high", "signflow_identity_hmac": "x"},
		{"signflow_identified_on": "2020-01-01 00:00:00", "designation": "Johtaja"},
	):
		answer = browser.put(f"{house.web}/api/resource/Contact/{settled.contact}", json=values, timeout=60)
		assert answer.status_code in (200, 403), answer.text
	frappe.db.rollback()
	row = frappe.get_doc("Contact", settled.contact)
	assert row.signflow_identified_level == "mail_code" and not row.signflow_identity_hmac
	assert get_datetime(row.signflow_identified_on).year == now_datetime().year
	made = browser.post(
		f"{house.web}/api/resource/Contact",
		json={"first_name": f"Uusi{key}", "signflow_identified_level": "high", "signflow_identity_hmac": "y"},
		timeout=60,
	)
	frappe.db.rollback()
	if made.status_code == 200:
		row = frappe.get_doc("Contact", made.json()["data"]["name"])
		assert not row.signflow_identified_level and not row.signflow_identity_hmac


def files_under(doctype: str, name: str) -> list[str]:
	return frappe.get_all(
		"File",
		filters={"attached_to_doctype": doctype, "attached_to_name": name},
		pluck="file_url",
		order_by="creation asc",
	)


@pytest.mark.parametrize("confidential", [0, 1])
def test_copies_and_note_come_to_the_customer_that_was_made_afterwards(
	confidential: int, house: House, key: str
) -> None:
	request = house.sends(house.maija, customer=None, confidential=confidential)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed", "completed"
	)
	signer = frappe.get_doc("Signature Request Signer", {"request": request.name})
	assert signer.identified_level == "mail_code"
	answers = answers_for(key, mail=f"toinen@{key}.example")
	doc = an_application(**answers)
	settled = settles(a_form(house, creates_contract=1), doc, signer)
	for _time in range(2):
		file_copies_later(request.name, settled.customer, doc.doctype, doc.name)
	request.reload()
	assert (request.customer, request.reference_name) == (settled.customer, doc.name)
	own = set(files_under("Signature Request", request.name))
	for doctype, name in (("Customer", settled.customer), (doc.doctype, doc.name)):
		under = files_under(doctype, name)
		assert len(under) == len(set(under)) == (0 if confidential else 2)
		assert set(under) <= own
	notes = frappe.get_all(
		"Comment",
		filters={"reference_doctype": "Customer", "reference_name": settled.customer, "comment_type": "Info"},
		pluck="content",
	)
	assert len([note for note in notes if request.name in note]) == 1
	assert ("Maija" in notes[0]) == (not confidential)


def rows(*fields: tuple[str, str, str]) -> Any:
	return frappe.get_doc(
		{
			"doctype": "Signable Form",
			"doc_type": "Issue",
			"mapping": [
				{"idx": place, "target": target, "target_field": field, "value": value}
				for place, (target, field, value) in enumerate(fields, 1)
			],
		}
	)


def test_a_table_of_fields_that_holds(site: str) -> None:
	check_mapping(
		rows(
			("Customer", "customer_name", "subject"),
			("Contact", "email_id", "raised_by"),
			("Contact", "phone", "{{ doc.subject }}"),
			("Address", "city", "{{ doc.subject or doc.get_title() }}"),
			("Contract", "end_date", "{{ frappe.utils.add_months(doc.creation, 12) }}"),
		)
	)


@pytest.mark.parametrize(
	("row", "problem"),
	[
		(("Customer", "custommer_name", "subject"), "custommer_name"),
		(("Customer", "customer_name", "subjekt"), "subjekt"),
		(("Customer", "customer_name", "two words"), "two words"),
		(("Customer", "customer_name", "{{ doc.subjekt }}"), "subjekt"),
		(("Customer", "customer_name", "{{ doc.subject "), "cannot be read"),
		(("Customer", "customer_name", "{{ doc.subject|wrong }}"), "cannot be read"),
		(("Customer", "portal_users", "subject"), "portal_users"),
		(("Contact", "user", "raised_by"), "user"),
		(("Contact", "signflow_identified_level", "subject"), "signflow_identified_level"),
		(("Contract", "is_signed", "subject"), "is_signed"),
		(("User", "email", "raised_by"), "User"),
	],
)
def test_a_table_of_fields_that_does_not_hold(site: str, row: tuple, problem: str) -> None:
	with pytest.raises(frappe.ValidationError, match=problem) as refusal:
		check_mapping(rows(("Customer", "customer_name", "subject"), row))
	assert "Row 2" in str(refusal.value)


def test_jinja_over_the_record(house: House, key: str) -> None:
	form = a_form(house)
	for row in form.mapping:
		if (row.target, row.target_field) == ("Customer", "customer_name"):
			row.value = "{{ doc.company_name }} / {{ doc.first_name }} {{ doc.nothing_asked }}"
	answers = answers_for(key, company_name=f"{key} & Pojat {{{{ 7*7 }}}} Oy")
	settled = settles(form, an_application(**answers), a_signer(house, "Anna", answers["mail"]))
	name = frappe.db.get_value("Customer", settled.customer, "customer_name")
	assert name == f"{key} & Pojat {{{{ 7*7 }}}} Oy / Anna", "answers are no templates"
	form.mapping[0].value = "{{ 1 / 0 }}"
	with pytest.raises(frappe.ValidationError, match="customer_name"):
		settles(form, an_application(**answers), a_signer(house, "Anna", answers["mail"]))
	form.mapping[0].value = "{{ doc.__class__.__mro__ }}"
	with pytest.raises(frappe.ValidationError, match="customer_name"):
		settles(form, an_application(**answers), a_signer(house, "Anna", answers["mail"]))


@pytest.fixture
def web_form(site: str, key: str) -> str:
	"""A Web Form on Lead whose labels are in three languages."""
	frappe.set_user("Administrator")
	for_writing()
	fields = {
		"first_name": "Etunimi",
		"last_name": "Efternamn",
		"email_id": "Sähköposti",
		"mobile_no": "Matkapuhelin",
		"company_name": "Yrityksen nimi",
		"city": "Postitoimipaikka",
		"country": "Land",
		"fax": "Y-tunnus",
		"company": "Company",
		"job_title": "Mitä vain",
	}
	form = frappe.get_doc(
		{
			"doctype": "Web Form",
			"title": f"Liidi {key}",
			"route": f"liidi-{key}",
			"doc_type": "Lead",
			"module": "Core",
			"is_standard": 0,
			"web_form_fields": [
				{
					"fieldname": name,
					"label": label,
					"fieldtype": "Link" if name in ("country", "company") else "Data",
					"options": {"country": "Country", "company": "Company"}.get(name),
				}
				for name, label in fields.items()
			],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
	return form.name


def test_fields_are_guessed_from_names_and_labels(house: House, web_form: str) -> None:
	form = a_form(house, "Lead", web_form=web_form, doc_type="Lead", mapping=[])
	guessed = {(row["target"], row["target_field"]): row["value"] for row in suggest_mapping(form)}
	assert guessed == {
		("Contact", "first_name"): "first_name",
		("Lead", "first_name"): "first_name",
		("Contact", "last_name"): "last_name",
		("Lead", "last_name"): "last_name",
		("Contact", "email_id"): "email_id",
		("Lead", "email_id"): "email_id",
		("Contact", "mobile_no"): "mobile_no",
		("Lead", "mobile_no"): "mobile_no",
		("Customer", "customer_name"): "company_name",
		("Lead", "company_name"): "company_name",
		("Contact", "company_name"): "company_name",
		("Customer", "tax_id"): "fax",
		("Address", "city"): "city",
		("Lead", "city"): "city",
		("Address", "country"): "country",
		("Lead", "country"): "country",
		("Contact", "designation"): "job_title",
		("Lead", "job_title"): "job_title",
	}
	form.mapping = []
	for row in suggest_mapping(form):
		form.append("mapping", row)
	check_mapping(form)


def test_an_empty_table_takes_what_is_guessed(house: House, web_form: str, key: str) -> None:
	form = a_form(house, web_form=web_form, mapping=[])
	doc = an_application(**answers_for(key, city="Turku"), email_id=f"anna@{key}.example")
	settled = settles(form, doc, a_signer(house, f"Anna Aalto{key}", f"anna@{key}.example"))
	assert frappe.db.get_value("Customer", settled.customer, "customer_name") == doc.company_name


def test_guesses_are_for_those_who_make_forms(house: House, web_form: str) -> None:
	address = f"{house.web}/api/method/signflow.api.parties.suggest_mapping"
	for role, status in (("manager", 200), ("owner", 403), ("outsider", 403), (None, 403)):
		browser = as_program(house.web, house.users[role] if role else None)
		answer = browser.post(address, json={"web_form": web_form, "creates": "Lead"}, timeout=60)
		assert answer.status_code == status, (role, answer.text[:500])


@pytest.mark.parametrize("creates", ["Customer", "Lead"])
def test_a_submission_is_settled_again_when_its_contact_was_linked(
	creates: str, house: House, key: str
) -> None:
	number = business_id()
	customer = a_customer(f"{key} Oyj", number)
	web_form = a_web_form(
		house,
		doc_type="Lead",
		web_form_fields=[*FIELDS, {"fieldname": "website", "fieldtype": "Data", "label": "Business ID"}],
	)
	form = a_signable_form(
		house,
		web_form,
		creates=creates,
		creates_contract=int(creates == "Customer"),
		mapping=[
			{"target": "Customer", "target_field": "customer_name", "value": "company_name"},
			{"target": "Customer", "target_field": "tax_id", "value": "website"},
			{"target": "Contact", "target_field": "last_name", "value": "last_name"},
		],
	)
	page = FormPage(house, form)
	liisa = page.submits(last_name=f"Lahti{key}", company_name=f"{key} Oyj", website=number)
	liisa.identifies()
	liisa.signs()
	row = eventually(
		lambda: [one for one in submissions_of(form) if one.status in ("Completed", "Failed")],
		"it is settled",
	)[0]
	assert row.status == "Completed" and not row.customer and customer in row.duplicates, row.failure

	def asks(role: str) -> Any:
		return as_program(house.web, house.users[role]).post(
			f"{house.web}/api/method/signflow.api.forms.settle_again", json={"name": row.name}, timeout=60
		)

	for role in ("owner", "colleague", "outsider"):
		assert asks(role).status_code == 403, role
	assert asks("manager").json()["message"] == {"customer": None}, "nobody has linked anything yet"
	for_writing()
	contact = frappe.get_doc("Contact", row.contact)
	contact.append("links", {"link_doctype": "Customer", "link_name": customer})
	contact.save(ignore_permissions=True)
	frappe.db.commit()
	for _time in range(2):
		answer = asks("manager")
		assert answer.status_code == 200, answer.text[:1000]
		assert answer.json()["message"] == {"customer": customer}
		[settled] = submissions_of(form)
		assert (settled.status, settled.customer, settled.contact) == ("Completed", customer, row.contact)
		assert bool(settled.contract) == (creates == "Customer")
		assert frappe.db.get_value("Signature Request", row.request, "customer") == customer
		filed = {"attached_to_doctype": "Customer", "attached_to_name": customer}
		assert frappe.db.count("File", filed) == 2, "the document and the report, once"
		if settled.contract:
			party = {"party_type": "Customer", "party_name": customer}
			assert frappe.get_all("Contract", party, pluck="name", order_by="creation asc") == [
				settled.contract
			]


def test_only_a_completed_submission_is_settled_again(house: House) -> None:
	form = a_signable_form(house, creates="Customer")
	page = FormPage(house, form)
	page.submits()
	[row] = submissions_of(form)
	answer = as_program(house.web, house.users["manager"]).post(
		f"{house.web}/api/method/signflow.api.forms.settle_again", json={"name": row.name}, timeout=60
	)
	assert answer.status_code == 417 and "completed" in answer.text, answer.text[:500]


def test_an_error_without_words_is_no_conflict(site: str) -> None:
	"""On MariaDB the question itself would fail, and hide that somebody may not do it."""
	assert not is_conflict(frappe.PermissionError())


def test_a_row_that_changed_since_it_was_read_is_tried_again() -> None:
	"""What MariaDB with innodb_snapshot_isolation says in place of waiting (error 1020)."""
	error = Exception(1020, "Record has changed since last read in table 'tabForm Submission'")
	tries = []

	@one_transaction
	def verb() -> str:
		tries.append(1)
		if len(tries) == 1:
			raise error
		return "done"

	assert is_conflict(error) and verb() == "done" and len(tries) == 2
