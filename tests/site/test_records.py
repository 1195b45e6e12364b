"""The records that agreements hang under: Customer, Quotation, Sales Order, Contract."""

import io
import json
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, nowdate
from house import TIMEOUT, House, a_pdf, attachments_of, for_writing, text_of
from judges import bytes_of
from stage import eventually

from signflow.services import drafts, evidence, revisions, sending

pytestmark = pytest.mark.timeout(300)
PROSE = "The tenant pays the rent on the second of every month."


def inserted(doctype: str, **values: Any) -> Any:
	for_writing()
	doc = frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)
	frappe.db.commit()
	return doc


def an_item() -> str:
	if not frappe.db.exists("Item", "Signflow rent"):
		group = frappe.get_all(
			"Item Group", filters={"is_group": 0}, pluck="name", limit=1, order_by="name asc"
		)
		inserted(
			"Item",
			item_code="Signflow rent",
			item_name="Signflow rent",
			item_group=group[0],
			stock_uom="Nos",
			is_stock_item=0,
		)
	return "Signflow rent"


def sold(house: House, doctype: str, **values: Any) -> Any:
	line = {
		"item_code": an_item(),
		"item_name": "Signflow rent",
		"description": PROSE,
		"qty": 1,
		"uom": "Nos",
		"conversion_factor": 1,
		"rate": 950,
		"delivery_date": add_days(nowdate(), 7),
	}
	return inserted(
		doctype,
		company=house.company,
		transaction_date=nowdate(),
		order_type="Sales",
		status="Draft",
		currency="EUR",
		conversion_rate=1,
		items=[line],
		**values,
	)


def a_quotation(house: House) -> Any:
	return sold(house, "Quotation", quotation_to="Customer", party_name=house.customer)


def a_sales_order(house: House) -> Any:
	return sold(house, "Sales Order", customer=house.customer, delivery_date=add_days(nowdate(), 7))


def a_contract(house: House) -> Any:
	return inserted(
		"Contract",
		party_type="Customer",
		party_name=house.customer,
		contract_terms=PROSE,
		start_date=nowdate(),
		end_date=add_days(nowdate(), 365),
	)


RECORDS = {"Quotation": a_quotation, "Sales Order": a_sales_order, "Contract": a_contract}


def prefilled(house: House, doc: Any, role: str = "owner") -> Any:
	return house.as_user(role).post(
		f"{house.web}/api/method/signflow.api.requests.prefill",
		json={"doctype": doc.doctype, "name": doc.name},
		timeout=TIMEOUT,
	)


def completed(request: str) -> None:
	eventually(
		lambda: frappe.db.get_value("Signature Request", request, "status") == "Completed",
		f"{request} is completed",
		60,
	)


def files_of(doctype: str, name: str) -> list[str]:
	filters = {"attached_to_doctype": doctype, "attached_to_name": name}
	return frappe.get_all("File", filters=filters, pluck="file_url", order_by="creation asc")


def notes_on(customer: str) -> list[str]:
	filters = {"reference_doctype": "Customer", "reference_name": customer, "comment_type": "Info"}
	return frappe.get_all("Comment", filters=filters, pluck="content", order_by="creation asc")


def counted(customer: str) -> int:
	from frappe.desk.notifications import get_open_count

	groups = frappe.get_meta("Customer").get_dashboard_data().transactions
	assert any("Signature Request" in group["items"] for group in groups)
	# As the form asks: for the connections that it shows.
	found = get_open_count("Customer", customer, json.dumps(["Signature Request"]))["count"]
	# It leaves its limit of a second on the connection, which a request of its own would end with.
	# On SQLite it is for how long a write waits for another's: as long as every connection does.
	frappe.db.set_execution_timeout(0 if frappe.db.db_type == "mariadb" else 20)
	return next(
		(row["count"] for row in found["external_links_found"] if row["doctype"] == "Signature Request"), 0
	)


def text_in(data: bytes) -> str:
	from pypdf import PdfReader

	return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


def test_the_dialog_starts_with_the_customers_contacts_and_files(house: House) -> None:
	for name, data in (("contract.pdf", a_pdf()), ("notes.txt", b"notes")):
		inserted(
			"File",
			file_name=f"{house.key}-{name}",
			is_private=1,
			content=data,
			attached_to_doctype="Customer",
			attached_to_name=house.customer,
		)
	customer = frappe.get_doc("Customer", house.customer)
	start = prefilled(house, customer).json()["message"]
	assert start["customer"] == house.customer and start["company"] == house.company
	assert [(row["signer_name"], row["email"]) for row in start["contacts"]] == [
		("Maija Meri", house.maija.mail),
		("Matti Mäki", house.matti.mail),
	]
	assert [row["file_name"] for row in start["attachments"]] == [f"{house.key}-contract.pdf"]
	assert start["print_formats"] == []
	assert prefilled(house, customer, "outsider").status_code == 403


