"""Texts with Jinja in them that somebody typed: whether they can be read, and how their errors are told."""

from typing import NoReturn

import frappe
from frappe import _
from jinja2 import TemplateSyntaxError


def check_syntax(text: str | None, where: str) -> None:
	"""Raise a ValidationError that says where, in which line and why if `text` is no Jinja."""
	try:
		frappe.get_jenv().parse(text or "")
	except TemplateSyntaxError as error:
		refuse(where, str(error.lineno), error.message or "")


def refuse(where: str, line: str, why: str) -> NoReturn:
	"""Raise the ValidationError for a text that does not work; `where` names it for people, `line` may be empty."""
	text = _("{0}, line {1}: {2}").format(where, line, why) if line else f"{where}: {why}"
	frappe.throw(frappe.utils.escape_html(text), title=_("The template does not work"))
