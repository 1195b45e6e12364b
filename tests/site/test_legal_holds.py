"""A legal hold holds what it matched when it was placed and what came to match later, whatever is done to the record."""

from collections.abc import Callable, Iterator

import frappe
import pytest
from frappe.core.doctype.data_import.data_import import start_import
from frappe.utils import add_days, getdate
from house import House, another_company, as_program, for_writing
from personas import NOBODY
from retention_stage import (
	PROBE,
	a_hold,
	a_kind_of_record,
	a_probe,
	a_row,
	a_rule,
	an_officer,
	runs,
)

from signflow.services.privacy import checks, holds, keeping

# Held to by `test_nobody_writes_what_is_held`.
EXPECTATIONS = {"Legal Hold Record": {"remembered": {**NOBODY, "manager": "r", "officer": "r"}}}
OURS = ("Retention Rule", "Legal Hold", "Legal Hold Record", "Retention Run", "Retention Run Rule")
DISPUTE = frappe.as_json([[PROBE, "title", "=", "Dispute"]])


@pytest.fixture(autouse=True)
def clean(house: House) -> Iterator[None]:
	"""No rule, no hold and no record of another test; records of the kind can be renamed, merged and imported."""
	a_kind_of_record()
	_empty()
	frappe.db.set_value("DocType", PROBE, {"allow_rename": 1, "allow_import": 1})
	frappe.db.commit()
	frappe.clear_cache(doctype=PROBE)
	yield
	frappe.db.rollback()
	_empty()


def _empty() -> None:
	for_writing()
	for doctype in (*OURS, PROBE):
		frappe.db.delete(doctype)
	frappe.db.commit()


def is_held(name: str) -> bool:
	"""Whether nobody can delete it, and whoever erases is told to leave it; both say the same."""
	frappe.db.rollback()
	for_writing()
	kept = bool(keeping.keep_until(PROBE, name))
	try:
		frappe.delete_doc(PROBE, name, ignore_permissions=True)
	except frappe.ValidationError as refusal:
		assert "legal hold" in str(refusal)
		assert kept
		return True
	finally:
		frappe.db.rollback()
	assert not kept
	return False


def imported(name: str, title: str) -> None:
	"""Somebody updates a record by Data Import."""
	for_writing()
	doc = frappe.get_doc(
		{"doctype": "Data Import", "reference_doctype": PROBE, "import_type": "Update Existing Records"}
	).insert(ignore_permissions=True)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{name}.csv",
			"content": f'"ID","Title"\n"{name}","{title}"\n',
			"attached_to_doctype": "Data Import",
			"attached_to_name": doc.name,
			"is_private": 1,
		}
	).insert(ignore_permissions=True)
	doc.db_set("import_file", file.file_url)
	frappe.db.commit()
	start_import(doc.name)
	doc.delete(ignore_permissions=True, force=True)
	frappe.db.commit()


def test_a_record_edited_out_of_a_hold_by_filters_stays_held(house: House) -> None:
	key, manager = house.key, as_program(house.web, house.users["manager"])
	ways: dict[str, Callable[[str], object]] = {
		"form": lambda name: manager.put(f"{house.web}/api/resource/{PROBE}/{name}", json={"title": "x"}),
		"api": lambda name: manager.post(
			f"{house.web}/api/method/frappe.client.set_value",
			json={"doctype": PROBE, "name": name, "fieldname": "title", "value": "x"},
		),
		"bulk": lambda name: manager.post(
			f"{house.web}/api/method/frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs",
			json={"doctype": PROBE, "docnames": [name], "action": "update", "data": {"title": "x"}},
		),
		"import": lambda name: imported(name, "x"),
		"code": lambda name: (for_writing(), frappe.db.set_value(PROBE, name, "title", "x")),
	}
	for_writing()
	for way in ways:
		a_probe(f"{key}-{way}", title="Dispute")
	frappe.db.commit()
	a_hold(PROBE, filters_json=DISPUTE)
	for way, edit in ways.items():
		name = f"{key}-{way}"
		answer = edit(name)
		assert getattr(answer, "status_code", 200) == 200, (way, getattr(answer, "text", ""))
		frappe.db.commit()
		assert frappe.db.get_value(PROBE, name, "title") == "x", way
		refused = manager.delete(f"{house.web}/api/resource/{PROBE}/{name}")
		assert refused.status_code == 417 and "legal hold" in refused.text, (way, refused.text[:300])
		assert is_held(name), way
	a_rule()
	assert (run := runs().rules[0]).deleted == 0 and run.protected == len(ways)


