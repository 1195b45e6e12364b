"""Data out: who gets the answers to a form, in which types, and that it was written down."""

import csv
import io
import json
import zipfile
from datetime import date, datetime, time
from typing import Any

import frappe
import openpyxl
import pytest
import requests
from form_stage import FORM_FIELDS, a_form, a_submission, erase
from forms import FormPage, a_signable_form, submissions_of
from house import TIMEOUT, House, as_program, for_writing
from stage import eventually

from signflow.services import exports

pytestmark = pytest.mark.timeout(300)


def ask(
	session: requests.Session, house: House, form: Any, file_type: str, **values: Any
) -> requests.Response:
	return session.post(
		f"{house.web}/api/method/signflow.api.exports.export",
		json={"form": form.name, "file_type": file_type, **values},
		timeout=TIMEOUT,
	)


def got(response: requests.Response) -> bytes:
	assert response.status_code == 200, response.text[:2000]
	assert "attachment" in response.headers["Content-Disposition"]
	return response.content


def looks(form: Any) -> list[Any]:
	frappe.db.rollback()
	return frappe.get_all(
		"Access Log",
		filters={"export_from": "Signable Form", "reference_document": form.name},
		fields=["user", "file_type", "method", "filters"],
		order_by="creation asc",
	)


@pytest.mark.parametrize(
	("who", "status"),
	[("manager", 200), ("owner", 200), ("colleague", 403), ("outsider", 403), ("operator", 403), (None, 403)],
)
def test_only_managers_and_the_responsible_user_get_the_answers(
	house: House, who: str | None, status: int
) -> None:
	form = a_form(house)
	submission = a_submission(form)
	caller = as_program(house.web, house.users[who] if who else None)
	for file_type in exports.MIME_TYPES:
		answer = ask(caller, house, form, file_type)
		assert answer.status_code == status, (file_type, answer.text[:500])
	shown = caller.post(
		f"{house.web}/api/method/signflow.api.exports.answers",
		json={"submission": submission.name},
		timeout=TIMEOUT,
	)
	assert shown.status_code == status, shown.text[:500]
	assert len(looks(form)) == (5 if status == 200 else 0)


def test_an_access_is_written_down_without_personal_data(house: House) -> None:
	form = a_form(house)
	a_submission(form, submitted_on="2026-03-05 12:00:00")
	a_submission(form, submitted_on="2026-03-06 12:00:00")
	caller = as_program(house.web, house.users["manager"])
	got(ask(caller, house, form, "XLSX", from_date="2026-03-01", to_date="2026-03-31"))
	(line,) = looks(form)
	assert (line.user, line.file_type, line.method) == (house.users["manager"], "XLSX", "Export")
	assert json.loads(line.filters) == {"since": "2026-03-01", "until": "2026-03-31", "submissions": 2}


def test_the_period_has_its_first_and_last_day_in_it(house: House) -> None:
	form = a_form(house)
	moments = (
		"2026-03-01 00:00:00.000000",
		"2026-03-31 23:59:59.5",
		"2026-02-28 23:59:59.9",
		"2026-04-01 00:00:00.000000",
		None,
	)
	first, last, *_others = [a_submission(form, submitted_on=moment).name for moment in moments]
	caller = as_program(house.web, house.users["manager"])
	found = json.loads(got(ask(caller, house, form, "JSON", from_date="2026-03-01", to_date="2026-03-31")))
	assert [row["submission"] for row in found["submissions"]] == [first, last]
	assert (found["from"], found["to"]) == ("2026-03-01", "2026-03-31")
	# What was never submitted is no submission, whatever the period.
	assert len(json.loads(got(ask(caller, house, form, "JSON")))["submissions"]) == 4


