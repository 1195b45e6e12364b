"""A copy of a site becomes test data: nothing planted is left, links and totals hold, and a live site is refused."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from house import House, a_pdf, for_writing
from retention_stage import PROBE, a_kind_of_record, a_probe, a_row

from signflow.services.privacy import data_map, test_data
from signflow.services.privacy.replacement import Replacement

FIRST, LAST = "Aurelija", "Ketunpesä"
NAME, MAIL, PHONE = f"{FIRST} {LAST}", "aurelija.ketunpesa@posteljooni.fi", "+358 50 765 4321"
CODE, IBAN, STREET = "240147-632T", "FI21 1234 5600 0007 85", "Salakuja 17 B"
PLANTED = (
	*(FIRST, "Ketunpes", "posteljooni", "7654321", "765 4321", "240147-632T", "1234 5600 0007", "Salakuja"),
	*(FIRST.upper(), "salaisuus"),
)


@pytest.fixture
def person(house: House) -> Iterator[dict[str, str]]:
	"""A person planted all over the site; all of it rolled back or deleted afterwards."""
	a_kind_of_record()
	for_writing()
	names = {"customer": _plant(house)}
	frappe.db.commit()
	data_map.scan()
	yield names
	frappe.db.rollback()
	for_writing()
	frappe.db.delete(PROBE)
	frappe.db.commit()
	frappe.clear_cache()


def _plant(house: House) -> str:
	key = house.key
	groups = frappe.db.get_value("Customer", house.customer, ["customer_group", "territory"], as_dict=True)
	customer = frappe.get_doc(
		{"doctype": "Customer", "customer_name": f"{NAME} {key}", "customer_type": "Individual", **groups}
	)
	customer.insert(ignore_permissions=True)
	contact = frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": FIRST,
			"last_name": f"{LAST} {key}",
			"email_ids": [{"email_id": f"s.{key}.{MAIL}", "is_primary": 1}],
			"phone_nos": [{"phone": PHONE, "is_primary_phone": 1}],
			"links": [{"link_doctype": "Customer", "link_name": customer.name}],
		}
	).insert(ignore_permissions=True)
	user = frappe.get_doc(
		{
			"doctype": "User",
			"email": f"s.{key}.{MAIL}",
			"first_name": FIRST,
			"last_name": LAST,
			"send_welcome_email": 0,
			"roles": [{"role": "Sales User"}],
		}
	).insert(ignore_permissions=True)
	frappe.get_doc(
		{
			"doctype": "Address",
			"address_title": f"{NAME} {key}",
			"address_type": "Billing",
			"address_line1": STREET,
			"city": "Salakylä",
			"country": "Finland",
			"links": [{"link_doctype": "Customer", "link_name": customer.name}],
		}
	).insert(ignore_permissions=True)
	for place, amount in enumerate((100, 250.5)):
		a_row(
			"Sales Invoice",
			name=f"T{place}-{key}",
			customer=customer.name,
			customer_name=customer.name,
			title=f"Tarjous: {NAME}",
			company=house.company,
			contact_person=contact.name,
			contact_email=f"s.{key}.{MAIL}",
			base_grand_total=amount,
			posting_date="2026-01-15",
			remarks=f"salaisuus {CODE}",
		)
	a_row(
		"Communication",
		name=f"T-{key}",
		subject=f"Re: {NAME}",
		sender=f"s.{key}.{MAIL}",
		recipients=f'"{NAME}" <s.{key}.{MAIL}>, info@testi.example',
		content=f'<div data-x="{MAIL}">Terveisin <b>{NAME}</b> &amp; {PHONE}, {IBAN}, salaisuus</div>',
		reference_doctype="Customer",
		reference_name=customer.name,
	)
	a_probe(f"{key}-{NAME}", title=f"Soita {NAME.upper()} p. 050-7654321", customer=customer.name)
	a_row(
		"Note",
		name=f"N-{key}",
		title=f"Muista {NAME} {key}",
		content=f"salaisuus {CODE} {MAIL}",
		owner=user.name,
	)
	# What tells how the site is built has its makers too.
	a_row("Role", name=f"R-{key}", role_name=f"R-{key}")
	frappe.db.set_value("Role", f"R-{key}", "owner", user.name, update_modified=False)
	a_row(
		"Personal Data Field", name=f"P-{key}", document_type="Note", fieldname="title", decided_by=user.name
	)
	frappe.get_doc(
		{
			"doctype": "ToDo",
			"description": f"<p>{NAME}: {PHONE}</p>",
			"allocated_to": user.name,
			"reference_type": "Customer",
			"reference_name": customer.name,
		}
	).insert(ignore_permissions=True)
	customer.add_comment("Comment", f"{NAME} salaisuus")
	frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{FIRST}-{key}.pdf",
			"content": a_pdf(f"salaisuus {NAME}"),
			"is_private": 1,
			"attached_to_doctype": "Customer",
			"attached_to_name": customer.name,
		}
	).insert(ignore_permissions=True)
	customer.reload()
	customer.customer_details = f"salaisuus {CODE}"
	customer.save(ignore_permissions=True)
	return customer.name


def every_value() -> Iterator[tuple[str, str, Any]]:
	for table in frappe.db.get_tables(cached=False):
		if not table.startswith(("tab", "__")):  # the database's own, which Frappe 15 names too
			continue
		for row in frappe.db.sql(f"select * from `{table}`", as_dict=True):
			for column, value in row.items():
				if isinstance(value, str) and value:
					yield table, column, value


def planted_cells() -> list[tuple[str, str, str]]:
	pattern = re.compile("|".join(re.escape(word) for word in PLANTED), re.IGNORECASE)
	return [(table, column, value[:200]) for table, column, value in every_value() if pattern.search(value)]


def broken_links() -> set[tuple[str, str, str]]:
	"""Links and dynamic links of mapped DocTypes' kinds whose record is not there."""
	found = set()
	for table in data_map.site_tables().values():
		if table.is_single or not frappe.db.table_exists(table.doctype):
			continue
		columns = frappe.db.get_table_columns(table.doctype)
		for one in table.fields:
			if one.fieldname not in columns:
				continue
			if one.fieldtype == "Link":
				rows = frappe.db.sql(
					f"select distinct '{one.options}', `{one.fieldname}` from `tab{table.doctype}`"
				)
			elif one.fieldtype == "Dynamic Link" and one.options in columns:
				rows = frappe.db.sql(
					f"select distinct `{one.options}`, `{one.fieldname}` from `tab{table.doctype}`"
				)
			else:
				continue
			for kind, name in rows:
				if kind and name and frappe.db.table_exists(kind) and not frappe.db.exists(kind, name):
					found.add((table.doctype, one.fieldname, kind))
	return found


