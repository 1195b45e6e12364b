"""A request from the sender's side: made, sent, reminded, cancelled, expired."""

import hashlib
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, get_datetime, now_datetime

from signflow.core import flow
from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.prepare import SignaturePage, SignerBox, page_count, prepare
from signflow.core.pdf.seal import certify
from signflow.services import delivery, evidence
from signflow.services.files import attach_upload, read_upload, store_sealed
from signflow.services.keys import house_key, load_key
from signflow.services.printing import print_record
from signflow.services.times import utc_now, utc_time
from signflow.services.transaction import message_of, one_transaction

from signflow.core.errors import SignflowError  # isort: skip

OPEN = ("Sent", "In Progress")
CLOSED = ("Completed", "Declined", "Expired", "Cancelled")
MAX_REMINDERS = 5
LEVELS = {"mail_code": "a code sent by mail"}


def lock_request(name: str) -> Any:
	"""The request as it is now, locked until the transaction ends."""
	return frappe.get_doc("Signature Request", name, for_update=True)


def signers_of(request: str, *, lock: bool = False) -> list[Any]:
	"""All signers of a request in their order; a locking read sees what others have just committed."""
	return frappe.db.get_values(
		"Signature Request Signer",
		{"request": request},
		"*",
		as_dict=True,
		order_by="signing_order asc, idx_in_request asc, creation asc",
		for_update=lock,
	)


def flow_of(request: Any) -> flow.Request:
	"""A request as `core.flow` sees it."""
	ended = request.completed_on if request.status == "Completed" else None
	return flow.Request(
		name=request.name,
		title=request.title or "",
		state=flow.RequestState(request.status),
		expires_on=utc_time(request.expires_on) if request.expires_on else None,
		ended_on=utc_time(ended) if ended else None,
		documents=tuple(flow.Document(row.name, row.title or "") for row in request.documents),
	)


def flow_signer(row: Any) -> flow.Signer:
	"""A signer as `core.flow` sees him."""
	return flow.Signer(
		name=row.name,
		mail=row.email or "",
		full_name=row.signer_name or "",
		order=row.signing_order or 1,
		state=flow.SignerState(row.status),
		locked=bool(row.locked),
		bounced=row.delivery_status == "Bounced",
	)


def require(action: flow.Action, request: Any, signers: list[Any], signer: Any = None) -> None:
	"""Raise SignflowError with the reason in plain words unless `action` is possible now."""
	flow.require(
		action,
		flow_of(request),
		[flow_signer(row) for row in signers],
		flow_signer(signer) if signer else None,
		utc_now(),
	)


def allowed(action: flow.Action, request: Any, signers: list[Any], signer: Any = None) -> bool:
	"""Whether `action` is possible now."""
	return flow.can(
		action,
		flow_of(request),
		[flow_signer(row) for row in signers],
		flow_signer(signer) if signer else None,
		utc_now(),
	)


def create_request(
	*,
	title: str,
	documents: list[dict[str, str]],
	signers: list[dict[str, Any]],
	company: str | None = None,
	customer: str | None = None,
	reference_doctype: str | None = None,
	reference_name: str | None = None,
	**options: Any,
) -> Any:
	"""Make a draft request with its signers, with the caller's permissions.

	`documents` are {"title", "file"} (a File's address) or {"title", "print_format"} (the reference record is printed);
	`signers` are {"signer_name", "email", …}; `options` may hold message, language, expires_on, remind_every_days and
	confidential. Raises ValidationError for what cannot be, and stores nothing then.
	"""
	settings = frappe.get_cached_doc("Signflow Settings")
	request = frappe.new_doc("Signature Request")
	request.update(
		{
			"title": title,
			"customer": customer,
			"company": company or default_company(),
			"reference_doctype": reference_doctype,
			"reference_name": reference_name,
			"language": options.get("language") or settings.default_language or "fi",
			"message": options.get("message"),
			"confidential": cint(options.get("confidential")),
			"expires_on": options.get("expires_on") or _default_expiry(settings),
			"remind_every_days": cint(options.get("remind_every_days", settings.remind_every_days)),
		}
	)
	for document in documents:
		file = document.get("file") or _print(
			reference_doctype, reference_name, document.get("print_format"), request.language
		)
		request.append("documents", {"title": document.get("title") or title, "file": file})
	request.insert()
	for signer in signers:
		add_signer(request.name, **signer)
	return request


