"""A planted person is erased: nothing of her is left outside what is kept, nobody else is touched."""

import base64
import contextlib
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import frappe
import pytest
from erasing import (
	a_request,
	approved,
	carried_out,
	decide_all,
	differences,
	files_of,
	holding,
	lines_of,
	officers,
	put_back,
	rows_of,
	to_be_run_here,
)
from frappe.utils import add_days, getdate, now_datetime
from frappe.utils.background_jobs import get_queue, get_redis_conn
from frappe.utils.password import check_password, update_password
from house import BUILD, House, a_contact, a_pdf, for_writing, longest_transaction, statements_asked
from planted import Planted
from retention_stage import a_hold, a_keeping_rule, worker_rests
from rq.exceptions import NoSuchJobError
from rq.job import Job
from stage import eventually
from test_data_map import a_doctype

from signflow.core.erasure.masking import Words
from signflow.core.privacy.needles import Needles
from signflow.services import evidence, withdrawals, work
from signflow.services.erasure import (
	closing,
	deciding,
	execution,
	ledger,
	planning,
	proving,
	replaying,
	telling,
)
from signflow.services.privacy import checks, data_map
from signflow.services.subject_requests import access

# Plan, run and proof read the whole site: under load the longest took 204 s on a real one, of pytest's usual 240.
pytestmark = pytest.mark.timeout(600)

PLANS = ("tabErasure Plan", "tabErasure Plan Line")
WAITING = "insert_queue_for_Route History"
# What erasing never adds to.
TRACES = (
	"tabVersion",
	"tabComment",
	"tabDeleted Document",
	"tabActivity Log",
	"tabError Log",
	"tabNotification Log",
)


@pytest.fixture(scope="module", autouse=True)
def _no_copies_of_before() -> None:
	"""A site that was restored knows nothing of the copies that an earlier run left, and nobody can open them."""
	for path in access.folder().iterdir():
		path.unlink()


class Erased(Planted):
	"""A planted person, with what the look-up's plants leave out: submitted documents, bytes, logs."""

	def plant(self) -> None:
		super().plant()
		for_writing()
		self._documents()
		self._logs()
		self._beside_records()
		self._files()
		self._report()
		frappe.db.commit()
		self._kept()

	def _invoice(self, where: str, **values: Any) -> str:
		return self.row(
			where,
			"Sales Invoice",
			**{
				"customer": self.customer,
				"customer_name": self.name,
				"contact_person": self.hers,
				"contact_email": self.mail,
				"docstatus": 1,
				"grand_total": 124.0,
				"posting_date": "2020-03-04",
				**values,
			},
		)

	def _documents(self) -> None:
		self.submitted = self._invoice("certain")
		self.cancelled = self._invoice("certain", docstatus=2)
		kept = {"po_no": self.house.key, "posting_date": "2026-03-04"}
		coded = base64.b64encode(f"From: {self.mail}".encode()).decode()
		self.kept = self._invoice("certain", remarks=coded, **kept)
		# Others are in it too: only what is hers goes once its time is over.
		both = {"customer": self.house.customer, "customer_name": "Talo Oy", "contact_person": None}
		self.shared_kept = self._invoice(
			"certain",
			**both,
			contact_email=f"pekka@muu.example, {self.mail}",
			terms=f"Ask {self.name}",
			**kept,
		)
		self.kept_mail = self.row(
			"certain",
			"Communication",
			subject="Invoice",
			sender=self.mail,
			content="x",
			reference_doctype="Sales Invoice",
			reference_name=self.kept,
		)
		self.held = self._invoice("certain")
		self.file = self.house._insert(
			"File",
			file_name=f"letter-{self.house.key}.txt",
			is_private=1,
			content=f"Dear {self.name}, {self.mail}",
			attached_to_doctype="Lead",
			attached_to_name=self.lead,
		)
		# A second Contact with the same mail, as a Lead's and a Customer's are.
		self.second = self.contact("certain", "Maija", [self.mail], [])

	def _report(self) -> None:
		"""A report's result, as Frappe keeps it: compressed, in a file."""
		report = self.row("certain", "Prepared Report", report_name="Addresses", status="Completed")
		self.report = self.house._insert(
			"File",
			file_name=f"{report}.json.gz",
			is_private=1,
			content=gzip.compress(json.dumps({"result": [[self.name, self.mail]]}).encode()),
			attached_to_doctype="Prepared Report",
			attached_to_name=report,
		)

	def _files(self) -> None:
		"""Bytes that no File row names, and files of others in which she stands."""
		invoice = self.row("others", "Sales Invoice", customer=self.house.customer)
		self.loose, self.named, self.both = (
			Path(frappe.get_site_path(folder, f"{name} {self.house.key} ä%.txt"))
			for folder, name in (
				("private/files", "loose"),
				("public/files", self.mail),
				("private/files", "both"),
			)
		)
		self.loose.write_text(f"Ring {self.mail}")
		self.named.write_text("Nothing.")
		self.both.write_text(f"{self.mail}, pekka@muu.example")
		self.contract = self.house._insert(
			"File",
			file_name=f"contract-{self.house.key}.txt",
			is_private=1,
			content=f"Between Talo Oy and {self.name}, {self.mail}",
			attached_to_doctype="Sales Invoice",
			attached_to_name=invoice,
		).name
		self.note("others", "File", self.contract)

	def _logs(self) -> None:
		about = {"reference_doctype": "Contact", "reference_name": self.hers}
		self.row("certain", "View Log", viewed_by=self.user, **about)
		self.row("certain", "Activity Log", subject=f"{self.name} logged in", user=self.user)
		self.row("certain", "Error Log", method="x", error=f"Traceback\nmail={self.mail}")
		changed = [["contact_email", self.mail, "x"], ["contact_display", "", self.name]]
		for name in (self.submitted, self.assigned_to_her()):
			self.row(
				"certain",
				"Version",
				ref_doctype="Sales Invoice",
				docname=name,
				data=json.dumps({"changed": changed}),
			)
		self.row("certain", "Notification Log", subject=f"Mail from {self.mail}", for_user="Administrator")
		index = frappe.qb.Table("__global_search")
		for record in (
			("Contact", self.hers),
			("Sales Invoice", self.kept),
			("Communication", self.kept_mail),
		):
			frappe.qb.into(index).columns("doctype", "name", "title", "content").insert(
				*record, self.name, f"Name : {self.name} ||| Email : {self.mail}"
			).run()

	def _beside_records(self) -> None:
		"""What the framework keeps by the names of records and users."""
		about = {"reference_doctype": "Contact", "reference_name": self.hers}
		by = {"user": self.user}
		docname = {"reference_doctype": "Contact", "reference_docname": self.hers}
		code = base64.b64encode(f'{{"to": "{self.mail}"}}'.encode()).decode()
		for doctype, values in (
			("DocShare", {**by, "share_doctype": "Contact", "share_name": self.hers, "read": 1}),
			("Tag Link", {"document_type": "Contact", "document_name": self.hers, "title": self.name}),
			("Notification Log", {"subject": "x", "document_type": "Contact", "document_name": self.hers}),
			("Notification Log", {"subject": "x", "for_user": "Administrator", "from_user": self.user}),
			("User Permission", {**by, "allow": "Company", "for_value": self.house.company}),
			("User Permission", {"user": "Administrator", "allow": "Customer", "for_value": self.customer}),
			("ToDo", {"description": "Ring", "allocated_to": self.user, "assigned_by": "Administrator"}),
			("Energy Point Log", {**by, **about, "points": 1}),
			("Route History", {**by, "route": f"Form/Contact/{self.hers}"}),
			("Route History", {"user": "Administrator", "route": f"List/Lead?email={quote(self.mail)}"}),
			(
				"Deleted Document",
				{"deleted_doctype": "Lead", "data": json.dumps({"lead": self.name, "m": self.mail})},
			),
			("Prepared Report", {"report_name": "x", "filters": json.dumps({"email": self.mail})}),
			("Access Log", {**by, "export_from": "Contact", "reference_document": self.hers}),
			("Access Log", {"user": "Administrator", "page": f"<td>{self.mail.replace('@', '&#64;')}</td>"}),
			("Error Log", {"method": "x", "error": json.dumps(json.dumps({"who": f"0{self.digits}"}))}),
			("Scheduled Job Log", {"status": "Failed", "details": f"Traceback: {self.mail}"}),
			("Integration Request", {**docname, "data": "{}"}),
			("Integration Request", {"data": code, "integration_request_service": "x"}),
			(
				"Webhook Request Log",
				{**by, "data": json.dumps({"email": self.mail}), "url": "https://x.example"},
			),
			(
				"Document Follow",
				{"user": "Administrator", "ref_doctype": "Contact", "ref_docname": self.hers},
			),
			("Document Share Key", {**docname, "key": "x"}),
			("List Filter", {"for_user": self.user, "filter_name": "x", "reference_doctype": "Lead"}),
			("Email Unsubscribe", {"email": self.mail, "global_unsubscribe": 1}),
			("Google Calendar", {**by, "calendar_name": self.user}),
			(
				"Reminder",
				{**by, "reminder_doctype": "Contact", "reminder_docname": self.hers, "description": "x"},
			),
			("Data Import Log", {"messages": json.dumps([self.mail])}),
		):
			if frappe.db.table_exists(doctype):
				self.row("certain", doctype, **values)
		# Made by a user that is no more.
		frappe.db.set_value(
			"Notification Log", self.row("certain", "Notification Log", subject="y"), "owner", self.mail
		)
		self.mailed = self.row(
			"certain", "Auto Email Report", report="x", email_to=f"pekka@muu.example\n{self.mail}"
		)
		self.event = self.row("certain", "Event", subject="Meeting", starts_on=now_datetime())
		for parent, doctype, child, values in (
			(self.event, "Event", "Event Participants", {"email": self.mail, **docname}),
			(self.event, "Event", "Event Participants", {"email": "pekka@muu.example"}),
			# Rows within a record that is gone, and within none.
			(f"{self.house.key}-gone", "Contact", "Contact Email", {"email_id": self.mail}),
			("__default", "__default", "DefaultValue", {"defkey": "x", "defvalue": self.mail}),
		):
			row = frappe.get_doc({"doctype": child, "parent": parent, "parenttype": doctype, **values})
			row.name = frappe.generate_hash(length=10)
			row.db_insert()
		frappe.db.set_value(
			"Sales Invoice", self.assigned, "_liked_by", json.dumps([self.user, "Administrator"])
		)
		series, settings, auth = (frappe.qb.Table(one) for one in ("tabSeries", "__UserSettings", "__Auth"))
		self.counted = frappe.get_doc({"doctype": self.member, "full_name": self.name, "email": self.mail})
		self.counted.name = f"{self.name}-0001"
		self.counted.db_insert()
		frappe.qb.into(series).columns("name", "current").insert(f"{self.name}-", 1).run()
		frappe.qb.into(settings).columns("user", "doctype", "data").insert(
			"Administrator", f"Lead {self.house.key}", json.dumps({"filters": [self.mail, self.name]})
		).run()
		frappe.qb.into(auth).columns("doctype", "name", "fieldname", "password", "encrypted").insert(
			"Google Calendar", self.user, "refresh_token", "x", 1
		).run()

	def in_redis(self) -> None:
		"""A job that failed, and a cached value."""
		connection = get_redis_conn()
		queue = get_queue("short")
		self.job = Job.create(
			"frappe.ping", kwargs={"site": frappe.local.site, "to": self.mail}, connection=connection
		)
		self.job.save()
		queue.failed_job_registry.add(self.job, ttl=3600, exc_string=f"SMTPRecipientsRefused: {self.mail}")
		rows = [{"user": self.user, "route": "x"}, {"user": "Administrator", "route": "y"}]
		frappe.cache.rpush(WAITING, json.dumps(rows))
		frappe.cache.hset("recorder-requests", "one", {"query": f"select '{self.mail}'"})
		frappe.cache.hset("recorder-requests", "other", {"query": "select 1"})

	def assigned_to_her(self) -> str:
		"""A company's invoice that she made and is assigned to."""
		self.assigned = self.row("others", "Sales Invoice", customer=self.house.customer, owner=self.user)
		frappe.db.set_value(
			"Sales Invoice", self.assigned, "_assign", json.dumps([self.user]), update_modified=False
		)
		return self.assigned

	def _kept(self) -> None:
		self.rule = a_keeping_rule(
			"Sales Invoice",
			date_field="posting_date",
			filters_json=json.dumps([["Sales Invoice", "po_no", "=", self.house.key]]),
		)
		self.hold = a_hold("Sales Invoice", self.held)

	def words(self) -> Words:
		return Words(
			frozenset({self.mail, self.user}), frozenset({f"+358{self.digits}"}), frozenset({self.name})
		)


