"""Files that cannot be signed: each refused by name with a reason that helps, and nothing is left behind."""

import io
import os
from collections.abc import Callable

import frappe
import pikepdf
import pytest
from house import House, a_pdf, for_writing, kinds
from pikepdf import Array, Dictionary, Name, String

from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.core.pdf.seal import seal_report
from signflow.services import files, sending

pytestmark = pytest.mark.timeout(300)


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
	stream = io.BytesIO()
	pdf.save(stream, **options)
	return stream.getvalue()


def changed(change: Callable[[pikepdf.Pdf], None]) -> bytes:
	with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
		change(pdf)
		return saved(pdf)


def without_pages() -> bytes:
	return saved(pikepdf.new())


def with_password() -> bytes:
	with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
		return saved(pdf, encryption=pikepdf.Encryption(owner="owner", user="user"))


def too_large() -> bytes:
	return changed(lambda pdf: pdf.Root.__setitem__("/Ballast", pdf.make_stream(os.urandom(2**20))))


def certified_for_good() -> bytes:
	key = SealKey.from_pkcs12(*make_test_key("Toinen Oy"))
	return seal_report(a_pdf(), key, reason="Closed by Toinen Oy")


def xfa_form() -> bytes:
	return changed(
		lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary(Fields=Array(), XFA=String("<xdp/>")))
	)


def with_javascript() -> bytes:
	action = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
	return changed(
		lambda pdf: pdf.Root.__setitem__(
			"/Names", Dictionary(JavaScript=Dictionary(Names=Array([String("x"), action])))
		)
	)


def damaged() -> bytes:
	return b"%PDF-1.7\n" + bytes(range(32, 127)) * 20


BAD = {
	"not a PDF": (lambda: b"PK\x03\x04 a text document", "not a PDF"),
	"no pages": (without_pages, "pages"),
	"password": (with_password, "password"),
	"too large": (too_large, "the limit is 1 MB"),
	"certified": (certified_for_good, "nobody may add signatures"),
	"XFA": (xfa_form, "XFA form"),
	"JavaScript": (with_javascript, "active content"),
	"damaged": (damaged, "damaged"),
}


@pytest.fixture
def one_megabyte(site: str):
	before = frappe.db.get_single_value("Signflow Settings", "max_file_mb")
	_limit(1)
	yield
	frappe.db.rollback()
	_limit(before)


def _limit(megabytes: int) -> None:
	for_writing()
	frappe.db.set_single_value("Signflow Settings", "max_file_mb", megabytes)
	frappe.db.commit()
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")


def sealed_files() -> set[str]:
	folder = frappe.get_site_path("private", "files")
	return {name for name in os.listdir(folder) if name.startswith(files.PREFIX)}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_signed(house: House, one_megabyte: None, kind: str) -> None:
	make, reason = BAD[kind]
	draft = house.drafts(documents=[a_pdf("Good"), make()])
	before = sealed_files()
	for language in ("en", "fi"):
		frappe.local.lang = language
		with pytest.raises(frappe.ValidationError) as refusal:
			sending.send_request(draft.name)
		text = str(refusal.value)
		assert text.startswith("Sopimus 2: ") and "{" not in text, text
		assert language != "en" or reason in text, text
	frappe.local.lang = "en"
	frappe.db.rollback()
	assert frappe.db.get_value("Signature Request", draft.name, "status") == "Draft"
	assert not kinds(draft.name)
	assert not frappe.db.exists("Sealed Revision", {"request": draft.name})
	assert sealed_files() == before, "no file is left on the disk"
	for_writing()
	kept = frappe.get_doc("Signature Request", draft.name)
	assert all(frappe.db.exists("File", {"file_url": row.file}) for row in kept.documents)
	kept.documents = kept.documents[:1]
	kept.save()
	frappe.db.commit()
	assert sending.send_request(draft.name).status == "Sent", "without it the request goes out"


def test_more_than_thirty_megabytes(house: House) -> None:
	heavy = changed(lambda pdf: pdf.Root.__setitem__("/Ballast", pdf.make_stream(os.urandom(31 * 2**20))))
	limit = frappe.conf.get("max_file_size")
	frappe.local.conf.max_file_size = 64 * 2**20
	try:
		draft = house.drafts(documents=[heavy])
	finally:
		frappe.local.conf.max_file_size = limit
	with pytest.raises(frappe.ValidationError, match=r"31\.0 MB; the limit is 30 MB"):
		sending.send_request(draft.name)
	assert frappe.db.get_value("Signature Request", draft.name, "status") == "Draft"


def test_a_file_that_was_deleted_before_sending(house: House) -> None:
	draft = house.drafts()
	for_writing()
	frappe.get_doc("File", {"file_url": draft.documents[0].file}).delete()
	frappe.db.commit()
	with pytest.raises(frappe.ValidationError, match="not there any more"):
		sending.send_request(draft.name)
	assert frappe.db.get_value("Signature Request", draft.name, "status") == "Draft"
