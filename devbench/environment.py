"""The virtual environment: every package at the version and hash of requirements.txt."""

import os
import shutil
import sys
import venv
from pathlib import Path

from devbench.layout import ENV, HOME, PYTHON, SOURCE, STAMPS, App
from devbench.steps import DevbenchError, Stamp, digest, run, say, step

LOCK = SOURCE / "requirements.txt"
NEXT, NEXT_LOCK = HOME / "next", SOURCE / "requirements-next.txt"
LIMIT = 600
LACKING = """
import sys
from importlib import metadata
from packaging.requirements import Requirement
for line in metadata.requires(sys.argv[1]) or ():
	need = Requirement(line)
	if need.marker is None or need.marker.evaluate({"extra": ""}):
		try:
			if metadata.version(need.name) not in need.specifier: print(line)
		except metadata.PackageNotFoundError:
			print(line)
"""


def build() -> None:
	"""The bench's environment, and in it the command that the docs know as `bench`."""
	_build(ENV, LOCK, STAMPS / "environment")
	command = ENV / "bin" / "bench"
	command.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m frappe.utils.bench_helper frappe "$@"\n')
	command.chmod(0o755)


def build_next() -> Path:
	"""An environment of the sealing engine's next pins, for its tests alone; returns its Python."""
	_build(NEXT, NEXT_LOCK, STAMPS / "environment-next")
	return NEXT / "bin" / "python"


def _build(env: Path, lock: Path, stamp_path: Path) -> None:
	stamp, python = Stamp(stamp_path, digest([lock], sys.version)), env / "bin" / "python"
	if stamp.holds() and python.exists():
		return
	stamp.clear()
	with step("Python packages"):
		if not python.exists():
			_make(env)
		if env == ENV:
			# Packages that only exist as source are built with the pinned setuptools, not with one fetched unseen.
			tools = ENV / "build-tools.txt"
			tools.write_text(_pinned("setuptools", "wheel", "packaging", "flit-core", "uv"))
			run(
				[PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", tools],
				seconds=LIMIT,
			)
		options = ["--require-hashes", "--no-deps", "-r", lock]
		options += ["--no-build-isolation"] if env == ENV else []
		try:
			run(
				[ENV / "bin" / "uv", "pip", "install", "-q", "--python", python, *options],
				seconds=LIMIT,
				env=_uv(),
			)
		except DevbenchError as error:
			# uv does not read pip's own configuration; where that names a mirror, pip can and uv cannot.
			say(f"uv could not ({str(error).splitlines()[-1][:90]}); with pip instead")
			run([python, "-m", "pip", "install", "-q", *options], seconds=LIMIT)
	stamp.set()


def install(app: App) -> None:
	"""Make the app importable: as an editable install where it has metadata, by its path where not."""
	meta = app.root / "pyproject.toml"
	stamp = Stamp(STAMPS / f"app-{app.name}", digest([meta] if meta.exists() else [], str(app.root)))
	if stamp.holds():
		return
	if meta.exists():
		command = ["--no-deps", "--no-build-isolation", "-e", app.root]
		run([PYTHON, "-m", "pip", "install", "-q", *command], seconds=120)
		lacking = run([PYTHON, "-c", LACKING, app.name], seconds=60).split("\n")
		if any(lacking):
			raise DevbenchError(
				f"{app.name} needs {', '.join(filter(None, lacking))}: devbench/requirements.in lacks it"
			)
	else:
		add_to_path(app.name, app.root)
	stamp.set()


def add_to_path(name: str, root) -> None:
	packages = next((ENV / "lib").glob("python3.*/site-packages"))
	(packages / f"devbench-{name}.pth").write_text(f"{root}\n")


def _make(env: Path) -> None:
	try:
		import ensurepip  # noqa: F401
	except ImportError:
		raise DevbenchError("Python's venv is missing: apt-get install python3-venv") from None
	shutil.rmtree(env, ignore_errors=True)
	venv.create(env, with_pip=True, symlinks=True)


def _pinned(*names: str) -> str:
	"""The lock's entries for some packages, with their hashes."""
	entries, keep = [], False
	for line in LOCK.read_text().splitlines():
		if line and not line.startswith((" ", "#")):
			keep = line.split("==")[0] in names
		if keep:
			entries.append(line)
	return "\n".join(entries) + "\n"


def _uv() -> dict[str, str]:
	return {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true", "UV_NO_CONFIG": "1", **os.environ}
