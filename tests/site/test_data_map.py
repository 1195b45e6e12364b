"""The map of personal data on a site: what it finds, who decides, who is told, and what the content scan sees."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import asking
import frappe
import pytest
from house import TIMEOUT, House, as_program, for_writing
from stage import eventually

from signflow.core.privacy.datamap import Holds
from signflow.services.privacy import content_scan, data_map

HETU = "131052-308T"


def an_officer() -> str:
	"""An officer who sells too."""
	return asking.an_officer("signflow-selling-officer@testi.example", "Sales User")


def a_custom_field(doctype: str, **values: Any) -> str:
	"""A field that a person adds by Customize Form; its name."""
	fieldname = f"custom_{uuid.uuid4().hex[:8]}"
	for_writing()
	doc = frappe.get_doc(
		{"doctype": "Custom Field", "dt": doctype, "fieldname": fieldname, "fieldtype": "Data", **values}
	)
	# What else is wrong with the DocType (links to apps that are not there) is not this field's.
	doc.flags.ignore_validate = True
	doc.insert()
	frappe.db.commit()
	return fieldname


def a_doctype(*fields: dict[str, Any], **values: Any) -> str:
	"""A custom DocType; its name."""
	name = f"Sf Made {uuid.uuid4().hex[:8]}"
	for_writing()
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": name,
			"module": "Signflow Privacy",
			"custom": 1,
			"autoname": "hash",
			"fields": [{"fieldtype": "Data", **one} for one in fields],
			"permissions": [{"role": "System Manager", "read": 1, "write": 1, "create": 1}],
			**values,
		}
	).insert()
	frappe.db.commit()
	return name


def row(doctype: str, fieldname: str) -> Any:
	frappe.db.rollback()
	name = frappe.db.get_value("Personal Data Field", {"document_type": doctype, "fieldname": fieldname})
	return name and frappe.get_doc("Personal Data Field", name)


def in_map(doctype: str, fieldname: str) -> bool:
	frappe.db.rollback()
	found = data_map.load()
	return doctype in found and fieldname in found[doctype].fields


def told(user: str) -> list[str]:
	"""The notices about the map that a user has not read."""
	frappe.db.rollback()
	return frappe.get_all(
		"Notification Log", unread(user), pluck="subject", order_by="creation asc, name asc"
	)


def unread(user: str) -> dict[str, Any]:
	return {"for_user": user, "document_type": "Personal Data Field", "read": 0}


def reads_all(user: str) -> None:
	for_writing()
	for name in frappe.get_all("Notification Log", unread(user), pluck="name", order_by="name asc"):
		frappe.db.set_value("Notification Log", name, "read", 1)
	frappe.db.commit()


@pytest.fixture
def made() -> Iterator[list[str]]:
	"""DocTypes that a test makes, which go with it."""
	names: list[str] = []
	yield names
	frappe.set_user("Administrator")
	frappe.db.rollback()
	for name in names:
		for_writing()
		frappe.delete_doc("DocType", name)
		frappe.db.commit()


def call(house: House, user: str | None, method: str, **values: Any) -> Any:
	return as_program(house.web, user).post(
		f"{house.web}/api/method/signflow.api.data_map.{method}", json=values, timeout=TIMEOUT
	)


def test_the_map_knows_what_every_site_has(site: str) -> None:
	found = data_map.load()
	assert found["Contact"].fields["first_name"].holds is Holds.NAME
	assert found["Contact Email"].parents == ("Contact",) and found["Contact Email"].is_child
	assert found["Customer"].fields["customer_primary_contact"].target == "Contact"
	assert found["Comment"].fields["reference_name"].type_field == "reference_doctype"
	assert found["Version"].fields["docname"].type_field == "ref_doctype"
	assert (found["User"].named_by, found["Contact"].named_by) == ("email", "full_name")
	assert found["Signature Request Signer"].fields["email"].holds is Holds.EMAIL
	for nobodys in ("DocType", "Print Format", "Item Group", "Currency"):
		assert nobodys not in found and nobodys in found.tables
	assert found.tables["Contact Email"] is True and found.tables["Note"] is False
	assert "System Settings" not in found.tables
	# Of what we bring ourselves nothing is left for the house to decide.
	ours = frappe.get_all("Custom Field", {"fieldname": ["like", "signflow%"]}, pluck="fieldname")
	open_ = {"mark": "To Decide", "fieldname": ["in", ours]}
	assert ours and not frappe.get_all("Personal Data Field", open_, ["document_type", "fieldname"])


def test_a_new_field_that_looks_personal_is_told_once_and_counts_until_decided(house: House) -> None:
	officer = an_officer()
	reads_all(officer)
	names = [
		a_custom_field("Customer", label="Lapsen henkilötunnus"),
		a_custom_field("Customer", label="Väri"),
	]
	hetu = names[0]
	found = eventually(lambda: row("Customer", hetu), "a worker puts the new field into the map")
	assert (found.mark, found.holds, found.origin) == ("To Decide", "Personal Identity Code", "Found")
	assert "Lapsen henkilötunnus" in found.reason and row("Customer", names[1]) is None
	assert in_map("Customer", hetu)
	news = told(officer)
	assert len(news) == 1 and f"Customer.{hetu}" in news[0]
	# The next scans have nothing to tell.
	reads_all(officer)
	assert data_map.scan() == [] and told(officer) == []

	frappe.set_user(officer)
	found.mark = "Not Personal"
	found.save()
	frappe.db.commit()
	frappe.set_user("Administrator")
	assert not in_map("Customer", hetu)
	decided = row("Customer", hetu)
	assert (decided.origin, decided.decided_by) == ("By Hand", officer) and decided.decided_on
	for_writing()
	data_map.scan()
	assert row("Customer", hetu).mark == "Not Personal"
	for_writing()
	frappe.delete_doc("Custom Field", f"Customer-{hetu}")
	frappe.db.commit()
	eventually(lambda: row("Customer", hetu).gone, "the map knows that the field is gone")


def test_several_new_fields_are_one_notice(house: House) -> None:
	officer = an_officer()
	reads_all(officer)
	for_writing()
	names = [f"custom_{uuid.uuid4().hex[:8]}" for _ in range(6)]
	for name in names:
		frappe.get_doc(
			{"doctype": "Custom Field", "dt": "Note", "fieldname": name, "label": name, "options": "Email"}
		).insert()
	frappe.db.commit()
	eventually(lambda: row("Note", names[-1]), "the fields are in the map")
	news = eventually(lambda: told(officer), "the officer is told")
	# One scan may find all six, or each of several some: the newest are named.
	assert len(news) == 1 and any(f"Note.{name}" in news[0] for name in names) and " more." in news[0]


def test_custom_doctypes_are_mapped_with_their_tables(house: House, made: list[str]) -> None:
	child = a_doctype({"fieldname": "sposti", "label": "Sähköposti"}, istable=1)
	parent = a_doctype(
		{"fieldname": "nimi", "label": "Etunimi"},
		{"fieldname": "party_type", "fieldtype": "Link", "options": "DocType"},
		{"fieldname": "party", "fieldtype": "Dynamic Link", "options": "party_type"},
		{"fieldname": "asiakas", "fieldtype": "Link", "options": "Customer"},
		{"fieldname": "kuvaus", "fieldtype": "Text"},
		{"fieldname": "maara", "fieldtype": "Int"},
		{"fieldname": "rivit", "fieldtype": "Table", "options": child},
		autoname="field:nimi",
	)
	made += [parent, child]
	eventually(lambda: row(parent, "nimi") and row(child, "sposti"), "both are in the map")
	found = data_map.load()
	fields = found[parent].fields
	assert {name: one.holds for name, one in fields.items()} == {
		"nimi": Holds.NAME,
		"party": Holds.PERSON,
		"asiakas": Holds.PERSON,
		"kuvaus": Holds.TEXT,
	}
	assert list(fields) == ["nimi", "party", "asiakas", "kuvaus"]
	assert (fields["party"].type_field, fields["asiakas"].target) == ("party_type", "Customer")
	assert (found[child].parents, found[parent].named_by) == ((parent,), "nimi")


def test_what_customize_form_changes_is_followed(house: House, made: list[str]) -> None:
	doctype = a_doctype({"fieldname": "thing", "label": "Thing"})
	made.append(doctype)
	assert row(doctype, "thing") is None
	for_writing()
	setter = frappe.get_doc(
		{
			"doctype": "Property Setter",
			"doctype_or_field": "DocField",
			"doc_type": doctype,
			"field_name": "thing",
			"property": "options",
			"property_type": "Text",
			"value": "Email",
		}
	).insert()
	frappe.db.commit()
	eventually(lambda: row(doctype, "thing"), "a changed option is seen")
	for_writing()
	setter.delete()
	frappe.db.commit()
	eventually(
		lambda: row(doctype, "thing") is None, "what nobody decided goes when it looks personal no more"
	)


def test_a_person_adds_a_field_that_no_guess_names_but_none_that_is_not_there(house: House) -> None:
	frappe.set_user(an_officer())
	values = {"doctype": "Personal Data Field", "document_type": "Item", "mark": "Personal", "holds": "Other"}
	for_writing()
	with pytest.raises(frappe.ValidationError, match="no field nowhere"):
		frappe.get_doc({**values, "fieldname": "nowhere"}).insert()
	field = frappe.get_doc({**values, "fieldname": "item_name", "origin": "Preset"}).insert()
	frappe.db.commit()
	assert (field.name, field.origin, field.label) == ("Item-item_name", "By Hand", "Item Name")
	assert in_map("Item", "item_name")
	for_writing()
	field.delete()
	frappe.db.commit()
	assert not in_map("Item", "item_name")


def test_a_name_that_a_renamed_doctype_left_is_taken_again(house: House, made: list[str]) -> None:
	name = a_doctype({"fieldname": "sposti", "options": "Email"})
	made.append(name)
	left = eventually(lambda: row(name, "sposti"), "the field is in the map").name
	for_writing()  # as Frappe does when a DocType is renamed: the link follows, the row's name stays
	frappe.db.set_value("Personal Data Field", left, "document_type", f"{name} Old")
	frappe.db.commit()
	data_map.scan()
	again = row(name, "sposti")
	assert again.name.startswith(f"{left}-") and in_map(name, "sposti")
	assert row(f"{name} Old", "sposti").gone


def test_who_may_ask(house: House) -> None:
	officer = an_officer()
	field = "Contact-first_name"
	for user, status in (
		(officer, 200),
		(house.users["manager"], 200),
		(house.users["owner"], 403),
		(None, 403),
	):
		assert call(house, user, "scan_now").status_code == status, user
	for user in (house.users["manager"], house.users["operator"], None):
		assert call(house, user, "scan_contents").status_code == 403
		assert call(house, user, "rows_with_finds", field=field).status_code == 403
		assert call(house, user, "decide", fields=[field], mark="Not Personal").status_code == 403
	assert row("Contact", "first_name").mark == "Personal"
	assert call(house, officer, "decide", fields=[field], mark="Not Personal").status_code == 200
	assert not in_map("Contact", "first_name")
	assert call(house, officer, "decide", fields=[field], mark="Personal").status_code == 200
	assert in_map("Contact", "first_name")
	# What was never said to hold anything is not personal by a click.
	assert call(house, officer, "decide", fields=["Company-email"], mark="Personal").status_code == 417


def test_the_services_fields_are_not_written_from_outside(house: House) -> None:
	officer = an_officer()
	answer = as_program(house.web, officer).put(
		f"{house.web}/api/resource/Personal Data Field/Contact-last_name",
		json={"origin": "Found", "reason": "x", "finds": "x", "rows_with_finds": 9, "type_field": "x"},
		timeout=TIMEOUT,
	)
	assert answer.status_code == 200, answer.text[:500]
	kept = row("Contact", "last_name")
	assert (kept.origin, kept.finds, kept.rows_with_finds, kept.type_field) == ("Preset", None, 0, "")


# The content scan


def scanned(name: str) -> Any:
	def ended() -> Any:
		status = frappe.db.get_value("Content Scan", name, "status")
		return status not in ("Queued", "Running") and frappe.get_doc("Content Scan", name)

	return eventually(ended, "the scan ends")


def insert(doctype: str, **values: Any) -> Any:
	return frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)


def test_codes_in_wrong_places_are_found_and_never_copied(house: House, made: list[str]) -> None:
	officer = an_officer()
	doctype = a_doctype(
		{"fieldname": "code", "label": "Code"},
		{"fieldname": "colour", "label": "Colour"},
		{"fieldname": "mail", "label": "Mail", "options": "Email"},
	)
	made.append(doctype)
	eventually(lambda: row(doctype, "mail"), "the DocType is mapped")
	for_writing()
	planted = insert(doctype, code=HETU, colour="red", mail="maija@posti.fi")
	insert(doctype, code="123456", colour="040 123 4567", mail=f"maija.{HETU}@posti.fi")
	insert("Customer", customer_name=f"Meri {HETU} {house.key}", customer_type="Individual")
	insert("Note", title=house.key, content=f"<p>Maija, {HETU}, 040 123 4567</p>")
	line = frappe.get_doc(
		{"doctype": "Erasure Plan Line", "record_doctype": "User", "record_name": "maija@posti.fi"}
	)
	line.name = frappe.generate_hash(length=10)
	line.db_insert()
	frappe.db.commit()
	reads_all(officer)
	scan = scanned(call(house, officer, "scan_contents").json()["message"])
	assert (scan.status, scan.failure) == ("Done", None)
	assert scan.doctypes_done > 50 and scan.rows_scanned > 4 and scan.fields_with_finds >= 4

	code = row(doctype, "code")
	assert (code.mark, code.origin, code.holds) == ("To Decide", "Content Scan", "Personal Identity Code")
	assert (code.scanned_rows, code.rows_with_finds, code.finds) == (2, 1, "Personal Identity Code: 1")
	assert row(doctype, "colour").finds == "Phone: 1"
	mail = row(doctype, "mail")
	assert mail.finds == "Personal Identity Code: 1"  # a mail where mails belong is no find
	assert "Personal Identity Code" in row("Customer", "customer_name").finds
	assert row("Customer", "customer_name").mark == "Personal"
	assert "Personal Identity Code" in row("Note", "content").finds
	named = {"document_type": line.doctype, "fieldname": "record_name"}
	assert not frappe.db.get_value("Personal Data Field", named, "finds")  # what is planned is listed there
	news = told(officer)
	assert len(news) == 1 and f"{doctype}.co" in news[0]

	# The values are nowhere but where they were.
	for table in ("Personal Data Field", "Content Scan", "Notification Log"):
		frappe.db.rollback()
		assert HETU not in frappe.as_json(frappe.get_all(table, fields=["*"], order_by="name asc")), table

	# Which records: only those that the asker may read.
	found = call(house, officer, "rows_with_finds", field=code.name).json()["message"]
	assert found == {"rows": [], "unreadable": 1, "is_all": True}
	for_writing()
	insert("Custom DocPerm", parent=doctype, role="Data Protection Officer", read=1)
	frappe.db.commit()
	frappe.clear_cache(doctype=doctype)
	found = call(house, officer, "rows_with_finds", field=code.name).json()["message"]
	assert found["rows"] == [{"doctype": doctype, "name": planted.name, "kinds": ["Personal Identity Code"]}]
	# A scan's finding is kept by the scan for new fields; a decision by hand keeps the finds beside it.
	assert data_map.scan() == [] and row(doctype, "code").origin == "Content Scan"


def test_a_large_table_is_searched_in_batches_through_a_stop_and_a_lost_worker(
	house: House, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
	doctype = a_doctype({"fieldname": "text", "fieldtype": "Small Text"})
	made.append(doctype)
	for_writing()
	now = frappe.utils.now_datetime()
	texts = [f"Rivi {place}: {HETU if place % 100 == 0 else 'ei mitään, 123 456'}" for place in range(5500)]
	frappe.db.bulk_insert(
		doctype,
		["name", "text", "creation", "modified"],
		[[f"{place:05}", text, now, now] for place, text in enumerate(texts)],
		chunk_size=500,
	)
	frappe.db.commit()
	# Nobody is woken: the test is the worker.
	monkeypatch.setattr(content_scan, "wake", lambda name: None)
	monkeypatch.setattr(content_scan, "JOB_SECONDS", 0.000001)
	name = content_scan.start(doctype, 0)
	content_scan.run(name)
	half = frappe.get_doc("Content Scan", name)
	assert (half.status, half.rows_scanned, half.lease_until) == ("Running", 1000, None)
	for_writing()  # a worker that died holds the lease until it ends
	frappe.db.set_value("Content Scan", name, "lease_until", frappe.utils.add_to_date(now, minutes=3))
	frappe.db.commit()
	content_scan.run(name)
	assert frappe.db.get_value("Content Scan", name, "rows_scanned") == 1000
	for_writing()
	frappe.db.set_value("Content Scan", name, "lease_until", frappe.utils.add_to_date(now, minutes=-3))
	frappe.db.commit()
	monkeypatch.setattr(content_scan, "JOB_SECONDS", 60)
	began = time.perf_counter()
	content_scan.run(name)
	print(f"{4500 / (time.perf_counter() - began):.0f} rows per second")
	done = scanned(name)
	assert (done.status, done.rows_scanned, done.fields_with_finds) == ("Done", 5500, 1)
	assert row(doctype, "text").finds == "Personal Identity Code: 55"
	assert json.loads(done.state) == {}

	name = content_scan.start(doctype, 0)
	content_scan.stop(name)
	content_scan.run(name)
	stopped = frappe.get_doc("Content Scan", name)
	assert (stopped.status, stopped.rows_scanned, stopped.work_due) == ("Stopped", 0, 0)
	name = content_scan.start(doctype, 300)
	content_scan.run(name)
	assert frappe.db.get_value("Content Scan", name, ["status", "rows_scanned"]) == ("Done", 300)
