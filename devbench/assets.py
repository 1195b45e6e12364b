"""What the browser loads: packages from npm at the lock's versions and hashes, bundles, and links under assets/."""

import os
import shutil

from devbench import runtime
from devbench.layout import LOGS, SITES, SOURCE, STAMPS, App
from devbench.steps import DevbenchError, Stamp, digest, run, step

LOCK, PACKAGE, SCRIPT = SOURCE / "package-lock.json", SOURCE / "package.json", SOURCE / "bundle.mjs"
ASSETS = SITES / "assets"
APT = "Node.js 18 or newer with npm is missing: apt-get install nodejs npm"


def install_packages() -> None:
	modules = runtime.APP / "node_modules"
	stamp = Stamp(STAMPS / "node", digest([LOCK, PACKAGE]))
	if stamp.holds() and modules.exists():
		return
	stamp.clear()
	for tool in ("node", "npm"):
		if not shutil.which(tool):
			raise DevbenchError(APT)
	with step("npm packages"):
		runtime.APP.mkdir(parents=True, exist_ok=True)
		for file in (LOCK, PACKAGE):
			shutil.copy(file, runtime.APP)
		# No install scripts: esbuild's and sass's binaries are packages of their own.
		options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
		run(["npm", "ci", *options], seconds=300, cwd=runtime.APP, log=LOGS / "npm.log")
	stamp.set()


def build_scripts(apps: list[App]) -> None:
	"""What `bench build` does for an app with a package.json: its packages, then its build script."""
	for app in apps:
		manifest, lock = app.root / "package.json", app.root / "package-lock.json"
		if not lock.exists():
			continue
		stamp = Stamp(STAMPS / f"scripts-{app.name}", digest([manifest, lock], str(app.root)))
		made = any((app.package / "public").glob("pdfjs-*"))
		if stamp.holds() and made and (app.root / "node_modules").exists():
			continue
		stamp.clear()
		with step(f"npm packages and build script of {app.name}"):
			options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
			run(["npm", "ci", *options], seconds=300, cwd=app.root)
			run(["npm", "run", "build", "--silent"], seconds=120, cwd=app.root)
		stamp.set()


def link(apps: list[App]) -> None:
	"""assets/APP shows the app's public folder, with a dist/ of its own so that nothing is written to sources."""
	for name, package in _packages(apps):
		folder = ASSETS / name
		folder.mkdir(parents=True, exist_ok=True)
		public = package / "public"
		wanted = {entry.name: entry for entry in public.iterdir()} if public.exists() else {}
		wanted.pop("dist", None)
		if name == "frappe":
			wanted["node_modules"] = runtime.APP / "node_modules"
		for entry in folder.iterdir():
			if entry.is_symlink() and (entry.name not in wanted or entry.readlink() != wanted[entry.name]):
				entry.unlink()
		for entry_name, target in wanted.items():
			if not (folder / entry_name).is_symlink():
				(folder / entry_name).symlink_to(target)


def bundle(apps: list[App]) -> bool:
	"""Build the bundles of the apps whose public files have changed; true if there were any."""
	stamps = {name: _stamp(name, package) for name, package in _packages(apps)}
	stale = [
		name for name, stamp in stamps.items() if not stamp.holds() or not (ASSETS / "assets.json").exists()
	]
	if not stale:
		return False
	with step(f"JS and CSS bundles ({', '.join(stale)})"):
		pairs = [f"{name}={package}" for name, package in _packages(apps)]
		command = ["node", SCRIPT, SITES, *pairs]
		for name in stale:
			shutil.rmtree(ASSETS / name / "dist", ignore_errors=True)
		env = os.environ | {"BUNDLE_APPS": ",".join(stale)}
		run(command, seconds=240, env=env, log=LOGS / "bundle.log")
	for name in stale:
		stamps[name].set()
	return True


def translations(apps: list[App]) -> None:
	"""Compile locale/*.po of each app to where the framework looks for .mo files."""
	from devbench.layout import PYTHON

	pairs = []
	for name, package in _packages(apps):
		for source in sorted((package / "locale").glob("*.po")):
			target = ASSETS / "locale" / source.stem / "LC_MESSAGES" / f"{name}.mo"
			if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
				target.parent.mkdir(parents=True, exist_ok=True)
				pairs += [str(source), str(target)]
	if pairs:
		code = (
			"import sys\nfrom babel.messages.pofile import read_po\nfrom babel.messages.mofile import write_mo\n"
			"for source, target in zip(sys.argv[1::2], sys.argv[2::2]):\n"
			"\twith open(source, 'rb') as s, open(target, 'wb') as t: write_mo(t, read_po(s))\n"
		)
		with step(f"Translations ({len(pairs) // 2} files)"):
			run([PYTHON, "-c", code, *pairs], seconds=120)


def _packages(apps: list[App]):
	return [("frappe", runtime.APP / "frappe"), *((app.name, app.package) for app in apps)]


def _stamp(name: str, package) -> Stamp:
	more = [SCRIPT, LOCK]
	if name == "frappe":  # its files change with the runtime only
		return Stamp(STAMPS / "bundle-frappe", digest(more, Stamp(STAMPS / "runtime", "").path.read_text()))
	public = package / "public"
	kinds = (".js", ".ts", ".vue", ".html", ".css", ".scss")
	files = (
		[path for path in public.rglob("*") if path.suffix in kinds and path.is_file()]
		if public.exists()
		else []
	)
	return Stamp(STAMPS / f"bundle-{name}", digest([*files, *more]))