def test_nobody_is_left_and_everything_holds_together(house: House, person: dict[str, str]) -> None:
	key = house.key
	assert len({table for table, _column, _value in planted_cells()}) > 12
	broken = broken_links()
	totals = frappe.db.sql("select count(*), sum(base_grand_total) from `tabSales Invoice`")
	counts = {table: frappe.db.count(table) for table in ("Customer", "Contact", "User", "Comment", "ToDo")}
	for_writing()
	report = test_data.Report()
	urls = test_data.replace_data(report)
	assert planted_cells() == []
	assert broken_links() <= broken
	assert frappe.db.sql("select count(*), sum(base_grand_total) from `tabSales Invoice`") == totals
	assert {table: frappe.db.count(table) for table in counts} == counts
	# The same person everywhere: her invoice leads to her customer and contact, whose names agree.
	invoice = frappe.db.get_value("Sales Invoice", f"T0-{key}", "*", as_dict=True)
	contact = frappe.get_doc("Contact", invoice.contact_person)
	customer = frappe.get_doc("Customer", invoice.customer)
	assert customer.customer_name == invoice.customer_name == customer.name
	assert customer.customer_name.split()[:2] == [contact.first_name, contact.last_name.split()[0]]
	assert contact.links[0].link_name == customer.name
	assert contact.email_ids[0].email_id == invoice.contact_email
	user = frappe.get_doc("User", invoice.contact_email)
	assert (user.email, user.first_name) == (user.name, contact.first_name)
	assert "Sales User" in [row.role for row in user.roles]
	assert invoice.title.endswith(f"{contact.first_name} {customer.name.split()[1]}")
	# Nothing leaves the house, and nobody but the Administrator gets in.
	for doctype, values in test_data.SWITCHED_OFF.items():
		if frappe.db.exists("DocType", doctype):
			column, value = next(iter(values.items()))
			assert not frappe.get_all(doctype, {column: ["!=", value]}, order_by="name asc"), doctype
	keys = frappe.db.sql("select doctype, name, fieldname from `__Auth`")
	assert set(keys) <= {("User", "Administrator", "password")}
	assert report.changed["Customer"] >= 1 and any(url.endswith(".pdf") for url in urls.values())
	assert "Version" in report.emptied and not frappe.db.count("Version")
	frappe.db.rollback()
	assert planted_cells()
	# In one run a value is the same everywhere, in the next it is another.
	one, other, name = Replacement(), Replacement(), person["customer"]
	assert one.rename("Customer", name) == one.rename("Customer", name) != other.rename("Customer", name)
	assert one.rename("Sales Invoice", f"T0-{key}") == f"T0-{key}"
	assert one.rename("User", "Administrator") == "Administrator"


