"""A copy of a site becomes test data: nothing planted is left, links and totals hold, and a live site is refused."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import frappe
import pytest
from house import House, a_pdf, for_writing
from retention_stage import PROBE, a_kind_of_record, a_probe, a_row, worker_rests
from stage import eventually

from signflow.services.privacy import checks, data_map, test_data
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
	# A worker makes a new user's contact.
	eventually(worker_rests, "the worker has done what the records started")
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
	a_row("Data Import", name=f"D-{key}", reference_doctype="Customer", import_type="Insert New Records")
	frappe.get_doc("Data Import", f"D-{key}").add_comment("Comment", "An import's own")
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
	counts = {table: frappe.db.count(table) for table in ("Customer", "Contact", "User", "ToDo")}
	comments = frappe.db.count("Comment")
	for_writing()
	report = test_data.Report()
	urls = test_data.replace_data(report)
	assert planted_cells() == []
	assert broken_links() <= broken
	assert frappe.db.sql("select count(*), sum(base_grand_total) from `tabSales Invoice`") == totals
	assert {table: frappe.db.count(table) for table in counts} == counts
	assert frappe.db.count("Comment") == comments - report.emptied["Comment"] > 0
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
	test_data.plan_files(tmp_path, urls, report)
	test_data.put_files(tmp_path)
	left = [path for path in tmp_path.rglob("*") if path.is_file() and path != tmp_path / test_data.WANTED]
	assert sorted(left) == sorted(test_data._path(tmp_path, new) for new in urls.values())
	assert (report.files_made, report.files_deleted) == (len(urls), len(urls) + 2)
	for suffix, start in KINDS.items():
		assert (tmp_path / "private/files" / f"{suffix[1:]}{suffix}").read_bytes().startswith(start), suffix


KINDS = {".pdf": b"%PDF", ".png": b"\x89PNG", ".jpg": b"\xff\xd8", ".xlsx": b"PK", ".txt": b"made up"}


def test_a_live_site_is_refused_without_its_name(house: House) -> None:
	done = _bench("--site", frappe.local.site, "signflow", "make-test-data", typed="another.site\n")
	assert done.returncode == 1, done.stdout + done.stderr
	assert "Mail accounts send." in done.stdout and "nothing was changed" in done.stderr
	frappe.db.rollback()
	assert frappe.db.exists("Customer", house.customer)


def test_the_command_says_what_it_needs() -> None:
	for arguments, said in (
		(["signflow", "make-test-data", "--help"], "restored copy of a site"),
		(["--site", "nowhere.example", "signflow", "make-test-data"], "no site nowhere.example"),
	):
		done = _bench(*arguments)
		assert said in done.stdout + done.stderr, done.stdout + done.stderr


def test_a_run_that_is_killed_goes_on_and_calls_nothing_test_data_before(
	house: House, person: dict[str, str]
) -> None:
	"""By the real command on a real copy of the site, killed between the database and the files. A copy of a MariaDB
	needs rights that a site has not: there the next test does."""
	if frappe.db.db_type != "sqlite":
		return
	with _a_restored_copy(house.key) as (copy, folder):
		old = folder / "private/files/zz"
		old.mkdir()
		for place in range(20_000):
			(old / f"{place}.txt").write_text("salaisuus")
		database = folder / "db" / f"_{house.key}.db"
		running = _begin("--site", copy, "signflow", "make-test-data", "--confirm", copy)
		try:
			while not _state_in(database):
				assert running.poll() is None, running.communicate()
				time.sleep(0.002)
		finally:
			running.kill()
			said = "".join(running.communicate())
		assert next(old.iterdir(), None), "the run was over before it was killed"
		assert json.loads(_state_in(database))["done"] is False
		assert "is test data" not in said

		done = _bench("--site", copy, "signflow", "make-test-data")
		assert done.returncode == 0, done.stdout + done.stderr
		assert "Going on with the files" in done.stdout and "more than one run" in done.stdout
		assert "Customer: " in done.stdout and f"{copy} is test data." in done.stdout
		assert json.loads(_state_in(database))["done"] is True
		words = [word.encode() for word in (*PLANTED, house.key)]
		files = [path for path in folder.rglob("*") if path.is_file()]
		assert not [path for path in files if any(word.decode() in path.name for word in words[:4])]
		assert not old.exists() or not next(old.iterdir(), None)
		assert (folder / "private/files").exists() and any(path.suffix == ".pdf" for path in files)
		with closing(sqlite3.connect(database)) as connection:
			dump = "\n".join(connection.iterdump()).lower()
		assert [word for word in PLANTED if word.lower() in dump] == []
		assert not (folder / test_data.WANTED).exists()


def test_files_go_on_after_a_kill_and_the_set_up_check_says_so(house: House, tmp_path: Path) -> None:
	old, number = tmp_path / "private/files/old", 3000
	old.mkdir(parents=True)
	for place in range(number):
		(old / f"{place}.txt").write_text("salaisuus")
	urls = {f"/private/files/old/{place}.txt": f"/private/files/{place}.txt" for place in range(0, number, 2)}
	report = test_data.Report()
	test_data.plan_files(tmp_path, urls, report)
	assert (report.files_made, report.files_deleted) == (number // 2, number)
	put = f"from pathlib import Path; from signflow.services.privacy import test_data as t; print(1, flush=True); t.put_files(Path({str(tmp_path)!r}))"
	running = subprocess.Popen([sys.executable, "-c", put], stdout=subprocess.PIPE, env=_environment())
	assert running.stdout and running.stdout.readline()
	while len(list(old.iterdir())) == number:
		assert running.poll() is None
	running.kill()
	running.wait()
	left = [path for path in tmp_path.rglob("*.txt")]
	assert [path for path in left if path.parent == old] or len(left) < number // 2, "it was over before"
	test_data.put_files(tmp_path)
	left = sorted(path for path in tmp_path.rglob("*.txt"))
	assert left == sorted(test_data._path(tmp_path, url) for url in urls.values())
	assert {path.read_text() for path in left} == {"made up\n"}

	for_writing()
	assert test_data.unfinished() is None
	test_data._note(report, done=False)
	assert test_data.unfinished() == report
	assert "test_data_unfinished" in [finding.code for finding in checks.findings()]
	test_data._note(report, done=True)
	assert test_data.unfinished() is None
	assert "test_data_unfinished" not in [finding.code for finding in checks.findings()]
	frappe.db.rollback()


@contextmanager
def _a_restored_copy(key: str) -> Iterator[tuple[str, Path]]:
	"""A site of its own with this one's database and files."""
	folder = Path(frappe.get_site_path()).resolve()
	copy = folder.with_name(f"copy-{key}.localhost")
	shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("db", ".devbench-snapshot*", "locks"))
	config = json.loads((copy / "site_config.json").read_text())
	source = folder / "db" / f"{config['db_name']}.db"
	config["db_name"] = f"_{key}"
	(copy / "site_config.json").write_text(json.dumps(config))
	(copy / "db").mkdir()
	frappe.db.commit()
	try:
		with (
			closing(sqlite3.connect(source, timeout=60)) as from_,
			closing(sqlite3.connect(copy / "db" / f"_{key}.db")) as to,
		):
			from_.backup(to)
		yield copy.name, copy
	finally:
		shutil.rmtree(copy)


def _state_in(database: Path) -> str | None:
	with closing(sqlite3.connect(database, timeout=60)) as connection:
		row = connection.execute(
			"select defvalue from tabDefaultValue where defkey = ?", (test_data.STATE,)
		).fetchone()
	return row and row[0]


def _bench(*arguments: str, typed: str = "") -> subprocess.CompletedProcess:
	"""What `bench <arguments>` starts: bench's own part is to find the folder and the Python."""
	return subprocess.run(
		_command(*arguments),
		input=typed,
		capture_output=True,
		text=True,
		env=_environment(),
		timeout=180,
	)


def _begin(*arguments: str) -> subprocess.Popen:
	return subprocess.Popen(
		_command(*arguments),
		stdin=subprocess.DEVNULL,
		stdout=subprocess.PIPE,
		stderr=subprocess.PIPE,
		text=True,
		env=_environment(),
	)


def _command(*arguments: str) -> list[str]:
	return [sys.executable, "-m", "frappe.utils.bench_helper", "frappe", *arguments]


def _environment() -> dict[str, str]:
	return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
