"""Every dotted path into signflow leads to something, and every endpoint says what it takes and how it is called.

Frappe resolves these at run time: a typo in hooks.py breaks a site on its next request, one in a script a button.
"""

import ast
import re
from pathlib import Path

import dotted_paths
import pytest
from upstream_facts import ROOT

PACKAGE = ROOT / "signflow"
# As in test_foreign_names: what the readers must find at the least. Raise as the tree grows.
FEWEST_ENDPOINTS = 15
FEWEST_PATHS = 25


def _read(path: Path) -> str:
	return path.read_text(encoding="utf-8") if path.exists() else ""


def _pages() -> list[Path]:
	built = ("pdfjs-", "dist", "node_modules")
	found = [path for ending in ("js", "html") for path in sorted(PACKAGE.rglob(f"*.{ending}"))]
	return [path for path in found if not any(part.startswith(built) for part in path.parts)]


def _called(path: Path) -> list[tuple[int, str]]:
	"""What a script or page calls, whole paths and verbs of a client in the same folder."""
	# A page's script that names its own end points is its own client, and that of the modules which it loads by name; the
	# others share api.js.
	text = _read(path)
	own = dotted_paths.verb_paths(text, text)
	scripts = [_read(other) for other in sorted(path.parent.glob("*.js"))]
	loads = re.compile(rf'"{path.stem}".*import\(')
	clients = [one for one in scripts if loads.search(one) and dotted_paths.PREFIX.search(one)]
	verbs = own or [
		hit
		for client in clients or [_read(path.parent / "api.js")]
		for hit in dotted_paths.verb_paths(client, text)
	]
	return dotted_paths.script_paths(text) + verbs


def _wrong(path: Path, paths: list[tuple[int, str]], good) -> list[str]:
	return [
		f"{path}:{line}: {dotted}" for line, dotted in paths if not good(dotted_paths.resolve(ROOT, dotted))
	]


def test_hooks_lead_somewhere():
	path = PACKAGE / "hooks.py"
	assert _wrong(path, dotted_paths.hook_paths(_read(path)), bool) == []


def test_patches_can_be_executed():
	path = PACKAGE / "patches.txt"
	paths = [(line, f"{dotted}.execute") for line, dotted in dotted_paths.patch_paths(_read(path))]
	assert _wrong(path, paths, bool) == []


def test_jobs_and_calls_in_python_lead_somewhere():
	wrong = []
	for path in sorted(PACKAGE.rglob("*.py")):
		wrong += _wrong(path, dotted_paths.called_paths(dotted_paths.tree(path)), bool)
	assert wrong == []


def test_scripts_and_pages_call_endpoints():
	wrong = [hit for path in _pages() for hit in _wrong(path, _called(path), dotted_paths.is_whitelisted)]
	assert wrong == []


def test_endpoints_are_annotated_and_name_their_methods():
	assert [str(endpoint) for endpoint in dotted_paths.endpoints(PACKAGE) if endpoint.faults] == []


def test_the_readers_are_not_blind():
	paths = [hit for path in _pages() for hit in _called(path)]
	paths += dotted_paths.hook_paths(_read(PACKAGE / "hooks.py"))
	assert len(paths) >= FEWEST_PATHS
	assert len(list(dotted_paths.endpoints(PACKAGE))) >= FEWEST_ENDPOINTS


def test_core_is_plain_python():
	wrong = []
	for path in sorted((PACKAGE / "core").rglob("*.py")):
		package = ".".join(path.relative_to(ROOT).parent.parts)
		for line, module in dotted_paths.forbidden_imports(dotted_paths.tree(path), package):
			wrong.append(f"{path}:{line}: {module}")
	assert wrong == []


# The check of the checks.


@pytest.fixture
def app(tmp_path):
	"""A small app: one endpoint, one plain function, one re-export, one class."""
	package = tmp_path / "signflow"
	(package / "api").mkdir(parents=True)
	(package / "__init__.py").write_text("")
	(package / "api" / "__init__.py").write_text("from signflow.api.requests import send\n")
	(package / "api" / "requests.py").write_text(
		"import frappe\n\n@frappe.whitelist(methods=['POST'])\ndef send(name: str) -> dict: ...\n\n"
		"def plain(): ...\n\nclass Renderer:\n\tdef render(self): ...\n"
	)
	return tmp_path


@pytest.mark.parametrize(
	"dotted",
	(
		"signflow.api",
		"signflow.api.send",
		"signflow.api.requests.send",
		"signflow.api.requests.Renderer.render",
	),
)
def test_a_good_path_is_found(app, dotted):
	assert dotted_paths.resolve(app, dotted)