def _default_expiry(settings: Any) -> Any:
	# Whole minutes: Desk's field would round the rest away and call an untouched form "Not Saved".
	now = now_datetime().replace(second=0, microsecond=0)
	return add_to_date(now, days=cint(settings.expire_after_days) or 30)


def add_signer(request: str, **values: Any) -> Any:
	"""Add a person to a draft request, with the caller's permissions."""
	allowed = ("signer_name", "email", "contact", "represents", "signing_order", "language", "required_level")
	doc = frappe.new_doc("Signature Request Signer")
	doc.update({field: values[field] for field in allowed if values.get(field) not in (None, "")})
	doc.request = request
	return doc.insert()


def default_company() -> str | None:
	"""The user's default company, or the only one there is."""
	company = frappe.defaults.get_user_default("Company")
	if company:
		return company
	companies = frappe.get_all("Company", pluck="name", limit=2, order_by="creation asc")
	return companies[0] if len(companies) == 1 else None


def _print(doctype: str | None, name: str | None, print_format: str | None, language: str) -> str:
	if not doctype or not name:
		frappe.throw(_("Choose a PDF, or start from a record that can be printed."))
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("print")
	data = print_record(doc, print_format, language)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"{name}.pdf".replace("/", "-"),
			"is_private": 1,
			"content": data,
		}
	).insert()
	return file.file_url


@one_transaction
def send_request(name: str) -> Any:
	"""Freeze the documents, certify them with the house seal and invite the first group of signers.

	Either all of it happens or nothing: the request stays a draft when any document is refused. Raises ValidationError
	with the reason in the reader's language.
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
	key_name = house_key(request.company)
	key = load_key(key_name)
	for place, signer in enumerate(signers, 1):
		signer.field = f"Signer{place}"
		frappe.db.set_value("Signature Request Signer", signer.name, "field", signer.field)
	frozen = [_freeze(request, row, signers, key, key_name) for row in request.documents]
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
	invite_next(request, signers)
	return request


def _freeze(request: Any, row: Any, signers: list[Any], key: Any, key_name: str) -> dict[str, Any]:
	upload = read_upload(row.file, attached_to=request.name)
	attach_upload(row.file, request.name)
	limit = cint(frappe.get_cached_doc("Signflow Settings").max_file_mb) or 30
	try:
		clean = normalise(upload, max_bytes=limit * 2**20)
		if clean.foreign_signatures:
			sealed, kind = clean.data, "Received"
		else:
			page = signature_page(request, row.title, signers, key)
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
			"source_sha256": hashlib.sha256(upload).hexdigest(),
			"certified_sha256": revision.sha256,
			"foreign_signatures": "\n".join(clean.foreign_signatures) or None,
		},
	)
	record_revision("sealed", revision)
	return {
		"document": row.name,
		"source_sha256": hashlib.sha256(upload).hexdigest(),
		"sha256": revision.sha256,
		"foreign_signatures": len(clean.foreign_signatures),
	}


def signature_page(request: Any, document: str, signers: list[Any], key: Any) -> SignaturePage:
	"""The texts and boxes of the page that prepare adds, in the request's language."""
	from frappe.translate import print_language

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
				)
				for row in signers
			),
			box_caption=_("Signature"),
		)


def add_revision(
	request: Any,
	*,
	document: str,
	title: str,
	seq: int,
	kind: str,
	data: bytes,
	parent: str | None,
	key_name: str,
	signer: str | None = None,
) -> Any:
	"""Write one immutable revision; its name `{document}-{seq}` makes a second one on the same base impossible."""
	name = f"{request.name}-{document}-{seq}"
	revision = frappe.get_doc(
		{
			"doctype": "Sealed Revision",
			"name": name,
			"request": request.name,
			"document": document,
			"document_title": title,
			"seq": seq,
			"kind": kind,
			"signer": signer,
			"sha256": hashlib.sha256(data).hexdigest(),
			"parent_sha256": parent,
			"size": len(data),
			"sealing_key": key_name,
			"sealed_on": now_datetime(),
			"file_url": store_sealed(data, attached_to_doctype="Sealed Revision", attached_to_name=name),
		}
	)
	revision.flags.signflow = True
	return revision.insert(ignore_permissions=True)


def record_revision(kind: str, revision: Any, *, signer: str | None = None) -> None:
	evidence.record(
		revision.request,
		kind,
		signer=signer,
		document=revision.document,
		public={
			"document": revision.document,
			"revision": revision.seq,
			"sha256": revision.sha256,
			"parent": revision.parent_sha256 or None,
		},
	)


