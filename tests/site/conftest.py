"""The site that the tests run on: SIGNFLOW_BENCH and SIGNFLOW_SITE name it, `make test` sets both.

Any bench serves, a real one too. What stands here is real: the site's database, its Redis, a worker process of the
framework's own, an SMTP server, HTTP through the framework's own application.
"""

import os
import sys
import zlib
from pathlib import Path

import pytest

BENCH = Path(os.environ.get("SIGNFLOW_BENCH", "")).resolve()
SITE = os.environ.get("SIGNFLOW_SITE", "")


def pytest_configure(config: pytest.Config) -> None:
	if not SITE or not (BENCH / "sites" / SITE).is_dir():
		pytest.exit("Name the site: SIGNFLOW_BENCH=<bench> SIGNFLOW_SITE=<site> (make test-site does).", 4)
	os.chdir(BENCH / "sites")
	os.environ.pop("CI", None)
	import frappe

	frappe.init(SITE, sites_path=".")
	if not frappe.conf.allow_tests:
		pytest.exit(f"{SITE} has no allow_tests in its site_config.json: tests leave evidence behind.", 4)


sys.path.insert(0, str(Path(__file__).parent))
pytest_plugins = ["stage"]


# What locks, counts or asks by SQL of its own runs on each database, whatever part of the tests runs there.
ON_EACH_DATABASE = (
	"test_evidence",
	"test_sealing",
	"test_permissions",
	"test_form_permissions",
	"test_records",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
	"""PART=1-3/5 keeps three fifths of the tests: CI has two cores and a quarter of an hour."""
	part = os.environ.get("PART")
	if not part:
		return
	chosen, _slash, of = part.partition("/")
	first, _dash, last = chosen.partition("-")
	mine = range(int(first) - 1, int(last or first))
	kept, left = [], []
	for item in items:
		name = item.nodeid.rpartition("tests/site/")[2]
		is_mine = zlib.crc32(name.encode()) % int(of) in mine
		(kept if is_mine or item.path.stem in ON_EACH_DATABASE else left).append(item)
	config.hook.pytest_deselected(items=left)
	items[:] = kept