@pytest.mark.parametrize(
	("values", "said"),
	[
		({"from_date": "1.3.2026"}, "is not a date"),
		({"from_date": "2026-03-02", "to_date": "2026-03-01"}, "ends before it begins"),
		({"from_date": "1999-01-01", "to_date": "1999-12-31"}, "Nothing was submitted"),
		({"file_type": "DOCX"}, "no export as DOCX"),
	],
)
def test_what_cannot_be_exported_is_said_plainly(house: House, values: dict[str, str], said: str) -> None:
	form = a_form(house)
	a_submission(form)
	caller = as_program(house.web, house.users["manager"])
	answer = ask(caller, house, form, **{"file_type": "CSV", **values})
	assert answer.status_code == 417 and said in answer.text, answer.text[:500]
	assert not looks(form)


def test_json_has_each_value_in_its_type(house: House) -> None:
	form = a_form(house)
	a_submission(form, submitted_on="2026-03-05 12:00:00", language="fi", origin="https://www.example.com")
	found = json.loads(got(ask(as_program(house.web, house.users["manager"]), house, form, "JSON")))
	(row,) = found["submissions"]
	answers = row["answers"]
	assert answers["full_name"] == "=Maija & Meri" and answers["phone"] == "0401234567"
	assert answers["seats"] == 3 and isinstance(answers["seats"], int)
	assert answers["price"] == 1234.5 and answers["agreed"] is True
	assert answers["starts"] == "2026-12-24" and answers["hour"] == "09:30:00"
	assert datetime.fromisoformat(answers["meeting"]).utcoffset() is not None
	assert datetime.fromisoformat(row["submitted_on"]).utcoffset() is not None
	assert answers["attachment"] == {"file_name": "kuva.png", "size": 4}
	assert [item["label"] for item in answers["items"]] == ["Ikkuna", "-Ovi"]
	assert answers["items"][0]["amount"] == 12.25
	assert answers["left_out_later"] == "still here"
	assert [one["fieldname"] for one in found["fields"]] == [one["fieldname"] for one in FORM_FIELDS]
	assert row["language"] == "fi" and row["origin"] == "https://www.example.com"


@pytest.mark.parametrize(
	("language", "separator", "price"), [("fi", ";", "1234,5"), ("sv", ";", "1234,5"), ("en", ",", "1234.5")]
)
def test_csv_opens_in_a_spreadsheet_of_that_language_and_runs_no_formula(
	house: House, language: str, separator: str, price: str
) -> None:
	form = a_form(house)
	bad = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1+1")
	for text in bad:
		a_submission(form, full_name=text, price=-5)
	a_submission(form)
	data = got(ask(as_program(house.web, house.users["manager"]), house, form, "CSV", language=language))
	assert data.startswith(b"\xef\xbb\xbf")
	rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))
	name = next(heading for heading in rows[0] if "(full_name)" in heading)
	cost = next(heading for heading in rows[0] if "(price)" in heading)
	assert [row[name] for row in rows[:-1]] == [f"'{text}" for text in bad]
	assert rows[0][cost].startswith("-5") and rows[-1][cost] == price
	for row in rows:
		for heading, value in row.items():
			assert heading == cost or not value.startswith(("=", "+", "-", "@", "\t", "\r")), (heading, value)


