"""A form that opens filled in: values that a program of the house gives, in a link that nobody can read or change.

The values travel in the token itself, encrypted and authenticated with a key that is derived from the site's
encryption key for this purpose alone (Fernet: AES-128-CBC with HMAC-SHA256, cryptography.io). So nothing is kept for
links that are never opened, and nothing personal stands in an address. The price: one link cannot be taken back
before its time is over.
"""

import base64
import json
import time
import zlib
from typing import Any

import frappe
from cryptography.fernet import Fernet, InvalidToken
from frappe import _
from frappe.model import table_fields
from frappe.utils import add_to_date, get_url, now_datetime

from signflow.services.export_formats import FILES, NUMBERS, WHOLE, Field, fields_of, typed
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.site_keys import secret

MOST_CHARACTERS = 8_000
MOST_HOURS = 24 * 90
HOURS = 24 * 7
# Who opened the form in time may send it a day later.
GRACE_SECONDS = 86_400


def make(
	form: Any,
	values: dict[str, Any],
	*,
	locked: list[str] | None = None,
	language: str | None = None,
	expires_in_hours: float = HOURS,
) -> dict[str, str]:
	"""The address of a form filled in with `values` by field name: {address, token, expires_on}.

	The person may change what is not `locked`. Raises ValidationError with all that is wrong with the values.
	"""
	web_form = frappe.get_cached_doc("Web Form", form.web_form)
	problems = _problems(form, values, locked or [])
	if language and language not in LANGUAGES:
		problems.append(_("The language is one of {0}.").format(", ".join(LANGUAGES)))
	if not 0 < expires_in_hours <= MOST_HOURS:
		problems.append(_("A link can be valid for {0} hours at most.").format(MOST_HOURS))
	if problems:
		frappe.throw("<br>".join(problems))
	kept = {
		"form": form.name,
		"values": values,
		"locked": locked or [],
		"language": language,
		"until": int(time.time() + expires_in_hours * 3600),
	}
	text = zlib.compress(json.dumps(kept, ensure_ascii=False, default=str).encode())
	token = _cipher().encrypt(text).decode().rstrip("=")
	if len(token) > MOST_CHARACTERS:
		frappe.throw(_("These values are too long for a link. Give fewer, or shorter ones."))
	return {
		"address": get_url(f"/{web_form.route}/new{f'?lang={language}' if language else ''}#prefill={token}"),
		"token": token,
		"expires_on": str(add_to_date(now_datetime(), hours=expires_in_hours).replace(microsecond=0)),
	}


def values_of(token: str) -> dict[str, Any]:
	"""What the form's page fills in: {form, values, locked, language}. Raises Refused, the same for every bad token."""
	kept = _open(token)
	form = kept and frappe.db.get_value("Signable Form", kept["form"], ["name", "web_form"], as_dict=True)
	if not kept or not form:
		raise Refused(
			"prefill_unknown",
			_("What was filled in for you is not available any more. You can fill the form in yourself."),
			410,
		)
	# The form may have lost a field since.
	names = {one.fieldname for one in _fillable(form.web_form)}
	return {
		"form": form.name,
		"values": {name: value for name, value in kept["values"].items() if name in names},
		"locked": [name for name in kept["locked"] if name in names],
		"language": kept["language"],
	}


def check_locked(form: str, answers: dict[str, Any], token: str) -> None:
	"""Refuse answers to `form` that differ from what the link locked. Raises ValidationError with the fields' labels.

	A link may be up to a day over its time, so that whoever opened the page in time can send it. Whoever throws the
	token away fills in an ordinary form: locking binds a submission to its link, and does not close the form.
	"""
	kept = _open(token, grace=GRACE_SECONDS)
	if not kept or kept["form"] != form:
		frappe.throw(
			_("What was filled in for you is not available any more. You can fill the form in yourself.")
		)
	fields = {one.fieldname: one for one in _fillable(frappe.db.get_value("Signable Form", form, "web_form"))}
	changed = [
		fields[name].label
		for name in kept["locked"]
		if name in fields and not _same(fields[name], kept["values"].get(name), answers.get(name))
	]
	if changed:
		frappe.throw(_("These were filled in for you and cannot be changed: {0}.").format(", ".join(changed)))


def _same(one: Field, kept: Any, given: Any) -> bool:
	kept, given = typed(one.fieldtype, kept), typed(one.fieldtype, given)
	if isinstance(kept, str) and isinstance(given, str):
		# Browsers end lines their own way, and the framework strips what it saves.
		return kept.replace("\r\n", "\n").strip() == given.replace("\r\n", "\n").strip()
	if one.fieldtype == "Check":
		return bool(kept) == bool(given)
	if one.fieldtype in (*WHOLE, *NUMBERS) and not isinstance(kept, str) and not isinstance(given, str):
		return abs((kept or 0) - (given or 0)) < 1e-6
	return kept == given


def _fillable(web_form: str) -> list[Field]:
	"""The fields that can be filled in beforehand: no uploads, drawings, passwords or tables."""
	left_out = (*FILES, *table_fields, "Signature", "Password")
	return [one for one in fields_of(web_form) if one.fieldtype not in left_out]


def _problems(form: Any, values: dict[str, Any], locked: list[str]) -> list[str]:
	fields = {one.fieldname: one for one in _fillable(form.web_form)}
	problems = [
		_("{0} is not a field of this form that can be filled in beforehand.").format(name)
		for name in values
		if name not in fields
	]
	problems += [_("{0} is locked but has no value.").format(name) for name in locked if name not in values]
	kinds = {
		"Check": bool,
		**dict.fromkeys(WHOLE, int),
		**dict.fromkeys(NUMBERS, float),
		"Date": object,
		"Datetime": object,
		"Time": object,
	}
	doctype = frappe.db.get_value("Web Form", form.web_form, "doc_type")
	for name, value in values.items():
		one = fields.get(name)
		if not one or value in (None, ""):
			continue
		found = typed(one.fieldtype, value)
		if isinstance(value, list | dict) or (one.fieldtype in kinds and isinstance(found, str)):
			problems.append(_("{0}: this is not a value of the kind {1}.").format(name, _(one.fieldtype)))
		elif one.fieldtype == "Select":
			df = frappe.get_meta(doctype).get_field(name)
			if df and str(value) not in (df.options or "").split("\n"):
				problems.append(_("{0}: {1} is not one of the choices.").format(name, str(value)[:60]))
	return problems


def _open(token: Any, grace: int = 0) -> dict[str, Any] | None:
	"""The token's contents; None for whatever is not a live one of ours. Never raises."""
	if not isinstance(token, str) or not token or len(token) > MOST_CHARACTERS:
		return None
	try:
		text = _cipher().decrypt(token + "=" * (-len(token) % 4))
		# Authentic, so it is of our making and of a bounded size.
		kept = json.loads(zlib.decompress(text))
	except (InvalidToken, ValueError, zlib.error):
		return None
	return kept if kept["until"] + grace > time.time() else None


def _cipher() -> Fernet:
	# A key of its own: no other text that this site encrypts can serve as a link, nor a link as anything else.
	return Fernet(base64.urlsafe_b64encode(secret("prefill")))
