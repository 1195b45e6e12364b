"""The second half of `make bench-privacy`: one planted person erased by signflow, her twin by Frappe's own request.

Both stand on one site, planted by the code that the tests plant with. For each it is measured what it asks of the database,
how long it takes, how long others wait for rows, what is left of her and whether anybody else was touched.
Run inside a site by `benchmarks/privacy.py`; `--probe` is its second process.
"""

import contextlib
import io
import json
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO), str(REPO / "tests" / "site")]
# How much there was of the person by whom Frappe's own deletion was measured first: cells of text columns, files.
AT_LEAST = {"mail": 99, "phone": 44, "name": 210, "files": 5}
ROUNDS = 8
# That she asked is kept for its time, to prove that she was answered: told apart from what is left.
REQUESTS = ("Data Subject Request", "Data Subject Request Person", "Personal Data Deletion Request")
# Of each of these a stranger's row is updated meanwhile.
LOCKED = (
	*("Customer", "Contact", "Lead", "Communication", "Comment", "Sales Invoice", "File", "Version", "Issue"),
)


def measure(*, proved: bool) -> dict[str, Any]:
	"""Plant a household for each way to erase, erase, and say what it took and what is left.

	Frappe's way is tried twice: with the two Contacts of one mail that a Lead and a Customer have, and with one of them.
	"more": a person of whom there are 40 records more. `proved`: everything is read once more for her strings in any form.
	"""
	return {
		"signflow": _erased(_household(), _by_signflow, proved=proved),
		"signflow, more": _erased(_household(more=10), _by_signflow),
		"frappe, two contacts": _erased(_household(), _by_frappe),
		"frappe": _erased(_household(contacts=1), _by_frappe),
	}


def _household(*, more: int = 0, contacts: int = 2) -> Any:
	import frappe
	from house import House, Mailbox, for_writing
	from test_erasure import Erased

	class Household(Erased):
		"""The tests' person, who logs in by the address that she has everywhere else: Frappe's way knows no other."""

		def __post_init__(self) -> None:
			super().__post_init__()
			self.user = self.mail
			# One for all households: a DocType more would be a table more to look into.
			self.member = "Club Member of the Benchmark"
			self.papers: list[str] = []

		def _make_custom_doctypes(self) -> None:
			if not frappe.db.exists("DocType", self.member):
				super()._make_custom_doctypes()

		def _documents(self) -> None:
			super()._documents()
			for _number in range(ROUNDS):
				self._everyday()
			self._papers()
			if contacts == 1:
				frappe.delete_doc("Contact", self.second, force=True, delete_permanently=True)
				self.certain.discard(("Contact", self.second))
			other = {"reference_doctype": "Company", "reference_name": self.house.company}
			for _number in range(more):
				self._invoice("certain")
				self.row("certain", "Issue", subject="Broken", raised_by=self.mail)
				self.row("certain", "Communication", subject="Hi", recipients=self.mail, content=self.name)
				self.row("certain", "Comment", comment_type="Comment", content=f"Ask {self.mail}", **other)

		def _everyday(self) -> None:
			"""What comes together of a customer by the years, with name, address and telephone in the texts."""
			number = f"0{self.digits}"
			said = f"{self.name}, {self.mail}, {number}"
			about = {"reference_doctype": "Company", "reference_name": self.house.company}
			for doctype, values in (
				(
					"Communication",
					{
						**{"subject": self.name, "sender": self.mail, "sender_full_name": self.name},
						**{"content": f"<p>{said}</p>", "text_content": said, **about},
					},
				),
				("Issue", {"subject": self.name, "raised_by": self.mail, "description": said}),
				("HD Ticket", {"subject": self.name, "raised_by": self.mail, "description": said}),
				("Comment", {"comment_type": "Comment", "comment_by": self.name, "content": said, **about}),
				("Note", {"title": self.name, "content": said}),
				("Event", {"subject": self.name, "description": said, "starts_on": "2026-01-02 10:00:00"}),
				("Notification Log", {"subject": self.name, "email_content": said}),
				("Deleted Document", {"deleted_doctype": "Lead", "data": json.dumps({"lead": said})}),
			):
				self.row("certain", doctype, **values)
			self._invoice("certain", contact_display=self.name, contact_mobile=number)

		def _papers(self) -> None:
			"""Files as people upload them: a PDF, a Word file, a public picture and what Frappe makes of it for lists."""
			import docx
			from house import a_pdf
			from PIL import Image

			letter, word, picture = docx.Document(), io.BytesIO(), io.BytesIO()
			letter.add_paragraph(f"{self.name}, {self.mail}")
			letter.save(word)
			Image.new("RGB", (600, 400), f"#{self.house.key[:6]}").save(picture, "PNG")
			for name, content, private in (
				("contract.pdf", a_pdf(f"{self.name}, {self.mail}"), 1),
				("letter.docx", word.getvalue(), 1),
				("portrait.png", picture.getvalue(), 0),
			):
				file = self.house._insert(
					"File",
					file_name=f"{self.house.key}-{name}",
					is_private=private,
					content=content,
					attached_to_doctype="Lead",
					attached_to_name=self.lead,
				)
				self.note("certain", "File", file.name)
				self.papers.append(file.file_url)
			self.papers.append(file.make_thumbnail())

		def _kept(self) -> None:
			# Earlier households' rules and holds would be asked for hers as well.
			frappe.db.set_value("Retention Rule", {"enabled": 1}, "enabled", 0)
			frappe.db.set_value("Legal Hold", {"lifted": 0}, "lifted", 1)
			super()._kept()

	frappe.set_user("Administrator")
	for_writing()
	house = House(web="", mailbox=Mailbox(Path()), key=uuid.uuid4().hex[:8])
	house.move_in()
	she = Household(house)
	she.plant()
	return she