def test_xlsx_has_each_cell_in_its_type_and_tables_on_sheets_of_their_own(house: House) -> None:
	form = a_form(house)
	submission = a_submission(form, submitted_on="2026-03-05 12:00:00")
	data = got(ask(as_program(house.web, house.users["manager"]), house, form, "XLSX"))
	book = openpyxl.load_workbook(io.BytesIO(data))
	sheet = book.worksheets[0]
	assert sheet.freeze_panes == "A2"
	headings = [cell.value for cell in sheet[1]]
	cells = {
		heading.rpartition("(")[2].rstrip(")") if "(" in heading else heading: cell
		for heading, cell in zip(headings, sheet[2], strict=True)
	}
	assert cells["Submission"].value == submission.name
	assert headings.index("Full Name (full_name)") == 8
	assert cells["full_name"].value == "=Maija & Meri" and cells["full_name"].data_type == "s"
	assert cells["phone"].value == "0401234567" and cells["phone"].data_type == "s"
	assert cells["seats"].value == 3 and cells["seats"].data_type == "n"
	assert cells["price"].value == 1234.5 and cells["price"].number_format == "#,##0.00"
	assert cells["agreed"].value is True and cells["agreed"].data_type == "b"
	assert cells["starts"].is_date and cells["starts"].value == datetime(2026, 12, 24)
	assert cells["meeting"].is_date and cells["meeting"].value == datetime(2026, 12, 24, 10, 15)
	assert cells["hour"].value == time(9, 30)
	assert cells["attachment"].value == "kuva.png"
	assert cells["items"].value == 2
	assert "left_out_later" in cells["Other Answers"].value
	submitted = sheet[2][2]
	assert submitted.is_date and submitted.value == datetime(2026, 3, 5, 12)
	assert sheet.column_dimensions["A"].width >= 12
	items = book.worksheets[1]
	assert items.title == "Items" and items.freeze_panes == "A2"
	rows = [[cell.value for cell in row] for row in items.iter_rows(min_row=2)]
	assert [row[:2] for row in rows] == [[submission.name, 1], [submission.name, 2]]
	assert rows[0][2:4] == ["Ikkuna", 12.25] and rows[1][2] == "-Ovi"
	assert all(cell.data_type != "f" for one in book.worksheets for row in one.iter_rows() for cell in row)


def test_a_long_text_and_strange_characters_do_not_break_a_workbook(house: House) -> None:
	form = a_form(house)
	a_submission(
		form, full_name="\x00\x0bA\x1f" + "a" * 40_000, starts="1850-05-05", price="free", seats="2.5"
	)
	caller = as_program(house.web, house.users["manager"])
	data = got(ask(caller, house, form, "XLSX"))
	values = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0][2]]
	text = next(value for value in values if isinstance(value, str) and value.startswith("Aaa"))
	assert len(text) == 32_767 and "whole in JSON" in text
	assert "1850-05-05" in values and "free" in values and "2.5" in values
	(row,) = json.loads(got(ask(caller, house, form, "JSON")))["submissions"]
	assert len(row["answers"]["full_name"]) == 40_004 and row["answers"]["price"] == "free"


def test_erased_and_unreadable_answers_are_said_as_such(house: House) -> None:
	form = a_form(house)
	kept, erased, unreadable = (a_submission(form).name for _number in range(3))
	erase(erased)
	for_writing()
	frappe.db.set_value("Form Submission", unreadable, "answers", "gAAAAAB-of-another-key")
	frappe.db.commit()
	caller = as_program(house.web, house.users["manager"])
	rows = {
		row["submission"]: row for row in json.loads(got(ask(caller, house, form, "JSON")))["submissions"]
	}
	assert rows[kept]["answers_state"] == "kept" and rows[kept]["answers"]
	assert (rows[erased]["answers_state"], rows[erased]["answers"]) == ("erased", None)
	assert (rows[unreadable]["answers_state"], rows[unreadable]["answers"]) == ("unreadable", None)
	table = csv.DictReader(
		io.StringIO(got(ask(caller, house, form, "CSV", language="en")).decode("utf-8-sig"))
	)
	assert {row["Submission"]: row["Answers"] for row in table} == {
		kept: "Kept",
		erased: "Erased",
		unreadable: "Unreadable",
	}
	book = openpyxl.load_workbook(io.BytesIO(got(ask(caller, house, form, "XLSX"))))
	assert {row[0].value: row[7].value for row in book.worksheets[0].iter_rows(min_row=2)} == {
		kept: "Kept",
		erased: "Erased",
		unreadable: "Unreadable",
	}


