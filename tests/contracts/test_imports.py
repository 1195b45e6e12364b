"""Each module can be the first of ours that a process imports: which one it is a worker's job, a command or a hook decides."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
# Each in a child of its own, of a parent that has the framework and `core`, which imports nothing of the rest.
SCRIPT = """
import importlib, os, sys, traceback
import frappe
core = {name for name in sys.argv[1:] if name.startswith("signflow.core.")}
for name in sorted(core):
	importlib.import_module(name)
failed = 0
for name in sorted({*sys.argv[1:]} - core):
	if (child := os.fork()) == 0:
		try:
			importlib.import_module(name)
		except BaseException:
			traceback.print_exc(limit=-1)
			print("cannot be imported first:", name, file=sys.stderr)
			os._exit(1)
		os._exit(0)
	failed += os.waitpid(child, 0)[1] != 0
sys.exit(bool(failed))
"""


def test_each_module_can_be_imported_first() -> None:
	names = [
		".".join(path.relative_to(REPO).with_suffix("").parts)
		for room in ("core", "services", "api", "integrations")
		for path in sorted((REPO / "signflow" / room).rglob("*.py"))
		if path.name != "__init__.py"
	]
	assert len(names) > 100
	done = subprocess.run(
		[sys.executable, "-W", "ignore", "-c", SCRIPT, *names], capture_output=True, text=True, timeout=300
	)
	assert done.returncode == 0, done.stderr[-3000:]
