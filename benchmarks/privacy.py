"""`make bench-privacy`: everything on one person among 100,000 and among a million made-up rows, on a site of its own.

Prints statements and time of the look-up at both sizes, and what indexes on the columns of addresses buy; then (erasure.py) what
the erasure of a planted person takes and leaves, beside Frappe's own deletion of her twin. Judges ours by the project's targets, and
ends with 1 where one is missed. Writes `benchmarks/out/privacy.json`.
On MariaDB where it is installed, else on SQLite. ROWS="100000 1000000" names the sizes, ONLY=lookup or ONLY=erasure a half.
BENCH and SITE name a test site on a real bench instead, which is put back as it was afterwards.
Bounded: a few look-ups per size; the rows are put in by Frappe's bulk insert.
"""

import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from operator import sub
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))
OUT = REPO / "benchmarks" / "out" / "privacy.json"
SIZES = (100_000, 1_000_000)
ROUNDS, TURNS = 3, 2
# Up to so many rows all is read once more, in any form, for what is left of her.
PROVED = 200_000
# What an officer waits for around the run, as erasure.py names it.
STAGES = ("planning", "a decision", "the other decisions", "approval", "last look")
SITE = "bench-privacy.localhost"
# Of a hundred rows, so many stand in each table.
SHARES = {
	"Contact": 10,
	"Contact Email": 10,
	"Contact Phone": 5,
	"Customer": 5,
	"Lead": 5,
	"Communication": 15,
	"Comment": 15,
	"Sales Invoice": 10,
	"Issue": 5,
	"File": 5,
	"Version": 10,
	"HD Ticket": 5,
}
WORDS = (
	"delivery invoice meeting offer order please thanks yesterday contract price question answer monday office "
	"repair spare part schedule payment reminder attached regards customer service phone call machine hall"
).split()
HER = {"name": "Planted Person", "mail": "planted.person@bench.example", "phone": "+358401230000"}


def main() -> int:
	measured = _on_real_bench() if os.environ.get("BENCH") else _on_devbench()
	measured["targets"] = targets(measured["erasures"])
	OUT.parent.mkdir(parents=True, exist_ok=True)
	OUT.write_text(json.dumps(measured, indent=1) + "\n")
	if measured["runs"]:
		report_lookups(measured["runs"])
	for size, told in measured["erasures"].items():
		report_erasures(int(size), told)
	if measured["erasures"]:
		report_growth(measured["erasures"])
	report_targets(measured["targets"])
	print(f"\n{measured['database']}, {measured['framework']}; written to {OUT.relative_to(REPO)}")
	return int(any(one["met"] is False for one in measured["targets"]))


def _on_devbench() -> dict[str, Any]:
	from devbench import build, layout, processes

	db = "mariadb" if shutil.which("mariadbd", path=f"{os.environ.get('PATH')}:/usr/sbin") else "sqlite"
	stack = layout.stack(db, SITE)
	if stack.db == "mariadb":
		from devbench import mariadb

		mariadb.start()
	build.build(stack)
	processes.start(stack, only=["kv"], quiet=True)
	try:
		return _measured(layout.PYTHON, SITE, layout.SITES, stack.environment())
	finally:
		processes.stop(stack)


def _on_real_bench() -> dict[str, Any]:
	from devbench import snapshot

	bench, site = Path(os.environ["BENCH"]).resolve(), os.environ["SITE"]
	snapshot.take(bench, site)
	try:
		return _measured(bench / "env" / "bin" / "python", site, bench / "sites", dict(os.environ))
	finally:
		snapshot.restore(bench, site)


def _measured(python: Path, site: str, sites: Path, environment: dict[str, str]) -> dict[str, Any]:
	from devbench.steps import run

	output = run(
		[python, Path(__file__), "--inside", site, *os.environ.get("ROWS", "").split()],
		seconds=7200,
		cwd=sites,
		env=environment | {"PYTHONPATH": str(REPO)},
	)
	machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
	return {"machine": machine, **json.loads(output.rsplit("\n::", 1)[1])}