@pytest.fixture(scope="module")
def she(kept_house: House) -> Erased:
	frappe.set_user("Administrator")
	# What earlier runs erased in a database that is no more would have to be erased again.
	ledger.path().unlink(missing_ok=True)
	made = Erased(kept_house)
	made.plant()
	eventually(worker_rests, "nothing is at work")
	return made


@pytest.fixture(scope="module")
def erased(she: Erased) -> dict[str, Any]:
	"""She is erased once; the site before and after, and what was asked of the database meanwhile."""
	made, approver = officers(she.house)
	eventually(worker_rests, "nothing is at work")
	request = a_request(she.house, ("Contact", she.hers))
	told: dict[str, Any] = {"before": rows_of(), "files": files_of(), "request": request}
	told["held"] = holding(she.mail, she.user, f"+358{she.digits}")
	frappe.set_user(made)
	with statements_asked() as told["asked_to_plan"]:
		plan = planning.plan_erasure(request)
	told["planned"] = rows_of()
	told["asked_files"] = {line.record_name: line for line in lines_of(plan, record_doctype="File")}
	told["plan"] = plan = decide_all(plan, made)
	approved(plan, approver)
	told["approved"] = rows_of(PLANS)
	she.in_redis()
	with statements_asked() as told["asked"]:
		execution.carry_on(plan)
	told["after"], told["files_after"] = rows_of(), files_of()
	return told


def test_a_plan_is_a_dry_run(erased: dict[str, Any]) -> None:
	assert not differences(erased["before"], erased["planned"])


def test_it_ends_and_says_what_it_did(erased: dict[str, Any], she: Erased) -> None:
	doc = frappe.get_doc("Erasure Plan", erased["plan"])
	assert (doc.status, doc.failure, doc.left_over) == ("Done", None, 0)
	assert not frappe.db.get_value("Erasure Plan", doc.name, "subject")
	kept = {line.record_name: line for line in lines_of(doc.name, action="Keep")}
	assert {she.kept, she.shared_kept, she.kept_mail, she.held} <= kept.keys()
	assert str(kept[she.kept].keep_until) == "2036-03-04" and kept[she.kept].statute == "Act 1/2000"
	assert kept[she.held].keep_until is None and kept[she.held].status == "Waiting"
	assert {line.status for line in lines_of(doc.name, action=["!=", "Keep"])} == {"Done"}
	assert "- Invoice (1): " in doc.told and "2036" in doc.told
	stored = repr([doc.as_dict(), *lines_of(doc.name)])
	assert she.mail not in stored and she.name not in stored and she.user not in stored