def test_a_held_record_is_renamed_but_neither_merged_away_nor_replaced(house: House) -> None:
	key, manager = house.key, as_program(house.web, house.users["manager"])

	def renamed(old: str, new: str, merge: int = 0) -> int:
		return manager.post(
			f"{house.web}/api/method/frappe.model.rename_doc.update_document_title",
			json={"doctype": PROBE, "docname": old, "name": new, "merge": merge},
		).status_code

	for_writing()
	for name, title in (("fits", "Dispute"), ("named", "x"), ("other", "x"), ("more", "x")):
		a_probe(f"{key}-{name}", title=title)
	frappe.db.commit()
	a_hold(PROBE, filters_json=DISPUTE)
	by_name = a_hold(PROBE, f"{key}-named")
	for name in ("fits", "named"):
		# Renamed and edited, it is still the record that was held.
		assert renamed(f"{key}-{name}", f"{key}-{name}-new") == 200
		for_writing()
		frappe.db.set_value(PROBE, f"{key}-{name}-new", "title", "x")
		frappe.db.commit()
		assert is_held(f"{key}-{name}-new")
		# Merging would delete it.
		assert renamed(f"{key}-{name}-new", f"{key}-other", merge=1) == 417
		assert is_held(f"{key}-{name}-new") and not is_held(f"{key}-other")
	assert frappe.db.get_value("Legal Hold", by_name.name, "document_name") == f"{key}-named-new"
	assert renamed(f"{key}-more", f"{key}-fits-new", merge=1) == 200
	assert is_held(f"{key}-fits-new")
	# One that takes an old name is another record: not held for its name, and held once it fits.
	for_writing()
	taken = a_probe(f"{key}-fits", title="x")
	frappe.db.commit()
	assert not is_held(taken)
	for_writing()
	for title in ("Dispute", "x"):
		doc = frappe.get_doc(PROBE, taken)
		doc.title = title
		doc.save(ignore_permissions=True)
	frappe.db.commit()
	assert is_held(taken)


def test_what_comes_to_fit_later_is_held_until_the_hold_is_lifted(house: House) -> None:
	key = house.key
	for_writing()
	for name in ("saved", "by-code", "unsaved", "never"):
		a_probe(f"{key}-{name}", title="x")
	frappe.db.commit()
	hold = a_hold(PROBE, filters_json=DISPUTE)
	for_writing()
	frappe.get_doc(PROBE, f"{key}-saved").update({"title": "Dispute"}).save(ignore_permissions=True)
	frappe.get_doc(PROBE, f"{key}-by-code").db_set("title", "Dispute")
	a_probe(f"{key}-made", title="Dispute")
	# Past all of Frappe's events: by the next save or the daily look.
	frappe.db.set_value(PROBE, f"{key}-unsaved", "title", "Dispute")
	a_row(PROBE, name=f"{key}-row", title="Dispute")
	frappe.db.commit()
	frappe.get_doc(PROBE, f"{key}-unsaved").update({"title": "x"}).save(ignore_permissions=True)
	frappe.db.commit()
	holds.daily()
	frappe.db.set_value(PROBE, {"title": "Dispute"}, "title", "x")
	frappe.db.commit()
	held = [f"{key}-{name}" for name in ("saved", "by-code", "made", "unsaved", "row")]
	assert [name for name in held if not is_held(name)] == []
	assert not is_held(f"{key}-never")
	remembered = frappe.get_all("Legal Hold Record", {"hold": hold.name}, pluck="document_name")
	assert sorted(remembered) == sorted(held)
	officer = as_program(house.web, an_officer(house))
	method = f"{house.web}/api/method/signflow.api.retention.lift_hold"
	assert officer.post(method, json={"hold": hold.name, "reason": "Settled"}).status_code == 200
	assert not any(is_held(name) for name in held)
	assert not frappe.db.count("Legal Hold Record", {"hold": hold.name})


