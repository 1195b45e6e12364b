"""/verify: what anybody is told about a PDF."""

import os

import frappe
import pytest
import requests
from house import TIMEOUT, House, a_pdf, for_writing
from judges import bytes_of, tampered
from stage import eventually

from signflow.services import revisions
from signflow.services.verification import verify_document

pytestmark = pytest.mark.timeout(300)


def test_what_anybody_is_told_about_a_file(house: House) -> None:
	request = house.sends()
	for person in (house.maija, house.matti):
		person.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"it is completed",
		60,
	)
	kept_before = frappe.db.count("File")

	def asked(data: bytes | None, status: int = 200, language: str = "en") -> dict:
		answer = requests.post(
			f"{house.web}/api/method/signflow.api.verify.verify_document",
			files={"file": ("any.pdf", data, "application/pdf")} if data is not None else None,
			data={"language": language},
			timeout=TIMEOUT,
		)
		assert answer.status_code == status, answer.text[:1000]
		return answer.json()["message"] if "json" in answer.headers["Content-Type"] else {}

	contract, report = revisions.final_revisions(request.name)
	data = bytes_of(contract)
	told = asked(data)
	assert told["verdict"] == "genuine" and told["problems"] == []
	assert [row["name"] for row in told["signers"]] == ["Maija Meri", "Matti Mäki"]
	assert all("mail" in row["identified_by"] and row["signed_on"] for row in told["signers"])
	assert told["document"]["reference"] == request.name and told["document"]["house"] == house.company
	assert told["document"]["seal_is_test"] is True, "a test seal is named as such"
	assert house.maija.mail not in str(told) and house.matti.mail not in str(told)
	assert asked(bytes_of(report))["verdict"] == "genuine"
	half = frappe.get_doc("Sealed Revision", f"{request.name}-{contract.document}-1")
	told = asked(bytes_of(half))
	assert told["verdict"] == "earlier_version"
	assert [row["name"] for row in told["signers"]] == ["Maija Meri"]
	first = frappe.get_doc("Sealed Revision", f"{request.name}-{contract.document}-0")
	assert asked(bytes_of(first))["signers"] == []
	# Whose name was erased has signed all the same.
	signer = frappe.db.get_value(
		"Signature Request Signer", {"request": request.name, "email": house.matti.mail}
	)
	for_writing()
	frappe.db.set_value("Signature Request Signer", signer, "signed_name", None)
	frappe.db.commit()
	assert [row["name"] for row in asked(data)["signers"]] == ["Maija Meri", "Name erased"]
	assert asked(data, language="fi")["signers"][1]["name"] == "Nimi poistettu"
	for twin in (tampered(data), data + b"\n% one more line\n"):
		told = asked(twin)
		assert told["verdict"] == "altered" and "signers" not in told, told
	for part in range(1, 12):
		twin = bytearray(data)
		twin[len(data) * part // 12] ^= 1
		told = verify_document(bytes(twin))
		assert told["verdict"] == "altered" and told["problems"], (part, told)
	assert asked(a_pdf("Somebody else's"))["verdict"] == "unknown"
	assert asked(b"Just some text.")["verdict"] == "unreadable"
	assert asked(b"PK\x03\x04" + os.urandom(500))["verdict"] == "unreadable"
	assert asked(b"%PDF-1.7 and no more")["verdict"] in ("unknown", "unreadable")
	assert asked(b"")["verdict"] == "unreadable"
	# Frappe itself may refuse it first, by the site's own limit.
	refusal = asked(os.urandom(40 * 2**20 + 1), status=413)
	assert not refusal or "too large" in refusal["error"]["text"]
	assert asked(None, status=422)["error"]["code"] == "invalid_input"
	frappe.db.rollback()
	assert frappe.db.count("File") == kept_before, "nothing of what is asked about is kept"