def test_plans_made_before_the_last_one_name_nothing_of_hers(erased: dict[str, Any], she: Erased) -> None:
	earlier = frappe.get_all(
		"Erasure Plan", {"request": erased["request"], "name": ["!=", erased["plan"]]}, pluck="name"
	)
	stored = repr([row for plan in earlier for row in lines_of(plan)])
	assert earlier and she.mail not in stored and she.name not in stored and she.user not in stored


def test_nothing_of_her_is_left_outside_what_is_kept(erased: dict[str, Any], she: Erased) -> None:
	assert len(erased["held"]) > 20
	proof = proving.prove(she.words())
	assert proof.holds, (proof.left, proof.backups)
	assert {place.record for place in proof.kept} >= {she.kept, she.held}
	assert proof.others  # her namesake's
	# What would be left is found, in whatever form: the proof is no proof otherwise.
	for_writing()
	code = base64.b64encode(f"From: {she.mail}\n".encode()).decode()
	notes = [
		frappe.get_doc({"doctype": "Note", "title": str(place), "content": said}).insert().name
		for place, said in enumerate(
			(she.mail.upper(), code, quote(she.mail), json.dumps({"x": f"0{she.digits}"}))
		)
	]
	file = she.house._insert("File", file_name="x.pdf", is_private=1, content=a_pdf(f"Ring {she.mail}"))
	frappe.db.commit()
	backup = Path(frappe.get_site_path("private", "backups", "old-database.sql.gz"))
	backup.parent.mkdir(parents=True, exist_ok=True)
	# Of a backup each row is looked at: an invoice that is kept explains her mail in the dump of then, and nowhere else.
	kept, gone = (
		f"INSERT INTO `tabSales Invoice` VALUES ('{name}','{she.mail}');\n" for name in (she.kept, "x")
	)
	described = "CREATE TABLE `tabSales Invoice` (\n  `name` varchar(140),\n  `contact_email` text\n);\n"
	backup.write_bytes(gzip.compress(f"{described}{kept}".encode()))
	assert not proving.prove(she.words()).backups
	backup.write_bytes(gzip.compress(f"{described}{kept}{gone}".encode()))
	proof = proving.prove(she.words())
	assert {place.record for place in proof.left} == {*notes, ""}
	assert [place.where for place in proof.left if not place.record] == [file.file_url.lstrip("/")]
	assert proof.backups == [backup.name] and not proof.holds
	# A line that is no row explains nothing; her name alone counts where the row was erased.
	backup.write_bytes(gzip.compress(f"-- of {she.mail}".encode()))
	assert proving.prove(she.words()).backups == [backup.name]
	note = "CREATE TABLE `tabContact` (\n  `name` text,\n  `first_name` text,\n  `last_name` text\n);\n"
	first, last = she.name.split(" ", 1)
	for name, holds in ((she.hers, True), ("somebody-elses", False)):
		row = f"INSERT INTO `tabContact` VALUES ('{name}','{first}','{last}');\n"
		backup.write_bytes(gzip.compress(f"{note}{row}".encode()))
		assert bool(proving.prove(she.words()).backups) is holds, name
	backup.unlink()
	stale = a_file_backup(backup.with_name("old-database.db.gz")) if frappe.db.db_type == "sqlite" else None
	for name in notes:
		frappe.delete_doc("Note", name, delete_permanently=True)
	frappe.delete_doc("File", file.name, delete_permanently=True)
	frappe.db.commit()
	# Where the database is one file, so is its backup; on MariaDB the tests of restoring make real ones.
	if stale:
		assert proving.prove(she.words()).backups == [stale.name]
		a_file_backup(stale)
		assert not proving.prove(she.words()).backups
		stale.unlink()


def a_file_backup(path: Path) -> Path:
	"""The database as it is now, as one packed file."""
	(stored,) = Path(frappe.get_site_path("db")).glob("*.db")
	with (
		contextlib.closing(sqlite3.connect(stored)) as base,
		contextlib.closing(sqlite3.connect(":memory:")) as copy,
	):
		base.backup(copy)
		path.write_bytes(gzip.compress(copy.serialize(), 1))
	return path


PROVE = """
import sys
from signflow.commands import prove_erasure
prove_erasure.main(args=sys.argv[2:], obj={"sites": [sys.argv[1]]}, prog_name="bench")
"""


def test_the_command_says_so_too(erased: dict[str, Any], she: Erased) -> None:
	for mail, code, said in (
		(she.user, 0, "0 places left"),
		("signflow-manager@testi.example", 1, "left: tabUser"),
	):
		done = subprocess.run(
			[sys.executable, "-c", PROVE, frappe.local.site, "--mail", mail, "--without-backups"],
			env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
			capture_output=True,
			text=True,
			timeout=180,
		)
		assert done.returncode == code and said in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]


def test_nobody_else_is_touched(erased: dict[str, Any], she: Erased) -> None:
	before, after = erased["before"], erased["after"]
	others = (she.others | she.shared | she.possible) - {("Sales Invoice", she.assigned)}
	named = {name for _doctype, name in others}
	touched = {
		table: [row for row in rows if any(value in named for value in before[table].get(row, ())[:1])]
		for table, rows in differences(before, after).items()
	}
	assert not {table: rows for table, rows in touched.items() if rows}
	assert (
		len([row for rows in before.values() for row in rows.values() if row[0] in named]) >= len(others) - 1
	)
	owner, assigned = frappe.db.get_value("Sales Invoice", she.assigned, ["owner", "_assign"])
	assert owner.endswith("@erased.invalid") and json.loads(assigned) == [owner]


def test_what_is_kept_stays_and_money_is_the_same(erased: dict[str, Any], she: Erased) -> None:
	fields = ["customer_name", "contact_email", "grand_total", "docstatus"]
	for name in (she.kept, she.held):
		assert list(frappe.db.get_value("Sales Invoice", name, fields)) == [she.name, she.mail, 124.0, 1]
	for name, docstatus in ((she.submitted, 1), (she.cancelled, 2)):
		masked = frappe.db.get_value(
			"Sales Invoice", name, [*fields, "contact_person", "customer"], as_dict=True
		)
		assert (masked.grand_total, masked.docstatus, masked.contact_email) == (124.0, docstatus, None)
		assert masked.customer_name.startswith("Erased person") and masked.customer == she.customer
	# What is kept still points to a Contact and a Customer.
	person, customer = frappe.db.get_value("Sales Invoice", she.kept, ["contact_person", "customer"])
	assert frappe.db.get_value("Contact", person, "first_name").startswith("Erased person")
	assert person != she.hers and not frappe.db.exists("Contact", she.hers)
	assert frappe.db.get_value("Customer", customer, "customer_name").startswith("Erased person")
	for doctype in ("Lead", "Contact"):
		assert not frappe.db.exists(doctype, {"Lead": she.lead, "Contact": she.second}[doctype])


def test_her_user_is_closed(erased: dict[str, Any], she: Erased) -> None:
	assert not frappe.db.exists("User", she.user)
	user = frappe.get_doc("User", frappe.db.get_value("Sales Invoice", she.assigned, "owner"))
	assert (user.enabled, user.email) == (0, user.name)
	assert (
		not frappe.db.exists("Sessions", {"user": she.user}) if frappe.db.table_exists("Sessions") else True
	)


