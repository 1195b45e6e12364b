"""The package: its wheel holds all that a bench needs, and its requirements leave the framework's pins alone."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PINS = Path(__file__).parent / "upstream"


def pip(*words: object) -> subprocess.CompletedProcess:
	command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *(str(word) for word in words)]
	return subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=REPO)


def tracked(*paths: str) -> list[str]:
	listed = subprocess.run(
		["git", "ls-files", *paths], capture_output=True, text=True, timeout=60, cwd=REPO, check=True
	)
	return [name for name in listed.stdout.split("\n") if name and (REPO / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
	# From a copy of what git tracks: a build folder left in the tree would put old files into the wheel.
	source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
	for name in filter(None, tracked("signflow", "pyproject.toml", "setup.py", "README.md", "LICENSE")):
		(source / name).parent.mkdir(parents=True, exist_ok=True)
		(source / name).write_bytes((REPO / name).read_bytes())
	made = pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
	assert made.returncode == 0, made.stderr[-2000:]
	return next(folder.glob("signflow-*.whl"))


def test_the_wheel_holds_what_a_bench_needs(wheel: Path) -> None:
	held = set(zipfile.ZipFile(wheel).namelist())
	missing = [name for name in tracked("signflow") if name not in held]
	assert not missing, missing[:10]
	assert not [name for name in held if name.startswith(("tests/", "devbench/", "benchmarks/"))]


def test_frappe_is_no_requirement_of_the_wheel(wheel: Path) -> None:
	archive = zipfile.ZipFile(wheel)
	metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
	required = [line.split()[1].lower() for line in metadata.splitlines() if line.startswith("Requires-Dist")]
	assert required
	assert not {"frappe", "erpnext", "helpdesk"} & set(required)


@pytest.mark.timeout(260)
@pytest.mark.parametrize(
	("pins", "python"),
	[("frappe-15-pins.txt", "3.10"), ("frappe-15-pins.txt", "3.12"), ("frappe-16-pins.txt", "3.14")],
)
def test_installing_leaves_the_frameworks_pins_unchanged(
	wheel: Path, tmp_path: Path, pins: str, python: str
) -> None:
	report = tmp_path / "report.json"
	resolved = pip(
		"install",
		"--dry-run",
		"--ignore-installed",
		"--quiet",
		"--only-binary=:all:",
		"--python-version",
		python,
		"--target",
		tmp_path / "nowhere",
		"--constraint",
		PINS / pins,
		"--report",
		report,
		wheel,
	)
	assert resolved.returncode == 0, resolved.stderr[-3000:]
	chosen = {
		row["metadata"]["name"].lower(): row["metadata"]["version"]
		for row in json.loads(report.read_text())["install"]
	}
	assert "pyhanko" in chosen and "cryptography" in chosen
