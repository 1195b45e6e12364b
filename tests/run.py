"""Runs the lanes of tests: `make test` and its kin call it. Standard library only.

A lane that cannot run is printed as such with its reason, and the run then fails where SIGNFLOW_STRICT is set (CI):
never is it counted as passed. BENCH and SITE name an existing bench for the lane `site`; DB chooses devbench's database.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from devbench import build, environment, layout, mariadb, processes, snapshot  # noqa: E402
from devbench.steps import DevbenchError, alone  # noqa: E402

RESULTS = REPO / "test-results"
STRICT = bool(os.environ.get("SIGNFLOW_STRICT"))
LIMITS = {"core": 900, "contracts": 300, "site": 2400, "e2e": 1500}


class CannotRun(Exception):
	"""Why a lane could not run here, and how to get what it lacks."""


def pytest(
	lane: str, python: Path, arguments: list[str], *, environment: dict, cwd: Path, label: str
) -> bool:
	"""Run one lane's tests and keep its JUnit file; true when all passed (and, where strict, none was skipped)."""
	RESULTS.mkdir(exist_ok=True)
	report = RESULTS / f"{label}.xml"
	if os.environ.get("PART") and lane in ("core", "site"):
		arguments = ["-p", "tests.parts", *arguments]
	command = [
		str(python),
		"-m",
		"pytest",
		str(REPO / "tests" / lane),
		f"--rootdir={REPO}",
		f"--junitxml={report}",
		"-q",
		*arguments,
	]
	done = subprocess.run(command, cwd=cwd, env=environment, timeout=LIMITS[lane])
	if done.returncode == 5 and arguments:
		print(f"{label}: no test has that name")
		return True
	skipped = [
		f"{case.get('classname')}::{case.get('name')}"
		for case in ElementTree.parse(report).iter("testcase")
		if case.find("skipped") is not None
	]
	if skipped and STRICT:
		print(f"{label}: {len(skipped)} skipped, which CI does not allow: {', '.join(skipped[:5])}")
		return False
	return done.returncode == 0


def _build(stack: layout.Stack) -> None:
	with alone(layout.HOME / "lock", seconds=900):
		build.build(stack)


def _forget_newer_build(stack: layout.Stack, made_for: Path) -> None:
	"""A site that was brought up to date since its snapshot was taken (`make check` does) is not, once that is back."""
	stamp = layout.STAMPS / f"site-{stack.site}"
	known = json.loads(made_for.read_text()) if made_for.exists() else []
	if stamp.exists() and str(stamp.stat().st_mtime_ns) not in known:
		stamp.unlink()


@contextlib.contextmanager
def _fresh(stack: layout.Stack) -> Iterator[None]:
	"""The site as it was built, for one run alone: evidence cannot be cleaned up.

	The next run puts the snapshot back before it builds, so that not even a killed run leaves anything behind.
	"""
	with alone(stack.run / "tests.lock", seconds=LIMITS["site"]):
		processes.stop(stack)
		used = stack.site_folder / "used-by-tests"
		stamp = stack.site_folder / snapshot.FOLDER / "made-for"
		if used.exists():
			if stack.db == "mariadb":
				mariadb.start()
			processes.start(stack, only=["kv"], quiet=True)
			snapshot.restore(layout.BENCH, stack.site)
			used.unlink()
			_forget_newer_build(stack, stamp)
		_build(stack)
		processes.start(stack, only=["kv"], quiet=True)
		made_for = json.dumps(sorted(str(path.stat().st_mtime_ns) for path in layout.STAMPS.glob("*")))
		if not stamp.exists() or stamp.read_text() != made_for:
			snapshot.take(layout.BENCH, stack.site)
			stamp.write_text(made_for)
		used.touch()
		try:
			yield
		finally:
			processes.stop(stack)


@contextlib.contextmanager
def _borrowed(bench: Path, name: str) -> Iterator[None]:
	"""Somebody's own site: put back as it was when the run ends, or when the next begins if it was killed."""
	snapshot.check(bench, name)
	folder = bench / "sites" / name
	with alone(folder / ".tests.lock", seconds=LIMITS["site"]):
		used = folder / ".used-by-tests"
		if used.exists():
			snapshot.restore(bench, name)
		else:
			snapshot.take(bench, name)
			used.touch()
		try:
			yield
		finally:
			snapshot.restore(bench, name)
			used.unlink()


def core(arguments: list[str]) -> bool:
	"""The trade itself, without Frappe."""
	with alone(layout.HOME / "lock", seconds=900):
		environment.build()
	return pytest("core", layout.PYTHON, arguments, environment=_plain(), cwd=REPO, label="core")