def test_bytes_go_with_the_last_row(erased: dict[str, Any], she: Erased) -> None:
	for file in (she.file, she.report):
		path = Path(frappe.get_site_path(file.file_url.lstrip("/")))
		assert str(path) in erased["files"] and not path.exists()


def test_what_is_kept_by_names_alone_and_in_redis_goes(erased: dict[str, Any], she: Erased) -> None:
	with pytest.raises(NoSuchJobError):
		Job.fetch(she.job.id, connection=get_redis_conn())
	waiting = [json.loads(one) for one in frappe.cache.lrange(WAITING, 0, -1)]
	assert [{"user": "Administrator", "route": "y"}] in waiting and she.user not in repr(waiting)
	assert list(frappe.cache.hgetall("recorder-requests")) == [b"other"]
	after = rows_of(("tabSeries", "__UserSettings", "__Auth"))
	assert not [row for rows in after.values() for row in rows if she.name in row or she.user in row]
	assert "pekka@muu.example" in frappe.db.get_value("Auto Email Report", she.mailed, "email_to")
	participants = frappe.get_all("Event Participants", {"parent": she.event}, pluck="email")
	assert frappe.db.exists("Event", she.event) and participants == ["pekka@muu.example"]
	liked = json.loads(frappe.db.get_value("Sales Invoice", she.assigned, "_liked_by"))
	assert len(liked) == 2 and "Administrator" in liked and she.user not in liked


def test_bytes_that_no_row_names_are_planned(erased: dict[str, Any], she: Erased) -> None:
	lines = erased["asked_files"]
	site = Path(frappe.get_site_path())
	for path, action in ((she.loose, "Erase"), (she.named, "Erase"), (she.both, "Decide")):
		line = lines[str(path.relative_to(site))]
		assert (line.action, path.exists()) == (action, action == "Decide"), line
	assert lines[she.contract].action == "Decide" and "others'" in lines[she.contract].because


def test_no_trace_is_written_and_few_statements_are_asked(erased: dict[str, Any], she: Erased) -> None:
	for table in TRACES:
		more = len(erased["after"][table]) - len(erased["before"][table])
		assert more <= 0, table
	asked = erased["asked"]
	ends = next(place for place, (query, _moment) in enumerate(asked) if "finished_on" in query)
	for what, given in (("planning", erased["asked_to_plan"]), ("execution", asked)):
		own = [query for query, _moment in given if not BUILD.search(query)]
		print(f"{what}: {len(own)} statements")
		assert len(own) < 400, Counter(query[:70] for query in own).most_common(40)
	# From the first row that is locked to the commit; a slow machine must not make the test fail.
	longest = longest_transaction(asked[:ends])
	print(f"locks for {longest * 1000:.0f} ms at most")
	assert longest < 1
	for table in TRACES:
		assert not [
			query
			for query, _moment in asked
			if f'INSERT INTO "{table}"' in query or f"INTO `{table}`" in query
		]


def test_the_ledger_has_hashes_alone(erased: dict[str, Any], she: Erased) -> None:
	rows = frappe.get_all("Erasure Ledger Entry", {"plan": erased["plan"]}, ["*"], order_by="creation asc")
	told = repr(rows) + ledger.path().read_text()
	assert len(rows) > 30 and she.mail not in told and she.name not in told and she.hers not in told
	assert not [name for _doctype, name in she.certain if name in told and she.house.key in name]


def test_an_older_backup_and_a_replay_give_the_same(
	erased: dict[str, Any], she: Erased, monkeypatch: pytest.MonkeyPatch
) -> None:
	put_back(erased["before"])
	for path, data in erased["files"].items():
		Path(path).write_bytes(data)
	assert frappe.db.exists("Contact", she.hers)
	assert _alarms() == [0, ""]
	frappe.db.delete("Erasure Ledger Entry")
	frappe.db.commit()
	# An entry stands in the file a moment before it is carried out.
	assert _alarms() == [0, ""]
	monkeypatch.setattr(replaying, "add_to_date", lambda *_of, hours: now_datetime())
	# Whoever puts a backup back may not think of it.
	assert _alarms() == [1, f"Run on the server: bench --site {frappe.local.site} signflow replay-erasures"]
	done = replaying.replay_erasures()
	assert (len(done.plans), done.failed, done.waiting) == (1, [], 0)
	assert not differences(erased["after"], rows_of())
	assert _alarms() == [0, ""]
	again = replaying.replay_erasures()
	assert not again.plans and not again.failed


def _alarms() -> list[Any]:
	"""How many notices an officer has got by today's look at the ledger, and the command that the set-up check names."""
	notice = {"for_user": "signflow-approver@testi.example", "document_name": "Privacy Set-up Check"}
	before = frappe.db.count("Notification Log", notice)
	replaying.watch()
	told = frappe.db.count("Notification Log", notice) - before
	frappe.db.delete("Notification Log", {"document_name": "Privacy Set-up Check"})
	frappe.db.commit()
	cures = [one.cure for one in checks.findings() if one.code == "erasures_came_back"]
	return [told, "".join(cures)]


def test_who_became_a_customer_again_is_not_erased_by_a_replay(erased: dict[str, Any], she: Erased) -> None:
	hers = _comes_back(she)
	before = rows_of()
	done = replaying.replay_erasures()
	assert (done.plans, done.failed) == ([], [])
	assert not differences(before, rows_of())
	_goes(hers)


def test_after_a_restore_what_was_made_since_waits_for_an_officer(
	erased: dict[str, Any], she: Erased
) -> None:
	put_back(erased["before"])
	for path, data in erased["files"].items():
		Path(path).write_bytes(data)
	# Before anybody thought of the replay she bought again, under the name that her record has and had.
	hers = [*_comes_back(she), _writes(she)]
	given = _asks_for_a_copy(she)
	for replay in range(2):
		done = replaying.replay_erasures()
		assert done.failed == []
		if not replay:
			assert len(done.plans) == 1 and done.waiting >= len(hers)
			asked = {line.record_name: line for line in lines_of(done.plans[0], action="Decide")}
			assert {name for _doctype, name in hers} <= asked.keys()
			assert "since" in asked[hers[0][1]].because
		for doctype, name in hers:
			stored = frappe.get_doc(doctype, name)
			assert she.mail in repr(stored.as_dict()), (doctype, name)
		assert check_password(she.mail, "Comes-back-1", delete_tracker_cache=False) == she.mail
		assert given.exists()
		index = frappe.qb.Table("__global_search")
		found = frappe.qb.from_(index).select(index.content)
		assert she.mail in repr(found.where(index.name == hers[0][1]).run())
	assert not frappe.db.exists("Contact", she.hers)
	# Nobody plans on from a replay: it need not know any more whose it is.
	assert not frappe.db.count("Erasure Plan", {"is_replay": 1, "subject": ["is", "set"]})
	given.unlink()
	frappe.db.delete("Personal Data Export", {"file_name": given.name})
	_goes(hers)
	assert files_of().keys() == erased["files_after"].keys()
	# Her new User bears the name of one who was gone: what rows of then say of that one stays for it.
	put_back(erased["after"])


