"""A MariaDB server of the bench's own: Debian's binary, its own data folder and port, as any user."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from devbench.layout import HOME, _free_port
from devbench.steps import DevbenchError, run, say, step, wait_until

DATA = HOME / "mariadb"
# A server that starts empties what it takes for its own: in a folder that two share, the other's tables of the moment as well.
TEMPORARY = HOME / "mariadb-tmp"
PID = HOME / "mariadb.pid"
LOG = HOME / "mariadb.log"
APT = "MariaDB's server is not installed: apt-get install --no-install-recommends mariadb-server"


def port() -> int:
	path = HOME / "mariadb.port"
	if not path.exists():
		HOME.mkdir(parents=True, exist_ok=True)
		path.write_text(str(_free_port(13306, taken=set())))
	return int(path.read_text())


def binary(name: str) -> str:
	found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
	if not found:
		raise DevbenchError(APT)
	return found


def start() -> None:
	if running():
		return
	server, client = binary("mariadbd"), binary("mariadb-admin")
	user = [f"--user={_user()}"]
	if not (DATA / "mysql").exists():
		with step("MariaDB's data folder"):
			shutil.rmtree(DATA, ignore_errors=True)
			options = ["--auth-root-authentication-method=normal", "--skip-test-db", f"--datadir={DATA}"]
			run([binary("mariadb-install-db"), "--no-defaults", *options, *user], seconds=120)
	command = [server, "--no-defaults", f"--datadir={DATA}", "--socket=server.sock", f"--port={port()}"]
	TEMPORARY.mkdir(exist_ok=True)
	command += [f"--tmpdir={TEMPORARY}", "--bind-address=127.0.0.1", "--character-set-server=utf8mb4", *user]
	command += [
		"--collation-server=utf8mb4_unicode_ci",
		"--max-allowed-packet=256M",
		"--innodb-buffer-pool-size=256M",
	]
	# Tests make and drop much; what a power cut would lose here is made again by a build.
	command += [
		"--innodb-flush-log-at-trx-commit=0",
		"--innodb-doublewrite=0",
		"--innodb-flush-method=nosync",
	]
	with LOG.open("ab") as log:
		process = subprocess.Popen(
			command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
		)
	PID.write_text(str(process.pid))
	ping = [client, "--no-defaults", "-h", "127.0.0.1", "-P", str(port()), "-u", "root", "ping"]
	wait_until(
		lambda: subprocess.run(ping, capture_output=True, timeout=20).returncode == 0,
		seconds=60,
		what=f"MariaDB (log: {LOG})",
		alive=lambda: process.poll() is None,
	)
	say(f"MariaDB runs on 127.0.0.1:{port()}")


def make_database(name: str, password: str) -> None:
	"""An empty database and its user, both of that name; what was there before is dropped."""
	hosts = [f"'{name}'@'{host}'" for host in ("%", "localhost")]
	statements = [
		f"DROP DATABASE IF EXISTS `{name}`",
		f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
		*(f"CREATE OR REPLACE USER {user} IDENTIFIED BY '{password}'" for user in hosts),
		*(f"GRANT ALL PRIVILEGES ON `{name}`.* TO {user}" for user in hosts),
	]
	where = ["--no-defaults", "-h", "127.0.0.1", "-P", port(), "-u", "root"]
	run([binary("mariadb"), *where, "-e", "; ".join(statements)], seconds=60)


def running() -> bool:
	pid = _pid()
	return bool(pid) and "mariadbd" in _command_line(pid)


def stop() -> None:
	if not running():
		return
	pid = _pid()
	os.kill(pid, signal.SIGTERM)
	deadline = time.monotonic() + 30
	while running() and time.monotonic() < deadline:
		time.sleep(0.1)
	if running():
		os.kill(pid, signal.SIGKILL)
	PID.unlink(missing_ok=True)
	say("MariaDB stopped")


def _pid() -> int:
	try:
		return int(PID.read_text())
	except (OSError, ValueError):
		return 0


def _command_line(pid: int) -> str:
	try:
		return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
	except OSError:
		return ""


def _user() -> str:
	import pwd

	return pwd.getpwuid(os.getuid()).pw_name