def test_nor_by_its_company_a_later_first_day_or_a_field_that_goes(house: House) -> None:
	key, other = house.key, another_company("Toinen Oy")
	for_writing()
	mine = a_probe(f"{key}-mine", title="x", company=house.company)
	theirs = a_probe(f"{key}-theirs", title="x", company=other)
	soon = a_probe(f"{key}-soon", title="Dispute", company=other)
	frappe.db.commit()
	a_hold(PROBE, company=house.company)
	later = a_hold(PROBE, filters_json=DISPUTE, from_date=add_days(getdate(), 1))
	for_writing()
	frappe.get_doc(PROBE, mine).update({"company": other}).save(ignore_permissions=True)
	frappe.get_doc(PROBE, soon).update({"title": "x"}).save(ignore_permissions=True)
	frappe.db.commit()
	assert is_held(mine) and not is_held(theirs)
	assert not is_held(soon), "the hold is not in force yet"
	for_writing()
	frappe.db.set_value("Legal Hold", later.name, "from_date", getdate())
	frappe.db.commit()
	assert is_held(soon)
	# A condition that cannot be asked any more holds everything, and keeps nobody from saving.
	for_writing()
	frappe.db.set_value(
		"Legal Hold", later.name, "filters_json", frappe.as_json([[PROBE, "field_that_went", "=", "x"]])
	)
	frappe.db.commit()
	frappe.get_doc(PROBE, theirs).update({"title": "y"}).save(ignore_permissions=True)
	frappe.db.commit()
	assert is_held(theirs)
	assert "hold_filters" in [finding.code for finding in checks.findings()]


def test_nobody_writes_what_is_held(house: House) -> None:
	"""The list of held records is the hold's own: read by who sets up and the officer, changed by none."""
	for_writing()
	a_probe(f"{house.key}-held", title="Dispute")
	frappe.db.commit()
	a_hold(PROBE, filters_json=DISPUTE)
	(row,) = frappe.get_all("Legal Hold Record", pluck="name", order_by="name asc")
	url = f"{house.web}/api/resource/Legal Hold Record"
	people = {name: as_program(house.web, user) for name, user in house.users.items()}
	people |= {"officer": as_program(house.web, an_officer(house)), "guest": as_program(house.web, None)}
	for persona, browser in people.items():
		reads = "r" in EXPECTATIONS["Legal Hold Record"]["remembered"].get(persona, "")
		assert (browser.get(f"{url}/{row}").status_code == 200) == reads, persona
		assert browser.put(f"{url}/{row}", json={"document_name": "x"}).status_code >= 400, persona
		assert browser.post(url, json={"document_type": PROBE, "document_name": "x"}).status_code >= 400
		assert browser.delete(f"{url}/{row}").status_code >= 400, persona
	with pytest.raises(frappe.PermissionError):
		frappe.delete_doc("Legal Hold Record", row, force=True)
	frappe.db.rollback()


def test_an_officer_hears_that_log_settings_delete_past_a_hold(house: House) -> None:
	"""Frappe's Log Settings delete rows of logs by SQL: no app can refuse it, so the hold says so, with the cure."""
	for_writing()
	settings = frappe.get_doc("Log Settings")
	settings.register_doctype("Error Log", 30)
	settings.save(ignore_permissions=True)
	frappe.db.commit()
	officer = as_program(house.web, an_officer(house))
	values = {"title": "Inquiry", "reason": "x", "document_type": "Error Log", "from_date": str(getdate())}
	placed = officer.post(f"{house.web}/api/resource/Legal Hold", json=values)
	assert placed.status_code == 200, placed.text
	assert "Log Settings" in placed.text and "after 30 days" in placed.text
	assert "hold_on_log" in [finding.code for finding in checks.findings()]
	for_writing()
	settings.reload()
	settings.register_doctype("Error Log", holds.NEVER_CLEARED)
	settings.save(ignore_permissions=True)
	frappe.db.commit()
	assert "hold_on_log" not in [finding.code for finding in checks.findings()]
	values["title"] = "Another"
	placed = officer.post(f"{house.web}/api/resource/Legal Hold", json=values)
	assert placed.status_code == 200 and "Log Settings" not in placed.text
	for_writing()
	settings.reload()
	settings.register_doctype("Error Log", 30)
	settings.save(ignore_permissions=True)
	frappe.db.commit()