def invite_next(request: Any, signers: list[Any]) -> None:
	"""Invite everybody of the lowest order in which somebody has not signed yet."""
	next_ones = {one.name for one in flow.who_is_next([flow_signer(row) for row in signers])}
	for signer in signers:
		if signer.name in next_ones:
			delivery.invite(request, signer)


@one_transaction
def remind_signer(signer: str) -> None:
	"""Send a new link to a signer who was invited; also the way out for one who is locked or whose mail bounced."""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	request.check_permission("write")
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	require(flow.Action.REMIND, request, signers_of(request.name, lock=True), row)
	delivery.invite(request, row, reminder=True)


@one_transaction
def correct_signer(signer: str, email: str) -> None:
	"""Give a signer whose mail does not work another address, and invite again."""
	row = frappe.get_doc("Signature Request Signer", signer)
	request = lock_request(row.request)
	request.check_permission("write")
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	require(flow.Action.REMIND, request, signers_of(request.name, lock=True), row)
	email = (email or "").strip()
	if not delivery.is_mail_address(email):
		frappe.throw(_("{0} is not a mail address.").format(email))
	if any(
		other.name != signer and (other.email or "").lower() == email.lower()
		for other in signers_of(request.name)
	):
		frappe.throw(_("{0} is already a signer of this request.").format(email))
	evidence.record(
		request.name,
		"reminded",
		signer=signer,
		public={"address_changed": True},
		private={"old_email": row.email, "new_email": email, "by": frappe.session.user},
	)
	frappe.db.set_value("Signature Request Signer", signer, {"email": email, "delivery_status": None})
	row.email, row.delivery_status = email, None
	delivery.invite(request, row)


@one_transaction
def cancel_request(name: str, reason: str) -> None:
	"""End a request that was sent; the links stop working and those who were invited are told."""
	request = lock_request(name)
	request.check_permission("write")
	require(flow.Action.CANCEL, request, signers_of(name, lock=True))
	if request.work_due:
		frappe.throw(_("A signature is being sealed right now. Try again in a minute."))
	close_request(request, "Cancelled", "cancelled", reason)


def close_request(request: Any, status: str, kind: str, reason: str, *, by: str | None = None) -> None:
	"""Set an end state other than Completed, in the caller's transaction, and tell those concerned."""
	for signer in signers_of(request.name, lock=True):
		values: dict[str, Any] = {"session_hash": None, "code_hash": None, "drawn_signature": None}
		if signer.status in ("Waiting", "Invited", "Opened", "Identified", "Signing") and signer.name != by:
			values["status"] = "Cancelled"
		frappe.db.set_value("Signature Request Signer", signer.name, values)
		if signer.name != by and signer.status not in ("Waiting", "Declined"):
			delivery.mail_closed(request, signer, status)
	request.db_set({"status": status, "closed_reason": (reason or "")[:500], "work_due": 0})
	evidence.record(
		request.name,
		kind,
		signer=by,
		private={"reason": reason, "by": None if by else frappe.session.user, **evidence.caller()},
	)


def expire_due() -> None:
	"""Hourly: end the requests whose time is over, unless a signature is being sealed."""
	for name in frappe.get_all(
		"Signature Request",
		filters={"status": ["in", OPEN], "expires_on": ["<", now_datetime()], "work_due": 0},
		pluck="name",
		order_by="expires_on asc",
		limit=500,
	):
		_expire(name)


@one_transaction
def _expire(name: str) -> None:
	request = lock_request(name)
	if not request.work_due and allowed(flow.Action.EXPIRE, request, signers_of(name, lock=True)):
		close_request(request, "Expired", "expired", _("The time to sign was over."))
		delivery.tell_sender(
			request, lambda: _("{0} expired before everybody had signed.").format(request.title)
		)


def remind_due() -> None:
	"""Hourly: remind signers who were invited and have not signed, by the request's rhythm, a few times at most."""
	now = now_datetime()
	for request in frappe.get_all(
		"Signature Request",
		filters={"status": ["in", OPEN], "remind_every_days": [">", 0]},
		fields=["name", "remind_every_days"],
		order_by="creation asc",
	):
		since = add_to_date(now, days=-request.remind_every_days)
		for signer in signers_of(request.name):
			last = signer.last_reminded_on or signer.invited_on
			if (
				signer.status in ("Invited", "Opened", "Identified")
				and last
				and get_datetime(last) < since
				and (signer.reminders_sent or 0) < MAX_REMINDERS
				and signer.delivery_status not in ("Bounced", "Unsubscribed", "Failed")
			):
				_remind(request.name, signer.name, since)