@pytest.mark.parametrize("doctype", RECORDS)
def test_a_record_is_printed_and_signed(house: House, doctype: str) -> None:
	record = RECORDS[doctype](house)
	start = drafts.prefill(record)
	assert start["customer"] == house.customer
	assert house.maija.mail in [row["email"] for row in start["contacts"]]
	assert "Standard" in start["print_formats"] and record.name in start["title"]
	for_writing()
	request = drafts.create_request(
		title=start["title"],
		company=house.company,
		customer=start["customer"],
		reference_doctype=record.doctype,
		reference_name=record.name,
		documents=[{"title": start["title"], "print_format": "Standard"}],
		signers=[{"signer_name": house.maija.name, "email": house.maija.mail}],
		language="en",
	)
	sending.send_request(request.name)
	frozen = frappe.get_doc("Sealed Revision", f"{request.name}-{request.documents[0].name}-0")
	shown = text_in(bytes_of(frozen))
	assert PROSE in shown and house.maija.name in shown, shown
	before = frozen.sha256
	frappe.db.set_value(record.doctype, record.name, "modified_by", "Administrator")
	assert frappe.db.get_value("Sealed Revision", frozen.name, "sha256") == before


@pytest.mark.parametrize("submitted", [False, True], ids=["draft", "submitted"])
def test_an_erpnext_contract_is_marked_signed(house: House, submitted: bool) -> None:
	contract = a_contract(house)
	if submitted:
		for_writing()
		contract.submit()
		frappe.db.commit()
	assert counted(house.customer) == 0
	request = house.sends(house.maija, reference_doctype="Contract", reference_name=contract.name)
	assert counted(house.customer) == 1
	house.maija.goes_all_the_way()
	completed(request.name)
	contract.reload()
	assert contract.is_signed and contract.signee == house.maija.name and contract.signed_on
	assert contract.docstatus == int(submitted)
	if submitted and hasattr(contract, "update_contract_status"):
		assert contract.status == "Active", "as ERPNext reckons it"
	finals = [row.file_url for row in revisions.final_revisions(request.name)]
	for doctype, name in (("Customer", house.customer), ("Contract", contract.name)):
		assert set(finals) <= set(files_of(doctype, name)), (
			"the signed file and the report lie under the record"
		)
	assert [text for text in notes_on(house.customer) if "Maija Meri" in text and request.name in text]


def test_a_confidential_request_leaves_no_copy_and_no_name(house: House) -> None:
	contract = a_contract(house)
	request = house.sends(
		house.maija, confidential=1, reference_doctype="Contract", reference_name=contract.name
	)
	house.maija.opens()
	document = request.documents[0].name
	assert house.maija.browser.refused("document", document=document)["code"] == "not_identified"
	house.maija.identifies()
	house.maija.signs()
	completed(request.name)
	assert files_of("Customer", house.customer) == [] and files_of("Contract", contract.name) == []
	notes = notes_on(house.customer)
	assert notes and not [text for text in notes if "Maija" in text or house.key in text], notes
	mail = house.mailbox.wait_for(house.maija.mail, subject="Signed:")
	assert attachments_of(mail) == {} and "Fetch my copy" in text_of(mail)
	desk = house.as_user("colleague")
	for verb in ("timeline", "download", "verify_chain"):
		answer = desk.get(
			f"{house.web}/api/method/signflow.api.requests.{verb}",
			params={"name": request.name},
			timeout=TIMEOUT,
		)
		assert answer.status_code == 403, verb


def test_a_customer_that_is_renamed_or_merged_keeps_its_requests(house: House) -> None:
	first = house.sends(house.maija)
	renamed = f"Uusi {house.key} Oy"
	for_writing()
	frappe.rename_doc("Customer", house.customer, renamed, force=True, show_alert=False)
	frappe.db.commit()
	assert frappe.db.get_value("Signature Request", first.name, "customer") == renamed
	group, territory = frappe.db.get_value("Customer", renamed, ["customer_group", "territory"])
	other = inserted(
		"Customer",
		customer_name=f"Yhdistetty {house.key} Oy",
		customer_type="Company",
		customer_group=group,
		territory=territory,
	).name
	second = house.sends(house.matti, customer=other)
	for_writing()
	frappe.rename_doc("Customer", renamed, other, merge=True, force=True, show_alert=False)
	frappe.db.commit()
	for request in (first, second):
		assert frappe.db.get_value("Signature Request", request.name, "customer") == other
		assert evidence.verify(request.name).ok
		for_writing()
		frappe.get_doc("Signature Request", request.name).save()
	frappe.db.commit()
	assert counted(other) == 2
	house.subject = second.title
	assert house.matti.opens()["state"] == "open"


def test_deleting_a_companys_transactions_leaves_evidence_alone() -> None:
	ours = frappe.get_all(
		"DocType", filters={"module": "Signflow", "issingle": 0}, pluck="name", order_by="name asc"
	)
	assert ours and set(ours) <= set(frappe.get_hooks("company_data_to_be_ignored"))
