"""Names of DocTypes and fields in Python code, read from its syntax tree.

Read are calls of frappe's data functions with a literal DocType (or a constant of the same file), and attributes of a
variable that holds a document: one assigned from such a call in the same function, or the first parameter of a
function that hooks.py sets on that DocType's events.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from names_used import Use, field_parts
from upstream_facts import Catalogue

# Position of each argument after the DocType, by the function's name.
FIELDS_FIRST = ("fields", "filters")
ARGUMENTS = {
	"get_all": FIELDS_FIRST,
	"get_list": FIELDS_FIRST,
	"get_value": ("filters", "fields"),
	"get_values": ("filters", "fields"),
	"get_cached_value": ("filters", "fields"),
	"get_single_value": ("fields",),
	"get_single": (),
	"get_cached_doc": ("filters",),
	"get_last_doc": ("filters",),
	"get_doc": ("filters",),
	"new_doc": (),
	"set_value": ("filters", "values"),
	"set_single_value": ("values",),
	"exists": ("filters",),
	"count": ("filters",),
	"delete": ("filters",),
	"has_column": ("fields",),
	"get_meta": (),
	"has_permission": (),
	"delete_doc": (),
	"DocType": (),
	"add_fetch": (),
}
KEYWORDS = {
	"fields": "fields",
	"fieldname": "fields",
	"field": "values",
	"pluck": "fields",
	"order_by": "fields",
	"group_by": "fields",
	"filters": "filters",
	"or_filters": "filters",
}
DOCUMENTS = {"get_doc", "get_cached_doc", "get_last_doc", "new_doc", "get_lazy_doc", "get_single", "copy_doc"}
FIELD_METHODS = {
	"get",
	"set",
	"db_set",
	"db_get",
	"append",
	"extend",
	"update",
	"has_value_changed",
	"has_field",
}
META_METHODS = {"get_field", "has_field", "get_label", "get_options"}
# What a document has besides its fields and methods.
DOCUMENT_ATTRIBUTES = frozenset(
	"flags meta dont_update_if_missing permitted_fieldnames _action _doc_before_save _original_modified".split()
)
TABLE_ATTRIBUTES = frozenset(("star", "_table_name", "alias"))
# What a document takes in memory and its table has no column for.
TRANSIENT = {"File": {"content", "decode"}, "User": {"new_password"}}


def names_in(
	path: Path, source: str, names: Catalogue, events: dict[str, set[str]] | None = None
) -> list[Use]:
	"""Every DocType and field that `source` names; `events` maps its functions to the DocTypes they handle."""
	tree = ast.parse(source, filename=str(path))
	constants = _constants(tree)
	uses = []
	for scope in _scopes(tree):
		uses += _Scope(path, names, constants, events or {}).read(scope)
	return uses


def _constants(tree: ast.AST) -> dict[str, str]:
	found = {}
	for node in ast.walk(tree):
		if (
			isinstance(node, ast.Assign)
			and isinstance(node.value, ast.Constant)
			and isinstance(node.value.value, str)
		):
			for target in node.targets:
				if isinstance(target, ast.Name):
					found[target.id] = node.value.value
	return found


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
	yield tree
	for node in ast.walk(tree):
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
			yield node


def _within(scope: ast.AST) -> Iterator[ast.AST]:
	"""The nodes of a scope in order of the source, without the functions inside it."""
	for child in ast.iter_child_nodes(scope):
		if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
			continue
		yield child
		yield from _within(child)


class _Scope:
	def __init__(self, path: Path, names: Catalogue, constants: dict[str, str], events: dict[str, set[str]]):
		self.path, self.names, self.constants, self.events = path, names, constants, events
		self.uses: list[Use] = []
		self.documents: dict[str, set[str]] = {}
		self.tables: dict[str, set[str]] = {}
		self.metas: dict[str, set[str]] = {}

	def read(self, scope: ast.AST) -> list[Use]:
		if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
			if scope.name in self.events and scope.args.args:
				self.documents[scope.args.args[0].arg] = set(self.events[scope.name])
		nodes = list(_within(scope))
		for node in nodes:
			self._variables(node)
		self._drop_reassigned(nodes)
		for node in nodes:
			if isinstance(node, ast.Call):
				self._call(node)
		called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
		for node in nodes:
			if isinstance(node, ast.Attribute) and id(node) not in called:
				self._attribute(node)
		return self.uses

	def _text(self, node: ast.AST | None) -> str | None:
		if isinstance(node, ast.Constant) and isinstance(node.value, str):
			return node.value
		if isinstance(node, ast.Name):
			return self.constants.get(node.id)
		return None

	def _function(self, call: ast.Call) -> str | None:
		"""The name of frappe's function that is called: frappe.x, frappe.db.x, frappe.qb.x."""
		parts, node = [], call.func
		while isinstance(node, ast.Attribute):
			parts.append(node.attr)
			node = node.value
		if isinstance(node, ast.Name):
			if node.id == "frappe" and parts and parts[0] in ARGUMENTS:
				return parts[0]
			if not parts and node.id in ("DocType", "get_doc", "get_all", "get_list"):
				return node.id
		return None

	def _doctype_of(self, call: ast.Call) -> str | None:
		if not call.args:
			keyword = next((k.value for k in call.keywords if k.arg == "doctype"), None)
			return self._text(keyword)
		first = call.args[0]
		if isinstance(first, ast.Dict):
			pairs = zip(first.keys, first.values, strict=True)
			return next((self._text(value) for key, value in pairs if self._text(key) == "doctype"), None)
		return self._text(first)

	def _variables(self, node: ast.AST) -> None:
		if isinstance(node, ast.NamedExpr):
			targets, value = [node.target], node.value
		elif isinstance(node, ast.Assign):
			targets, value = node.targets, node.value
		elif isinstance(node, ast.With):
			return
		else:
			return
		if not isinstance(value, ast.Call):
			return
		function = self._function(value)
		where = (
			self.documents
			if function in DOCUMENTS
			else {"DocType": self.tables, "get_meta": self.metas}.get(function)
		)
		doctype = self._doctype_of(value) if where is not None else None
		if doctype:
			for target in targets:
				if isinstance(target, ast.Name):
					where.setdefault(target.id, set()).add(doctype)

	def _drop_reassigned(self, nodes: list[ast.AST]) -> None:
		"""A variable that also holds something unreadable says nothing about its attributes."""
		for node in nodes:
			names: list[ast.AST] = []
			if isinstance(node, ast.Assign):
				readable = (
					isinstance(node.value, ast.Call)
					and self._function(node.value)
					and self._doctype_of(node.value)
				)
				names = [] if readable else list(node.targets)
			elif isinstance(node, ast.For):
				names = [node.target]
			for target in names:
				for name in ast.walk(target):
					if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
						for held in (self.documents, self.tables, self.metas):
							held.pop(name.id, None)

	def _use(self, node: ast.AST, doctype: str, field: str | None = None) -> None:
		self.uses.append(Use(self.path, node.lineno, doctype, field))

	def _use_any(self, node: ast.AST, doctypes: set[str], field: str) -> None:
		"""A variable may hold one of several DocTypes: one that has the field is enough."""
		if any(field in TRANSIENT.get(doctype, ()) for doctype in doctypes):
			return
		good = sorted(d for d in doctypes if self.names.knows(d) and self.names.has_field(d, field))
		self._use(node, good[0] if good else sorted(doctypes)[0], field)

	def _call(self, call: ast.Call) -> None:
		function = self._function(call)
		if function:
			self._data_call(call, function)
		elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
			variable, method = call.func.value.id, call.func.attr
			if variable in self.metas and method in META_METHODS:
				self._fields(call, self.metas[variable], call.args[:1])
			elif variable in self.documents and method in FIELD_METHODS and call.args:
				self._document_call(call, self.documents[variable], method)

	def _data_call(self, call: ast.Call, function: str) -> None:
		doctype = self._doctype_of(call)
		if not doctype or (function == "has_permission" and doctype.islower()):
			return
		self._use(call, doctype)
		if call.args and isinstance(call.args[0], ast.Dict):
			self._values(call.args[0], doctype)
		roles = ARGUMENTS[function]
		if roles == FIELDS_FIRST and len(call.args) > 1 and self._is_filter(call.args[1]):
			roles = tuple(reversed(roles))
		for role, argument in zip(roles, call.args[1:], strict=False):
			self._argument(role, argument, doctype)
		for keyword in call.keywords:
			if keyword.arg in KEYWORDS:
				self._argument(KEYWORDS[keyword.arg], keyword.value, doctype)
			elif function == "new_doc" and keyword.arg not in (
				None,
				"doctype",
				"parent_doc",
				"parentfield",
				"as_dict",
			):
				self._use(keyword.value, doctype, keyword.arg)

	@staticmethod
	def _is_filter(node: ast.AST) -> bool:
		"""Frappe takes filters where fields belong when they are a dict or a list of lists."""
		rows = node.elts[:1] if isinstance(node, ast.List | ast.Tuple) else ()
		return isinstance(node, ast.Dict) or any(isinstance(row, ast.List | ast.Tuple) for row in rows)

	def _argument(self, role: str, node: ast.AST, doctype: str) -> None:
		if role == "fields":
			items = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]
			for item in items:
				if isinstance(item, ast.Dict):
					for value in item.values:
						self._argument("fields", value, doctype)
				elif text := self._text(item):
					self.uses += field_parts(self.path, item.lineno, doctype, text, self.names)
		elif role == "filters":
			self._filters(node, doctype)
		elif isinstance(node, ast.Dict):
			self._values(node, doctype)
		elif text := self._text(node):
			self._use(node, doctype, text)

	def _filters(self, node: ast.AST, doctype: str) -> None:
		if isinstance(node, ast.Dict):
			for key in filter(None, node.keys):
				if (text := self._text(key)) and text != "doctype":
					self.uses += field_parts(self.path, key.lineno, doctype, text, self.names)
		elif isinstance(node, ast.List | ast.Tuple) and node.elts:
			if all(isinstance(row, ast.List | ast.Tuple) for row in node.elts):
				for row in node.elts:
					self._filters(row, doctype)
			elif len(node.elts) >= 4 and (other := self._text(node.elts[0])):
				self._use(node, other, self._text(node.elts[1]))
			elif len(node.elts) >= 2 and (text := self._text(node.elts[0])):
				self.uses += field_parts(self.path, node.lineno, doctype, text, self.names)

	def _values(self, node: ast.Dict, doctype: str) -> None:
		"""A dict of a document's values; a list of dicts holds rows of a child table."""
		for key, value in zip(node.keys, node.values, strict=True):
			if not (text := self._text(key)) or text == "doctype" or text in TRANSIENT.get(doctype, ()):
				continue
			self._use(key, doctype, text)
			child = self.names.target(doctype, text)
			if child and isinstance(value, ast.List):
				for row in value.elts:
					if isinstance(row, ast.Dict):
						self._values(row, child)

	def _fields(self, call: ast.Call, doctypes: set[str], arguments: list[ast.AST]) -> None:
		for argument in arguments:
			for item in argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]:
				if text := self._text(item):
					self._use_any(item, doctypes, text)

	def _document_call(self, call: ast.Call, doctypes: set[str], method: str) -> None:
		first = call.args[0]
		if not isinstance(first, ast.Dict):
			self._fields(call, doctypes, [first])
			children = {self.names.target(d, self._text(first) or "") for d in doctypes} - {None}
			if method == "append" and children and len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
				self._values(call.args[1], sorted(children)[0])
			return
		for key in filter(None, first.keys):
			if text := self._text(key):
				self._use_any(key, doctypes, text)

	def _attribute(self, node: ast.Attribute) -> None:
		if not isinstance(node.value, ast.Name):
			return
		variable = node.value.id
		if variable in self.documents and node.attr not in DOCUMENT_ATTRIBUTES:
			self._use_any(node, self.documents[variable], node.attr)
		elif variable in self.tables and node.attr not in TABLE_ATTRIBUTES:
			self._use_any(node, self.tables[variable], node.attr)