def test_a_zip_has_the_signed_papers_and_for_managers_the_evidence(house: House) -> None:
	form = a_form(house)
	request = house.sends(house.maija)
	house.maija.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed", "completed"
	)
	signed = a_submission(form, request=request.name, status="Completed")
	plain = a_submission(form, full_name="../../etc/passwd")
	for who in ("manager", "owner"):
		data = got(ask(as_program(house.web, house.users[who]), house, form, "ZIP"))
		archive = zipfile.ZipFile(io.BytesIO(data))
		assert archive.testzip() is None
		names = archive.namelist()
		folder = next(name.partition("/")[0] for name in names if signed.name in name)
		assert folder == f"{date.today()}_{signed.name}" or folder.endswith(signed.name)
		pdfs = [name for name in names if name.startswith(folder) and name.endswith(".pdf")]
		assert len(pdfs) == 2 and all(archive.read(name).startswith(b"%PDF") for name in pdfs)
		assert (f"{folder}/evidence.json" in names) is (who == "manager")
		if who == "manager":
			assert json.loads(archive.read(f"{folder}/evidence.json"))
		answers = json.loads(archive.read(f"{folder}/answers.json"))
		assert answers["answers"]["seats"] == 3
		assert archive.read(f"{folder}/attachments/attachment-kuva.png") == b"\x89PNG"
		assert b"full_name" in archive.read("index.csv")
		assert any(plain.name in name for name in names)
		assert all(".." not in name.split("/") and not name.startswith("/") for name in names)
		assert "problems.txt" not in names


def test_a_lost_file_is_said_and_stops_nothing(house: House) -> None:
	form = a_form(house)
	request = house.sends(house.maija)
	submission = a_submission(form, request=request.name)
	url = frappe.db.get_value("Sealed Revision", {"request": request.name}, "file_url")
	path = frappe.get_site_path(url.lstrip("/"))
	with open(path, "rb") as stream:
		kept = stream.read()
	try:
		with open(path, "wb") as stream:
			stream.write(b"changed")
		data = got(ask(as_program(house.web, house.users["manager"]), house, form, "ZIP"))
	finally:
		with open(path, "wb") as stream:
			stream.write(kept)
	archive = zipfile.ZipFile(io.BytesIO(data))
	assert submission.name in archive.read("problems.txt").decode()


