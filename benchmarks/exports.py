"""`make bench-forms`: the export of 10,000 submissions as JSON, CSV and XLSX, each in a process of its own.

On devbench's demo site. The submissions are deleted afterwards.
"""

import os
import resource
import sys
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
SUBMISSIONS = 10_000


def main() -> int:
	from devbench import build, layout, processes
	from devbench.steps import run

	stack = layout.stack("sqlite", "demo.localhost")
	build.build(stack)
	processes.start(stack, only=["kv"])
	said = run(
		[layout.PYTHON, "-m", "benchmarks.exports", stack.site],
		seconds=900,
		cwd=layout.SITES,
		env=stack.environment() | {"PYTHONPATH": os.pathsep.join([str(REPO), str(REPO / "tests" / "site")])},
	)
	print(said)
	return 0


def on_site(site: str) -> None:
	"""In the bench's Python: make the submissions, export them, take them away."""
	import frappe

	_connect(site)
	form = _filled_form()
	try:
		for file_type in ("JSON", "CSV", "XLSX"):
			child = os.fork()
			if not child:
				os._exit(_export(site, form, file_type))
			os.waitpid(child, 0)
	finally:
		frappe.destroy()
		_connect(site)
		frappe.db.delete("Form Submission", {"form": form})
		frappe.db.commit()


def _connect(site: str) -> None:
	import frappe

	frappe.init(site, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")


def _filled_form() -> str:
	import frappe
	from form_stage import ANSWERS, a_form, a_submission
	from house import House, a_company

	from signflow.services import submissions

	house = House(web="", mailbox=None, key=frappe.generate_hash(length=8))
	house.company, house.users = a_company(), {"owner": "Administrator"}
	form = a_form(house)
	name = a_submission(form).name
	[row] = frappe.db.sql("select * from `tabForm Submission` where name = %s", name, as_dict=True)
	rows = []
	for number in range(1, SUBMISSIONS):
		kept = {"answers": {**ANSWERS, "full_name": f"Nimi {number}"}, "people": []}
		copy = {**row, "name": f"{name}{number}", "answers": submissions._encrypted(kept)}
		rows.append(tuple(copy.values()))
	frappe.db.bulk_insert("Form Submission", list(row), rows)
	frappe.db.commit()
	return form.name


def _export(site: str, form: str, file_type: str) -> int:
	import frappe

	from signflow.services import exports

	frappe.destroy()
	_connect(site)
	target = Path(f"/tmp/signflow-bench-{os.getpid()}")
	doc = frappe.get_doc("Signable Form", form)
	before, began = _peak_mb(), time.perf_counter()
	names = exports.submissions_between(form, None, None)
	made = exports.Export(form, doc.title, exports.fields_of(doc.web_form), None, None, "fi")
	exports.WRITERS[file_type](made, exports.entries_of(names), target)
	took = time.perf_counter() - began
	print(
		f"{file_type:5}{len(names):>8} submissions{took:>7.1f} s{target.stat().st_size // 1024:>8} KB"
		f"{before:>6} -> {_peak_mb()} MB at the peak",
		flush=True,
	)
	target.unlink()
	return 0


def _peak_mb() -> int:
	return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
	if len(sys.argv) > 1:
		on_site(sys.argv[1])
	else:
		sys.exit(main())