def _comes_back(she: Erased) -> list[tuple[str, str]]:
	"""She is a customer anew, and asks something; the records made for her."""
	for_writing()
	contact = frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": f"{she.name} again",
			"email_ids": [{"email_id": she.mail, "is_primary": 1}],
		}
	).insert()
	asked = frappe.get_doc({"doctype": "Issue", "subject": "Is it there?", "raised_by": she.mail}).insert()
	user = frappe.get_doc({"doctype": "User", "name": she.mail, "email": she.mail, "first_name": she.name})
	# As a row: Frappe's events write on her Contacts.
	user.db_insert()
	update_password(user.name, "Comes-back-1")
	frappe.db.delete("__global_search", {"doctype": "Contact", "name": contact.name})
	index = frappe.qb.Table("__global_search")
	row = ("Contact", contact.name, contact.first_name, f"Email : {she.mail}")
	frappe.qb.into(index).columns("doctype", "name", "title", "content").insert(*row).run()
	frappe.db.commit()
	return [("Contact", contact.name), ("Issue", asked.name), ("User", user.name)]


def _writes(she: Erased) -> tuple[str, str]:
	"""A mail of hers since, which hangs under the record that came back."""
	sent = frappe.get_doc(
		{
			"doctype": "Communication",
			"subject": "My order",
			"sender": she.mail,
			"sent_or_received": "Received",
			"reference_doctype": "Contact",
			"reference_name": she.hers,
		}
	).insert()
	frappe.db.commit()
	return "Communication", sent.name


def _asks_for_a_copy(she: Erased) -> Path:
	"""The package of a copy that she has asked for since."""
	request = a_request(she.house, request_type="Access", email=she.mail)
	package = access.folder() / f"{frappe.generate_hash(length=20)}.zip"
	package.parent.mkdir(exist_ok=True)
	package.write_bytes(b"Hers")
	values = {"request": request, "company": she.house.company, "scope": "Access", "status": "Ready"}
	row = frappe.get_doc({"doctype": "Personal Data Export", "file_name": package.name, **values})
	row.flags.signflow = True
	row.insert(ignore_permissions=True)
	frappe.db.commit()
	return package


def _goes(hers: list[tuple[str, str]]) -> None:
	for_writing()
	traces = rows_of(("tabComment", "tabDeleted Document"))
	frappe.db.delete("__Auth", {"doctype": "User", "name": ["in", [name for _doctype, name in hers]]})
	for doctype, name in hers:
		if doctype == "User":
			frappe.db.delete(doctype, {"name": name})
		else:
			frappe.delete_doc(doctype, name, force=True, delete_permanently=True)
		frappe.db.delete("__global_search", {"doctype": doctype, "name": name})
	frappe.db.commit()
	put_back(traces)


CARRY_ON = """
import os, signal, sys, frappe
frappe.init(sys.argv[1], sites_path=".")
frappe.connect()
number, when = int(sys.argv[3]), sys.argv[4]
commit, commits = frappe.db.commit, []

class Killed:
	def run(self):
		os.kill(os.getpid(), signal.SIGKILL)

def counted(**how):
	commits.append(1)
	if len(commits) == number and when == "before":
		Killed().run()
	if len(commits) == number:
		frappe.db.after_commit = Killed()
	return commit(**how)

frappe.db.commit = counted
from signflow.services.erasure import execution
execution.carry_on(sys.argv[2])
"""


def test_a_worker_killed_at_any_commit_is_gone_on_with(erased: dict[str, Any], she: Erased) -> None:
	"""Before the commit nothing of the step is there; right after it what follows on a commit is not: bytes, caches, mails."""
	put_back(erased["before"])
	put_back(erased["approved"])
	for path, data in erased["files"].items():
		Path(path).write_bytes(data)
	plan, killed = erased["plan"], 0
	to_be_run_here(plan)
	while frappe.db.get_value("Erasure Plan", plan, "status") == "Running" and killed < 60:
		# Each run is killed one commit later than the one before, in the steps that are done anew each time as well.
		number, when = 3 + killed, ("before", "after")[killed % 2]
		arguments = [frappe.local.site, plan, str(number), when]
		run = subprocess.run([sys.executable, "-c", CARRY_ON, *arguments], cwd=os.getcwd(), timeout=120)
		if run.returncode != -signal.SIGKILL:
			assert run.returncode == 0
			break
		killed += 1
		for_writing()
		frappe.db.set_value("Erasure Plan", plan, "lease_until", None, update_modified=False)
		frappe.db.commit()
	print(f"killed {killed} times")
	frappe.db.rollback()
	assert killed > 5
	assert frappe.db.get_value("Erasure Plan", plan, "status") == "Done", frappe.get_all(
		"Error Log", fields=["error"], order_by="creation desc", limit=1
	)
	assert not differences(erased["after"], rows_of())
	assert not [path for path in erased["files"] if Path(path).exists() and path not in erased["files_after"]]
	assert not work.is_held(frappe.db.get_value("Erasure Plan", plan, ["lease_until"], as_dict=True))


def test_what_was_kept_goes_by_itself_once_its_time_is_over(erased: dict[str, Any], she: Erased) -> None:
	plan = erased["plan"]
	(line,) = lines_of(plan, action="Keep", record_name=she.kept)
	execution.daily()
	assert frappe.db.get_value("Sales Invoice", she.kept, "contact_email") == she.mail
	for_writing()
	frappe.db.set_value("Erasure Plan Line", line.name, "keep_until", "2026-01-01", update_modified=False)
	frappe.db.commit()
	execution.daily()
	# The rule still keeps it, so the date is the rule's again.
	assert str(frappe.db.get_value("Erasure Plan Line", line.name, "keep_until")) == "2036-03-04"
	for_writing()
	over = {she.kept, she.shared_kept, she.kept_mail}
	lines = [line for line in lines_of(plan, action="Keep") if line.record_name in over]
	assert len(lines) == 3
	for name in (she.kept, she.shared_kept):
		frappe.db.set_value("Sales Invoice", name, "posting_date", "2010-01-01", update_modified=False)
	for line in lines:
		frappe.db.set_value("Erasure Plan Line", line.name, "keep_until", "2020-01-01", update_modified=False)
	frappe.db.commit()
	execution.daily()
	invoice = frappe.db.get_value("Sales Invoice", she.kept, "*", as_dict=True)
	assert invoice.customer_name.startswith("Erased person") and invoice.grand_total == 124.0
	needles = Needles([she.mail, she.name])
	both = frappe.db.get_value("Sales Invoice", she.shared_kept, "*", as_dict=True)
	assert not needles.found_in(repr([invoice, both])) and "pekka@muu.example" in both.contact_email
	assert not frappe.db.exists("Communication", she.kept_mail)
	index = rows_of(("__global_search",))["__global_search"]
	assert not [row for text, row in index.items() if needles.found_in(text) and row[1] in over], index
	assert {frappe.db.get_value("Erasure Plan Line", line.name, "status") for line in lines} == {"Done"}
	assert frappe.db.get_value("Sales Invoice", she.held, "contact_email") == she.mail


def erase(house: House, contact: str, decide: Any, **keep: Any) -> str:
	"""Plan, decide with `decide(line)` until nothing is asked, approve, carry out; the plan. `keep`: until when and why."""
	made, approver = officers(house)
	frappe.set_user(made)
	plan = planning.plan_erasure(a_request(house, ("Contact", contact)))
	while asked := lines_of(plan, action="Decide"):
		plan = planning.decide(plan, {line.name: decide(line) for line in asked}, **keep)
	approved(plan, approver)
	carried_out(plan)
	return plan


