"""A person shows by a code in a text message that a telephone is his too: one more step of proof, never a demand.

Offered through the hook that other apps use for theirs (`proofs.HOOK`), where the site can send text messages (Frappe's SMS
Settings). As with a mailbox it is his own typing that says which number; what it proves is seen where records hold it.
"""

import secrets
from typing import Any

import frappe
import phonenumbers
from frappe import _
from frappe.core.doctype.sms_settings import sms_settings as framework
from frappe.translate import print_language
from phonenumbers import PhoneNumberType

from signflow.core.identity import otp
from signflow.core.identity.levels import Level
from signflow.core.identity.masking import mask_phone
from signflow.core.privacy.persons import phone_of
from signflow.services import work
from signflow.services.guests import Refused
from signflow.services.letters import counted
from signflow.services.privacy.person_records import region
from signflow.services.subject_requests import intake, records
from signflow.services.subject_requests.proofs import BY_TEXT, Proof
from signflow.services.subject_requests.records import REQUEST
from signflow.services.transaction import one_transaction

# A text message costs the house, and annoys whoever did not ask for it.
MAX_A_DAY_TO_ONE = 3
MAX_A_DAY = 300
TRIES_SECONDS = 3600
# Not those that cost the receiver or earn somebody money for each message.
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def offer(request: str) -> dict[str, Any] | None:
	"""The step for the person's page, None where the site sends no text messages or the request is proven better."""
	if not _can_send():
		return None
	level = frappe.db.get_value(REQUEST, request, "proof_level")
	if level not in (None, "", Level.NONE.value, Level.MAIL_CODE.value):
		return None
	return {"title": _("Confirm your telephone number too"), "form": "phone"}


def _can_send() -> bool:
	return bool(frappe.get_hooks("send_sms") or frappe.db.get_single_value("SMS Settings", "sms_gateway_url"))


def begin(visit: str, request: str, number: str, language: str) -> dict[str, Any]:
	"""Have a code sent to `number` for a visit and its request: {sent_to, valid_seconds}. Raises Refused."""
	if not offer(request):
		raise Refused("invalid_input", _("This call is not complete. Load the page again."), 422)
	found = phone_of(number[:40], region())
	if not found or phonenumbers.number_type(phonenumbers.parse(found)) not in _MOBILE:
		raise Refused("bad_phone", _("Write the number of a mobile telephone."), 422, field="phone")
	if max(counted(f"text messages {found}"), counted(f"text messages by {visit}")) > MAX_A_DAY_TO_ONE:
		raise Refused("too_many", _("Too many codes were asked for today. Try again tomorrow."), 429)
	if counted("text messages") > MAX_A_DAY:
		raise Refused(
			"too_many", _("No more codes can be sent by text message today. Try again tomorrow."), 429
		)
	_put(visit, request, {"number": found, "language": language})
	frappe.enqueue(
		"signflow.services.subject_requests.phone_proof.send",
		queue="short",
		visit=visit,
		request=request,
		job_id=f"signflow-phone-{secrets.token_hex(8)}",
	)
	return {"sent_to": mask_phone(found), "valid_seconds": otp.CODE_LIFETIME_SECONDS}


@work.edge("code by text message")
def send(visit: str, request: str) -> None:
	"""Make the code of a visit and send it (RQ job). Only its hash is kept."""
	frappe.set_user("Administrator")
	found = _get(visit, request)
	if not found:
		return
	code, salt = otp.make_code(), secrets.token_bytes(16)
	hashed = otp.hash_code(code, salt=salt, session=f"{visit}\0{request}")
	_put(visit, request, {**found, "hash": hashed, "salt": salt.hex()})
	company = frappe.db.get_value(REQUEST, request, "company")
	with print_language(found["language"]):
		words = _("{0} is your code for your data request at {1}. It works for {2} minutes.").format(
			code, company, otp.CODE_LIFETIME_SECONDS // 60
		)
	_send(found["number"], words)


def _send(number: str, words: str) -> None:
	"""By the framework's gateway, past its SMS Log: that would keep number and code."""
	if others := frappe.get_hooks("send_sms"):
		frappe.get_attr(others[-1])([number], words, "", False)
		return
	settings = frappe.get_doc("SMS Settings")
	headers = framework.get_headers(settings)
	values = {row.parameter: row.value for row in settings.parameters if not row.header}
	values |= {settings.message_parameter: words, settings.receiver_parameter: number}
	as_json = headers.get("Content-Type") == "application/json"
	framework.send_request(settings.sms_gateway_url, values, headers, settings.use_post, as_json)


def check(visit: str, request: str, code: str) -> None:
	"""Prove the request by the code that was sent for this visit. Raises Refused as the mailed code does."""
	tries = counted(f"phone tries {visit} {request}", TRIES_SECONDS)
	if tries > otp.MAX_TRIES:
		raise Refused("locked", _("Too many wrong codes. Try again in an hour."))
	# Without a code something is compared all the same: the answer and its time stay alike.
	found = {"hash": "0" * 64, "salt": "00" * 16, "number": "", **(_get(visit, request) or {})}
	salt = bytes.fromhex(found["salt"])
	if not otp.check_code(code, code_hash=found["hash"], salt=salt, session=f"{visit}\0{request}"):
		left = otp.MAX_TRIES - tries
		raise Refused("code_wrong", _("That is not the code. {0} tries left.").format(left), tries_left=left)
	frappe.cache.delete_value(_key(visit, request))
	_note(request, found["number"])
	intake.proven(request, Proof(BY_TEXT, Level.SMS_CODE.value, mask_phone(found["number"])))


@one_transaction
def _note(request: str, number: str) -> None:
	doc = records.for_change(request)
	doc.phone = number
	records.save(doc)


def _key(visit: str, request: str) -> str:
	return f"signflow:phone:{visit}:{request}"


def _get(visit: str, request: str) -> dict[str, Any] | None:
	return frappe.cache.get_value(_key(visit, request), expires=True)


def _put(visit: str, request: str, values: dict[str, Any]) -> None:
	frappe.cache.set_value(_key(visit, request), values, expires_in_sec=otp.CODE_LIFETIME_SECONDS)
