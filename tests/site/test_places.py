"""Where signatures stand: at a text of the document, at coordinates, else on a signature page at its end."""

import io
from typing import Any

import frappe
import pytest
from house import House, a_pdf, for_writing
from judges import assert_all_sealed, bytes_of
from pikepdf import Pdf
from stage import eventually

from signflow.services import drafts, sending


def a_request(house: House, *signers: dict[str, Any], text: str) -> Any:
	file = house.uploads(a_pdf(text), "places.pdf")
	for_writing()
	house.subject = f"Places {house.key}"
	request = drafts.create_request(
		title=house.subject,
		company=house.company,
		documents=[{"title": "Contract", "file": file}],
		signers=list(signers),
		language="en",
	)
	frappe.db.commit()
	return request


def person(who: Any, **more: Any) -> dict[str, Any]:
	return {"signer_name": who.name, "email": who.mail, "language": "en", **more}


def boxes_in(request: str) -> dict[str, tuple[int, list[float]]]:
	"""Page (from 1) and rectangle of every signer's field in the frozen document."""
	revision = frappe.get_all("Sealed Revision", {"request": request, "seq": 0}, ["file_url", "sha256"])[0]
	found = {}
	with Pdf.open(io.BytesIO(bytes_of(revision))) as pdf:
		for number, page in enumerate(pdf.pages, 1):
			for field in page.obj.get("/Annots", []):
				found[str(field["/T"])] = (number, [float(edge) for edge in field["/Rect"]])
	return {name: place for name, place in found.items() if name.startswith("Signer")}


def test_a_signature_stands_at_its_text(house: House, tmp_path: Any) -> None:
	request = a_request(
		house, person(house.maija, box_anchor="/tenant/"), text="Rent 950 euros. Signed: /tenant/"
	)
	sending.send_request(request.name)
	page, (left, bottom, right, top) = boxes_in(request.name)["Signer1"]
	assert page == 1 and 0 < left < right < 596 and 0 < bottom < top < 842
	assert frappe.get_doc("Signature Request", request.name).documents[0].pages == 1, "no signature page"
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"the request is completed",
	)
	assert_all_sealed(request.name, tmp_path, ("Seal", "Signer1", "Closing"))


def test_coordinates_come_before_texts_and_who_has_none_gets_the_signature_page(house: House) -> None:
	request = a_request(
		house,
		person(house.maija, box_anchor="/tenant/", boxes=[{"document": 1, "page": 1, "x": 60, "y": 500}]),
		person(house.matti),
		text="Rent /tenant/",
	)
	sending.send_request(request.name)
	boxes = boxes_in(request.name)
	assert boxes["Signer1"][0] == 1 and boxes["Signer1"][1][0] == pytest.approx(60, abs=0.1)
	assert boxes["Signer1"][1][3] == pytest.approx(841.89 - 500, abs=0.1)
	assert boxes["Signer2"][0] == 2


@pytest.mark.parametrize(
	("place", "words"),
	[
		({"box_anchor": "/landlord/"}, "in no document: /landlord/"),
		({"boxes": [{"page": 7, "x": 1, "y": 1}]}, "has no page 7"),
		({"boxes": [{"page": 1, "x": 5000, "y": 1}]}, "outside page 1"),
	],
	ids=["no such text", "no such page", "outside the page"],
)
def test_a_place_that_is_not_there_keeps_the_draft(house: House, place: dict[str, Any], words: str) -> None:
	request = a_request(house, person(house.maija, **place), text="Rent")
	with pytest.raises(frappe.ValidationError, match=words):
		sending.send_request(request.name)
	assert frappe.db.get_value("Signature Request", request.name, "status") == "Draft"


@pytest.mark.parametrize(
	"boxes", ['{"page": 1}', '[{"page": 1}]', '[{"page": "1", "x": 1, "y": 1}]', "[[1]]"]
)
def test_places_are_numbers(house: House, boxes: str) -> None:
	with pytest.raises(frappe.ValidationError, match="Places are a list"):
		a_request(house, person(house.maija, boxes=boxes), text="Rent")
