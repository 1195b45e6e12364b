"""A test site's database and files, put aside and put back exactly: on this bench or on any real one.

Works with the credentials in the site's own configuration, without root. A site without `allow_tests` is refused,
since restoring throws away whatever has happened to it since.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from devbench.steps import DevbenchError, run, step

FOLDER = ".devbench-snapshot"
FILES = ("private", "public")
# A bench's own backups are nobody's to throw away, nor to be copied each time.
BACKUPS = "backups"
LIMIT = 900
APT = "MariaDB's client is not installed: apt-get install --no-install-recommends mariadb-client"


def check(bench: Path, site: str) -> None:
	"""Raise unless this is a site that tests and demos may write to."""
	_site(bench, site)


def take(bench: Path, site: str) -> None:
	"""Put the site's database and files aside, in place of an earlier snapshot."""
	folder, config = _site(bench, site)
	with step(f"Snapshot of {site}"):
		partial = folder / f"{FOLDER}.part"
		shutil.rmtree(partial, ignore_errors=True)
		partial.mkdir(mode=0o700)
		if config["db_type"] == "sqlite":
			_copy_sqlite(_sqlite(folder, config), partial / "database.db")
		else:
			dump = [_client("mariadb-dump", "mysqldump"), *_login(config, partial)]
			options = [
				"--single-transaction",
				"--quick",
				"--routines",
				"--triggers",
				"--hex-blob",
				"--skip-dump-date",
			]
			run(
				[*dump, *options, f"--result-file={partial / 'database.sql'}", config["db_name"]],
				seconds=LIMIT,
			)
			(partial / "login.cnf").unlink()
		for name in FILES:
			shutil.copytree(folder / name, partial / name, ignore=shutil.ignore_patterns(BACKUPS))
		shutil.rmtree(folder / FOLDER, ignore_errors=True)
		partial.rename(folder / FOLDER)


def restore(bench: Path, site: str) -> None:
	"""Put the snapshot back; caches are emptied, since they know rows that are no more."""
	folder, config = _site(bench, site)
	saved = folder / FOLDER
	if not saved.exists():
		raise DevbenchError(f"{site} has no snapshot")
	with step(f"Restore of {site}"):
		if config["db_type"] == "sqlite":
			_copy_sqlite(saved / "database.db", _sqlite(folder, config))
		else:
			_restore_mariadb(saved / "database.sql", config)
		for name in FILES:
			for one in (folder / name).iterdir():
				if one.is_dir() and one.name != BACKUPS:
					shutil.rmtree(one)
				elif one.is_file():
					one.unlink()
			shutil.copytree(saved / name, folder / name, dirs_exist_ok=True)
		(folder / ".test_log").unlink(missing_ok=True)
		_clear_cache(bench, site)


def _site(bench: Path, site: str) -> tuple[Path, dict]:
	folder = bench.resolve() / "sites" / site
	path = folder / "site_config.json"
	if not path.exists():
		raise DevbenchError(f"{path} is not there: no such site on this bench")
	common = folder.parent / "common_site_config.json"
	config = {"db_type": "mariadb", **(json.loads(common.read_text()) if common.exists() else {})}
	config |= json.loads(path.read_text())
	if not config.get("allow_tests"):
		raise DevbenchError(
			f"{site} has no allow_tests in its configuration: not a site to be overwritten by tests"
		)
	if config["db_type"] not in ("sqlite", "mariadb"):
		raise DevbenchError(f"{site} runs on {config['db_type']}: snapshots know MariaDB and SQLite")
	return folder, config


def _sqlite(folder: Path, config: dict) -> Path:
	return folder / "db" / f"{config['db_name']}.db"


def _copy_sqlite(source: Path, target: Path) -> None:
	"""By SQLite's own backup, so that open connections of running processes stay valid."""
	with (
		closing(sqlite3.connect(source, timeout=60)) as from_,
		closing(sqlite3.connect(target, timeout=60)) as to,
	):
		from_.backup(to)
		to.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _restore_mariadb(dump: Path, config: dict) -> None:
	with tempfile.TemporaryDirectory() as private:
		client = [_client("mariadb", "mysql"), *_login(config, Path(private))]
		query = (
			"SELECT CONCAT('DROP ', IF(table_type = 'VIEW', 'VIEW', IF(table_type = 'SEQUENCE', 'SEQUENCE', 'TABLE')), "
			"' IF EXISTS `', table_name, '`;') FROM information_schema.tables WHERE table_schema = DATABASE()"
		)
		drops = run([*client, "-N", "-B", "-r", "-e", query, config["db_name"]], seconds=120)
		script = Path(private) / "drop.sql"
		script.write_text("SET FOREIGN_KEY_CHECKS = 0;\n" + drops)
		for file in (script, dump):
			with file.open("rb") as source:
				done = subprocess.run(
					[*client, config["db_name"]], stdin=source, capture_output=True, text=True, timeout=LIMIT
				)
			if done.returncode:
				raise DevbenchError(f"MariaDB refused {file.name}:\n{done.stderr[-2000:]}")


def _login(config: dict, folder: Path) -> list[str]:
	"""Credentials in a file that only we can read: on a command line everybody could."""
	file = folder / "login.cnf"
	user = config.get("db_user") or config["db_name"]
	where = [f"host={config.get('db_host') or '127.0.0.1'}", f"port={config.get('db_port') or 3306}"]
	if config.get("db_socket"):
		where = [f"socket={config['db_socket']}"]
	lines = [
		"[client]",
		f"user={user}",
		f'password="{config["db_password"]}"',
		*where,
		"default-character-set=utf8mb4",
	]
	file.touch(mode=0o600)
	file.write_text("\n".join(lines) + "\n")
	return [f"--defaults-file={file}"]


def _client(*names: str) -> str:
	found = next((path for name in names if (path := shutil.which(name))), None)
	if not found:
		raise DevbenchError(APT)
	return found


def _clear_cache(bench: Path, site: str) -> None:
	bench = bench.resolve()
	code = (
		"import sys, frappe; frappe.init(site=sys.argv[1], sites_path='.'); frappe.connect(); "
		"frappe.clear_cache(); frappe.cache.delete_keys(''); frappe.destroy()"
	)
	command = [bench / "env" / "bin" / "python", "-c", code, site]
	run(command, seconds=120, cwd=bench / "sites", env=os.environ | {"FRAPPE_SITE": site})