def test_a_large_export_is_made_by_a_worker_for_the_asker_alone_and_swept(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	form = a_form(house)
	for _number in range(3):
		a_submission(form)
	monkeypatch.setitem(exports.AT_ONCE, "XLSX", 2)
	manager = as_program(house.web, house.users["manager"])
	answer = ask(manager, house, form, "XLSX")
	assert answer.json()["message"] == {"submissions": 3}
	notice = eventually(
		lambda: frappe.db.get_value(
			"Notification Log",
			{"document_type": "Signable Form", "document_name": form.name},
			["for_user", "link", "subject"],
			as_dict=True,
		),
		"the asker is told",
	)
	assert notice.for_user == house.users["manager"] and "ready" in notice.subject
	data = manager.get(f"{house.web}{notice.link}", timeout=TIMEOUT)
	assert data.status_code == 200
	assert openpyxl.load_workbook(io.BytesIO(data.content)).worksheets[0].max_row == 4
	file = frappe.db.get_value(
		"File", {"file_url": notice.link}, ["name", "is_private", "owner"], as_dict=True
	)
	assert file.is_private and file.owner == house.users["manager"]
	for who in ("owner", "colleague", "operator", None):
		other = as_program(house.web, house.users[who] if who else None)
		assert other.get(f"{house.web}{notice.link}", timeout=TIMEOUT).status_code == 403, who
		listed = other.get(
			f"{house.web}/api/resource/File",
			params={"filters": json.dumps([["file_url", "=", notice.link]])},
			timeout=TIMEOUT,
		)
		assert listed.status_code in (401, 403) or not listed.json()["data"], who
	assert len(looks(form)) == 1
	exports.sweep()
	assert frappe.db.exists("File", file.name)
	for_writing()
	exports.sweep(older_than_days=0)
	frappe.db.commit()
	assert not frappe.db.exists("File", file.name)
	assert manager.get(f"{house.web}{notice.link}", timeout=TIMEOUT).status_code in (403, 404)


def test_what_a_person_filled_in_and_signed_is_in_the_export(house: House) -> None:
	form = a_signable_form(house)
	page = FormPage(house, form)
	person = page.submits(mobile_no="+358 40 123 4567", image="kuva.png,data:image/png;base64,iVBORw==")
	person.identifies()
	person.signs()
	eventually(lambda: submissions_of(form)[0].status == "Completed", "the record is made")
	caller = as_program(house.web, house.users["manager"])
	(row,) = json.loads(got(ask(caller, house, form, "JSON")))["submissions"]
	submission = submissions_of(form)[0]
	assert row["answers"]["mobile_no"] == "+358 40 123 4567"
	assert row["answers"]["image"] == {"file_name": "kuva.png", "size": 4}
	assert row["record"] == {"doctype": "Lead", "name": submission.record_name}
	assert row["signed_on"] <= row["completed_on"] and row["request"] == submission.request
	archive = zipfile.ZipFile(io.BytesIO(got(ask(caller, house, form, "ZIP"))))
	names = [name.partition("/")[2] for name in archive.namelist()]
	assert sum(name.endswith(".pdf") for name in names) == 2, names
	assert {"answers.json", "evidence.json", "attachments/image-kuva.png"} <= set(names), names


def test_answers_are_shown_on_demand(house: House) -> None:
	form = a_form(house)
	submission = a_submission(form)
	caller = as_program(house.web, house.users["owner"])
	shown = caller.post(
		f"{house.web}/api/method/signflow.api.exports.answers",
		json={"submission": submission.name},
		timeout=TIMEOUT,
	).json()["message"]
	texts = {row["fieldname"]: row["text"] for row in shown["answers"]}
	assert shown["state"] == "Kept"
	assert texts["full_name"] == "=Maija & Meri" and texts["agreed"] == "Yes" and texts["seats"] == "3"
	assert texts["items"].splitlines()[1] == "Label: -Ovi" and texts["attachment"] == "kuva.png"
	assert texts["left_out_later"] == "still here"
	(line,) = looks(form)
	assert line.method == "Show Answers" and json.loads(line.filters) == {"submission": submission.name}


def test_the_form_tells_its_counts_and_its_address(house: House) -> None:
	form = a_form(house)
	for status in ("Completed", "Completed", "Signing"):
		a_submission(form, status=status)
	for who, counts in (("owner", {"Completed": 2, "Signing": 1}), ("colleague", {})):
		caller = as_program(house.web, house.users[who])
		told = caller.get(
			f"{house.web}/api/method/signflow.api.signable_forms.overview",
			params={"form": form.name},
			timeout=TIMEOUT,
		).json()["message"]
		assert told["counts"] == counts and told["may_export"] is bool(counts)
		assert told["address"].endswith(told["route"]) and told["route"]


def test_the_fields_to_choose_from_are_for_those_who_set_up_forms(house: House) -> None:
	form = a_form(house)
	for who, status in (("manager", 200), ("owner", 403), ("outsider", 403), (None, 403)):
		answer = as_program(house.web, house.users[who] if who else None).get(
			f"{house.web}/api/method/signflow.api.signable_forms.fields",
			params={"web_form": form.web_form},
			timeout=TIMEOUT,
		)
		assert answer.status_code == status, answer.text[:300]
		if status == 200:
			assert [one["fieldname"] for one in answer.json()["message"]] == [
				one["fieldname"] for one in FORM_FIELDS
			]


def test_a_list_in_desk_shows_all_that_its_reader_may_see(house: House) -> None:
	"""Desk asks for the titles of links in a list, and newer Frappe then leaves out rows whose link is empty."""
	form = a_form(house)
	draft = a_submission(form, status="Draft", submitted_on=None)
	titles = []
	for df in frappe.get_meta("Form Submission").fields:
		linked = frappe.get_meta(df.options) if df.in_list_view and df.fieldtype == "Link" else None
		if linked and linked.show_title_field_in_link and linked.title_field:
			titles.append(f"{df.fieldname}.{linked.title_field} as {df.fieldname}_title")
	frappe.set_user(house.users["owner"])
	listed = frappe.get_list(
		"Form Submission", filters={"form": form.name}, fields=["name", *titles], order_by="name asc"
	)
	assert [row.name for row in listed] == [draft.name]