def report_lookups(measured: list[dict[str, Any]]) -> None:
	"""Print what a look-up took at each size."""
	first = {row["indexes"]: row for row in reversed(measured)}
	print(
		f"\n{'rows':>10}{'':3}{'indexes':8}{'statements':>11}{'found':>7}{'look-up s':>11}{'who she is s':>14}"
	)
	for row in measured:
		row["times_first"] = round(row["seconds"] / first[row["indexes"]]["seconds"], 2)
		print(
			f"{row['rows']:>10}{'':3}{'ours' if row['indexes'] else 'none':8}{row['statements']:>11}{row['found']:>7}"
			f"{row['seconds']:>11.2f}{row['who_seconds']:>14.3f}   slowest: "
			+ ", ".join(f"{name} {seconds:.2f}" for name, seconds in row["slowest"])
		)
	last, small = [row for row in measured if not row["indexes"]][-1], first[False]
	print(
		f"\nwithout the indexes: {last['rows'] / small['rows']:.0f} x the rows, {last['times_first']} x the time, "
		f"{last['statements'] - small['statements']:+d} statements"
	)


def report_erasures(size: int, told: dict[str, Any]) -> None:
	"""Print side by side what each way to erase took and left, at one size of the tables."""
	rows: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
		("came to its end", lambda one: "yes" if one["finished"] else f"no: {one.get('ended_by', 'failed')}"),
		("records of hers", lambda one: one["hers"]),
		("statements", lambda one: one["execution"]["statements"]),
		("seconds", lambda one: one["execution"]["seconds"]),
		("a transaction holds rows, ms at most", held),
		("others wait for a row, ms at most", lambda one: one.get("others_wait_ms", "-")),
		("   with nothing running", lambda one: one.get("others_wait_idle_ms", "-")),
	]
	for kind in ("mail", "phone", "name"):
		rows += [
			(f"cells with the {kind}, before", lambda one, kind=kind: one["left"][kind]["before"]),
			("   after, that law keeps", lambda one, kind=kind: one["left"][kind]["kept"]),
			("   after, others'", lambda one, kind=kind: one["left"][kind]["of others"]),
			(
				"   after, what is left of hers",
				partial(left, kind=kind),
			),
		]
	rows += [
		("files of hers left", lambda one: f"{one['files']['after']} of {one['files']['before']}"),
		("rows of others changed", lambda one: f"{one['others']['changed']} of {one['others']['rows']}"),
		("cells in the request itself, kept apart", lambda one: one["in requests"]),
		("new rows in which she stands", lambda one: sum(one["traces"].values())),
	]
	for stage in STAGES:
		rows.append((f"{stage}: statements, seconds", lambda one, stage=stage: cost(one, stage)))
	print(f"\nAn erasure among {size} rows of strangers\n{'':38}" + "".join(f"{name:>21}" for name in told))
	for label, of in rows:
		print(f"{label:38}" + "".join(f"{of(one)!s:>21}" for one in told.values()))


def cost(one: dict[str, Any], stage: str) -> str:
	"""What a stage around the run itself asked of the database, and how long it took; "" where there is no such stage."""
	told = one.get(stage) or one["execution"].get(stage)
	return f"{told['statements']}, {told['seconds']:.1f}" if told else ""


def held(one: dict[str, Any]) -> int:
	"""The longest that a transaction held rows in any stage, in milliseconds."""
	return max(one[stage]["held_ms"] for stage in ("execution", *STAGES) if stage in one)


