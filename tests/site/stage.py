"""Fixtures: the connected site, mail, worker and web server; and `house`, which speaks the product's language."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from house import House, Mailbox, for_writing

from devbench.processes import WORKER

REPOSITORY = Path(__file__).parents[2]


def eventually(check: Callable[[], Any], what: str, seconds: float = 90) -> Any:
	"""Wait until `check()` answers something true and return it; fails with `what` after `seconds`."""
	deadline = time.monotonic() + seconds
	while True:
		frappe.db.rollback()  # a new look at the database each time
		answer = check()
		if answer:
			return answer
		if time.monotonic() > deadline:
			raise AssertionError(f"not within {seconds} s: {what}")
		time.sleep(0.05)


def free_port() -> int:
	with socket.socket() as probe:
		probe.bind(("127.0.0.1", 0))
		return probe.getsockname()[1]


_PRCTL = ctypes.CDLL(None).prctl


def _die_with_parent() -> None:
	_PRCTL(
		1, signal.SIGKILL
	)  # PR_SET_PDEATHSIG: a run that is killed leaves no worker and no mail server behind


class Process:
	"""A process group of our own that can be killed with all its children."""

	def __init__(self, command: list[str], log: Path, cwd: Path | None = None):
		self.command, self.log, self.cwd = command, log, cwd
		self.popen: subprocess.Popen | None = None

	def start(self) -> None:
		environment = {key: value for key, value in os.environ.items() if key != "CI"}
		environment["PYTHONPATH"] = os.pathsep.join(
			[str(REPOSITORY), *filter(None, [environment.get("PYTHONPATH")])]
		)
		with self.log.open("ab") as log:
			self.popen = subprocess.Popen(
				self.command,
				cwd=self.cwd,
				env=environment,
				stdout=log,
				stderr=log,
				stdin=subprocess.DEVNULL,
				start_new_session=True,
				preexec_fn=_die_with_parent,
			)

	def members(self) -> set[int]:
		"""All processes of the session and their descendants: RQ's children leave their parent's group, and with
		RQ 1 its session as well.
		"""
		if not self.popen:
			return set()
		parents, found = {}, set()
		for name in os.listdir("/proc"):
			with contextlib.suppress(OSError, ValueError, IndexError):
				fields = Path(f"/proc/{int(name)}/stat").read_text().rpartition(")")[2].split()
				if fields[0] != "Z":
					parents[int(name)] = int(fields[1])
					if int(fields[3]) == self.popen.pid:
						found.add(int(name))
		while more := {pid for pid, parent in parents.items() if parent in found} - found:
			found |= more
		return found

	def send(self, number: int) -> None:
		"""Send a signal to the process and all its children at once."""
		for pid in self.members():
			with contextlib.suppress(ProcessLookupError):
				os.kill(pid, number)

	def kill(self) -> None:
		if self.popen:
			self.send(signal.SIGSTOP)  # first, so that nobody forks or loses its parent meanwhile
			self.send(signal.SIGKILL)
			self.popen.wait(timeout=20)
			while self.members():
				self.send(signal.SIGKILL)
				time.sleep(0.01)
			self.popen = None

	def restart(self) -> None:
		self.kill()
		self.start()


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
	frappe.connect()
	frappe.flags.in_test = False
	yield frappe.local.site
	frappe.destroy()


@contextlib.contextmanager
def _one_company() -> Iterator[None]:
	"""Companies that are made meanwhile go with the test: others' tests rest on a site with one company.

	Rows alone are deleted: what was said to a company stays, so that a deletion by the book is refused.
	"""
	before = frappe.get_all("Company", pluck="name", order_by="name asc")
	yield
	frappe.db.rollback()
	if frappe.db.count("Company") > len(before):
		for_writing()
		frappe.db.delete("Company", {"name": ["not in", before]})
		frappe.db.commit()
		frappe.clear_cache()


@pytest.fixture(autouse=True, scope="module")
def companies_of_a_module(site: str) -> Iterator[None]:
	with _one_company():
		yield


@pytest.fixture(autouse=True)
def companies_of_a_test(site: str) -> Iterator[None]:
	with _one_company():
		yield


@pytest.fixture(scope="session")
def smtp(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
	folder = tmp_path_factory.mktemp("mail")
	port = free_port()
	process = Process(
		[sys.executable, "-m", "devbench.mail_sink", "--port", str(port), "--dir", str(folder)],
		folder.parent / "smtp.log",
		cwd=REPOSITORY,
	)
	process.port, process.folder = port, folder
	process.start()
	eventually(lambda: _listens(port), "the SMTP server listens")
	_outgoing_account(port)
	yield process
	process.kill()


def _outgoing_account(port: int) -> None:
	name = "Signflow Tests"
	for other in frappe.get_all(
		"Email Account", {"default_outgoing": 1, "name": ["!=", name]}, pluck="name", order_by="name asc"
	):
		frappe.db.set_value("Email Account", other, "default_outgoing", 0)
	account = (
		frappe.get_doc("Email Account", name)
		if frappe.db.exists("Email Account", name)
		else frappe.new_doc("Email Account")
	)
	account.update(
		{
			"email_account_name": name,
			"email_id": "sopimukset@testi.example",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "127.0.0.1",
			"smtp_port": port,
			"no_smtp_authentication": 1,
			"use_tls": 0,
			"use_ssl_for_outgoing": 0,
			"awaiting_password": 0,
			"auth_method": "Basic",
		}
	)
	account.save(ignore_permissions=True)
	frappe.db.commit()
	frappe.clear_cache()


def _listens(port: int) -> bool:
	with socket.socket() as probe:
		return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def worker(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
	process = Process(
		[sys.executable, "-c", WORKER],
		tmp_path_factory.mktemp("worker") / "worker.log",
		cwd=Path.cwd(),
	)
	process.start()
	yield process
	process.kill()


@pytest.fixture
def second_worker(worker: Process, tmp_path: Path) -> Iterator[Process]:
	"""One more worker beside the first."""
	process = Process(worker.command, tmp_path / "worker.log", cwd=worker.cwd)
	process.start()
	yield process
	process.kill()


@pytest.fixture
def mail_server(smtp: Process) -> Iterator[Process]:
	"""The SMTP server for a test that stops it: it runs again afterwards."""
	yield smtp
	if not smtp.popen:
		start_mail(smtp)


def start_mail(smtp: Process) -> None:
	smtp.start()
	eventually(lambda: _listens(smtp.port), "the SMTP server listens")


@pytest.fixture(scope="session")
def web(site: str) -> Iterator[str]:
	"""The framework's own WSGI application behind a threaded server; returns its address."""
	import frappe.app
	from werkzeug.serving import make_server

	def application(environ: dict[str, Any], start_response: Any) -> Any:
		environ["HTTP_X_FRAPPE_SITE_NAME"] = site
		return frappe.app.application(environ, start_response)

	server = make_server("127.0.0.1", 0, application, threaded=True)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	yield f"http://127.0.0.1:{server.server_port}"
	server.shutdown()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
	"""The sealing engine's test PKI: certificates, OCSP, CRL and time-stamp authorities over HTTP."""
	sys.path.insert(0, str(REPOSITORY / "tests" / "core" / "pdf"))
	from pki import PKI

	running = PKI(tmp_path_factory.mktemp("pki"))
	yield running
	running.stop()


@pytest.fixture
def house(site: str, smtp: Process, worker: Process, web: str) -> Iterator[House]:
	"""A fresh customer with two contacts, and the people of the house."""
	frappe.set_user("Administrator")
	frappe.local.lang = "en"
	if frappe.cache.get_keys("rl:"):
		frappe.cache.delete_keys("rl:")
	house = House(web=web, mailbox=Mailbox(Path(smtp.folder)), key=uuid.uuid4().hex[:8])
	house.move_in()
	yield house
	frappe.set_user("Administrator")
	frappe.db.rollback()


@pytest.fixture(scope="module")
def kept_house(site: str, smtp: Process, worker: Process, web: str) -> House:
	"""One house for a whole module, for tests that only look or that are refused."""
	frappe.db.rollback()
	frappe.set_user("Administrator")
	frappe.local.lang = "en"
	house = House(web=web, mailbox=Mailbox(Path(smtp.folder)), key=uuid.uuid4().hex[:8])
	house.move_in()
	return house
