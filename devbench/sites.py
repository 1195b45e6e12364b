"""The bench's folder of sites: configuration, creation, and an update when an app's files changed."""

import json
import secrets
import shutil

from devbench import mariadb, processes
from devbench.layout import BENCH, LOGS, PYTHON, REPO, SITES, SOURCE, STAMPS, App, Stack
from devbench.steps import DevbenchError, Stamp, digest, run, step

LIMIT = 420


def lay_out(apps: list[App]) -> None:
	"""The folders of a bench and what they hold for all sites."""
	for name in ("apps", "sites/assets", "logs", "config"):
		(BENCH / name).mkdir(parents=True, exist_ok=True)
	for app in apps:
		link = BENCH / "apps" / app.name
		if link.is_symlink() and link.readlink() != app.root:
			link.unlink()
		if not link.exists():
			link.symlink_to(app.root)
	_write(SITES / "apps.txt", "".join(f"{name}\n" for name in ("frappe", *(app.name for app in apps))))
	if not (SITES / "assets" / "assets.json").exists():
		_write(SITES / "assets" / "assets.json", "{}")
	common = {
		"scheduler_tick_interval": 10,
		"scheduler_interval": 60,
		"developer_mode": 0,
		"bench_id": "devbench",
	}
	_write(SITES / "common_site_config.json", json.dumps(common, indent=1))


def build(stack: Stack, apps: list[App]) -> None:
	"""Make the site, or bring it up to date with the apps' files. Needs and starts its key-value server."""
	names = [app.name for app in apps]
	stamp = Stamp(STAMPS / f"site-{stack.site}", _state(apps))
	made = Stamp(STAMPS / f"site-{stack.site}-made", digest([SOURCE / "site_setup.py"]))
	if made.holds() and stamp.holds() and stack.config:
		return
	if stack.db == "mariadb":
		mariadb.start()
	fresh = not (made.holds() and stack.config)
	if fresh:
		processes.stop(stack)
		shutil.rmtree(stack.site_folder, ignore_errors=True)
		stamp.clear()
		made.clear()
		_configure(stack)
	processes.start(stack, only=["kv"], quiet=True)
	action = "create" if fresh else "update"
	title = "Site made" if fresh else "Site brought up to date"
	with step(f"{title}: {stack.site} ({stack.db}; {', '.join(['frappe', *names])})"):
		env = stack.environment() | {"PYTHONPATH": str(REPO)}
		log = LOGS / f"site-{stack.site}.log"
		command = [PYTHON, "-m", "devbench.site_setup", action, stack.site, *names]
		output = run(command, seconds=LIMIT, env=env, cwd=SITES, log=log)
		if "is not a valid method" in output:
			lines = [line for line in output.splitlines() if "is not a valid method" in line]
			raise DevbenchError("a hook names a scheduled function that is not there:\n" + "\n".join(lines))
	made.set()
	stamp.set()


def _configure(stack: Stack) -> None:
	ports = stack.ports()
	kv = f"redis://127.0.0.1:{ports['kv']}"
	config = {
		"db_name": "_" + secrets.token_hex(8),
		"db_type": stack.db,
		"redis_cache": kv,
		"redis_queue": kv,
		"redis_socketio": kv,
		"host_name": f"http://127.0.0.1:{ports['web']}",
		"allow_tests": True,
		"developer_mode": 0,
		"encryption_key": _fernet_key(),
		"devbench_smtp_port": ports["sink"],
		"mute_emails": 0,
	}
	if stack.db == "mariadb":
		config |= {"db_host": "127.0.0.1", "db_port": mariadb.port(), "db_password": secrets.token_hex(12)}
		config["db_user"] = config["db_name"]
		mariadb.make_database(config["db_name"], config["db_password"])
	stack.site_folder.mkdir(parents=True)
	(stack.site_folder / "logs").mkdir()
	_write(stack.site_folder / "site_config.json", json.dumps(config, indent=1, sort_keys=True))


def _fernet_key() -> str:
	import base64

	return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _state(apps: list[App]) -> str:
	"""Changes when a file of an app changes that installation or migration reads."""
	files = []
	for app in apps:
		for path in app.package.rglob("*"):
			relative = path.relative_to(app.package).parts
			if path.suffix in (".json", ".txt") or path.name in (
				"hooks.py",
				"install.py",
				"custom_fields.py",
			):
				if relative[0] not in ("public", "locale") and "__pycache__" not in relative:
					files.append(path)
	return digest(files, *(app.name for app in apps), Stamp(STAMPS / "runtime", "").path.read_text())


def _write(path, text: str) -> None:
	if not path.exists() or path.read_text() != text:
		path.write_text(text)