def targets(erasures: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
	"""What erasures by signflow are to keep to at all sizes, as {target, value, limit, met}: the value is at most the limit.

	`met` is None of what was not measured: growth with the tables by one size alone.
	"""
	from benchmarks.erasure import AT_LEAST

	if not erasures:
		return []
	sizes = sorted(erasures, key=int)
	planted = [erasures[size]["signflow"] for size in sizes]
	more = [erasures[size]["signflow, more"] for size in sizes]
	both = [*planted, *more]
	asked, asked_more = ([one["execution"]["statements"] for one in of] for of in (planted, more))
	hers = more[0]["hers"] - planted[0]["hers"]
	wanted: list[tuple[str, Any, float]] = [
		("erasures of a person with two Contacts of one mail that did not end", _sum(both, _unfinished), 0),
		("statements of the run for the planted person", max(asked), 399),
		("   more for each record of hers more", round(max(map(sub, asked_more, asked)) / hers, 2), 2),
		(
			f"   more among {sizes[-1]} rows of strangers than among {sizes[0]}",
			asked[-1] - asked[0] if len(sizes) > 1 else None,
			25,
		),
		("ms that a transaction held rows, in any stage", max(map(held, both)), 200),
		*(
			(f"cells with her {kind} left that law does not keep", _sum(both, partial(left, kind=kind)), 0)
			for kind in ("mail", "phone", "name")
		),
		("files of hers left", _sum(both, lambda one: one["files"]["after"]), 0),
		(
			"places left in any form (prove-erasure)",
			_sum(both, lambda one: one.get("proof", {}).get("left", 0)),
			0,
		),
		("rows of others changed", _sum(both, lambda one: one["others"]["changed"]), 0),
		(
			"rows in which the process itself wrote of her",
			_sum(both, lambda one: sum(one["traces"].values())),
			0,
		),
		(
			"cells and files planted, short of what Frappe's own was first measured with",
			_sum(both, partial(_short, AT_LEAST)),
			0,
		),
	]
	return [
		{"target": target, "value": value, "limit": limit, "met": None if value is None else value <= limit}
		for target, value, limit in wanted
	]


def _sum(erasures: list[dict[str, Any]], of: Callable[[dict[str, Any]], int]) -> int:
	return sum(of(one) for one in erasures)


def _unfinished(one: dict[str, Any]) -> int:
	return int(not one["finished"])


def _short(at_least: dict[str, int], one: dict[str, Any]) -> int:
	there = {"files": one["files"]["before"], **{kind: of["before"] for kind, of in one["left"].items()}}
	return sum(max(0, number - there[kind]) for kind, number in at_least.items())


def left(one: dict[str, Any], kind: str) -> int:
	"""The cells in which her "mail", "phone" or "name" still stands, outside what law keeps and what is others'."""
	return sum(one["left"][kind]["where"].values())


def report_targets(judged: list[dict[str, Any]]) -> None:
	"""Print whether each target was met."""
	for one in judged:
		said = {True: "met", False: "MISSED", None: "not measured"}[one["met"]]
		print(f"{said:>13}  {one['target']}: {one['value']} (at most {one['limit']})")


def report_growth(erasures: dict[str, dict[str, Any]]) -> None:
	"""Print what more strangers, and what more records of her own, add to an erasure."""
	sizes = sorted(erasures, key=int)
	small, large = erasures[sizes[0]], erasures[sizes[-1]]
	for name in ("signflow", "frappe"):
		one, other = small[name]["execution"], large[name]["execution"]
		if len(sizes) > 1:
			print(
				f"\n{name}: {int(sizes[-1]) / int(sizes[0]):.0f} x the rows of strangers, "
				f"{other['statements'] - one['statements']:+d} statements, {other['seconds'] / one['seconds']:.1f} x the time"
			)
	one, other = small["signflow"], small["signflow, more"]
	print(
		f"signflow: {other['hers'] - one['hers']} records of hers more, "
		f"{other['execution']['statements'] - one['execution']['statements']:+d} statements"
	)
	for size, told in erasures.items():
		ours, theirs = told["signflow"], told["frappe"]
		ratio = theirs["execution"]["statements"] / ours["execution"]["statements"]
		waits = [one.get("others_wait_ms") for one in (theirs, ours)]
		waited = f", others' longest wait {waits[0] / waits[1]:.0f} : 1" if all(waits) else ""
		print(f"Frappe's to signflow's among {size} rows: statements {ratio:.1f} : 1{waited}")


# Inside the site


def inside(site: str, sizes: list[int]) -> None:
	import frappe

	from benchmarks import erasure

	frappe.init(site, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")
	from signflow.services.privacy import data_map

	data_map.scan()
	only = os.environ.get("ONLY")
	measured: list[dict[str, Any]] = []
	erasures: dict[int, dict[str, Any]] = {}
	held = _held()
	if not held:
		_plant()
	elif held > sizes[0]:
		_empty()
		held = 0
	for size in sizes:
		_fill(held, size)
		held = max(held, size)
		if only != "erasure":
			# Turn by turn, so that drift hits both alike.
			turns: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
			for indexes in (False, True) * TURNS:
				_index(indexes)
				turns[indexes].append({"rows": held, "indexes": indexes, **_measure()})
			measured += [_best(of) for of in turns.values()]
		_index(True)
		if only != "lookup":
			erasures[size] = erasure.measure(proved=size <= PROVED)
	database, framework = frappe.db.db_type, f"framework {frappe.__version__}"
	print(
		"\n::"
		+ json.dumps({"database": database, "framework": framework, "runs": measured, "erasures": erasures})
	)


def _best(turns: list[dict[str, Any]]) -> dict[str, Any]:
	quickest = min(turns, key=lambda turn: turn["seconds"])
	return {**quickest, "who_seconds": min(turn["who_seconds"] for turn in turns)}


def _empty() -> None:
	"""Take an earlier run's rows away; what was planted stays."""
	import frappe

	for doctype in SHARES:
		made = ["<", 900_000_000] if doctype == "HD Ticket" else ["like", "c%"]
		frappe.db.delete(doctype, {"name": made})
		frappe.db.commit()
	frappe.db.set_default("bench_privacy_rows", 0)
	frappe.db.commit()


def _held() -> int:
	import frappe

	return int(frappe.db.get_default("bench_privacy_rows") or 0)


def _fill(held: int, size: int) -> None:
	import frappe

	for doctype, share in SHARES.items():
		rows = _rows(doctype, held * share // 100, size * share // 100)
		first = next(rows, None)
		if first is None:
			continue
		columns = list(first)

		def values(first: dict[str, Any] = first, rows: Iterator[dict[str, Any]] = rows) -> Iterator[tuple]:
			yield tuple(first.values())
			for row in rows:
				yield tuple(row.values())

		frappe.db.bulk_insert(doctype, columns, values(), chunk_size=5000)
		frappe.db.commit()
	if size > held:
		frappe.db.set_default("bench_privacy_rows", size)
		frappe.db.commit()


def _rows(doctype: str, start: int, end: int) -> Iterator[dict[str, Any]]:
	"""Made-up rows number `start` to `end` of one table: the same each time."""
	chance = random.Random(f"{doctype} {start}")
	for number in range(start, end):
		yield {
			"name": number + 10 if doctype == "HD Ticket" else f"c{number}",
			"creation": "2026-01-01 12:00:00",
			"modified": "2026-01-01 12:00:00",
			"owner": "Administrator",
			"modified_by": "Administrator",
			"docstatus": 0,
			**_values(doctype, number, f"c{number * 7 % max(end // 2, 1)}", chance),
		}


def _values(doctype: str, number: int, other: str, chance: random.Random) -> dict[str, Any]:
	def text(words: int) -> str:
		return "<p>" + " ".join(chance.choices(WORDS, k=words)) + "</p>"

	person, phone = f"person{number}@firm{number % 5000}.example", _phone(number)
	name = f"First{number % 3000} Last{number % 7000}"
	about = {"reference_doctype": "Lead", "reference_name": other}
	under = {"parent": other, "parenttype": "Contact"}
	of: dict[str, Callable[[], dict[str, Any]]] = {
		"Contact": lambda: {"first_name": name, "full_name": name, "email_id": person, "mobile_no": phone},
		"Contact Email": lambda: {**under, "parentfield": "email_ids", "email_id": person},
		"Contact Phone": lambda: {**under, "parentfield": "phone_nos", "phone": phone},
		"Customer": lambda: {
			"customer_name": f"Firm {number} Oy",
			"customer_type": "Company",
			"email_id": person,
		},
		"Lead": lambda: {"lead_name": name, "email_id": person, "phone": phone, "status": "Lead"},
		"Communication": lambda: {
			**about,
			"subject": text(5),
			"sender": person,
			"recipients": f"office@house.example, {person}",
			"content": text(90),
			"text_content": text(60),
		},
		"Comment": lambda: {
			**about,
			"comment_type": "Comment",
			"content": text(25),
			"comment_email": "staff@house.example",
		},
		"Sales Invoice": lambda: {
			"customer": other,
			"contact_person": other,
			"contact_email": person,
			"contact_display": name,
		},
		"Issue": lambda: {
			"subject": text(6),
			"raised_by": person,
			"description": text(60),
			"contact": other,
		},
		"File": lambda: {
			"file_name": f"scan{number}.pdf",
			"attached_to_doctype": "Lead",
			"attached_to_name": other,
		},
		"Version": lambda: {
			"ref_doctype": "Lead",
			"docname": other,
			"data": json.dumps({"changed": [["phone", text(20), text(20)]]}),
		},
		"HD Ticket": lambda: {"subject": text(6), "raised_by": person, "description": text(60)},
	}
	return of[doctype]()


def _phone(number: int) -> str:
	digits = f"{number * 7919 % 10**7:07d}"
	# Never her number: what strangers have too is an officer's to decide.
	return f"044 {digits[:3]} {digits[3:]}" if number % 2 else f"+35850{digits}"


def _plant() -> None:
	"""Her: a Contact, a Lead, an individual Customer, and what hangs under them."""
	import frappe

	def row(doctype: str, **values: Any) -> str:
		doc = frappe.get_doc({"doctype": doctype, **values})
		doc.name = values.pop("name", None) or f"planted-{frappe.generate_hash(length=10)}"
		doc.db_insert()
		return str(doc.name)

	contact = row(
		"Contact", first_name="Planted", last_name="Person", full_name=HER["name"], email_id=HER["mail"]
	)
	under = {"parent": contact, "parenttype": "Contact"}
	row("Contact Email", parentfield="email_ids", email_id=HER["mail"], **under)
	row("Contact Phone", parentfield="phone_nos", phone="040-123 0000", **under)
	lead = row("Lead", lead_name=HER["name"], email_id=HER["mail"])
	customer = row(
		"Customer", customer_name=HER["name"], customer_type="Individual", customer_primary_contact=contact
	)
	for number in range(10):
		invoice = row("Sales Invoice", customer=customer, customer_name=HER["name"])
		row("File", file_name="scan.pdf", attached_to_doctype="Sales Invoice", attached_to_name=invoice)
		row("Comment", comment_type="Info", reference_doctype="Lead", reference_name=lead, content="x")
		row("Communication", subject="x", recipients=f"a@b.example, {HER['mail']}", content="x")
		row("Communication", subject="x", sender="a@b.example", content=f"<p>ask {HER['mail']}</p>")
		row("Issue", subject="x", raised_by=HER["mail"])
		row("HD Ticket", name=900_000_000 + number, subject="x", raised_by=HER["mail"])
	frappe.db.commit()


def _index(wanted: bool) -> None:
	"""Put our indexes there, or take them away."""
	import frappe

	from signflow import custom_fields

	if wanted:
		custom_fields.make()
	else:
		custom_fields.drop_indexes()
	frappe.db.commit()


def _measure() -> dict[str, Any]:
	import frappe

	from signflow.services.privacy import lookup, person_records, searching

	start = lookup.start_of(HER["mail"])
	asked: list[str] = []
	spent: dict[str, list[float]] = {}
	plain_sql, plain_search = frappe.db.sql, searching.search

	def counted(query: Any, *args: Any, **kwargs: Any) -> Any:
		asked.append(str(query))
		return plain_sql(query, *args, **kwargs)

	def timed(entry: Any, *args: Any) -> Any:
		began = time.perf_counter()
		found = plain_search(entry, *args)
		spent.setdefault(entry.doctype, []).append(time.perf_counter() - began)
		return found

	lookup.look_up(start)
	frappe.db.sql = counted
	result = lookup.look_up(start)
	del frappe.db.sql
	searching.search = timed
	took, who = [], []
	for _round in range(ROUNDS):
		began = time.perf_counter()
		lookup.look_up(start)
		took.append(time.perf_counter() - began)
		began = time.perf_counter()
		person_records.find_subject(start)
		who.append(time.perf_counter() - began)
	searching.search = plain_search
	slowest = sorted(((min(times), name) for name, times in spent.items()), reverse=True)[:4]
	return {
		"statements": len(asked),
		"found": len(result.of(0)),
		"unsearched": result.unsearched,
		"seconds": round(min(took), 3),
		"median_seconds": round(statistics.median(took), 3),
		"who_seconds": round(min(who), 4),
		"slowest": [(name, round(seconds, 3)) for seconds, name in slowest],
	}


if __name__ == "__main__":
	if "--inside" in sys.argv:
		inside(sys.argv[2], [int(word) for word in sys.argv[3:]] or list(SIZES))
		sys.exit(0)
	from devbench.steps import DevbenchError

	try:
		sys.exit(main())
	except (DevbenchError, subprocess.TimeoutExpired) as error:
		sys.exit(f"bench-privacy: {error}")
