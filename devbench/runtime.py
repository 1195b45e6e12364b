"""The framework: the fork's package from the environment, with its new name undone and mended."""

import os
import shutil
from pathlib import Path

from devbench import environment, fixes
from devbench.layout import BENCH, ENV, STAMPS
from devbench.steps import Stamp, digest, step

APP = BENCH / "apps" / "frappe"
NAMES = (("monoframe", "frappe"), ("Monoframe", "Frappe"), ("MonoFrame", "Frappe"), ("MONOFRAME", "FRAPPE"))


def build() -> None:
	sources = [*Path(__file__).parent.glob("fixes/**/*.py"), Path(__file__), environment.LOCK]
	stamp = Stamp(STAMPS / "runtime", digest(sources))
	if stamp.holds() and (APP / "frappe").exists():
		return
	stamp.clear()
	with step("Framework under its old name"):
		package, partial = APP / "frappe", APP / "frappe.part"
		shutil.rmtree(partial, ignore_errors=True)
		source = next((ENV / "lib").glob("python3.*/site-packages/monoframe"))
		shutil.copytree(source, partial, ignore=shutil.ignore_patterns("__pycache__"))
		undo_rename(partial)
		fixes.apply_all(partial)
		# Running processes keep what they have loaded; the folder is away for an instant only.
		if package.exists():
			package.rename(APP / "frappe.old")
		partial.rename(package)
		shutil.rmtree(APP / "frappe.old", ignore_errors=True)
		environment.add_to_path("frappe", APP)
	stamp.set()


def undo_rename(package: Path) -> None:
	"""Replace the fork's name in every text file and in file names."""
	for folder, folders, files in os.walk(package, topdown=False):
		for name in files:
			path = Path(folder, name)
			content = path.read_bytes()
			if b"\0" not in content[:8192]:
				for new, old in NAMES:
					content = content.replace(new.encode(), old.encode())
				path.write_bytes(content)
		for name in (*files, *folders):
			if "monoframe" in name:
				Path(folder, name).rename(Path(folder, name.replace("monoframe", "frappe")))
