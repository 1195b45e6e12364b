"""The frame of every endpoint that a guest may call: small answers, no leak by difference, no secret in a log."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import frappe
from frappe import _

from signflow.services.files import SealedFileLost
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.work import place_of


def answers(endpoint: Callable[..., Any]) -> Callable[..., Any]:
	"""Turn refusals into `{"error": {code, text, …}}` with their status, in the reader's language.

	An unexpected error is logged by its place alone: Frappe's own error page would keep local variables, and those
	hold tokens and codes. A call that lacks an argument is the caller's mistake and is not logged at all.
	"""
	signature = inspect.signature(endpoint)

	@wraps(endpoint)
	def run(*args: Any, **kwargs: Any) -> Any:
		set_language(kwargs.get("language"))
		try:
			try:
				signature.bind(*args, **kwargs)
			except TypeError:
				raise invalid_input() from None
			answer = endpoint(*args, **kwargs)
			# What another app's events tell its users in Desk (that a lead is there already) is nothing for a guest.
			frappe.clear_messages()
			return answer
		except Refused as refused:
			frappe.db.rollback()
			frappe.local.response.http_status_code = refused.status
			return {"error": {"code": refused.code, "text": refused.text, **refused.more}}
		except frappe.RateLimitExceededError:
			raise
		# Its text is the database's own and says nothing to a reader.
		except (SealedFileLost, frappe.UniqueValidationError) as error:
			return _try_later(endpoint.__name__, error)
		except frappe.ValidationError as error:
			frappe.db.rollback()
			frappe.local.response.http_status_code = 422
			frappe.clear_messages()
			return {"error": {"code": "invalid_input", "text": str(error)}}
		except Exception as error:
			return _try_later(endpoint.__name__, error)

	return run


def _try_later(endpoint: str, error: Exception) -> dict[str, Any]:
	frappe.db.rollback()
	frappe.clear_messages()
	# Error Log keeps the caller's arguments, and Frappe blanks only those that it knows by name.
	arguments, frappe.local.form_dict = frappe.local.form_dict, frappe._dict()
	try:
		reference = _logged(endpoint, error)
	finally:
		frappe.local.form_dict = arguments
	frappe.local.response.http_status_code = 500
	return {
		"error": {
			"code": "try_later",
			"text": _("Something went wrong on our side. Nothing is lost: try again in a moment."),
			"reference": reference,
		}
	}


def invalid_input() -> Refused:
	"""The answer to a call that no page of ours makes."""
	return Refused("invalid_input", _("This call is not complete. Load the page again."), 422)


def _logged(name: str, error: Exception) -> str:
	place = place_of(error)
	try:
		log = frappe.log_error(title=f"signflow: {name}", message=place)
		frappe.db.commit()
		return str(log.name) if log else ""
	except Exception:
		# The database itself is the trouble: the reader still gets an answer, the administrator the log file.
		frappe.db.rollback()
		frappe.logger("signflow").error("%s: %s", name, place)
		return ""


def set_language(language: str | None) -> None:
	"""Answer in the language the page asked for; without one the signer's own is used later."""
	asked = language or (frappe.form_dict.get("language") if frappe.form_dict else None)
	frappe.local.signflow_lang = asked if asked in LANGUAGES else None
	if frappe.local.signflow_lang:
		frappe.local.lang = frappe.local.signflow_lang


def reader_language() -> str:
	"""The language that the page asked for, else the house's."""
	return frappe.local.signflow_lang or frappe.get_cached_doc("Signflow Settings").default_language or "fi"


def session() -> str:
	"""The session that the page holds, from its header: never a cookie, so no other site can send it along."""
	return frappe.get_request_header("X-Signflow-Session") or ""