def _erased(she: Any, way: Callable[[Any], dict[str, Any]], *, proved: bool = False) -> dict[str, Any]:
	import frappe

	mine = {(doctype, str(name)) for doctype, name in she.certain}
	kept = {("Sales Invoice", name) for name in (she.kept, she.held, she.shared_kept)}
	kept.add(("Communication", she.kept_mail))
	# She made it and is assigned to it, so her name in it has to go.
	touched = ("Sales Invoice", she.assigned)
	others = {(d, str(n)) for d, n in she.others | she.shared | she.possible} - mine - {touched}
	strings = {"mail": she.mail, "phone": she.digits, "name": she.name}
	before = {kind: _cells(text) for kind, text in strings.items()}
	rows, files = _rows(others), _files(she)
	told = way(she)
	frappe.db.rollback()
	found = {kind: _cells(text) for kind, text in strings.items()}
	after = {kind: [one for one in cells if one[0] not in REQUESTS] for kind, cells in found.items()}
	told["in requests"] = sum(len(cells) - len(after[kind]) for kind, cells in found.items())
	told["left"] = {
		kind: {
			"before": len(before[kind]),
			"after": len(cells),
			"kept": len([one for one in cells if one[:2] in kept]),
			"of others": len([one for one in cells if _is_of(one, others)]),
			"where": dict(
				Counter(one[0] for one in cells if one[:2] not in kept and not _is_of(one, others))
			),
		}
		for kind, cells in after.items()
	}
	# What the process has written down of her itself: rows that were not there. Of hers its own tables may hold keyed hashes.
	there = {one[:2] for cells in before.values() for one in cells}
	told["traces"] = dict(
		Counter(
			one[0]
			for cells in after.values()
			for one in cells
			if one[:2] not in there and not _is_of(one, others)
		)
	)
	told["files"] = {"before": len(files), "after": len([path for path in files if path.exists()])}
	now = _rows(others)
	changed = [key for key in rows if rows[key] != now.get(key)]
	told["others"] = {
		"rows": len(rows),
		"changed": len(changed),
		"where": sorted({key[0] for key in changed}),
	}
	told["hers"] = len(mine)
	if proved:
		told["proof"] = _proof(she)
	return told


def _is_of(cell: tuple[str, str, str, str], others: set[tuple[str, str]]) -> bool:
	return cell[:2] in others or any(cell[3] == name for _doctype, name in others)


def _cells(text: str) -> list[tuple[str, str, str, str]]:
	"""(DocType, row, column, parent) of each cell of a text column that holds `text`, as it is written."""
	import frappe

	found = []
	for table in sorted(frappe.db.get_tables(cached=False)):
		if not table.startswith(("tab", "__")) or table.startswith("__global_search_"):
			continue
		texts = _text_columns(table)
		if not texts:
			continue
		conditions = " or ".join(f"`{column}` like %(like)s" for column in texts)
		query = f"select * from `{table}` where {conditions}"
		for row in frappe.db.sql(query, {"like": f"%{text}%"}, as_dict=True):
			name, parent = (
				str(row.get("name") or ""),
				str(row.get("parent") or row.get("reference_name") or ""),
			)
			of = row.doctype if table == "__global_search" else table.removeprefix("tab")
			found += [
				(of, name, column, parent)
				for column in texts
				if text.casefold() in str(row.get(column) or "").casefold()
			]
	return found


