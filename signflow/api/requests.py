"""Endpoints of the sender's side, for Desk and for programs; each runs with the caller's permissions."""

from typing import Any

import frappe
from frappe import _

from signflow.services import drafts, evidence, requests, revisions, sending
from signflow.services.files import read_sealed


@frappe.whitelist(methods=["GET", "POST"])
def prefill(doctype: str, name: str) -> dict[str, Any]:
	"""What the dialog "Request signature" starts with: contacts, PDF attachments and print formats of a record."""
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("read")
	frappe.has_permission("Signature Request", "create", throw=True)
	return drafts.prefill(doc)


@frappe.whitelist(methods=["POST"])
def create_request(
	title: str | None = None,
	documents: list | str | None = None,
	signers: list | str | None = None,
	company: str | None = None,
	customer: str | None = None,
	reference_doctype: str | None = None,
	reference_name: str | None = None,
	message: str | None = None,
	language: str | None = None,
	expires_on: str | None = None,
	remind_every_days: int | str | None = None,
	confidential: bool | int | str = False,
	signature_level: str | None = None,
	delivery_addresses: list | str | None = None,
	template: str | None = None,
	people: dict | str | None = None,
	send: bool | int | str = False,
) -> dict[str, str]:
	"""Make a request, and send it when `send` is true: {name, status}.

	With `template` its document, people and settings are taken, as far as nothing else is said here; `people` says who
	takes its roles: {"Tenant": {"signer_name", "email", …}}.
	"""
	frappe.has_permission("Signature Request", "create", throw=True)
	options = {
		"message": message,
		"language": language,
		"expires_on": expires_on,
		"signature_level": signature_level,
		"delivery_addresses": _lines(delivery_addresses),
	}
	if not template and not (title and documents and signers):
		frappe.throw(_("A request needs a title, documents and signers, or a template."))
	if remind_every_days not in (None, ""):
		options["remind_every_days"] = remind_every_days
	request = drafts.create_request(
		title=title,
		documents=frappe.parse_json(documents),
		signers=frappe.parse_json(signers),
		template=template,
		asked=_by_role(people),
		company=company,
		customer=customer,
		reference_doctype=reference_doctype,
		reference_name=reference_name,
		confidential=int(frappe.utils.sbool(confidential) in (True, 1)),
		**{key: value for key, value in options.items() if value},
	)
	if frappe.utils.sbool(send) in (True, 1):
		request = sending.send_request(request.name)
	return {"name": request.name, "status": request.status}


def _lines(addresses: list | str | None) -> str | None:
	return "\n".join(str(one) for one in addresses) if isinstance(addresses, list) else addresses


def _by_role(people: dict | str | None) -> dict[str, dict[str, Any]]:
	asked = frappe.parse_json(people) if people else {}
	if not isinstance(asked, dict) or not all(isinstance(person, dict) for person in asked.values()):
		frappe.throw(_("People are given by role, each with a name and a mail address."))
	return asked


@frappe.whitelist(methods=["POST"])
def send_request(name: str) -> dict[str, str]:
	"""Freeze, certify and invite: {name, status}."""
	frappe.get_doc("Signature Request", name).check_permission("write")
	request = sending.send_request(name)
	return {"name": request.name, "status": request.status}


@frappe.whitelist(methods=["POST"])
def cancel_request(name: str, reason: str) -> None:
	"""End a request that was sent."""
	frappe.get_doc("Signature Request", name).check_permission("write")
	requests.cancel_request(name, reason)


@frappe.whitelist(methods=["POST"])
def remind_signer(signer: str) -> None:
	"""Send a signer a new link."""
	frappe.get_doc("Signature Request Signer", signer).check_permission("write")
	requests.remind_signer(signer)


@frappe.whitelist(methods=["POST"])
def correct_signer(signer: str, email: str) -> None:
	"""Give a signer another mail address and invite again."""
	frappe.get_doc("Signature Request Signer", signer).check_permission("write")
	requests.correct_signer(signer, email)


@frappe.whitelist(methods=["POST"])
def replace_signer(signer: str, contact: str) -> str:
	"""Have a Contact sign in the place of a signer who has not signed; returns the new signer's name."""
	frappe.get_doc("Signature Request Signer", signer).check_permission("write")
	return requests.replace_signer(signer, contact)


@frappe.whitelist(methods=["GET", "POST"])
def timeline(name: str) -> dict[str, Any]:
	"""Signers, their steps and the signed files of a request, for its form."""
	frappe.get_doc("Signature Request", name).check_permission("read")
	return requests.timeline(name)


@frappe.whitelist(methods=["GET"])
def download(name: str, document: str | None = None) -> None:
	"""The last revision of one document of a request, or the evidence report (`document` = "report")."""
	request = frappe.get_doc("Signature Request", name)
	request.check_permission("read")
	revision = next(
		(row for row in revisions.final_revisions(name) if not document or row.document == document), None
	)
	if not revision:
		frappe.throw(_("There is no such document in this request."), frappe.DoesNotExistError)
	frappe.local.response.filename = f"{revisions.copy_name(request, revision)}.pdf"
	frappe.local.response.filecontent = read_sealed(revision.file_url, revision.sha256)
	frappe.local.response.type = "download"


@frappe.whitelist(methods=["GET", "POST"])
def verify_chain(name: str) -> dict[str, Any]:
	"""Recompute the request's chain of evidence: {ok, count, first_broken, problems, erased}."""
	frappe.get_doc("Signature Request", name).check_permission("read")
	verdict = evidence.verify(name)
	return {
		"ok": verdict.ok,
		"count": verdict.count,
		"first_broken": verdict.first_broken,
		"problems": list(verdict.problems),
		"erased": [list(row) for row in verdict.erased],
	}


@frappe.whitelist(methods=["GET"])
def evidence_bundle(name: str) -> None:
	"""The sealed evidence of a request as a file, personal values included: for Signflow Managers."""
	frappe.only_for("Signflow Manager")
	frappe.get_doc("Signature Request", name).check_permission("read")
	frappe.local.response.filename = f"evidence-{name}.json"
	frappe.local.response.filecontent = evidence.bundle(name)
	frappe.local.response.type = "download"