def next_pins(arguments: list[str]) -> bool:
	"""The trade itself again, on the pins that follow the framework's present ones (pyHanko 0.38)."""
	with alone(layout.HOME / "lock", seconds=900):
		environment.build()
		python = environment.build_next()
	return pytest("core", python, arguments, environment=_plain(), cwd=REPO, label="core-next")


def contracts(arguments: list[str]) -> bool:
	"""Stand-ins and names against upstream's facts."""
	return pytest(
		"contracts",
		layout.PYTHON if layout.PYTHON.exists() else Path(sys.executable),
		arguments,
		environment=_plain(),
		cwd=REPO,
		label="contracts",
	)


def site(arguments: list[str]) -> bool:
	"""On a site: devbench's own, or the one that BENCH and SITE name."""
	if os.environ.get("BENCH"):
		return _on_real_bench(arguments)
	db = os.environ.get("DB") or "sqlite"
	if db == "mariadb" and not shutil.which("mariadbd"):
		raise CannotRun("MariaDB is not installed: apt-get install --no-install-recommends mariadb-server")
	stack = layout.stack(
		db, os.environ.get("SITE") or ("mariadb.localhost" if db == "mariadb" else "test.localhost")
	)
	with _fresh(stack):
		return pytest(
			"site",
			layout.PYTHON,
			arguments,
			environment=_on(stack),
			cwd=layout.SITES,
			label=f"site-{db}",
		)


def _on_real_bench(arguments: list[str]) -> bool:
	bench, name = Path(os.environ["BENCH"]).resolve(), os.environ.get("SITE") or ""
	if not name:
		raise CannotRun("BENCH needs SITE as well: make test BENCH=<path> SITE=<name>")
	environment = _plain() | {"SIGNFLOW_BENCH": str(bench), "SIGNFLOW_SITE": name, "PYTHONPATH": str(REPO)}
	with _borrowed(bench, name):
		return pytest(
			"site",
			bench / "env" / "bin" / "python",
			arguments,
			environment=environment,
			cwd=bench / "sites",
			label="site-real",
		)


def e2e(arguments: list[str]) -> bool:
	"""In Chromium, one happy path per feature plus accessibility."""
	browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
	if not browser:
		raise CannotRun("there is no Chromium: apt-get install --no-install-recommends chromium")
	stack = layout.stack("sqlite", os.environ.get("SITE") or "e2e.localhost")
	with _fresh(stack):
		# Not the scheduler: on a restored site all its jobs would be due at once.
		processes.start(stack, only=["kv", "sink", "web", "worker"], quiet=True)
		environment = _on(stack) | {"CHROMIUM": browser}
		return pytest("e2e", layout.PYTHON, arguments, environment=environment, cwd=layout.SITES, label="e2e")


def _on(stack: layout.Stack) -> dict[str, str]:
	return stack.environment() | {
		"SIGNFLOW_BENCH": str(layout.BENCH),
		"SIGNFLOW_SITE": stack.site,
		"PYTHONPATH": str(REPO),
	}


def _plain() -> dict[str, str]:
	return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "CI")}


LANES = {"core": core, "next": next_pins, "contracts": contracts, "site": site, "e2e": e2e}


def main() -> int:
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("lanes", nargs="+", choices=LANES)
	given = sys.argv[1:]
	split = given.index("--") if "--" in given else len(given)
	chosen = parser.parse_args(given[:split]).lanes
	arguments = given[split + 1 :]
	if os.environ.get("BENCH"):
		chosen = [lane for lane in chosen if lane != "e2e"]
	outcome: dict[str, str] = {}
	for lane in chosen:
		began = time.monotonic()
		print(f"\n== {lane}", flush=True)
		try:
			verdict = "passed" if LANES[lane](arguments) else "FAILED"
		except (CannotRun, DevbenchError) as reason:
			verdict = f"COULD NOT RUN: {reason}"
		except subprocess.TimeoutExpired:
			verdict = f"FAILED: not done within {LIMITS[lane]} s"
		outcome[lane] = f"{verdict} ({time.monotonic() - began:.0f} s)"
	print()
	for lane, verdict in outcome.items():
		print(f"{lane:10} {verdict}")
	failed = any(verdict.startswith("FAILED") for verdict in outcome.values())
	missing = any(verdict.startswith("COULD") for verdict in outcome.values())
	return 1 if failed or (missing and (STRICT or len(chosen) == 1)) else 0


if __name__ == "__main__":
	sys.exit(main())