@pytest.mark.parametrize("hers", [True, False])
def test_a_name_in_two_fields_is_asked_about_and_proven(house: House, hers: bool) -> None:
	"""A DocType of the house's own, with first and last name apart and no address."""
	frappe.set_user("Administrator")
	doctype = a_doctype(
		{"fieldname": "first_name", "label": "First Name"},
		{"fieldname": "hobby", "label": "Hobby"},
		{"fieldname": "last_name", "label": "Last Name"},
	)
	try:
		data_map.scan()
		for_writing()
		last, mail = f"Kärkkäinen{house.key}", f"aino.{house.key}@posti.example"
		contact = a_contact("Aino", last, mail)
		values = {"doctype": doctype, "hobby": "boats"}
		row = frappe.get_doc({**values, "first_name": "AINO", "last_name": last}).insert()
		other = frappe.get_doc({**values, "first_name": "Eino", "last_name": last}).insert()
		frappe.db.commit()
		asked: list[str] = []

		def decide(line: Any) -> str:
			asked.append(line.record_name)
			return "Hers" if hers else "Not Hers"

		erase(house, contact, decide)
		assert asked == [row.name]
		assert bool(frappe.db.exists(doctype, row.name)) is not hers and frappe.db.exists(doctype, other.name)
		sought = Words(frozenset((mail,)), frozenset(), frozenset((f"Aino {last}",)))
		proof = proving.prove(sought, backups=False)
		assert not proof.left, proof.left
		assert [place.record for place in proof.others if doctype in place.where] == (
			[] if hers else [row.name]
		)
		late = frappe.get_doc({**values, "first_name": "Aino", "last_name": last}).insert()
		proof = proving.prove(sought, backups=False)
		assert [place.columns for place in proof.left] == [("first_name", "last_name")], proof.left
		late.delete()
	finally:
		for_writing()
		frappe.delete_doc("DocType", doctype, force=True)
		frappe.db.commit()
		data_map.scan()


def test_what_was_decided_holds_where_a_worker_made_the_plan_anew_meanwhile(house: House) -> None:
	"""Files that the officer may not open: the look into the others ended while he read."""
	frappe.set_user("Administrator")
	for_writing()
	mail = f"selma.{house.key}@posti.example"
	contact = a_contact("Selma", f"Salo{house.key}", mail)
	files = [
		house._insert(
			"File",
			file_name=f"{stem}-{house.key}.txt",
			is_private=1,
			content=f"{stem}: {mail}, pekka@muu.example",
		).name
		for stem in ("minutes", "letter")
	]
	frappe.db.commit()
	made, _approver = officers(house)
	frappe.set_user(made)
	request = a_request(house, ("Contact", contact))
	frappe.set_user(made)
	read = planning.plan_erasure(request)
	asked = lines_of(read, action="Decide")
	assert sorted(line.record_name for line in asked) == sorted(files)
	planning.plan_erasure(request)
	decided = deciding.decide(read, {line.name: "Hers" for line in asked})
	assert not lines_of(decided, action="Decide")
	again = planning.plan_erasure(request)
	assert not lines_of(again, action="Decide")
	assert {line.action for line in lines_of(again, record_doctype="File")} == {"Erase"}
	with pytest.raises(frappe.ValidationError, match="asks something else"):
		deciding.decide(read, {asked[0].name: "Hers"})
	frappe.set_user("Administrator")


def test_a_withdrawal_that_nobody_has_answered_is_asked_about(house: House) -> None:
	frappe.set_user("Administrator")
	frappe.cache.delete_keys("signflow:count:")
	mail = f"ossi.{house.key}@posti.example"
	contact = a_contact("Ossi", f"Oja{house.key}", mail)
	stated = withdrawals.state_withdrawal(
		page_key=frappe.generate_hash(length=32),
		language="en",
		person_name=f"Ossi Oja{house.key}",
		contract_reference="Order 7",
		email=mail,
		message="",
	)["reference"]
	about = {"reference_type": "Contract Withdrawal", "reference_name": stated}
	task = eventually(lambda: frappe.db.get_value("ToDo", about), "staff are told")
	made, _approver = officers(house)
	request = a_request(house, ("Contact", contact))
	frappe.set_user(made)
	plan = planning.plan_erasure(request)
	(asked,) = lines_of(plan, action="Decide")
	assert (asked.record_name, "not handled yet" in asked.because) == (stated, True)
	assert not lines_of(plan, record_doctype="ToDo")
	day = add_days(getdate(), 30)
	kept = planning.decide(
		plan, {asked.name: "Keep"}, keep_until=str(day), keep_ground="A refund is owed to you."
	)
	stays = {line.record_name: line for line in lines_of(kept, action="Keep")}
	assert stays[task].keep_until == stays[stated].keep_until == day
	frappe.set_user("Administrator")
	for_writing()
	withdrawals.close(stated, "Handled", "The refund was paid and told.")
	frappe.db.commit()
	frappe.set_user(made)
	handled = planning.plan_erasure(request, anew=True)
	frappe.set_user("Administrator")
	assert not lines_of(handled, action="Decide")
	assert {line.record_name for line in lines_of(handled, action="Erase")} >= {stated}


def files_of_agreement(request: str) -> dict[str, Path]:
	"""The sealed files of a request."""
	revisions = frappe.get_all(
		"Sealed Revision", {"request": request}, ["name", "file_url"], order_by="name asc"
	)
	return {
		row.name: Path(frappe.get_site_path(row.file_url.lstrip("/"))) for row in revisions if row.file_url
	}


def signed_by(house: House, *signers: Any) -> Any:
	sent = house.sends(*signers)
	for signer in signers:
		signer.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", sent.name, "status") == "Completed", "completed"
	)
	eventually(worker_rests, "nothing is at work")
	return sent


def test_signed_evidence_is_asked_about_and_its_chain_goes_on_to_verify(kept_house: House) -> None:
	frappe.set_user("Administrator")
	sent = signed_by(kept_house, kept_house.maija)
	contact = frappe.db.get_value("Contact Email", {"email_id": kept_house.maija.mail}, "parent")
	sealed = files_of_agreement(sent.name)
	copies = frappe.get_all(
		"File", {"attached_to_doctype": "Customer", "attached_to_name": kept_house.customer}, pluck="name"
	)
	asked = []

	def decide(line: Any) -> str:
		asked.append(line)
		return "Hers" if line.record_name == sent.name else "Not Hers"

	plan = erase(kept_house, contact, decide)
	assert "signed agreement" in next(line.because for line in asked if line.record_name == sent.name)
	# Nobody else has signed: the sealed files go, and what showed them on the customer, each by a line of its own.
	assert len(sealed) > 1 and not [path for path in sealed.values() if path.exists()]
	assert copies and not frappe.get_all("File", {"name": ["in", copies]})
	assert not files_of_agreement(sent.name)
	because = {line.because for line in lines_of(plan, record_doctype="File", action="Erase")}
	assert (
		"A copy of a signed agreement, which has no ground of its own: at most the sealed original is kept."
		in because
	)
	words = Words(frozenset({kept_house.maija.mail}))
	left = proving.prove(words, backups=False).left
	assert not left, left
	signer = frappe.get_all("Signature Request Signer", {"request": sent.name}, ["*"], order_by="name asc")
	assert kept_house.maija.mail not in repr(signer) and "Maija" not in repr(signer)
	verdict = evidence.verify(sent.name)
	assert verdict.ok and verdict.erased, verdict
	payloads = frappe.get_all(
		"Signature Event Payload", {"request": sent.name}, pluck="values_json", order_by="name asc"
	)
	assert kept_house.maija.mail not in repr(payloads)


