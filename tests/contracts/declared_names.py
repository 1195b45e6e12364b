"""Names of DocTypes and fields that signflow declares rather than calls: hooks, custom fields, its own records."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from names_used import Use
from upstream_facts import TABLES, Catalogue, doctype_files

BY_DOCTYPE = (
	"doctype_js doctype_list_js doctype_tree_js doctype_calendar_js doc_events override_doctype_dashboards"
	" permission_query_conditions has_permission extend_doctype_class"
).split()
LISTS_OF_DOCTYPES = (
	"company_data_to_be_ignored ignore_links_on_delete auto_cancel_exempted_doctypes calendars communication_doctypes"
).split()
EVENTS = frozenset(
	"""before_insert after_insert before_naming autoname before_validate validate before_save after_save on_update
	before_submit on_submit before_cancel on_cancel before_update_after_submit on_update_after_submit on_change
	on_trash after_delete before_rename after_rename before_print onload after_mapping on_discard before_discard
	on_recurring before_change""".split()
)
# Which key of a record of this DocType names another DocType.
RECORD_KEYS = {
	"Report": "ref_doctype",
	"Web Form": "doc_type",
	"Print Format": "doc_type",
	"Notification": "document_type",
	"Number Card": "document_type",
	"Dashboard Chart": "document_type",
}


def literals(source: str) -> dict[str, tuple[object, int]]:
	"""Module-level names with a literal value, and the line each stands on."""
	found = {}
	for node in ast.parse(source).body:
		if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
			try:
				found[node.targets[0].id] = (ast.literal_eval(node.value), node.lineno)
			except ValueError:
				continue
	return found


def hook_names(path: Path, source: str) -> list[Use]:
	"""The DocTypes and fields that hooks.py names."""
	uses = []
	declared = literals(source)
	for hook in BY_DOCTYPE:
		value, line = declared.get(hook, ({}, 0))
		uses += [Use(path, line, name) for name in value if name != "*"]
	for hook in LISTS_OF_DOCTYPES:
		value, line = declared.get(hook, ([], 0))
		uses += [Use(path, line, name) for name in value]
	rows, line = declared.get("user_data_fields", ([], 0))
	for row in rows:
		uses.append(Use(path, line, row["doctype"]))
		named = [row.get("filter_by"), *row.get("redact_fields", ()), row.get("rename") and "name"]
		uses += [Use(path, line, row["doctype"], field) for field in named if field]
	return uses


def unknown_events(source: str) -> list[str]:
	"""Keys of doc_events that Frappe never calls."""
	value, _ = literals(source).get("doc_events", ({}, 0))
	return sorted(
		f"{name}.{event}" for name, events in value.items() for event in events if event not in EVENTS
	)


def event_functions(source: str) -> dict[str, set[str]]:
	"""Dotted path of each doc_events function, and the DocTypes whose documents it gets."""
	found: dict[str, set[str]] = {}
	value, _ = literals(source).get("doc_events", ({}, 0))
	for doctype, events in value.items():
		for paths in events.values():
			for dotted in [paths] if isinstance(paths, str) else paths:
				found.setdefault(dotted, set()).add(doctype)
	return {dotted: doctypes for dotted, doctypes in found.items() if "*" not in doctypes}


def form_scripts(source: str) -> dict[str, str]:
	"""Path under the package of each form script in hooks.py, and its DocType."""
	found = {}
	for hook in BY_DOCTYPE[:4]:
		value, _ = literals(source).get(hook, ({}, 0))
		for doctype, files in value.items():
			found |= {file: doctype for file in ([files] if isinstance(files, str) else files)}
	return found


def custom_fields(path: Path, source: str, names: Catalogue) -> tuple[dict[str, set[str]], list[Use]]:
	"""The fields that custom_fields.py adds to each DocType, and every name it leans on.

	`insert_after` must be a data field: breaks come and go between releases, and the facts leave them out.
	"""
	added: dict[str, set[str]] = {}
	leaning: list[tuple[int, str, str]] = []
	uses: list[Use] = []
	for node in ast.walk(ast.parse(source)):
		if not isinstance(node, ast.Dict):
			continue
		for key, value in zip(node.keys, node.values, strict=True):
			for doctype in _doctypes(key):
				for line, row in _rows(value):
					uses.append(Use(path, line, doctype))
					added.setdefault(doctype, set()).add(row.get("fieldname"))
					if row.get("insert_after"):
						leaning.append((line, doctype, row["insert_after"]))
					if row.get("fieldtype") in ("Link", *TABLES) and row.get("options"):
						uses.append(Use(path, line, row["options"]))
					if "." in (row.get("fetch_from") or ""):
						leaning.append((line, doctype, row["fetch_from"].split(".")[0]))
	for line, doctype, field in leaning:
		if field not in added[doctype]:
			uses.append(Use(path, line, doctype, field))
	return added, uses


def _doctypes(key: ast.AST | None) -> list[str]:
	if isinstance(key, ast.Constant) and isinstance(key.value, str):
		return [key.value]
	if isinstance(key, ast.Tuple):
		return [item.value for item in key.elts if isinstance(item, ast.Constant)]
	return []


def _rows(value: ast.AST) -> list[tuple[int, dict]]:
	"""Literal rows of fields, whether written {"fieldname": ...} or dict(fieldname=...)."""
	rows = []
	for item in value.elts if isinstance(value, ast.List | ast.Tuple) else ():
		if isinstance(item, ast.Dict):
			pairs = [
				(k.value, v)
				for k, v in zip(item.keys, item.values, strict=True)
				if isinstance(k, ast.Constant)
			]
		elif isinstance(item, ast.Call) and item.keywords:
			pairs = [(k.arg, k.value) for k in item.keywords]
		else:
			continue
		row = {k: v.value for k, v in pairs if isinstance(v, ast.Constant)}
		if "fieldname" in row:
			rows.append((item.lineno, row))
	return rows


def record_names(package: Path, names: Catalogue) -> list[Use]:
	"""What signflow's own JSON records point to: Link and Table options, fetch_from, links, reports' DocTypes."""
	uses = []
	for path, data in doctype_files(package):
		uses += doctype_names(path, data, names)
	for path in sorted(package.glob("*/*/*/*.json")):
		data = json.loads(path.read_text(encoding="utf-8"))
		key = RECORD_KEYS.get(data.get("doctype")) if isinstance(data, dict) else None
		if key and data.get(key):
			uses.append(Use(path, 1, data[key]))
	return uses


def doctype_names(path: Path, data: dict, names: Catalogue) -> list[Use]:
	"""What one DocType's JSON points to."""
	uses = []
	rows = {row["fieldname"]: row for row in data["fields"]}
	for row in data["fields"]:
		if row["fieldtype"] in ("Link", *TABLES):
			uses.append(Use(path, 1, row.get("options") or f"(no options: {row['fieldname']})"))
		if row["fieldtype"] == "Dynamic Link" and row.get("options") not in rows:
			uses.append(Use(path, 1, data["name"], row.get("options") or "(no options)"))
		if "." in (row.get("fetch_from") or ""):
			link, target = row["fetch_from"].split(".")
			uses.append(Use(path, 1, data["name"], link))
			if rows.get(link, {}).get("fieldtype") == "Link":
				uses.append(Use(path, 1, rows[link]["options"], target))
	for link in data.get("links", ()):
		uses.append(Use(path, 1, link["link_doctype"], link["link_fieldname"]))
	for field in data.get("search_fields", "").split(","):
		if field.strip():
			uses.append(Use(path, 1, data["name"], field.strip()))
	return uses
