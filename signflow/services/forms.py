"""Signable forms as their pages see them: which Web Form is bound, who may show it, and that nothing goes past it.

A bound form's answers never become a record before they are signed. Frappe's own `accept` runs on them as it would,
up to the moment of writing; the wildcard event `before_save` is where it stops, and where any other way into a bound
form ends.
"""

import base64
import json
import re
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, get_build_version, get_datetime, now_datetime
from frappe.utils.caching import redis_cache
from frappe.website.doctype.web_form import web_form as framework

from signflow.services.guests import Refused
from signflow.services.transaction import is_missing_table

SCRIPT = "/assets/signflow/forms/form.js"
# What is kept is encrypted in one row: a database's largest packet is often 16 MB.
MAX_ANSWERS_BYTES = 10 * 2**20
FILES = ("Attach", "Attach Image")
_DATA_URL = re.compile(r"data:(?P<type>[\w.+/-]*)(?:;[\w=.+-]+)*;base64")
# Nobody signs these, and a browser or an office machine would run them.
_NEVER = (
	"html htm xhtml shtml svg svgz js mjs php phtml exe com bat cmd ps1 vbs wsf msi dll jar sh scr hta lnk docm xlsm pptm"
).split()


class Tried(Exception):
	"""A trial of answers ended well: `doc` is the record as it would have been written."""

	def __init__(self, doc: Any):
		self.doc = doc
		super().__init__()


@redis_cache(ttl=3600)
def bound_pages() -> dict[str, str]:
	"""The routes of all bound Web Forms, with the language that their Signable Form is fixed to ("" if none)."""
	form, web_form = frappe.qb.DocType("Signable Form"), frappe.qb.DocType("Web Form")
	rows = (
		frappe.qb.from_(form)
		.join(web_form)
		.on(web_form.name == form.web_form)
		.select(web_form.route, form.language)
		.orderby(web_form.route)
	).run()
	return {route: language or "" for route, language in rows if route}


def language_of_page(path: str) -> str | None:
	"""The language to which the bound form at `path` (no slash at either end) is fixed, "" if to none.

	None for all other pages.
	"""
	for route, language in _routes().items() if path else ():
		if path == route or path.startswith(f"{route}/"):
			return language
	return None


def forget_routes(*_args: Any) -> None:
	"""Look the routes up anew: a form or a web form has changed."""
	bound_pages.clear_cache()


def form_of(web_form: str) -> Any:
	"""The Signable Form that a Web Form is bound by, or None."""
	name = frappe.db.get_value("Signable Form", {"web_form": web_form})
	return frappe.get_cached_doc("Signable Form", name) if name else None


def with_script(context: Any) -> dict[str, Any] | None:
	"""Add our script to the page of a bound Web Form, and have its introduction translated as its title is.

	Hook update_website_context.
	"""
	added: dict[str, Any] = {}
	if context.get("doctype") == "Web Form" and context.get("introduction_text"):
		added["introduction_text"] = _(context.introduction_text)
	# An error page has no path of its own.
	if language_of_page((getattr(frappe.local, "path", None) or "").strip("/")) is not None:
		added["web_include_js"] = [*(context.get("web_include_js") or []), f"{SCRIPT}?{get_build_version()}"]
	return added or None


def _routes() -> dict[str, str]:
	try:
		return bound_pages()
	except Exception as error:
		# Between an update of the code and its migration all other pages go on.
		if not is_missing_table(error):
			raise
		return {}


def guard(doc: Any, method: str | None = None) -> None:
	"""Let no answers to a bound form be written before they are signed (hook before_save of every DocType).

	Frappe marks what its `accept` writes; everything else leaves here at once.
	"""
	if not frappe.flags.in_web_form or frappe.flags.signflow_replay:
		return
	trial = frappe.flags.signflow_trial
	if trial:
		if doc.doctype == trial:
			doc._validate()
			raise Tried(doc)
		return
	web_form = frappe.form_dict.get("web_form") if frappe.form_dict else None
	if web_form and frappe.db.exists("Signable Form", {"web_form": str(web_form)}):
		frappe.throw(_("This form is signed: it takes no answers this way."), frappe.PermissionError)


