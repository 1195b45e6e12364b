"""`make bench-web`: the signing page against Frappe's guest Web Form, same server, turn by turn in one run.

Bounded: a few thousand requests to 127.0.0.1 in rounds of fixed length, so that drift hits both alike.
"""

import gzip
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devbench import build, layout, processes, snapshot
from devbench.steps import DevbenchError, run, wait_until

REPO = Path(__file__).resolve().parent.parent
OUT = REPO / "benchmarks" / "out" / "web.json"
ROUNDS, SECONDS, CONNECTIONS = 4, 4.0, 4
FORM = "signflow-bench"
PAGES = {"signflow": "/sign?lang=fi", "frappe web form": f"/{FORM}/new"}
TARGET = 5.0
MAKE_FORM = f"""
import frappe
frappe.init("{{site}}", sites_path=".")
frappe.connect()
frappe.set_user("Administrator")
if not frappe.db.exists("Web Form", "{FORM}"):
	frappe.get_doc(
		dict(
			doctype="Web Form", title="{FORM}", route="{FORM}", doc_type="Contact", module="Website", published=1,
			anonymous=1, login_required=0, is_standard=0,
			web_form_fields=[
				dict(fieldname="first_name", fieldtype="Data", label="First name", reqd=1),
				dict(fieldname="last_name", fieldtype="Data", label="Last name"),
			],
		)
	).insert()
frappe.db.commit()
"""


def rps(port: int, path: str) -> tuple[float, list[float]]:
	"""Requests per second over SECONDS with CONNECTIONS kept-alive connections, and each request's milliseconds."""
	took: list[float] = []
	wrong: list[int] = []
	deadline = time.monotonic() + SECONDS

	def one() -> None:
		connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
		while time.monotonic() < deadline:
			began = time.perf_counter()
			connection.request("GET", path)
			answer = connection.getresponse()
			answer.read()
			if answer.status != 200:
				wrong.append(answer.status)
				break
			took.append((time.perf_counter() - began) * 1000)
		connection.close()

	began = time.monotonic()
	threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join(timeout=SECONDS + 60)
	if wrong:
		raise DevbenchError(f"{path} answers {wrong[0]}")
	return len(took) / (time.monotonic() - began), took


def weight(port: int, path: str, assets: Path) -> int:
	"""Gzipped bytes of a page and all scripts and styles that it names itself, and the modules that those name."""
	connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
	connection.request("GET", path)
	page = connection.getresponse().read()
	connection.close()
	seen = {path: len(gzip.compress(page, 6))}
	todo = re.findall(r'(?:src|href)="/assets/([^"?]+\.(?:js|css))', page.decode("utf-8", "replace"))
	while todo:
		name = todo.pop()
		if name in seen or not (assets / name).exists():
			continue
		body = (assets / name).read_bytes()
		seen[name] = len(gzip.compress(body, 6))
		if name.startswith("signflow/sign/"):
			todo += [f"signflow/sign/{name}" for name in re.findall(r'["\']\./([\w-]+\.js)', body.decode())]
	return sum(seen.values())


def memory(port: int) -> float:
	"""Resident MiB of the largest web worker."""
	found = [0.0]
	for process in Path("/proc").glob("[0-9]*"):
		try:
			if f"127.0.0.1:{port}" in (process / "cmdline").read_text():
				found += [
					int(line.split()[1]) / 1024
					for line in (process / "status").read_text().splitlines()
					if line.startswith("VmRSS")
				]
		except OSError:
			continue
	return max(found)


@contextmanager
def own_bench() -> Iterator[tuple[int, Path]]:
	"""devbench's demo site, its web server alone."""
	stack = layout.stack("sqlite", "demo.localhost")
	build.build(stack)
	# The web server anew, with the code as it is now, and nothing else at work while it is measured.
	processes.stop(stack, only=["web", "worker", "scheduler"])
	processes.start(stack, only=["kv", "sink", "web"])
	run(
		[layout.PYTHON, "-c", MAKE_FORM.format(site=stack.site)],
		seconds=120,
		cwd=layout.SITES,
		env=stack.environment(),
	)
	try:
		yield stack.ports()["web"], layout.SITES / "assets"
	finally:
		processes.start(stack, quiet=True)