def test_files_are_replaced_by_others_of_their_kind(tmp_path: Path) -> None:
	urls = {f"/private/files/salaisuus{suffix}": f"/private/files/{suffix[1:]}{suffix}" for suffix in KINDS}
	urls["/files/logo.png"] = "/files/0.png"
	for folder in ("private/files/sub", "public/files", "private/backups", "logs"):
		(tmp_path / folder).mkdir(parents=True)
	for old in urls:
		test_data._path(tmp_path, old).write_text("salaisuus")
	for other in ("private/files/sub/orphan.pdf", "private/backups/dump.sql.gz", "logs/web.log"):
		(tmp_path / other).write_text("salaisuus")
	report = test_data.Report()
	test_data.replace_files(tmp_path, urls, report)
	left = [path for path in tmp_path.rglob("*") if path.is_file()]
	assert sorted(left) == sorted(test_data._path(tmp_path, new) for new in urls.values())
	assert (report.files_made, report.files_deleted) == (len(urls), len(urls) + 2)
	for suffix, start in KINDS.items():
		assert (tmp_path / "private/files" / f"{suffix[1:]}{suffix}").read_bytes().startswith(start), suffix


KINDS = {".pdf": b"%PDF", ".png": b"\x89PNG", ".jpg": b"\xff\xd8", ".xlsx": b"PK", ".txt": b"made up"}
COMMAND = """
import sys
from click import Context
from signflow.commands import make_test_data
make_test_data.main(args=sys.argv[2:], obj={"sites": [sys.argv[1]]}, prog_name="bench")
"""


def test_a_live_site_is_refused_without_its_name(house: House) -> None:
	done = _command(frappe.local.site, typed="another.site\n")
	assert done.returncode == 1, done.stdout + done.stderr
	assert "Mail accounts send." in done.stdout and "nothing was changed" in done.stderr
	frappe.db.rollback()
	assert frappe.db.exists("Customer", house.customer)


def _command(site: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess:
	environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
	return subprocess.run(
		[sys.executable, "-c", COMMAND, site, *arguments],
		input=typed,
		capture_output=True,
		text=True,
		env=environment,
		timeout=180,
	)
