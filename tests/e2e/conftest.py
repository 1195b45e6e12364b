"""Chromium on devbench's real stack. `make test-e2e` starts it and names it in the environment.

SIGNFLOW_SHOTS=<folder> keeps a picture of every screen that is looked at.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
NEEDED = ("DEVBENCH_URL", "DEVBENCH_MAIL", "CHROMIUM", "SIGNFLOW_SITE")

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config: pytest.Config) -> None:
	missing = [name for name in NEEDED if not os.environ.get(name)]
	if missing:
		pytest.exit(f"{', '.join(missing)} not set: make test-e2e starts the stack and sets them.", 4)


@pytest.fixture(scope="session")
def url() -> str:
	return os.environ["DEVBENCH_URL"]


@pytest.fixture(scope="session")
def axe() -> str:
	"""The source of axe-core, from the repository's own lock."""
	path = REPO / "node_modules" / "axe-core" / "axe.min.js"
	if not path.exists():
		subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=REPO, check=True, timeout=300)
	return path.read_text()


ARGUMENTS = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--no-first-run",
]


@pytest.fixture(scope="session")
def playwright() -> Iterator["Playwright"]:  # noqa: F821
	from playwright.sync_api import sync_playwright

	with sync_playwright() as running:
		yield running


@pytest.fixture(scope="session")
def chromium(playwright) -> Iterator["Browser"]:  # noqa: F821
	browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
	yield browser
	browser.close()


@pytest.fixture
def strict_chromium(playwright) -> Iterator[Callable]:
	"""Starts, when it is called, a browser that blocks third-party cookies."""
	started = []

	def start() -> "Browser":  # noqa: F821
		arguments = [*ARGUMENTS, "--test-third-party-cookie-phaseout"]
		started.append(playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=arguments))
		return started[-1]

	yield start
	for browser in started:
		browser.close()


@pytest.fixture
def visit(chromium, strict_chromium, url: str, axe: str) -> Iterator[Callable]:
	"""Opens windows, one browser profile each; afterwards nothing may have gone wrong in any of them."""
	from window import DESKTOP, Window

	windows: list[Window] = []

	def open_window(size: dict | None = None, *, blocks_third_party: bool = False, **options) -> Window:
		context = (strict_chromium() if blocks_third_party else chromium).new_context(
			**{
				"viewport": size or DESKTOP,
				"locale": "en-GB",
				"timezone_id": "Europe/Helsinki",
				**options,
			}
		)
		window = Window(context, url, axe)
		windows.append(window)
		return window

	yield open_window
	troubles = [trouble for window in windows for trouble in window.troubles]
	for window in windows:
		window.context.close()
	assert not troubles, "\n".join(troubles)


def _forget(pattern: str) -> None:
	import redis

	config = json.loads(Path(os.environ["SIGNFLOW_SITE"], "site_config.json").read_text())
	cache = redis.Redis.from_url(config["redis_cache"], socket_timeout=5)
	if keys := list(cache.scan_iter(pattern)):
		cache.delete(*keys)


@pytest.fixture(autouse=True)
def no_rate_limits_of_earlier_tests() -> None:
	_forget("*rl:*")


@pytest.fixture
def a_minute_passes() -> Callable:
	"""Called, it lets an address be mailed a second code at once."""
	return lambda: _forget("*signflow:count:*")


@pytest.fixture
def office(url: str) -> "Office":  # noqa: F821
	from office import Office

	office = Office(url, Path(os.environ["DEVBENCH_MAIL"]), uuid.uuid4().hex[:6])
	office.move_in()
	return office
