"""Sending a request: from here on its documents and signers are fixed."""

import hashlib
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import cint, flt, now_datetime

from signflow.core import flow
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.placement import Place, find_anchors
from signflow.core.pdf.prepare import SignaturePage, SignerBox, page_count, prepare
from signflow.core.pdf.seal import certify
from signflow.core.pdf.validate import validate
from signflow.services import evidence
from signflow.services.files import attach_upload, read_upload
from signflow.services.keys import house_key, load_key
from signflow.services.levels import trusted_certificates
from signflow.services.requests import flow_of, flow_signer, invite_next, lock_request, require, signers_of
from signflow.services.revisions import add_revision, record_revision
from signflow.services.subject_requests import restricted_mail
from signflow.services.times import utc_now
from signflow.services.transaction import one_transaction
from signflow.signflow.refusals import message_of

from signflow.core.errors import SignflowError  # isort: skip


@one_transaction
def send_request(name: str, *, in_page: str | None = None) -> Any:
	"""Freeze the documents, certify them with the house seal and invite the first group of signers.

	The signer `in_page` sits before a page of ours: he gets no mail, and the answer's `flags.link` is the address, below
	the site's, where he goes on. Either all of it happens or nothing: the request stays a draft when any document is
	refused. Raises ValidationError with the reason in the reader's language.
	"""
	request = lock_request(name)
	request.check_permission("write")
	signers = signers_of(name, lock=True)
	as_flow = flow_of(request)
	problems = flow.check_ready(as_flow, [flow_signer(row) for row in signers], as_flow.documents, utc_now())
	if problems:
		frappe.throw(
			[message_of(problem.error) for problem in problems], title=_("Not ready to send"), as_list=True
		)
	require(flow.Action.SEND, request, signers)
	# What a person has filled in himself is sent; others of its signers whose data is restricted get no mail.
	if not in_page:
		restricted_mail.guard([row.email for row in signers], (request.doctype, name))
	key_name = house_key(request.company)
	key = load_key(key_name)
	for place, signer in enumerate(signers, 1):
		signer.field = f"Signer{place}"
		frappe.db.set_value("Signature Request Signer", signer.name, "field", signer.field)
	frozen = [_freeze(request, row, signers, key, key_name) for row in request.documents]
	lost = [one.box_anchor for one in signers if one.box_anchor and not one.get("placed")]
	if lost:
		frappe.throw(
			_("These texts, at which signatures are to stand, are in no document: {0}").format(
				", ".join(lost)
			),
			title=_("Not ready to send"),
		)
	request.db_set(
		{
			"status": "Sent",
			"sent_on": now_datetime(),
			"sent_by": frappe.session.user,
			"sealing_key": key_name,
		}
	)
	evidence.record(
		name,
		"sent",
		public={
			"documents": frozen,
			"seal": key.fingerprint,
			"test_seal": key.self_signed,
			"signers": [{"signer": row.name, "order": row.signing_order or 0} for row in signers],
		},
		private={
			"sender": frappe.session.user,
			"title": request.title,
			**{f"signer {row.name}": [row.signer_name, row.email] for row in signers},
			**evidence.caller(),
		},
	)
	request.flags.link = invite_next(request, signers, in_page=in_page)
	return request


def _freeze(request: Any, row: Any, signers: list[Any], key: Any, key_name: str) -> dict[str, Any]:
	upload = read_upload(row.file, attached_to=request.name)
	source_sha256 = hashlib.sha256(upload).hexdigest()
	attach_upload(row.file, request.name)
	limit = cint(frappe.get_cached_doc("Signflow Settings").max_file_mb) or 30
	before: list[str] = []
	try:
		clean = normalise(upload, max_bytes=limit * 2**20)
		if clean.foreign_signatures:
			sealed, kind = clean.data, "Received"
			before = _signed_before(clean.data)
		else:
			places = _places(request, row, signers, clean.data)
			page = signature_page(request, row.title, signers, key, places)
			with print_language(request.language):
				reason = _("Sealed by {0}").format(request.company)
			sealed, kind = certify(prepare(clean.data, page), key, reason=reason), "Certified"
	except SignflowError as refusal:
		frappe.throw(f"{row.title}: {message_of(refusal)}", title=_("This file cannot be used"))
	revision = add_revision(
		request,
		document=row.name,
		title=row.title,
		seq=0,
		kind=kind,
		data=sealed,
		parent=None,
		key_name=key_name,
	)
	frappe.db.set_value(
		"Signature Request Document",
		row.name,
		{
			"pages": page_count(sealed),
			"source_sha256": source_sha256,
			"certified_sha256": revision.sha256,
			"foreign_signatures": "\n".join(before) or None,
			"foreign_fields": "\n".join(clean.foreign_fields) or None,
		},
	)
	record_revision("sealed", revision)
	return {
		"document": row.name,
		"source_sha256": source_sha256,
		"sha256": revision.sha256,
		"foreign_signatures": len(clean.foreign_signatures),
	}


def _signed_before(data: bytes) -> list[str]:
	"""One line for each signature that a file already carries; raises ValidationError if one of them does not hold."""
	verdict = validate(data, trust=trusted_certificates())
	broken = [one.field for one in verdict.signatures if not one.intact]
	if broken:
		frappe.throw(
			_("A signature that the file already carries is not valid: {0}").format(", ".join(broken))
		)
	known, unknown = _("issuer known here"), _("issuer not known here")
	return [f"{one.signer_subject} ({known if one.trusted else unknown})" for one in verdict.signatures]


def _places(request: Any, row: Any, signers: list[Any], data: bytes) -> dict[str, Place]:
	"""Where in this document the signers' boxes go, by their fields: at coordinates, at a text, else nowhere in it."""
	found = find_anchors(data, [one.box_anchor for one in signers if one.box_anchor])
	places = {}
	for signer in signers:
		given = [
			box for box in frappe.parse_json(signer.boxes or "[]") if cint(box.get("document", 1)) == row.idx
		]
		if given:
			box = given[0]
			places[signer.field] = Place(cint(box.get("page", 1)), flt(box.get("x")), flt(box.get("y")))
		elif signer.box_anchor in found:
			places[signer.field] = found[signer.box_anchor]
		signer.placed = signer.get("placed") or signer.field in places
	return places


def signature_page(
	request: Any, document: str, signers: list[Any], key: Any, places: dict[str, Place]
) -> SignaturePage:
	"""The texts and boxes of the page that prepare adds, in the request's language."""
	with print_language(request.language):
		return SignaturePage(
			title=_("Signatures"),
			document=document,
			reference=request.name,
			explanation=_(
				"Each signature below is made with the electronic seal of {0} for the person named, after the person was "
				"identified as stated in the box. A code sent by mail shows control of a mailbox, no more."
			).format(request.company),
			sealed_by=_("Test seal of {0}: for trying out").format(request.company)
			if key.self_signed
			else key.subject,
			boxes=tuple(
				SignerBox(
					field=row.field,
					name=f"{row.signer_name}, {row.represents}" if row.represents else row.signer_name,
					place=places.get(row.field),
				)
				for row in signers
			),
			box_caption=_("Signature"),
		)
