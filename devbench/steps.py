"""Progress on the terminal, child processes with a time limit, and stamps that make a second run quick."""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

_started = time.monotonic()
_printing = threading.Lock()


class DevbenchError(Exception):
	"""Something that the person at the terminal can act on; printed without a traceback."""


def say(text: str) -> None:
	with _printing:
		print(f"[{time.monotonic() - _started:6.1f} s] {text}", flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
	"""Say when a step begins and how long it took."""
	began = time.monotonic()
	say(f"{title} ...")
	yield
	say(f"{title}: done in {time.monotonic() - began:.1f} s")


def run(
	command: list,
	*,
	seconds: float,
	log: Path | None = None,
	env: dict | None = None,
	cwd: Path | None = None,
) -> str:
	"""Run a command with a time limit and return what it printed; a failure shows the end of its output."""
	command = [str(part) for part in command]
	process = subprocess.Popen(
		command,
		stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT,
		stdin=subprocess.DEVNULL,
		text=True,
		env=env,
		cwd=cwd,
		start_new_session=True,
	)
	try:
		output, _ = process.communicate(timeout=seconds)
	except subprocess.TimeoutExpired:
		kill_group(process.pid)
		output, _ = process.communicate()
		raise DevbenchError(f"{command[0]} took longer than {seconds:.0f} s:\n{output[-3000:]}") from None
	except BaseException:
		kill_group(process.pid)
		raise
	if log:
		log.parent.mkdir(parents=True, exist_ok=True)
		log.write_text(output)
	if process.returncode:
		raise DevbenchError(f"{' '.join(command[:4])} ended with {process.returncode}:\n{output[-4000:]}")
	return output


@contextlib.contextmanager
def alone(path: Path, *, seconds: float) -> Iterator[None]:
	"""Hold a lock file, so that two builds or starts at once do not spoil each other's work."""
	path.parent.mkdir(parents=True, exist_ok=True)
	with path.open("w") as file:
		if not _locked(file):
			say("waiting for another devbench command to end ...")
			wait_until(lambda: _locked(file), seconds=seconds, what=f"the lock {path}")
		yield


def _locked(file: IO) -> bool:
	try:
		fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
	except BlockingIOError:
		return False
	return True


def kill_group(pid: int, sig: int = signal.SIGKILL) -> None:
	with contextlib.suppress(ProcessLookupError):
		os.killpg(pid, sig)


def wait_until(
	condition: Callable[[], object], *, seconds: float, what: str, alive: Callable[[], bool] | None = None
) -> None:
	"""Poll until the condition holds. Raises after the time limit, or at once when `alive` turns false."""
	deadline = time.monotonic() + seconds
	while not condition():
		if alive and not alive():
			raise DevbenchError(f"{what}: the process has ended")
		if time.monotonic() > deadline:
			raise DevbenchError(f"{what}: not after {seconds:.0f} s")
		time.sleep(0.05)


def together(*jobs: Callable[[], None]) -> None:
	"""Run jobs in threads; the first error is raised once all have ended."""
	errors: list[BaseException] = []

	def guarded(job: Callable[[], None]) -> None:
		try:
			job()
		except BaseException as error:
			errors.append(error)

	threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
	for thread in threads:
		thread.start()
	for thread in threads:
		while thread.is_alive():
			thread.join(0.2)
			if errors and isinstance(errors[0], DevbenchError):
				raise errors[0]
	if errors:
		raise errors[0]


def digest(paths: Iterable[Path], *more: str) -> str:
	"""A short hash of the files' names and contents and of further words."""
	sha = hashlib.sha256()
	for path in sorted(paths):
		sha.update(str(path).encode())
		sha.update(path.read_bytes())
	for word in more:
		sha.update(word.encode())
	return sha.hexdigest()[:24]


class Stamp:
	"""Remembers that a step was done with certain inputs."""

	def __init__(self, path: Path, value: str):
		self.path, self.value = path, value

	def holds(self) -> bool:
		return self.path.exists() and self.path.read_text() == self.value

	def set(self) -> None:
		self.path.parent.mkdir(parents=True, exist_ok=True)
		self.path.write_text(self.value)

	def clear(self) -> None:
		self.path.unlink(missing_ok=True)