def test_an_agreement_of_others_too_stays_sealed_and_its_copies_go(house: House) -> None:
	frappe.set_user("Administrator")
	maija, matti = house.maija, house.matti
	sent = signed_by(house, maija, matti)
	contact = frappe.db.get_value("Contact Email", {"email_id": maija.mail}, "parent")
	sealed = files_of_agreement(sent.name)
	last = max(sealed.values(), key=lambda path: path.stat().st_mtime)
	for_writing()
	own = house._insert(
		"File",
		file_name="my-copy.pdf",
		is_private=1,
		content=last.read_bytes(),
		attached_to_doctype="Contact",
		attached_to_name=contact,
	)
	frappe.db.commit()
	loose = last.with_name(f"loose-{house.key}.pdf")
	loose.write_bytes(last.read_bytes())
	shown = frappe.get_all(
		"File", {"attached_to_doctype": "Customer", "attached_to_name": house.customer}, pluck="name"
	)
	asked: dict[str, Any] = {}

	def decide(line: Any) -> str:
		asked[line.record_name] = line
		return "Hers" if line.record_name in (sent.name, *shown) else "Not Hers"

	plan = erase(house, contact, decide)
	assert shown and all("signed too" in asked[name].because for name in shown)
	kept = lines_of(plan, action="Keep", record_doctype="File")
	assert {line.statute for line in kept} == {"GDPR 17(3)(e)"} and all(
		path.exists() for path in sealed.values()
	)
	assert "GDPR 17(3)(e)" in frappe.db.get_value("Erasure Plan", plan, "told")
	assert not frappe.get_all("File", {"name": ["in", [own.name, *shown]]}) and not loose.exists()
	assert not Path(frappe.get_site_path(own.file_url.lstrip("/"))).exists()
	proof = proving.prove(Words(frozenset({maija.mail}), names=frozenset({"Maija Meri"})), backups=False)
	assert not [place for place in proof.left if place.strong], proof.left
	kept_files = {place.where for place in proof.kept}
	assert kept_files & {str(path.relative_to(frappe.get_site_path())) for path in sealed.values()}
	# As long as one of the others is known it stays, and goes by itself with the last of them.
	execution.daily()
	assert all(path.exists() for path in sealed.values())
	for_writing()
	frappe.db.set_value(
		"Signature Request Signer", {"request": sent.name}, "email", "erased-1@erased.invalid"
	)
	frappe.db.commit()
	execution.daily()
	frappe.db.rollback()
	assert not files_of_agreement(sent.name) and not [path for path in sealed.values() if path.exists()]
	assert {line.status for line in lines_of(plan, action="Keep", record_doctype="File")} == {"Done"}
	assert evidence.verify(sent.name).ok


def test_what_an_officer_keeps_has_a_reason_and_a_day_and_goes_on_it(house: House) -> None:
	frappe.set_user("Administrator")
	mail = f"kaisa.{house.key}@posti.example"
	for_writing()
	contact = a_contact("Kaisa", f"Kauppi{house.key}", mail)
	minutes = house._insert(
		"File",
		file_name=f"minutes-{house.key}.txt",
		is_private=1,
		content=f"Present: {mail}, pekka@muu.example",
	)
	path = Path(frappe.get_site_path(minutes.file_url.lstrip("/")))
	frappe.db.commit()
	asked = []

	def decide(line: Any) -> str:
		asked.append(line.record_name)
		return "Keep"

	day = add_days(getdate(), 400)
	plan = erase(house, contact, decide, keep_until=str(day), keep_ground="A claim is under way.")
	assert asked == [minutes.name] and path.exists()
	(line,) = lines_of(plan, action="Keep")
	assert (line.keep_until, line.ground) == (day, "A claim is under way.")
	assert "A claim is under way, until" in frappe.db.get_value("Erasure Plan", plan, "told")
	left = frappe.get_all("Erasure Ledger Entry", {"plan": plan, "action": "Left"}, pluck="string_hashes")
	assert left == [f"Keep {day}"]
	execution.daily()
	assert path.exists()
	for_writing()
	frappe.db.set_value("Erasure Plan Line", line.name, "keep_until", add_days(getdate(), -1))
	frappe.db.commit()
	execution.daily()
	frappe.db.rollback()
	assert not path.exists() and not frappe.db.exists("File", minutes.name)


def test_an_agreement_that_an_officer_keeps_is_kept_with_its_parts(house: House) -> None:
	frappe.set_user("Administrator")
	maija, matti = house.maija, house.matti
	sent = signed_by(house, maija, matti)
	contact = frappe.db.get_value("Contact Email", {"email_id": maija.mail}, "parent")

	def decide(line: Any) -> str:
		return "Keep" if line.record_name == sent.name else "Hers"

	keep = {"keep_until": str(add_days(getdate(), 400)), "keep_ground": "A claim is under way."}
	# Carried out with nothing left over.
	plan = erase(house, contact, decide, **keep)
	# She knows the agreement by the number in her mails; what belongs to it is told with it.
	said = [
		line
		for line in telling.what_was_done([frappe._dict(name=plan)], "en").splitlines()
		if "A claim is under way" in line
	]
	assert len(said) == 1 and said[0].startswith(f"- Agreement {sent.name} with its files and events: "), said
	assert said[0] in frappe.db.get_value("Erasure Plan", plan, "told").splitlines()
	words = Words(frozenset({maija.mail}))
	proof = proving.prove(words, backups=False)
	assert not proof.left, proof.left
	assert not [place for place in proof.others if place.strong]
	assert {"tabSignature Request Signer", "tabSignature Event Payload"} <= {
		place.where for place in proof.kept
	}
	# Once its day has come nothing explains what would be left.
	for_writing()
	filters = {"plan": plan, "action": "Keep"}
	frappe.db.set_value("Erasure Plan Line", filters, "keep_until", add_days(getdate(), -1))
	frappe.db.commit()
	execution.daily()
	proof = proving.prove(words, backups=False)
	assert not proof.left and not [place for place in [*proof.kept, *proof.others] if place.strong], proof