def tried(form: Any, answers: dict[str, Any]) -> Any:
	"""The record that `answers` would become, after all of Frappe's own checks and the DocType's; nothing is stored.

	Runs Frappe's `accept` for the caller, and so raises what that raises: PermissionError, MandatoryError, …
	"""
	user, point = frappe.session.user, "signflow_trial"
	frappe.db.savepoint(point)
	frappe.flags.signflow_trial = form.doc_type
	try:
		doc = framework.accept(web_form=form.web_form, data=json.dumps(answers))
	except Tried as found:
		doc = found.doc
	finally:
		frappe.flags.signflow_trial = frappe.flags.in_web_form = None
		frappe.session.user = user
		frappe.db.rollback(save_point=point)
	doc.flags.in_insert = False
	return doc


def check_open(form: Any) -> None:
	"""Raise Refused `closed` unless the form takes answers now."""
	now = now_datetime()
	if form.status != "Open":
		raise Refused("closed", _("This form is closed."), 409)
	if form.opens_on and get_datetime(form.opens_on) > now:
		raise Refused("closed", _("This form is not open yet."), 409)
	if form.closes_on and get_datetime(form.closes_on) < now:
		raise Refused("closed", _("This form is closed."), 409)
	if cint(form.max_submissions):
		taken = frappe.db.count(
			"Form Submission", {"form": form.name, "status": ["in", ("Signed", "Completed", "Failed")]}
		)
		if taken >= form.max_submissions:
			raise Refused("closed", _("This form has all the answers that it can take."), 409)


def check_attachments(form: Any, answers: dict[str, Any]) -> None:
	"""Raise Refused for a file that is too large, cannot be read, or is of a kind that is not taken."""
	check_size(answers)
	most = (cint(frappe.get_cached_doc("Web Form", form.web_form).max_attachment_size) or 10) * 2**20
	for field in file_fields(form):
		if not answers.get(field.fieldname):
			continue
		name, data = attachment(answers[field.fieldname])
		if data is None:
			raise Refused("bad_file", _("{0}: this file could not be read.").format(_(field.label)), 422)
		if len(data) > most:
			text = _("{0}: the file is too large, {1} MB at most.").format(_(field.label), most // 2**20)
			raise Refused("bad_file", text, 413)
		refuse_dangerous(_(field.label), name, data)


def refuse_dangerous(label: str, name: str, data: bytes) -> None:
	"""Raise Refused for a file that the site takes from nobody: of a kind that runs, or that is something else than its
	name says. `label` is what the reader calls it."""
	allowed = (frappe.get_system_settings("allowed_file_extensions") or "").lower().split()
	extension = name.rpartition(".")[2].lower() if "." in name else ""
	if extension in _NEVER or not extension or (allowed and extension not in allowed):
		raise Refused("bad_file", _("{0}: files of this kind are not taken.").format(label), 422)
	if data[:2] == b"MZ" or data[:4] == b"\x7fELF" or data.lstrip()[:9].lower() == b"<!doctype":
		raise Refused("bad_file", _("{0}: this file is not what its name says.").format(label), 422)


def check_size(answers: dict[str, Any]) -> None:
	"""Raise Refused for answers that are too large to be kept, their files (in base64) included."""
	if len(json.dumps(answers)) > MAX_ANSWERS_BYTES * 4 // 3:
		text = _("The files are too large together: {0} MB at most.").format(MAX_ANSWERS_BYTES // 2**20)
		raise Refused("too_large", text, 413)


def file_fields(form: Any) -> list[Any]:
	"""The Web Form's fields that take files."""
	fields = frappe.get_cached_doc("Web Form", form.web_form).web_form_fields
	return [field for field in fields if field.fieldtype in FILES]


def attachment(value: str) -> tuple[str, bytes | None]:
	"""Name and bytes of a file as a Web Form sends it, `name,data:type;base64,…`; None for what is no such thing."""
	head, _comma, body = str(value).rpartition(",")
	name, _comma, kind = head.partition(",")
	name = name.replace("/", "-").replace("\\", "-").strip()[:140]
	if not name or not _DATA_URL.fullmatch(kind):
		return name, None
	try:
		return name, base64.b64decode(body, validate=True)
	except ValueError:
		return name, None


def is_host(form: Any, origin: str) -> bool:
	"""Whether `origin` is one of the form's hosts; `https://*.example.com` stands for all below example.com."""
	for host in (form.embedding_domains or "").split():
		pattern = re.escape(host).replace(r"\*", r"[a-z0-9-]+(\.[a-z0-9-]+)*")
		if re.fullmatch(pattern, origin):
			return True
	return False