def _text_columns(table: str) -> list[str]:
	import frappe

	if frappe.db.db_type == "sqlite":
		return [row[1] for row in frappe.db.sql(f"pragma table_info(`{table}`)")]
	query = (
		"select column_name from information_schema.columns where table_schema = database() and table_name = %s "
		"and data_type in ('varchar', 'char', 'text', 'mediumtext', 'longtext', 'tinytext') order by ordinal_position"
	)
	return [row[0] for row in frappe.db.sql(query, (table,))]


def _rows(records: set[tuple[str, str]]) -> dict[tuple[str, str], Any]:
	"""All columns of all rows of these records, of those within them as well."""
	import frappe

	found: dict[tuple[str, str], Any] = {}
	by_type: dict[str, list[str]] = defaultdict(list)
	for doctype, name in sorted(records):
		by_type[doctype].append(name)
	for doctype, names in by_type.items():
		if not frappe.db.table_exists(doctype):
			continue
		for row in frappe.db.sql(
			f"select * from `tab{doctype}` where name in %s", (tuple(names),), as_dict=True
		):
			found[doctype, str(row.name)] = dict(row)
		for child in [one.options for one in frappe.get_meta(doctype).get_table_fields()]:
			query = f"select * from `tab{child}` where parenttype = %s and parent in %s"
			for row in frappe.db.sql(query, (doctype, tuple(names)), as_dict=True):
				found[child, str(row.name)] = dict(row)
	return found


def _files(she: Any) -> list[Path]:
	"""The files that are hers alone: with File rows, a thumbnail, and two that lie about."""
	from signflow.services.erasure.bytes_of_files import path_of

	paths = [path_of(url) for url in (she.file.file_url, she.report.file_url, *she.papers)]
	assert all(path and path.is_file() for path in paths), paths
	return [*paths, she.loose, she.named]


# Statements, seconds and locks


@contextlib.contextmanager
def _watched() -> Iterator[dict[str, Any]]:
	"""What is asked of the database within, how long it takes and how long rows are locked for whoever else wants them."""
	from house import longest_transaction, statements_asked

	told: dict[str, Any] = {}
	began = time.monotonic()
	asked: list[tuple[str, float]] = []
	try:
		with statements_asked() as asked:
			yield told
	finally:
		ended = time.monotonic()
		# The last look over all tables is told apart.
		ends = next(
			(
				place + 1
				for place, (query, _moment) in enumerate(asked)
				if query.startswith("UPDATE") and "finished_on" in query
			),
			len(asked),
		)
		moments = [*(moment for _query, moment in asked), ended]
		told["statements"], told["seconds"] = ends, round(moments[ends] - began, 3)
		if ends < len(asked):
			told["last look"] = {
				"statements": len(asked) - ends,
				"seconds": round(ended - moments[ends], 3),
			}
		told["held_ms"] = round(longest_transaction([*asked, ("commit", ended)]) * 1000)


@contextlib.contextmanager
def _others_wait(she: Any, told: dict[str, Any]) -> Iterator[None]:
	"""A second process updates rows of her namesake, of a customer that she shares with others, and of strangers."""
	import frappe

	if frappe.db.db_type == "sqlite":
		yield
		return
	wanted = [("Contact", she.namesake), ("Contact", she.matti), ("Customer", she.house.customer)]
	wanted += [("User", she.house.users["colleague"])]
	for doctype in LOCKED:
		name = frappe.db.get_value(doctype, {"name": ["like", "c%1"]}, "name", order_by="name asc")
		wanted += [(doctype, name)] if name else []
	frappe.db.commit()
	process = subprocess.Popen(
		[sys.executable, str(Path(__file__)), "--probe", frappe.local.site],
		stdin=subprocess.PIPE,
		stdout=subprocess.PIPE,
		text=True,
	)
	process.stdin.write(json.dumps(wanted) + "\n")
	process.stdin.flush()
	assert process.stdout.readline().strip() == "ready"
	time.sleep(0.5)
	try:
		process.stdin.write("now\n")
		process.stdin.flush()
		yield
	finally:
		waits = json.loads(process.communicate("stop\n", timeout=120)[0].splitlines()[-1])
		told["others_wait_ms"] = max(waits["then"].values())
		told["others_wait_where"] = max(waits["then"], key=lambda key: waits["then"][key])
		told["others_wait_idle_ms"] = max(waits["idle"].values())
		told["tries"] = waits["tries"]


