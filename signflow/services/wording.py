"""A template's texts written out over a record: Jinja in Frappe's sandbox, made narrower.

Frappe's own environment gives every template the whole site (`frappe.get_all`, `frappe.db.sql`, `doc.delete()`), prints
what it does not know as it stands, and escapes nothing. Who writes an agreement needs none of that, and a stranger's
answers are among its values: here a template reads records as far as the user may, changes nothing, values are
escaped, and a field that does not exist is an error.
"""

import traceback
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.model.base_document import BaseDocument
from frappe.utils.jinja import get_jloader, set_filters
from frappe.utils.safe_exec import UNSAFE_ATTRIBUTES, get_safe_globals
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from signflow.services.formatting import formatted
from signflow.services.hidden_fields import refuse_hidden
from signflow.services.transaction import is_conflict
from signflow.signflow.jinja_texts import refuse

# Of a record a template calls these; everything else that can be called might write.
VERBS = ("get", "get_formatted")
UNSAFE = UNSAFE_ATTRIBUTES - {"format", "format_map"}  # Jinja's own sandbox guards str.format
# Of frappe.utils these read files of the server by name.
READING_FILES = ("get_thumbnail_base64_for_image", "image_to_base64", "pdf_to_base64")


def write_out(text: str | None, context: dict[str, Any], where: str, *, html: bool = False) -> str:
	"""`text` rendered with `context`; values are escaped when `html`.

	`where` names the text for people: an error of the template is a ValidationError that says where, in which line and
	what. What reads the database does so with the user's permissions.
	"""
	if not text:
		return ""
	try:
		return _environment(html).from_string(text).render(context)
	except TemplateError as error:
		refuse(where, _line_of(error), error.message or str(error))
	except (frappe.ValidationError, frappe.PermissionError):
		raise
	except Exception as error:
		if is_conflict(error):
			raise
		refuse(where, _line_of(error), f"{type(error).__name__}: {error}")


def _line_of(error: Exception) -> str:
	if isinstance(error, TemplateSyntaxError):
		return f"{error.lineno} ({error.name})" if error.name else str(error.lineno)
	frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_template(frame.filename)]
	if not frames:
		return ""
	last = frames[-1]
	own = last.filename == "<template>"
	return str(last.lineno) if own else f"{last.lineno} ({last.filename.rpartition('/')[2]})"


def _is_template(filename: str) -> bool:
	return filename == "<template>" or filename.endswith((".html", ".txt"))


class _Sandbox(ImmutableSandboxedEnvironment):
	def getattr(self, obj: Any, attribute: str) -> Any:
		if isinstance(obj, BaseDocument):
			return self._of_record(obj, attribute)
		return super().getattr(obj, attribute)

	def getitem(self, obj: Any, argument: Any) -> Any:
		if isinstance(obj, BaseDocument):
			return self._of_record(obj, str(argument))
		return super().getitem(obj, argument)

	def _of_record(self, record: BaseDocument, name: str) -> Any:
		if name == "get_formatted":
			return _formatter(record)
		if field := record.meta.get_field(name):
			return None if field.fieldtype == "Password" else record.get(name)
		value = getattr(record, name, self)
		if value is self:
			hint = _("{0} has no field {1}").format(_(record.doctype), name)
			return self.undefined(hint, obj=record, name=name)
		if not self.is_safe_attribute(record, name, value):
			return self.unsafe_undefined(record, name)
		return value

	def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
		if attr in UNSAFE or (isinstance(obj, BaseDocument) and callable(value) and attr not in VERBS):
			return False
		return super().is_safe_attribute(obj, attr, value)

	def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
		hint = _("{0} may not be used in a template").format(attribute)
		return self.undefined(hint, name=attribute, obj=obj, exc=SecurityError)


def _formatter(record: BaseDocument) -> Callable[..., Any]:
	return lambda fieldname, *_ignored, **_options: formatted(record, fieldname)


def _environment(html: bool) -> _Sandbox:
	environment = _Sandbox(
		loader=get_jloader(),
		undefined=StrictUndefined,
		autoescape=html,
		finalize=lambda value: "" if value is None else value,
	)
	set_filters(environment)
	safe = get_safe_globals()
	utils = {name: verb for name, verb in safe["frappe"]["utils"].items() if name not in READING_FILES}
	# Plain dicts: a frappe._dict has every name and says None.
	environment.globals.update(
		{
			"_": frappe._,
			"frappe": dict(
				format=frappe.format_value,
				format_value=frappe.format_value,
				format_date=frappe.utils.formatdate,
				get_doc=_readable,
				get_list=_readable_list,
				get_url=frappe.utils.get_url,
				utils=utils,
			),
		}
	)
	return environment


def _readable(doctype: str, name: str) -> Any:
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("read")
	doc.apply_fieldlevel_read_permissions()
	return doc


def _readable_list(
	doctype: str,
	filters: dict[str, Any] | None = None,
	fields: list[str] | None = None,
	order_by: str | None = None,
	limit: int = 20,
) -> list[Any]:
	refuse_hidden([doctype], [filters, fields, order_by])
	# Not frappe.get_list itself, which takes ignore_permissions from whoever calls it.
	return frappe.get_list(
		doctype, filters=filters, fields=fields or ["name"], order_by=order_by or "creation asc", limit=limit
	)
