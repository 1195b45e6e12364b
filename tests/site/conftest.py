"""The site that the tests run on: SIGNFLOW_BENCH and SIGNFLOW_SITE name it, `make test` sets both.

Any bench serves, a real one too. What stands here is real: the site's database, its Redis, a worker process of the
framework's own, an SMTP server, HTTP through the framework's own application.
"""

import os
import sys
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