def probe(site: str) -> None:
	"""Update each row named on standard input over and over, and tell the longest wait of each, idle and "now"."""
	import frappe

	wanted = json.loads(sys.stdin.readline())
	waits: dict[str, dict[str, float]] = {"idle": {}, "then": {}}
	state = {"phase": "idle", "tries": 0, "ready": 0}

	def one(doctype: str, name: Any) -> None:
		frappe.init(site, sites_path=".")
		frappe.connect()
		frappe.db.sql("set innodb_lock_wait_timeout = 100")
		state["ready"] += 1
		while state["phase"] != "stop":
			began, phase = time.monotonic(), state["phase"]
			frappe.db.sql(f"update `tab{doctype}` set `modified` = `modified` where name = %s", (name,))
			frappe.db.rollback()
			took = round((time.monotonic() - began) * 1000, 1)
			# What began before and ended after counts as well.
			if state["phase"] == "then" or phase == "then":
				phase = "then"
			key = f"{doctype} {name}" if doctype in ("Contact", "Customer", "User") else doctype
			waits[phase][key] = max(took, waits[phase].get(key, 0))
			state["tries"] += 1
			time.sleep(0.01)

	threads = [threading.Thread(target=one, args=pair) for pair in wanted]
	for thread in threads:
		thread.start()
	while state["ready"] < len(threads):
		time.sleep(0.01)
	print("ready", flush=True)
	for line in sys.stdin:
		state["phase"] = {"now": "then", "stop": "stop"}[line.strip()]
	state["phase"] = "stop"
	for thread in threads:
		thread.join()
	print(json.dumps({**waits, "tries": state["tries"]}))


# The two ways


def _by_frappe(she: Any) -> dict[str, Any]:
	"""Frappe's Personal Data Deletion Request as its worker carries it out once a System Manager pressed the button."""
	import frappe

	frappe.set_user("Administrator")
	doc = frappe.new_doc("Personal Data Deletion Request")
	doc.email, doc.status = she.mail, "Pending Approval"
	doc.set_new_name()
	# As a row: signflow leads whoever makes one by a form to its own page.
	doc.db_insert()
	frappe.db.commit()
	told: dict[str, Any] = {"finished": True}
	with _others_wait(she, told), _watched() as seen:
		try:
			doc = frappe.get_doc("Personal Data Deletion Request", doc.name)
			doc.disable_user()
			frappe.db.commit()
			doc._anonymize_data()
			frappe.db.commit()
		except Exception as error:
			frappe.db.rollback()
			told["finished"] = False
			told["ended_by"] = type(error).__name__
	return {**told, "execution": seen}


def _by_signflow(she: Any) -> dict[str, Any]:
	"""Planned by one officer, what is not surely hers decided, approved by another, carried out by a worker: this process."""
	import frappe
	from erasing import a_request, decide_all, lines_of, officers, to_be_run_here

	from signflow.services.erasure import deciding, execution, planning

	made, approver = officers(she.house)
	request = a_request(she.house, ("Contact", she.hers))
	told: dict[str, Any] = {}
	frappe.set_user(made)
	with _watched() as told["planning"]:
		plan = planning.plan_erasure(request)
	first = lines_of(plan, action="Decide")[0].name
	with _watched() as told["a decision"]:
		plan = deciding.decide(plan, {first: "Not Hers"})
	with _watched() as told["the other decisions"]:
		plan = decide_all(plan, made)
	frappe.set_user(approver)
	with _watched() as told["approval"]:
		planning.approve(plan)
	frappe.set_user("Administrator")
	to_be_run_here(plan)
	with _others_wait(she, told), _watched() as told["execution"]:
		execution.carry_on(plan)
	frappe.db.rollback()
	status, told["left_over"] = frappe.db.get_value("Erasure Plan", plan, ["status", "left_over"])
	told["finished"] = status == "Done"
	told["lines"] = frappe.db.count("Erasure Plan Line", {"plan": plan, "status": "Done"})
	return told


def _proof(she: Any) -> dict[str, int]:
	"""What `prove-erasure` finds of her: tables, files, encoded forms."""
	from signflow.services.erasure import proving

	proof = proving.prove(she.words(), backups=False)
	return {"left": len(proof.left), "kept": len(proof.kept), "of others": len(proof.others)}


if __name__ == "__main__":
	probe(sys.argv[-1])