@contextmanager
def real_bench(bench: Path, site: str) -> Iterator[tuple[int, Path]]:
	"""A site of an existing bench behind gunicorn with eight threads, as bench sets it up."""
	snapshot.check(bench, site)
	python, sites, port = bench / "env" / "bin" / "python", bench / "sites", layout.any_free_port()
	run([python, "-c", MAKE_FORM.format(site=site)], seconds=120, cwd=sites)
	serve = (
		f"import frappe.app as app, gunicorn.app.wsgiapp as g; app._site = {site!r}; "
		"import sys; sys.argv = sys.argv[:1] + sys.argv[1:]; g.run()"
	)
	command = [python, "-c", serve, "-b", f"127.0.0.1:{port}", "--threads", 8, "frappe.app:application"]
	server = subprocess.Popen(
		[str(word) for word in command],
		cwd=sites,
		start_new_session=True,
		stdout=subprocess.DEVNULL,
		stderr=subprocess.DEVNULL,
	)
	try:
		wait_until(lambda: not layout.free(port), seconds=60, what="the web server")
		yield port, sites / "assets"
	finally:
		processes.end_session(server)


def main() -> int:
	bench = os.environ.get("BENCH")
	where = real_bench(Path(bench).resolve(), os.environ.get("SITE") or "") if bench else own_bench()
	with where as (port, assets):
		for path in PAGES.values():
			rps(port, path)
		rounds: dict[str, list[float]] = {who: [] for who in PAGES}
		times: dict[str, list[float]] = {who: [] for who in PAGES}
		for _ in range(ROUNDS):
			for who, path in PAGES.items():
				rate, took = rps(port, path)
				rounds[who].append(rate)
				times[who] += took
		sizes = {who: weight(port, path, assets) for who, path in PAGES.items()}
		rss = memory(port)
	ours = min(times["signflow"])
	rows = [
		{
			"case": "first page, guest",
			"who": who,
			"min_ms": round(min(times[who]), 2),
			"ratio_to_ours": round(min(times[who]) / ours, 2),
			"rss_mb": round(rss, 1),
			"median_ms": round(statistics.median(times[who]), 2),
			"requests_per_second": round(statistics.median(rounds[who]), 1),
			"first_load_gzip_kb": round(sizes[who] / 1024, 1),
		}
		for who in PAGES
	]
	OUT.parent.mkdir(parents=True, exist_ok=True)
	OUT.write_text(json.dumps(rows, indent=1) + "\n")
	print(f"\n{'who':18}{'req/s':>9}{'min ms':>9}{'median ms':>11}{'first load, KB gzip':>22}")
	for row in rows:
		print(
			f"{row['who']:18}{row['requests_per_second']:>9}{row['min_ms']:>9}{row['median_ms']:>11}"
			f"{row['first_load_gzip_kb']:>22}"
		)
	ratio = statistics.median(
		a / b for a, b in zip(rounds["signflow"], rounds["frappe web form"], strict=True)
	)
	light = sizes["signflow"] < 150 * 1024
	print(
		f"\n{ratio:.1f} x the requests per second of the Web Form, round by round; to reach: {TARGET:.0f} x"
	)
	print(f"first load under 150 KB gzip: {'yes' if light else 'NO'}; written to {OUT.relative_to(REPO)}")
	return 0 if ratio >= TARGET and light else 1


if __name__ == "__main__":
	try:
		sys.exit(main())
	except (DevbenchError, subprocess.TimeoutExpired) as error:
		sys.exit(f"bench-web: {error}")