@pytest.mark.parametrize(
	"dotted",
	(
		"signflow.api.gone",
		"signflow.api.requests.sent",
		"signflow.gone.send",
		"signflow.api.requests.Renderer.gone",
	),
)
def test_a_bad_path_is_caught(app, dotted):
	assert not dotted_paths.resolve(app, dotted)


def test_a_plain_function_is_no_endpoint(app):
	assert dotted_paths.is_whitelisted(dotted_paths.resolve(app, "signflow.api.send"))
	assert not dotted_paths.is_whitelisted(dotted_paths.resolve(app, "signflow.api.requests.plain"))


def test_paths_are_read_from_each_place():
	script = """frappe.provide("signflow.ui.dialog"); frappe.call({ method: "signflow.api.a" });
	frappe.xcall('signflow.api.b'); fetch("/api/method/signflow.api.c"); frappe.require("signflow.bundle.js");"""
	assert [p for _, p in dotted_paths.script_paths(script)] == [
		"signflow.api.a",
		"signflow.api.b",
		"signflow.api.c",
	]
	client = 'const BASE = "/api/method/signflow.api.signing."; send("open", {});'
	assert dotted_paths.script_paths(client) == []
	assert [p for _, p in dotted_paths.verb_paths(client, client + 'api.call(\n"sign")')] == [
		"signflow.api.signing.open",
		"signflow.api.signing.sign",
	]
	hooks = 'after_install = "signflow.install.a"\napp_include_js = "signflow.bundle.js"\nx = {"all": ["signflow.b.c"]}'
	assert [p for _, p in dotted_paths.hook_paths(hooks)] == ["signflow.install.a", "signflow.b.c"]
	patches = "[pre_model_sync]\nsignflow.patches.v1.a # why\n\n[post_model_sync]\nexecute:print()\n"
	assert [p for _, p in dotted_paths.patch_paths(patches)] == ["signflow.patches.v1.a"]
	python = 'frappe.enqueue("signflow.services.a.b", queue="short"); enqueue_doc(method="signflow.c.d"); f("signflow.e")'
	assert [p for _, p in dotted_paths.called_paths(ast.parse(python))] == [
		"signflow.services.a.b",
		"signflow.c.d",
	]


@pytest.mark.parametrize(
	("code", "fault"),
	[
		("@frappe.whitelist()\ndef f(a: str) -> None: ...", "names no methods"),
		("@frappe.whitelist\ndef f(a: str) -> None: ...", "names no methods"),
		("@frappe.whitelist(methods=['SEND'])\ndef f(a: str) -> None: ...", "HTTP does not have"),
		("@frappe.whitelist(methods=['POST'])\ndef f(a) -> None: ...", "parameter a"),
		("@frappe.whitelist(methods=['POST'])\ndef f(*, a=1) -> None: ...", "parameter a"),
		("@frappe.whitelist(methods=['POST'])\ndef f(**k) -> None: ...", "parameter k"),
		("@frappe.whitelist(methods=['POST'])\ndef f(a: str): ...", "returns"),
		("class A:\n\t@frappe.whitelist(methods=['POST'])\n\tdef f(self, a) -> None: ...", "parameter a"),
	],
)
def test_a_careless_endpoint_is_caught(code, fault):
	(endpoint,) = dotted_paths.endpoints_in(Path("api.py"), "signflow.api", ast.parse(code))
	assert len(endpoint.faults) == 1 and fault in endpoint.faults[0]


def test_a_careful_endpoint_passes():
	code = "class A:\n\t@rate_limit()\n\t@frappe.whitelist(methods=['GET', 'POST'])\n\tdef f(self, a: str) -> None: ..."
	(endpoint,) = dotted_paths.endpoints_in(Path("api.py"), "signflow.api", ast.parse(code))
	assert endpoint.faults == ()


@pytest.mark.parametrize(
	"code",
	(
		"import frappe",
		"from frappe.utils import now",
		"def f():\n\timport frappe.model",
		"import importlib\nimportlib.import_module('frappe')",
		"from signflow.services import sealing",
		"from signflow import services",
		"from ...services import sealing",
	),
)
def test_a_core_that_climbs_is_caught(code):
	assert dotted_paths.forbidden_imports(ast.parse(code), "signflow.core.pdf")


def test_a_core_that_stays_below_passes():
	code = "import json\nfrom signflow.core import errors\nfrom . import keys\nfrom ..errors import A\nfrom signflow.core.pdf import x"
	assert dotted_paths.forbidden_imports(ast.parse(code), "signflow.core.pdf") == []
