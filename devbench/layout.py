"""Where things lie: a bench-like folder under .devbench/, and one stack of processes per site."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
SOURCE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("DEVBENCH_HOME") or REPO / ".devbench")
BENCH = HOME / "bench"
ENV = BENCH / "env"
PYTHON = ENV / "bin" / "python"
SITES = BENCH / "sites"
STAMPS = HOME / "stamps"
LOGS = BENCH / "logs"

DEFAULT_SITE = {"sqlite": "demo.localhost", "mariadb": "mariadb.localhost"}
FIRST_PORT = {"demo.localhost": 8000, "test.localhost": 8100, "mariadb.localhost": 8200}


@dataclass(frozen=True)
class App:
	"""An app of this bench: `root` is the folder that holds its package and goes on the path."""

	name: str
	root: Path

	@property
	def package(self) -> Path:
		return self.root / self.name


def apps() -> list[App]:
	"""The apps beside the framework that have hooks.py, in the order in which they are installed."""
	found = []
	for name in ("erpnext", "helpdesk"):
		for root in (SOURCE / "apps" / name, SOURCE / "apps"):
			if (root / name / "hooks.py").exists():
				found.append(App(name, root))
				break
	found += [
		App(Path(extra).name, Path(extra))
		for extra in os.environ.get("DEVBENCH_APPS", "").split(":")
		if extra
	]
	if (REPO / "signflow" / "hooks.py").exists():
		found.append(App("signflow", REPO))
	return found


@dataclass(frozen=True)
class Stack:
	"""One site with its processes: web, worker, scheduler, key-value server and SMTP sink."""

	site: str
	db: str

	@property
	def run(self) -> Path:
		return HOME / "run" / self.site

	@property
	def site_folder(self) -> Path:
		return SITES / self.site

	@property
	def mail(self) -> Path:
		return self.run / "mail"

	@property
	def config(self) -> dict:
		path = self.site_folder / "site_config.json"
		return json.loads(path.read_text()) if path.exists() else {}

	def ports(self) -> dict[str, int]:
		"""The stack's own ports, chosen free once and then kept, so that links in mails stay good."""
		path = self.run / "ports.json"
		if path.exists():
			return json.loads(path.read_text())
		base = FIRST_PORT.get(self.site, 8300)
		ports: dict[str, int] = {}
		for offset, name in enumerate(("web", "kv", "sink")):
			ports[name] = _free_port(base + 10 * offset, taken=_taken())
		self.run.mkdir(parents=True, exist_ok=True)
		path.write_text(json.dumps(ports))
		return ports

	def forget_port(self, name: str) -> int:
		"""Choose another port where somebody else has taken ours."""
		ports = self.ports()
		ports[name] = _free_port(ports[name] + 1, taken=_taken())
		(self.run / "ports.json").write_text(json.dumps(ports))
		return ports[name]

	def environment(self) -> dict[str, str]:
		"""What a process of this stack finds in its environment."""
		env = {
			key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "CI")
		}
		env["PATH"] = f"{ENV / 'bin'}{os.pathsep}{env.get('PATH', '')}"
		env["VIRTUAL_ENV"] = str(ENV)
		env["FRAPPE_SITE"] = self.site
		env["SITES_PATH"] = str(SITES)
		env["DEVBENCH_MAIL"] = str(self.mail)
		env["DEVBENCH_URL"] = f"http://127.0.0.1:{self.ports()['web']}"
		return env


def stack(db: str | None = None, site: str | None = None) -> Stack:
	"""The stack named on the command line; an existing site's own database wins over the default."""
	if not site:
		site = DEFAULT_SITE[db or "sqlite"]
	existing = Stack(site, db or "sqlite").config.get("db_type")
	return Stack(site, existing or db or ("mariadb" if site == "mariadb.localhost" else "sqlite"))


def stacks() -> list[Stack]:
	"""Every stack that has been built."""
	if not SITES.exists():
		return []
	return [stack(site=path.parent.name) for path in sorted(SITES.glob("*/site_config.json"))]


def _taken() -> set[int]:
	return {port for path in HOME.glob("run/*/ports.json") for port in json.loads(path.read_text()).values()}


def free(port: int) -> bool:
	with socket.socket() as probe:
		probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		try:
			probe.bind(("127.0.0.1", port))
		except OSError:
			return False
	return True


def _free_port(first: int, taken: set[int]) -> int:
	return next(port for port in range(first, first + 1000) if port not in taken and free(port))


def any_free_port() -> int:
	"""A port that nobody listens on right now."""
	with socket.socket() as probe:
		probe.bind(("127.0.0.1", 0))
		return probe.getsockname()[1]
