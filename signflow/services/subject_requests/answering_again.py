"""An answer whose mail came back reaches the person another way: by an address put right, or handed over (GDPR 12(3)-(4)).

A certificate of erasure is kept nowhere: it is sealed anew from what its plan says, with a checksum of its own, and takes the
place of the first, which never reached her. The address put right is for this one mail: whoever reads it was proven by nobody.
"""

import hashlib
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from signflow.services.erasure import backups, certificate
from signflow.services.privacy.approvals import require_officer, require_words
from signflow.services.subject_requests import access, letters, recipients, records
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address
from signflow.signflow.stored_words import N_, kept, said


def came_back(doc: Any) -> bool:
	"""Whether a mail came back since a request was answered, or since its answer was given once more."""
	if doc.joined_to or doc.status not in ("Done", "Refused"):
		return False
	fields = ["kind", "note"]
	steps = frappe.get_all(
		records.STEP, {"request": doc.name}, fields, order_by="at desc, creation desc, name desc"
	)
	for step in steps:
		if step.note == letters.RETURNED:
			return True
		if step.kind in ("Done", "Refused", "Handed to the Person") or (step.kind == "Mailed" and step.note):
			return False
	return False


@one_transaction
def again(name: str, because: str, email: str = "") -> dict[str, Any] | None:
	"""Give an answer that came back once more: mailed to `email`, else handed over; `because` is how the officer knows the address,
	or how the person is reached. A copy of the data is handed over: its link ends.

	Returns the certificate {"fname", "fcontent"} that the caller hands over, this once.
	Raises ValidationError where no mail came back since.
	"""
	require_officer()
	doc = records.for_change(name)
	if not came_back(doc):
		frappe.throw(_("No mail came back since this request was answered."))
	words = require_words(because, _("Say how you know the address, or how you reach the person."), 1000)
	if email and not one_address(email):
		frappe.throw(_("{0} is not a mail address.").format(email))
	if export := _mailed_copy(name):
		if email:
			frappe.throw(_("A copy of the data is handed over: its link opens for the proven mailbox alone."))
		frappe.db.set_value(access.EXPORT, export, "link_hash", None, update_modified=False)
		records.step(doc, "Note", kept(N_("The link to the copy has ended: it is handed over. {0}"), words))
		return None
	proof, holding = _certificate(doc)
	if not email:
		records.step(
			doc, "Handed to the Person", kept(N_("The answer, after its mail came back: {0}"), words)
		)
		return proof
	doc.email = email
	with print_language(doc.language or "en"):
		doc.outcome = said(doc.outcome)
	sent = letters.send_refusal(doc) if doc.status == "Refused" else letters.send_answer(doc, proof, holding)
	if not sent:
		frappe.throw(_("No mail could be sent."))
	records.step(doc, "Mailed", kept(N_("The answer once more, to {0}: {1}"), email, words))
	return None


def _mailed_copy(request: str) -> str | None:
	"""The copy that is ready for this request, whose link was mailed."""
	ready = {"request": request, "status": "Ready", "link_hash": ["is", "set"]}
	return frappe.db.get_value(access.EXPORT, ready)


def _certificate(doc: Any) -> tuple[dict[str, Any] | None, list[str]]:
	"""The certificate sealed anew, and which backups hold her still."""
	if doc.request_type != "Erasure" or doc.status != "Done":
		return None, []
	proof = certificate.for_answer(doc, recipients.of_request(doc.name))
	if proof:
		sha256 = hashlib.sha256(proof["fcontent"]).hexdigest()
		note = N_(
			"A certificate sealed anew takes the place of the first, which did not reach the person: {0}"
		)
		records.step(doc, "Note", kept(note, sha256))
	return proof, backups.what_is_told(doc.name, doc.language or "en")
