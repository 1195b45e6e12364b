"""Dotted paths into signflow, resolved by reading files, without importing anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE_ENDINGS = (".js", ".css", ".html", ".json", ".po", ".pdf", ".svg", ".png")
DOTTED = re.compile(r"signflow(?:\.\w+)+")
# A quoted path in a script or a page, or one in a URL; frappe.provide() makes namespaces, not calls.
IN_SCRIPT = re.compile(
	r"""(?<!provide\()(?:["'`]|/api/method/|/api/v\d/method/)(signflow(?:\.[A-Za-z_]\w*){2,})"""
)
# A path that ends with a dot is completed by a verb: the first argument of send("verb") and call("verb").
PREFIX = re.compile(r"""["'`](?:/api/(?:v\d/)?method/)?(signflow(?:\.[A-Za-z_]\w*)+)\.["'`]""")
VERB = re.compile(r"""\b(?:call|send)\(\s*["'](\w+)["']""")
# Functions and keywords that take a path in Python.
TAKERS = frozenset(("enqueue", "wake", "get_attr", "get_method", "call", "xcall", "run_method_by_path"))
HTTP_METHODS = frozenset(("GET", "POST", "PUT", "DELETE"))


@dataclass(frozen=True)
class Endpoint:
	"""A whitelisted function and what is wrong with how it is declared."""

	path: Path
	dotted: str
	line: int
	faults: tuple[str, ...]

	def __str__(self) -> str:
		return f"{self.path}:{self.line}: {self.dotted}: {', '.join(self.faults)}"


@cache
def _tree(path: Path, _stamp: float) -> ast.Module:
	return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def tree(path: Path) -> ast.Module:
	return _tree(path, path.stat().st_mtime)


def module_file(root: Path, parts: list[str]) -> Path | None:
	base = root.joinpath(*parts)
	return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


def resolve(root: Path, dotted: str) -> ast.AST | Path | None:
	"""The definition that `dotted` names: a function or class, a module's file, or None.

	A name that a module imports counts where it is defined; one level of `Class.method` is followed.
	"""
	parts = dotted.split(".")
	for cut in range(len(parts), 0, -1):
		if (path := module_file(root, parts[:cut])) is None:
			continue
		rest = parts[cut:]
		return path if not rest else _member(root, tree(path), rest)
	return None


def _member(root: Path, scope: ast.AST, rest: list[str]) -> ast.AST | Path | None:
	for node in scope.body:
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == rest[0]:
			if len(rest) == 1:
				return node
			return _member(root, node, rest[1:]) if isinstance(node, ast.ClassDef) else None
		if isinstance(node, ast.Assign | ast.AnnAssign):
			targets = node.targets if isinstance(node, ast.Assign) else [node.target]
			if len(rest) == 1 and any(isinstance(t, ast.Name) and t.id == rest[0] for t in targets):
				return node
		if isinstance(node, ast.ImportFrom) and node.module and not node.level:
			for alias in node.names:
				if (alias.asname or alias.name) == rest[0]:
					return resolve(root, ".".join((node.module, alias.name, *rest[1:])))
	return None


def is_whitelisted(node: ast.AST | Path | None) -> bool:
	return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _whitelist(node) is not None


def _whitelist(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST | None:
	"""The decorator that makes a function an endpoint: @frappe.whitelist, called or not."""
	for decorator in function.decorator_list:
		target = decorator.func if isinstance(decorator, ast.Call) else decorator
		if (isinstance(target, ast.Attribute) and target.attr == "whitelist") or (
			isinstance(target, ast.Name) and target.id == "whitelist"
		):
			return decorator
	return None


def endpoints(package: Path) -> Iterator[Endpoint]:
	"""Every whitelisted function under `package`, with the faults of its declaration."""
	for path in sorted(package.rglob("*.py")):
		module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
		yield from endpoints_in(path, module, tree(path))


def endpoints_in(path: Path, module: str, parsed: ast.Module) -> Iterator[Endpoint]:
	methods = {
		id(child) for node in ast.walk(parsed) if isinstance(node, ast.ClassDef) for child in node.body
	}
	for node in ast.walk(parsed):
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (decorator := _whitelist(node)):
			faults = tuple(_faults(node, decorator, id(node) in methods))
			yield Endpoint(path, f"{module}.{node.name}", node.lineno, faults)


def _faults(
	function: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.AST, bound: bool
) -> Iterator[str]:
	named = None
	if isinstance(decorator, ast.Call):
		named = next((k.value for k in decorator.keywords if k.arg == "methods"), None)
	if not isinstance(named, ast.List | ast.Tuple) or not named.elts:
		yield "names no methods=[...]"
	elif not {getattr(item, "value", None) for item in named.elts} <= HTTP_METHODS:
		yield "names a method that HTTP does not have"
	args = function.args
	parameters = [*args.posonlyargs, *args.args]
	if bound and parameters:
		parameters = parameters[1:]
	for parameter in [*parameters, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]:
		if parameter.annotation is None:
			yield f"parameter {parameter.arg} is not annotated"
	if function.returns is None:
		yield "says not what it returns"


def hook_paths(source: str) -> list[tuple[int, str]]:
	"""Every dotted path in hooks.py, in whatever hook."""
	return [
		(node.lineno, node.value)
		for node in ast.walk(ast.parse(source))
		if isinstance(node, ast.Constant)
		and isinstance(node.value, str)
		and DOTTED.fullmatch(node.value)
		and not node.value.endswith(FILE_ENDINGS)
	]


def patch_paths(text: str) -> list[tuple[int, str]]:
	"""The modules that patches.txt runs."""
	lines = [(number, line.split("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1)]
	return [(n, line.split()[0]) for n, line in lines if line and not line.startswith(("[", "execute:"))]


def called_paths(parsed: ast.AST) -> list[tuple[int, str]]:
	"""Paths that Python code hands to enqueue and its like."""
	found = []
	for node in ast.walk(parsed):
		if not isinstance(node, ast.Call):
			continue
		name = getattr(node.func, "attr", getattr(node.func, "id", ""))
		given = node.args[:1] if name in TAKERS else []
		given += [k.value for k in node.keywords if k.arg == "method"]
		for value in given:
			if (
				isinstance(value, ast.Constant)
				and isinstance(value.value, str)
				and DOTTED.fullmatch(value.value)
			):
				found.append((value.lineno, value.value))
	return found


def script_paths(source: str) -> list[tuple[int, str]]:
	"""Paths that a script or a page calls."""
	return [
		(_line(source, match), match[1])
		for match in IN_SCRIPT.finditer(source)
		if not match[1].endswith(FILE_ENDINGS) and not source[match.end() :].startswith(".")
	]


def verb_paths(prefixed: str, source: str) -> list[tuple[int, str]]:
	"""Paths that `source` calls by verb, where `prefixed` (the same folder's client) holds the path before it."""
	prefix = PREFIX.search(prefixed)
	return (
		[(_line(source, match), f"{prefix[1]}.{match[1]}") for match in VERB.finditer(source)]
		if prefix
		else []
	)


def _line(source: str, match: re.Match) -> int:
	return source.count("\n", 0, match.start()) + 1


def forbidden_imports(parsed: ast.AST, package: str) -> list[tuple[int, str]]:
	"""Imports of a core module that plain Python does not have or that climb a floor; `package` is the file's own."""
	found = []
	for node in ast.walk(parsed):
		modules: list[str] = []
		if isinstance(node, ast.Import):
			modules = [alias.name for alias in node.names]
		elif isinstance(node, ast.ImportFrom):
			if node.level:
				base = package.split(".")[: len(package.split(".")) - node.level + 1]
				modules = [".".join((*base, node.module or ""))]
			elif node.module == "signflow":
				modules = [f"signflow.{alias.name}" for alias in node.names]
			else:
				modules = [node.module or ""]
		elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
			"import_module",
			"__import__",
		):
			modules = [
				a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)
			]
		for module in modules:
			top, _, rest = module.partition(".")
			climbs = top == "signflow" and rest and rest.split(".")[0] != "core"
			if top in ("frappe", "erpnext", "helpdesk") or climbs:
				found.append((node.lineno, module))
	return found
