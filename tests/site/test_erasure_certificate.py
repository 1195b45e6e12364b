"""The answer to an erasure brings a sealed certificate of what went and what stays; here stays its hash alone (GDPR 12(3))."""

import hashlib

import frappe
import pytest
from house import House, attachments_of, for_writing
from test_subject_requests import an_officer, taken_in

from signflow.services import verification
from signflow.services.delivery import BLANK
from signflow.services.subject_requests import decisions

pytestmark = pytest.mark.timeout(240)


def a_plan(request: str, company: str, **values: object) -> str:
	for_writing()
	doc = frappe.get_doc(
		{
			"doctype": "Erasure Plan",
			"request": request,
			"company": company,
			"status": "Done",
			"finished_on": frappe.utils.now_datetime(),
			"told": "Erased:\n- Contact: 1\nKept because we must, and used for nothing else:\n- Sales Invoice: 2: until 31.12.2032",
			"digest": "ab" * 32,
			**values,
		}
	)
	doc.name = frappe.generate_hash(length=10)
	doc.db_insert()
	frappe.db.commit()
	return doc.name


def test_the_answer_brings_a_sealed_certificate(house: House) -> None:
	an_officer()
	mail = f"erased.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	decisions.complete(request, "Your data is erased.")
	message = house.mailbox.wait_for(mail, subject="Your data request is done")
	((name, data),) = attachments_of(message).items()
	assert name == f"Certificate of erasure {request}.pdf"
	frappe.db.rollback()
	verdict = verification.verify_document(data)
	assert (verdict["verdict"], verdict["problems"]) == ("genuine", []), verdict
	changed = bytearray(data)
	changed[data.index(b"stream") + 40] ^= 1
	assert verification.verify_document(bytes(changed))["verdict"] == "altered"
	kept = frappe.db.get_value("Erasure Plan", plan, "certificate_sha256")
	assert kept == hashlib.sha256(data).hexdigest()
	assert not frappe.get_all("File", {"file_name": ["like", f"%{request}%"]})
	queued = frappe.get_all(
		"Email Queue",
		{"reference_name": request, "status": "Sent"},
		["message", "attachments"],
		order_by="creation asc",
	)
	assert queued and all(row.message == BLANK for row in queued)


def test_without_an_erasure_there_is_no_certificate(house: House) -> None:
	an_officer()
	mail = f"kept.{house.key}@posti.example"
	request = taken_in(house, "Erasure", mail)
	a_plan(request, house.company, status="Superseded")
	decisions.complete(request, "Nothing is held on you.")
	assert attachments_of(house.mailbox.wait_for(mail, subject="Your data request is done")) == {}