@one_transaction
def _remind(request_name: str, signer: str, since: Any) -> None:
	request = lock_request(request_name)
	row = frappe.get_doc("Signature Request Signer", signer, for_update=True)
	last = row.last_reminded_on or row.invited_on
	may = allowed(flow.Action.REMIND, request, signers_of(request_name, lock=True), row)
	if may and get_datetime(last) < since:
		delivery.invite(request, row, reminder=True)


def prefill(doc: Any) -> dict[str, Any]:
	"""What the dialog starts with for a record the caller may read: {title, customer, company, language, …}."""
	customer = _customer_of(doc)
	parties = [(doc.doctype, doc.name)]
	if customer and ("Customer", customer) not in parties:
		parties.append(("Customer", customer))
	return {
		"title": _title_of(doc),
		"customer": customer,
		"company": doc.get("company") or default_company(),
		"language": frappe.get_cached_doc("Signflow Settings").default_language or "fi",
		"contacts": _contacts(doc, parties),
		"attachments": _attached_pdfs(doc),
		"print_formats": []
		if doc.doctype == "Customer"
		else [
			"Standard",
			*frappe.get_all(
				"Print Format",
				filters={"doc_type": doc.doctype, "disabled": 0},
				pluck="name",
				order_by="name asc",
			),
		],
	}


def _attached_pdfs(doc: Any) -> list[Any]:
	"""The record's PDFs, newest first, without the copies of what was signed already."""
	files = frappe.get_all(
		"File",
		filters={
			"attached_to_doctype": doc.doctype,
			"attached_to_name": doc.name,
			"file_url": ["like", "%.pdf"],
		},
		fields=["file_name", "file_url"],
		order_by="creation desc",
		limit=50,
	)
	sealed = set(
		frappe.get_all(
			"Sealed Revision",
			filters={"file_url": ["in", [file.file_url for file in files] or [""]]},
			pluck="file_url",
			order_by="name asc",
		)
	)
	return [file for file in files if file.file_url not in sealed]


def _title_of(doc: Any) -> str:
	return "" if doc.doctype == "Customer" else f"{_(doc.doctype)} {doc.name}"


def _customer_of(doc: Any) -> str | None:
	if doc.doctype == "Customer":
		return doc.name
	if doc.get("customer"):
		return doc.customer
	# Quotation keeps its party behind quotation_to, Contract behind party_type.
	for kind in ("quotation_to", "party_type"):
		if doc.get(kind) == "Customer":
			return doc.get("party_name") or doc.get("party")
	return None


def _contacts(doc: Any, parties: list[tuple[str, str]]) -> list[dict[str, Any]]:
	names: list[str] = []
	for doctype, name in parties:
		names += frappe.get_all(
			"Dynamic Link",
			filters={"parenttype": "Contact", "link_doctype": doctype, "link_name": name},
			pluck="parent",
			order_by="creation asc",
		)
	if doc.get("contact_person"):
		names.insert(0, doc.contact_person)
	if not names:
		return []
	found = {
		row.name: row
		for row in frappe.get_list(
			"Contact",
			filters={"name": ["in", names]},
			fields=["name", "first_name", "last_name", "email_id"],
			order_by="creation asc",
		)
	}
	return [
		{
			"contact": name,
			"signer_name": " ".join(part for part in (found[name].first_name, found[name].last_name) if part),
			"email": found[name].email_id,
		}
		for name in dict.fromkeys(names)
		if name in found and found[name].email_id
	]


def timeline(name: str) -> dict[str, Any]:
	"""Signers with their steps, and the documents with their revisions, for the request's form."""
	events = frappe.get_all(
		"Signature Event",
		filters={"request": name},
		fields=["seq", "kind", "time", "signer", "document"],
		order_by="seq asc",
	)
	public = (
		"name",
		"signer_name",
		"email",
		"represents",
		"status",
		"signing_order",
		"language",
		"delivery_status",
		"delivery_note",
		"invited_on",
		"opened_on",
		"identified_on",
		"signed_on",
		"locked",
		"decline_reason",
	)
	return {
		"signers": [
			{
				**{field: row.get(field) for field in public},
				"events": [event for event in events if event.signer == row.name],
			}
			for row in signers_of(name)
		],
		"documents": evidence.document_revisions(name),
		"events": len(events),
		"test_seal": bool(
			frappe.db.get_value(
				"Sealing Key", frappe.db.get_value("Signature Request", name, "sealing_key") or "", "is_test"
			)
		),
	}
