"""What `/verify` says of a file: one of ours, an earlier state of one, altered, or unknown."""

import hashlib
import ssl
from typing import Any

import frappe
from frappe import _

from signflow.core.identity.levels import level_named, statement
from signflow.core.pdf.validate import PROBLEMS, Verdict, validate
from signflow.services import evidence
from signflow.services.keys import seals_of
from signflow.services.levels import anchors_of, trusted_certificates
from signflow.services.requests import signers_of
from signflow.services.revisions import final_revisions
from signflow.services.times import utc_time


def verify_document(data: bytes) -> dict[str, Any]:
	"""The verdict on a PDF's bytes, as data for the page; nothing of the file is kept."""
	sha256 = hashlib.sha256(data).hexdigest()
	revision = frappe.db.get_value(
		"Sealed Revision",
		{"sha256": sha256, "kind": ["!=", "Received"]},
		["name", "request", "document", "document_title", "kind", "seq", "level"],
		as_dict=True,
	)
	if revision:
		return _ours(data, sha256, revision)
	# A certificate whose mail came back was made anew: whoever has the first has a true one too.
	for known in ({"certificate_sha256": sha256}, {"certificates_replaced": ["like", f"%{sha256}%"]}):
		fields = ["company", "certificate_made_on"]
		if erased := frappe.db.get_value("Erasure Plan", known, fields, as_dict=True):
			return _certificate(data, sha256, erased)
	keys = frappe.get_all("Sealing Key", fields=["certificate_pem", "subject"], order_by="creation asc")
	seals = [key.certificate_pem for key in keys]
	verdict = judged(data, [*seals, *trusted_certificates()])
	# A signature over changed bytes proves nothing any more, not even whose it was: its name has to do.
	ours = {key.subject for key in keys}
	named = any(signature.signer_subject in ours for signature in verdict.signatures)
	if named or _carries_one_of(seals, data):
		return {
			"verdict": "altered",
			"text": _(
				"This file carries a seal of ours, but it is not a file that we sealed: it was altered or cut."
			),
			"problems": _in_words(verdict.problems),
			"sha256": sha256,
		}
	if not data.lstrip().startswith(b"%PDF"):
		return {"verdict": "unreadable", "text": _("This file is not a PDF."), "sha256": sha256}
	return {"verdict": "unknown", "text": _("This file was not signed here."), "sha256": sha256}


def _carries_one_of(seals: list[str], data: bytes) -> bool:
	"""Whether the certificate of one of our seals stands anywhere in the bytes, as signatures hold it: in hex digits.

	A file may be so damaged that no signature in it can be read any more.
	"""
	encoded = [ssl.PEM_cert_to_DER_cert(seal).hex().encode() for seal in seals]
	return any(one in data or one.upper() in data for one in encoded)


def judged(data: bytes, trust: list[str]) -> Verdict:
	"""The validator's verdict, kept for an hour by the file's hash: judging a file with many signatures takes long."""
	known = hashlib.sha256("".join([hashlib.sha256(data).hexdigest(), *trust]).encode()).hexdigest()
	verdict = frappe.cache.get_value(f"signflow:verdict:{known}")
	if verdict is None:
		verdict = validate(data, trust=trust)
		if verdict.readable:  # a file that took too long may do better another time
			frappe.cache.set_value(f"signflow:verdict:{known}", verdict, expires_in_sec=3600)
	return verdict


def _ours(data: bytes, sha256: str, revision: Any) -> dict[str, Any]:
	request = frappe.get_doc("Signature Request", revision.request)
	seal = frappe.db.get_value("Sealing Key", request.sealing_key, ["subject", "is_test"], as_dict=True)
	seals = [one.certificate_pem for one in seals_of(request.name)]
	verdict = judged(data, [*seals, *anchors_of(request.name)])
	final = any(row.name == revision.name for row in final_revisions(revision.request))
	complete = request.status == "Completed" and final
	chain = evidence.verify(revision.request)
	# Who signed the file before it came here need not be known here.
	fields = frappe.db.get_value("Signature Request Document", revision.document, "foreign_fields")
	problems = _in_words(verdict.problems_besides((fields or "").splitlines()))
	if not chain.ok:
		problems.append(_("The chain of evidence of this request does not hold any more."))
	if complete and not problems:
		state, text = "genuine", _("This is the complete signed file, unaltered.")
	elif problems:
		state, text = "altered", _("This file is ours, but its seals or its evidence do not hold.")
	else:
		state, text = (
			"earlier_version",
			_("This is an earlier state of a file of ours, from before everybody had signed."),
		)
	signed_here = _signers_until(revision)
	return {
		"verdict": state,
		"text": text,
		"document": {
			"title": revision.document_title,
			"reference": request.name,
			"house": request.company,
			"seal_subject": seal.subject,
			"seal_is_test": bool(seal.is_test),
			"completed_on": utc_time(request.completed_on).isoformat() if request.completed_on else None,
			"level": revision.level or None,
		},
		"signers": [
			{
				"name": row.signed_name or _("Name erased"),
				"signed_on": utc_time(row.signed_on).isoformat(),
				"identified_by": _(statement(level_named(row.identified_level))),
			}
			for row in signers_of(request.name)
			if row.name in signed_here and row.signed_on
		],
		"problems": problems,
		"sha256": sha256,
	}


def _certificate(data: bytes, sha256: str, erased: Any) -> dict[str, Any]:
	"""Of a certificate of erasure nothing is kept but its hash, and when it was made."""
	keys = frappe.get_all(
		"Sealing Key", fields=["certificate_pem", "subject", "is_test"], order_by="creation asc"
	)
	verdict = judged(data, [key.certificate_pem for key in keys])
	problems = _in_words(verdict.problems)
	subjects = {signature.signer_subject for signature in verdict.signatures}
	sealed_with = next((key for key in keys if key.subject in subjects), frappe._dict())
	return {
		"verdict": "altered" if problems else "genuine",
		"text": _("This file is ours, but its seals or its evidence do not hold.")
		if problems
		else _("This is a certificate of erasure that we made, unaltered."),
		"document": {
			"title": _("Certificate of Erasure"),
			"house": erased.company,
			"seal_subject": sealed_with.subject,
			"seal_is_test": bool(sealed_with.is_test),
			"completed_on": utc_time(erased.certificate_made_on).isoformat(),
		},
		"problems": problems,
		"sha256": sha256,
	}


def _in_words(problems: tuple[str, ...]) -> list[str]:
	"""The validator's problems ("code", "code: detail" or "field: code") as the reader's language says them."""
	words = (
		next((_(PROBLEMS[part]) for part in problem.split(": ")[:2] if part in PROBLEMS), problem)
		for problem in problems
	)
	return list(dict.fromkeys(words))


def _signers_until(revision: Any) -> set[str]:
	"""The signers whose increments this revision holds."""
	filters: dict[str, Any] = {"request": revision.request, "kind": "Signed"}
	if revision.kind != "Report":
		filters.update(document=revision.document, seq=["<=", revision.seq])
	return set(frappe.get_all("Sealed Revision", filters=filters, pluck="signer", order_by="seq asc"))
