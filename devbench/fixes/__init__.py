"""What the un-renamed fork needs to behave like a bench with many apps and sites.

Each fix names its file and its reason, and fails loudly when the text it expects is not there: the fork is
pinned by hash, so a miss means that the pin moved and the fix has to be looked at again.

Three kinds: `Text` replaces one exact piece of text (everywhere it occurs in the file), `Functions` puts the
functions of `functions/NAME.py` in the place of those with the same name, `File` adds a file.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

FUNCTIONS = Path(__file__).parent / "functions"


class FixError(Exception):
	"""The fork does not hold what a fix expects."""


@dataclass(frozen=True)
class Text:
	path: str
	why: str
	old: str
	new: str

	def apply(self, root: Path) -> None:
		file = root / self.path
		text = file.read_text()
		if self.old not in text:
			raise FixError(f"{self.path}: text to be replaced is not there ({self.why}):\n{self.old}")
		file.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True)
class Functions:
	path: str
	why: str
	source: str

	def apply(self, root: Path) -> None:
		file = root / self.path
		text = file.read_text()
		replacements = _definitions((FUNCTIONS / f"{self.source}.py").read_text(), methods=False)
		originals = _definitions(text, methods=True)
		if missing := replacements.keys() - originals.keys():
			raise FixError(f"{self.path}: no {', '.join(sorted(missing))} to be replaced ({self.why})")
		lines = text.splitlines(keepends=True)
		# From the end, so that line numbers before a replaced piece stay true.
		for name in sorted(replacements, key=lambda name: originals[name].start, reverse=True):
			new, old = replacements[name], originals[name]
			body = "".join(
				old.indent + line if line.strip() else line for line in new.text.splitlines(keepends=True)
			)
			lines[old.start : old.end] = [body]
		file.write_text("".join(lines))


@dataclass(frozen=True)
class File:
	path: str
	why: str
	text: str

	def apply(self, root: Path) -> None:
		file = root / self.path
		if file.exists():
			raise FixError(f"{self.path}: already there ({self.why})")
		file.parent.mkdir(parents=True, exist_ok=True)
		file.write_text(self.text)


@dataclass(frozen=True)
class Move:
	path: str
	why: str
	to: str

	def apply(self, root: Path) -> None:
		if not (root / self.path).exists():
			raise FixError(f"{self.path}: not there ({self.why})")
		(root / self.to).parent.mkdir(parents=True, exist_ok=True)
		(root / self.path).rename(root / self.to)


@dataclass(frozen=True)
class _Definition:
	start: int
	end: int
	indent: str
	text: str


def _definitions(text: str, methods: bool) -> dict[str, _Definition]:
	"""Functions, classes and methods by name; a name defined twice counts where it is defined last."""
	lines = text.splitlines(keepends=True)
	found: dict[str, _Definition] = {}

	def add(node: ast.AST) -> None:
		first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
		indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
		found[node.name] = _Definition(
			first, node.end_lineno, indent, "".join(lines[first : node.end_lineno])
		)

	for node in ast.parse(text).body:
		if isinstance(node, ast.FunctionDef | ast.ClassDef):
			add(node)
		if methods and isinstance(node, ast.ClassDef):
			for member in node.body:
				if isinstance(member, ast.FunctionDef) and member.name not in found:
					add(member)
	return found


BENCH_MAIN = (FUNCTIONS / "bench_main.py").read_text()
MANY_APPS = "the fork knows one site and one app"

FIXES = [
	# --- many apps, many sites -----------------------------------------------------------------------------
	Text(
		"utils/bench_helper.py",
		"what bench starts (`python -m frappe.utils.bench_helper frappe …`) was left out, apps' commands with it",
		"\treturn CliCtxObj(force=force, profile=profile, verbose=verbose)\n",
		"\treturn CliCtxObj(force=force, profile=profile, verbose=verbose)\n" + BENCH_MAIN,
	),
	Functions("__init__.py", MANY_APPS, "framework"),
	Functions("config.py", "site_config.json is ignored", "config"),
	Functions("installer.py", "only the framework could be installed", "installer"),
	Text(
		"__init__.py",
		"connect(site=...) initialises that site",
		'\tif not getattr(local, "initialised", False):\n\t\tinit()\n\n\tconf = local.conf',
		'\tif site or not getattr(local, "initialised", False):\n\t\tinit(site)\n\n\tconf = local.conf',
	),
	Text(
		"installer.py",
		MANY_APPS,
		"\tsites_path = frappe.local.app_path\n\tfrappe.destroy()\n\tfrappe.init()",
		"\tsites_path = frappe.local.sites_path\n\tfrappe.destroy()\n\tfrappe.init(site, sites_path=sites_path)",
	),
	Text(
		"model/sync.py",
		MANY_APPS,
		'\tsync_for("frappe", force, reset_permissions=reset_permissions)\n',
		"\tfor app in frappe.get_installed_apps():\n"
		"\t\tsync_for(app, force, reset_permissions=reset_permissions)\n",
	),
	Text(
		"patches.py",
		MANY_APPS,
		'\treturn get_patches_from_app("frappe", patch_type=patch_type)',
		"\treturn [\n\t\tpatch\n\t\tfor app in frappe.get_installed_apps()\n"
		"\t\tfor patch in get_patches_from_app(app, patch_type=patch_type)\n\t]",
	),
	Text(
		"migrate.py",
		"hooks ran once for each app, all of them",
		'\t\t\tfor fn in frappe.get_hooks("before_migrate"):',
		'\t\t\tfor fn in frappe.get_hooks("before_migrate", app_name=app):',
	),
	Text(
		"migrate.py",
		"hooks ran once for each app, all of them",
		'\t\t\tfor doctype in frappe.get_hooks("override_doctype_class", {}).keys():',
		'\t\t\tfor doctype in frappe.get_hooks("override_doctype_class", {}, app_name=app).keys():',
	),
	Text(
		"boot.py",
		MANY_APPS,
		'\tfor app_name in ["frappe"]:\n\t\tapps = frappe.get_hooks("add_to_apps_screen")',
		"\tfor app_name in frappe.get_installed_apps():\n"
		'\t\tapps = frappe.get_hooks("add_to_apps_screen", app_name=app_name)',
	),
	Text(
		"boot.py",
		MANY_APPS,
		'\t\tapp_title_hooks = frappe.get_hooks("app_title")\n'
		'\t\tapp_home_hooks = frappe.get_hooks("app_home")\n'
		'\t\tapp_logo_hooks = frappe.get_hooks("app_logo_url")',
		'\t\tapp_title_hooks = frappe.get_hooks("app_title", app_name=app_name)\n'
		'\t\tapp_home_hooks = frappe.get_hooks("app_home", app_name=app_name)\n'
		'\t\tapp_logo_hooks = frappe.get_hooks("app_logo_url", app_name=app_name)',
	),
	Text(
		"boot.py",
		MANY_APPS,
		'\tfor app in ["frappe"]:\n',
		"\tfor app in frappe.get_installed_apps():\n",
	),
	Text(
		"apps.py",
		MANY_APPS,
		'\t\tapp_details = frappe.get_hooks("add_to_apps_screen")\n\t\tif not len',
		'\t\tapp_details = frappe.get_hooks("add_to_apps_screen", app_name=app)\n\t\tif not len',
	),
	Text(
		"utils/change_log.py",
		MANY_APPS,
		"\t\tapp_hooks = frappe.get_hooks()\n",
		"\t\tapp_hooks = frappe.get_hooks(app_name=app)\n",
	),
	Text(
		"utils/fixtures.py",
		MANY_APPS,
		'fixtures = frappe.get_hooks("fixtures")',
		'fixtures = frappe.get_hooks("fixtures", app_name=app)',
	),
	Text(
		"utils/installed_apps.py",
		"every installed app counts as set up: there is no wizard to run here",
		'\treturn ["frappe"]',
		"\treturn frappe.get_installed_apps()",
	),
	Text(
		"utils/__init__.py",
		MANY_APPS,
		'\treturn ["frappe"]',
		'\tsites_path = sites_path or getattr(frappe.local, "sites_path", None) or "."\n'
		"\treturn sorted(\n\t\tname for name in os.listdir(sites_path)\n"
		'\t\tif os.path.exists(os.path.join(sites_path, name, "site_config.json"))\n\t)',
	),
	Text(
		"utils/__init__.py",
		"the bench is where the framework lies, not where the process happens to stand",
		'\treturn os.environ.get("FRAPPE_BENCH_ROOT") or os.getcwd()',
		'\treturn os.path.realpath(os.path.join(os.path.dirname(frappe.__file__), "..", "..", ".."))',
	),
	Text(
		"utils/__init__.py",
		"until Python 3.12 the library's cached_property holds one lock for all instances: two threads with cold caches, of which "
		"each reads what the other is at, wait for each other for ever",
		"\ncached_property = functools.cached_property\n",
		"\nclass cached_property(functools.cached_property):\n"
		"\tdef __get__(self, instance, owner=None):\n"
		"\t\tif instance is None:\n\t\t\treturn self\n"
		"\t\tif self.attrname not in instance.__dict__:\n"
		"\t\t\tinstance.__dict__[self.attrname] = self.func(instance)\n"
		"\t\treturn instance.__dict__[self.attrname]\n",
	),
	# --- processes --------------------------------------------------------------------------------------------
	Text(
		"app.py",
		"mysqlclient needs a compiler; PyMySQL does the same work",
		"import frappe.database.mariadb.mysqlclient  # Load database related utils\n",
		"",
	),
	Text(
		"app.py",
		"one bench serves several sites, each from its own processes",
		'\tassets_path = os.path.join(os.getcwd(), "assets")',
		'\tsites_path = os.environ.get("SITES_PATH") or os.getcwd()\n'
		'\tassets_path = os.path.join(sites_path, "assets")',
	),
	Text(
		"app.py",
		"public files lie in the site's folder",
		'\tfiles_path = os.path.join(os.getcwd(), "public", "files")',
		'\tfiles_path = os.path.join(sites_path, os.environ["FRAPPE_SITE"], "public", "files")',
	),
	Text(
		"app.py",
		"uploads that a browser could run are sent as attachments, as production does",
		'SharedDataMiddleware(application, {"/files": files_path})',
		'StaticDataMiddleware(application, {"/files": files_path})',
	),
	Text(
		"utils/scheduler.py",
		"two functions of one name: the loop called the one that needs a connected site",
		'def enqueue_events() -> None:\n\t"""Enqueue scheduled events. Single-tenant: no site iteration."""',
		'def enqueue_events_for_all_sites() -> None:\n\t"""Enqueue scheduled events of this process\'s site."""',
	),
	Text(
		"utils/scheduler.py",
		"see above",
		"\t\ttime.sleep(sleep_duration(tick))\n\t\tenqueue_events()",
		"\t\ttime.sleep(sleep_duration(tick))\n\t\tenqueue_events_for_all_sites()",
	),
	Text(
		"utils/scheduler.py",
		"one scheduler per site, not per bench",
		'os.path.join(get_bench_path(), "config", "scheduler_process")',
		'os.path.join(get_bench_path(), "config", f"scheduler_process-{frappe.get_site_name()}")',
	),
	Text(
		"utils/background_jobs.py",
		"the job's own site",
		"\t\tfrappe.init(force=True)\n\t\tfrappe.connect()\n\t\tif os.environ.get",
		"\t\tfrappe.init(site, force=True)\n\t\tfrappe.connect()\n\t\tif os.environ.get",
	),
	Text(
		"utils/data.py",
		"until System Settings exist, rows were dated 3.5 hours ahead, and scheduled jobs waited that long",
		'return frappe.get_system_settings("time_zone") or "Asia/Kolkata"',
		'return frappe.get_system_settings("time_zone") or "Europe/Helsinki"',
	),
	# --- Python and packages ---------------------------------------------------------------------------------
	Text(
		"desk/doctype/event/event.py",
		"a `type` statement needs Python 3.12",
		"\ttype EventLikeDict = ",
		"\tEventLikeDict = ",
	),
	Functions("utils/pdf.py", "a stub that raises", "pdf"),
	Text(
		"utils/pdf.py",
		"used by the functions above",
		"from __future__ import annotations\n",
		"from __future__ import annotations\n\nimport os\n",
	),
	File("modules/__init__.py", "apps import frappe.modules", "from .utils import *\n"),
	File("modules/utils.py", "apps import frappe.modules.utils", "from frappe.model.module_utils import *\n"),
	File("modules/import_file.py", "apps import it", "from frappe.model.import_doc import *\n"),
	File("modules/export_file.py", "apps import it", "from frappe.model.export import *\n"),
	File("modules/patch_handler.py", "apps import it", "from frappe.patches import *\n"),
	Move("tests/utils.py", "to make room for generators.py", "tests/utils/__init__.py"),
	File(
		"tests/utils/generators.py",
		"the installer imports it",
		"import os\n\nimport frappe\nfrom frappe.tests.utils import make_test_records  # noqa: F401\n\n\n"
		"def _clear_test_log():\n"
		'\tpath = frappe.get_site_path(".test_log")\n'
		"\tif os.path.exists(path):\n\t\tos.remove(path)\n",
	),
	# --- SQLite -----------------------------------------------------------------------------------------------
	Functions(
		"database/sqlite/database.py",
		"values were pasted as text; a write after an overtaken read failed",
		"sqlite",
	),
	Text(
		"database/sqlite/database.py",
		"DATETIME columns came back as text, TIME columns failed on '9:00:00'",
		'\t\tsqlite3.register_converter("time", lambda x: time.fromisoformat(x.decode()))\n',
		'\t\tsqlite3.register_converter("datetime", lambda x: datetime.fromisoformat(x.decode()))\n'
		'\t\tsqlite3.register_converter("time", lambda x: frappe.utils.to_timedelta(x.decode()))\n'
		"\t\tsqlite3.register_adapter(Decimal, float)\n"
		"\t\tsqlite3.register_adapter(timedelta, frappe.utils.format_timedelta)\n"
		'\t\tsqlite3.register_adapter(datetime, lambda x: frappe.db.format_datetime(x).strip("\'"))\n'
		"\t\tsqlite3.register_adapter(time, str)\n",
	),
	Text(
		"database/sqlite/database.py",
		"used above",
		"from datetime import date, datetime, time\n",
		"from datetime import date, datetime, time, timedelta\nfrom decimal import Decimal\n",
	),
	Text(
		"database/sqlite/database.py",
		"what a power cut would lose here is built again; waiting for the disk doubled the time of a build",
		'"synchronous": "NORMAL"',
		'"synchronous": "OFF"',
	),
	Text(
		"database/sqlite/database.py",
		"one writer at a time, and two busy processors: who waits for a lock waits a little longer",
		'"busy_timeout": 5000,',
		'"busy_timeout": 20000,',
	),
	Text(
		"model/document.py",
		"a document read for an update locked nothing: of two who did so, both went on (devbench's SQLite takes its write lock)",
		'if self.flags.for_update and frappe.db.db_type != "sqlite":',
		"if self.flags.for_update:",
	),
	Text(
		"query_builder/builder.py",
		"PyPika's SQLite builder sets wrapper_cls itself, and its lock takes no options",
		"class SQLite(Base, SQLLiteQuery):\n\tField = terms.Field\n\n\t_BuilderClasss = SQLLiteQueryBuilder\n",
		"class SQLiteBuilder(SQLLiteQueryBuilder):\n"
		"\tdef __init__(self, wrapper_cls=SQLiteParameterizedValueWrapper, **kwargs):\n"
		"\t\tQueryBuilder.__init__(self, dialect=Dialects.SQLLITE, wrapper_cls=wrapper_cls, **kwargs)\n"
		"\t\tself._insert_or_replace = False\n\n"
		"\tdef for_update(self, *args, **kwargs):\n"
		"\t\treturn super().for_update()\n\n\n"
		"class SQLite(Base, SQLLiteQuery):\n\tField = terms.Field\n\n\t_BuilderClasss = SQLiteBuilder\n",
	),
	Text(
		"query_builder/builder.py",
		"see above",
		"\t\treturn super()._builder(*args, wrapper_cls=SQLiteParameterizedValueWrapper, **kwargs)",
		"\t\treturn SQLiteBuilder(*args, **kwargs)",
	),
	Text(
		"query_builder/builder.py",
		"see above",
		"from pypika.queries import QueryBuilder, Schema, Table\n",
		"from pypika.enums import Dialects\nfrom pypika.queries import QueryBuilder, Schema, Table\n",
	),
]


def apply_all(package: Path) -> int:
	"""Apply every fix to the folder of the package `frappe`; returns how many there were."""
	for fix in FIXES:
		fix.apply(package)
	return len(FIXES)