def test_what_a_run_left_is_planned_anew_with_all_that_is_known_of_her(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Her Contact is gone by then; the certificate tells of both runs as one."""
	frappe.set_user("Administrator")
	contact = frappe.db.get_value("Contact Email", {"email_id": house.maija.mail}, "parent")
	made, approver = officers(house)
	frappe.set_user(made)
	other = a_request(house, ("Contact", contact), request_type="Access", email=house.maija.mail)
	request = a_request(house, ("Contact", contact), email=house.maija.mail)
	first = decide_all(planning.plan_erasure(request), made)
	approved(first, approver)
	for_writing()
	# Written behind the plan's back, as by an import that runs beside it.
	note = house._insert("Note", title=f"Import {house.key}", content="x")
	look = closing.left_over

	def beside(erasing: Any) -> list[Any]:
		frappe.db.set_value("Note", note.name, "content", f"Ring {house.maija.mail}")
		frappe.db.commit()
		return look(erasing)

	monkeypatch.setattr(closing, "left_over", beside)
	execution.carry_on(first)
	monkeypatch.undo()
	frappe.db.rollback()
	ended = frappe.get_doc("Erasure Plan", first)
	assert (ended.status, ended.left_over) == ("Done", 1) and "Note" in ended.failure, ended.failure
	# Her other request proposes no more what is gone.
	assert not frappe.get_doc("Data Subject Request", other).persons
	frappe.set_user(made)
	second = decide_all(planning.plan_erasure(request), made)
	assert [line.record_name for line in lines_of(second, action=["in", ["Erase", "Mask"]])] == [note.name]
	approved(second, approver)
	carried_out(second)
	assert house.maija.mail not in (frappe.db.get_value("Note", note.name, "content") or "")
	assert not frappe.get_all("Erasure Plan", {"request": request, "subject": ["is", "set"]})
	plans = [frappe.get_doc("Erasure Plan", name) for name in (first, second)]
	told = telling.what_was_done(plans, "en").splitlines()
	assert "- Contact person: 1" in told and len(told) == len(set(told)), told
	assert "Nothing about you was found." not in told


def a_copy(house: House, contact: str, mail: str) -> Any:
	"""A copy of her data that is ready to be fetched, with a blackened file beside it; its row."""
	request = a_request(
		house,
		("Contact", contact),
		request_type="Access",
		email=mail,
		verified_on=now_datetime(),
		proof_method="Code by Mail",
	)
	export = access.prepare(request)

	def row() -> Any:
		frappe.db.rollback()
		return frappe.get_doc(access.EXPORT, export)

	eventually(lambda: row().status == "To Review", "the copy is collected")
	access.approve(export, "We hold your data to sell to you.")
	eventually(lambda: row().status == "Ready", "the copy is ready")
	for_writing()
	black = f"{frappe.generate_hash(length=40)}.pdf"
	(access.folder() / black).write_bytes(a_pdf())
	item = frappe.get_all(access.ITEM, {"export": export}, pluck="name", order_by="place asc")[0]
	frappe.db.set_value(access.ITEM, item, "redacted_file", black)
	frappe.db.commit()
	return row()


def test_a_copy_that_was_given_does_not_outlive_the_erasure(house: House) -> None:
	frappe.set_user("Administrator")
	hers, his = f"saara.{house.key}@posti.example", f"simo.{house.key}@posti.example"
	for_writing()
	contacts = [
		a_contact(first, f"{last}{house.key}", mail)
		for first, last, mail in (("Saara", "Sala", hers), ("Simo", "Suo", his))
	]
	frappe.db.commit()
	mine, other = (a_copy(house, contact, mail) for contact, mail in zip(contacts, (hers, his), strict=True))
	eventually(worker_rests, "nothing is at work")
	folder = "private/signflow-copies"
	sought = Words(frozenset({hers}))
	assert f"{folder}/{mine.file_name}" in {
		place.where for place in proving.prove(sought, backups=False).left
	}
	before = files_of(folder)
	erase(house, contacts[0], lambda _line: "Hers")
	row = frappe.get_doc(access.EXPORT, mine.name)
	assert row.status == "Expired" and not (row.passphrase or row.link_hash or row.email or row.file_name)
	assert not frappe.get_all(access.ITEM, {"export": mine.name})
	gone = {Path(path).name for path in before.keys() - files_of(folder).keys()}
	assert len(gone) == 2 and mine.file_name in gone
	proof = proving.prove(sought, backups=False)
	assert not [place for place in proof.left if place.where.startswith(folder)], proof.left
	# Another person's is opened, and nothing of her is in it; one that nobody can open may be hers.
	assert frappe.db.get_value(access.EXPORT, other.name, "status") == "Ready"
	frappe.db.set_value(access.EXPORT, other.name, "passphrase", None)
	assert f"{folder}/{other.file_name}" in {
		place.where for place in proving.prove(sought, backups=False).left
	}
	frappe.db.rollback()


@pytest.mark.parametrize("answer", ["Hers", "Not Hers"])
def test_what_becomes_of_a_comment_becomes_of_its_copy_on_the_record(house: House, answer: str) -> None:
	frappe.set_user("Administrator")
	mail, name = f"tyyne.{house.key}@posti.example", f"Tyyne Tuuli{house.key}"
	for_writing()
	contact = a_contact("Tyyne", f"Tuuli{house.key}", mail)
	customer = house._insert("Customer", customer_name=f"Kauppa {house.key}").name
	doc = frappe.get_doc("Customer", customer)
	other = doc.add_comment("Comment", "Pays late.").name
	comment = doc.add_comment("Comment", f"{name} rang and asked for the price.").name
	frappe.db.commit()
	assert name in frappe.db.get_value("Customer", customer, "_comments")
	asked = []

	def decide(line: Any) -> str:
		asked.append((line.record_doctype, line.record_name))
		return answer

	erase(house, contact, decide)
	assert asked == [("Comment", comment)]
	held = frappe.db.get_value("Customer", customer, "_comments")
	there = [one["name"] for one in json.loads(held)]
	assert other in there and (name in held) == (answer == "Not Hers")
	proof = proving.prove(Words(frozenset({mail}), names=frozenset({name})), backups=False)
	assert not [place for place in proof.left if place.where in ("tabCustomer", "tabComment")], proof.left


def test_a_file_of_a_customer_in_which_she_merely_stands_is_not_asked_about(house: House) -> None:
	frappe.set_user("Administrator")
	mail = f"venla.{house.key}@posti.example"
	for_writing()
	contact = a_contact("Venla", f"Virta{house.key}", mail)
	customer = house._insert(
		"Customer", customer_name=f"Rauta {house.key}", customer_details=f"{mail} recommends them."
	).name
	offer, named = (
		house._insert(
			"File",
			file_name=f"{stem}-{house.key}.txt",
			is_private=1,
			content=f"{stem} for oskari@muu.example{said}",
			attached_to_doctype="Customer",
			attached_to_name=customer,
		).name
		for stem, said in (("offer", ""), ("minutes", f", present: {mail}"))
	)
	frappe.db.commit()
	asked = []

	def decide(line: Any) -> str:
		asked.append(line.record_name)
		return "Not Hers"

	plan = erase(house, contact, decide)
	assert named in asked and offer not in asked
	assert not lines_of(plan, record_name=offer) and frappe.db.exists("File", offer)


def test_what_a_namesakes_copy_lists_is_not_asked_about(house: House) -> None:
	frappe.set_user("Administrator")
	for_writing()
	hers, his = (
		a_contact("Sanna", f"Sama{house.key}", f"sanna{place}.{house.key}@posti.example") for place in (1, 2)
	)
	other = a_copy(house, his, f"sanna2.{house.key}@posti.example")
	items = frappe.get_all(access.ITEM, {"export": other.name}, ["record_name"], order_by="place asc")
	assert {hers, his} <= {row.record_name for row in items}
	made, _approver = officers(house)
	frappe.set_user(made)
	plan = planning.plan_erasure(a_request(house, ("Contact", hers)))
	listed = lines_of(plan, record_doctype=access.ITEM)
	assert {frappe.db.get_value(access.ITEM, line.record_name, "record_name") for line in listed} == {hers}
	assert {line.action for line in listed} == {"Erase"}


def test_who_has_no_mailbox_of_her_own_ends_nobody_elses_copies(house: House) -> None:
	"""A request that came by letter has no address: neither has whoever is erased here."""
	frappe.set_user("Administrator")
	for_writing()
	contact = a_contact("Martta", f"Maa{house.key}", f"martta.{house.key}@posti.example")
	other = a_copy(house, contact, f"martta.{house.key}@posti.example")
	for_writing()
	frappe.db.set_value("Data Subject Request", other.request, "email", None)
	frappe.db.commit()
	access.end_all_of([("Contact", "nobody")], [], company=house.company)
	frappe.db.rollback()
	assert frappe.db.get_value(access.EXPORT, other.name, "status") == "Ready"
	assert (access.folder() / other.file_name).exists()


def test_half_a_line_of_the_ledger_spoils_no_other(
	site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(ledger, "path", lambda: tmp_path / "ledger.jsonl")
	ledger._append('{"plan": "EP-1"}\n')
	with ledger.path().open("a") as out:
		out.write('{"plan": "EP-2", "act')
	ledger._append('{"plan": "EP-3"}\n')
	assert [one["plan"] for one in ledger.read(ledger.path())[0]] == ["EP-1", "EP-3"]
