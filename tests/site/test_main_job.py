"""The main job, end to end: from the customer to two valid signatures, copies on both sides, a chain that holds."""

import frappe
import pytest
from house import House, attachments_of
from stage import eventually

from signflow.core.evidence.bundle import verify_bundle
from signflow.core.pdf.validate import Expected, validate
from signflow.services import evidence, revisions


def completed(request: str) -> None:
	eventually(
		lambda: frappe.db.get_value("Signature Request", request, "status") == "Completed",
		f"{request} is completed",
		120,
	)


@pytest.mark.timeout(300)
def test_a_contract_is_signed_by_two_from_the_customer(house: House) -> None:
	request = house.sends()
	for person in (house.maija, house.matti):
		view = person.opens()
		assert view["state"] == "open"
		assert person.identifies()["signer"]["identified"]
		assert person.signs()["state"] in ("sealing", "signed", "completed")
	completed(request.name)
	final = revisions.final_revisions(request.name)
	contract = final[0]
	key = frappe.get_doc("Sealing Key", frappe.db.get_value("Signature Request", request.name, "sealing_key"))
	from signflow.services.files import read_sealed

	data = read_sealed(contract.file_url, contract.sha256)
	verdict = validate(
		data,
		trust=[key.certificate_pem],
		expected=Expected(fields=("Seal", "Signer1", "Signer2", "Closing"), sha256=contract.sha256),
	)
	assert verdict.ok, verdict.problems
	tampered = bytearray(data)
	tampered[len(data) // 3] ^= 1
	assert not validate(bytes(tampered), trust=[key.certificate_pem]).ok
	assert evidence.verify(request.name).ok
	judged = verify_bundle(evidence.bundle(request.name), trusted_certificate_pem=key.certificate_pem)
	assert judged.ok, judged.problems
	for person in (house.maija, house.matti):
		copy = house.mailbox.wait_for(person.mail, subject="Signed:")
		assert data in attachments_of(copy).values()
	files = frappe.get_all(
		"File",
		filters={"attached_to_doctype": "Customer", "attached_to_name": house.customer},
		pluck="file_url",
		order_by="creation asc",
	)
	assert contract.file_url in files and len(files) == 2
	comments = frappe.get_all(
		"Comment",
		filters={"reference_doctype": "Customer", "reference_name": house.customer, "comment_type": "Info"},
		pluck="content",
		order_by="creation asc",
	)
	assert any("Maija Meri" in text and "Matti Mäki" in text for text in comments)
