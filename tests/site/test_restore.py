"""An older backup is put back by the framework's own command, and the erasures since are done again.

On MariaDB: for SQLite a backup is one file, and the tests of erasure put rows and files back themselves. On a real bench by
`bench backup` and `bench restore`, which need the database's root password (SIGNFLOW_DB_ROOT_PASSWORD). devbench's fork has
neither command: there the same is made and put back by mariadb-dump and tar, under the names that Frappe gives.
"""

import gzip
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import frappe
import pytest
from erasing import a_request, approved, carried_out, decide_all, differences, files_of, officers, rows_of
from frappe.utils import now_datetime
from house import House
from retention_stage import worker_rests
from stage import eventually
from test_erasure import Erased

from devbench import snapshot
from signflow.services.erasure import ledger, planning

# A dozen processes of bench, one after the other: half a minute, or ten times that on a machine under load.
pytestmark = pytest.mark.timeout(900)
HAS_COMMANDS = importlib.util.find_spec("frappe.commands") is not None


def bench(*command: str, code: int = 0) -> str:
	"""Run a command of bench on this site, as an administrator types it; what it says."""
	done = subprocess.run(
		[
			*(sys.executable, "-W", "ignore", "-m", "frappe.utils.bench_helper", "frappe"),
			*("--site", frappe.local.site, *command),
		],
		env={key: value for key, value in os.environ.items() if key != "CI"},
		capture_output=True,
		# What root's password is asked for where there is none.
		input="\n",
		text=True,
		timeout=600,
	)
	assert done.returncode == code, (command[0], done.stdout[-3000:], done.stderr[-3000:])
	return done.stdout + done.stderr


def a_backup() -> dict[str, Path]:
	"""A backup with files by `bench backup`: database, public and private files."""
	folder = Path(frappe.get_site_path("private", "backups"))
	before = set(folder.glob("*")) if folder.exists() else set()
	frappe.db.commit()
	if HAS_COMMANDS:
		bench("backup", "--with-files")
	else:
		_dump(folder)
	made = sorted(set(folder.glob("*")) - before)
	return {
		kind: next(path for path in made if path.name.endswith(end))
		for kind, end in (
			("database", "-database.sql.gz"),
			("public", "-files.tar"),
			("private", "-private-files.tar"),
		)
		for path in made
		if path.name.endswith(end) and (kind != "public" or "private" not in path.name)
	}


def _dump(folder: Path) -> None:
	name, config = frappe.local.site, frappe.conf
	stem = f"{now_datetime():%Y%m%d_%H%M%S}-{name.replace('.', '_')}"
	folder.mkdir(parents=True, exist_ok=True)
	login = snapshot._login(config, folder)
	command = [snapshot._client("mariadb-dump", "mysqldump"), *login, "--single-transaction"]
	dumped = subprocess.run([*command, config.db_name], capture_output=True, timeout=300, check=True).stdout
	(folder / "login.cnf").unlink()
	(folder / f"{stem}-database.sql.gz").write_bytes(gzip.compress(dumped, 1))
	for kind, end in (("public", "files"), ("private", "private-files")):
		with tarfile.open(folder / f"{stem}-{end}.tar", "w") as archive:
			archive.add(frappe.get_site_path(kind, "files"), f"./{name}/{kind}/files")


def restored(backup: dict[str, Path], scratch: Path) -> None:
	"""Put a backup back, as after a disaster: the database is another one, newer files stay where they are."""
	frappe.db.close()
	if HAS_COMMANDS:
		_restored_by_bench(backup)
	else:
		dump = scratch / "dump.sql"
		dump.write_bytes(gzip.decompress(backup["database"].read_bytes()))
		snapshot._restore_mariadb(dump, frappe.conf)
		for kind in ("public", "private"):
			with tarfile.open(backup[kind]) as archive:
				archive.extractall(Path(frappe.get_site_path()).parent, filter="data")
	frappe.connect()
	frappe.clear_cache()


def _restored_by_bench(backup: dict[str, Path]) -> None:
	bench(
		*("restore", str(backup["database"].resolve()), "--force"),
		*("--db-root-username", "root"),
		*(
			["--db-root-password", password]
			if (password := os.environ.get("SIGNFLOW_DB_ROOT_PASSWORD"))
			else []
		),
		*("--with-public-files", str(backup["public"].resolve())),
		*("--with-private-files", str(backup["private"].resolve())),
	)


if frappe.conf.db_type != "sqlite":

	def test_a_restored_backup_is_erased_again(kept_house: House, tmp_path: Path) -> None:
		she = Erased(kept_house)
		she.plant()
		made, approver = officers(kept_house)
		eventually(worker_rests, "nothing is at work")
		# What erasures of other tests kept has lost its ground with their rules: a replay ends that too, and once is enough.
		bench("signflow", "replay-erasures")
		# Before anybody asked for anything.
		old = a_backup()
		began = now_datetime()
		told = _erased(she, made, approver)
		known = f"{she.mail} {she.user} +358{she.digits}".split()
		sought = [
			*("--mail", she.mail, "--mail", she.user, "--phone", known[2], "--name", she.name),
		]
		# The backup holds all of her, and the proof says so until it has gone.
		said = bench("signflow", "prove-erasure", *sought, code=1)
		assert f"left: backup {old['database'].name}" in said and "0 places left" in said
		assert f"left: backup {old['private'].name}" in said

		kept_elsewhere = tmp_path / "ledger.jsonl"
		shutil.copy(ledger.path(), kept_elsewhere)
		restored(old, tmp_path)
		assert frappe.db.exists("Contact", she.hers) and not frappe.db.exists("Erasure Plan", told["plan"])
		assert not frappe.db.count("Erasure Ledger Entry", {"creation": [">", began]})
		assert Path(frappe.get_site_path(she.file.file_url.lstrip("/"))).exists()
		# The ledger's file outlived the restore; on a new machine it would not be there.
		assert ledger.path().read_text() == kept_elsewhere.read_text()
		ledger.path().unlink()
		assert "0 carried out again" in bench("signflow", "replay-erasures")
		said = bench("signflow", "replay-erasures", "--ledger", str(kept_elsewhere))
		assert "1 carried out again, 0 failed, 0 lines wait" in said, said

		frappe.db.rollback()
		frappe.clear_cache()
		assert not differences(told["rows"], _rows())
		assert told["files"] == _files()
		for path in old.values():
			path.unlink()
		new = a_backup()
		said = bench("signflow", "prove-erasure", *sought)
		assert "0 places left, 0 backups" in said, said
		for path in new.values():
			path.unlink()


def _erased(she: Erased, made: str, approver: str) -> dict[str, Any]:
	request = a_request(she.house, ("Contact", she.hers))
	frappe.set_user(made)
	plan = decide_all(planning.plan_erasure(request), made)
	approved(plan, approver)
	carried_out(plan)
	return {"plan": plan, "rows": _rows(), "files": _files()}


def _rows() -> dict[str, Any]:
	rows = rows_of()
	# When the framework's restore itself last wrote its settings.
	rows["tabSingles"] = {
		key: row
		for key, row in rows["tabSingles"].items()
		if row[:2] not in (("System Settings", "modified"), ("System Settings", "modified_by"))
	}
	return rows


def _files() -> dict[str, bytes]:
	return files_of("private/files") | files_of("public/files")
