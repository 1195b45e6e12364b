"""Answers to a signable form until they are signed: the one writer of Form Submission.

Answers lie encrypted in one row. Whoever holds the page's solved puzzle, or a link that was mailed, changes that row
and no other: however often a page sends, one submission never becomes two.
"""

import hashlib
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import frappe
from cryptography.fernet import Fernet
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, cint, get_datetime, get_url, now_datetime
from frappe.utils.password import get_encryption_key

from signflow.core.flow import OPEN
from signflow.core.identity import puzzle
from signflow.core.identity.tokens import matches, new_token, parse
from signflow.services import delivery, drafts, forms, prefills, requests, sending, templates, work
from signflow.services.acting import acting_as
from signflow.services.company import public_file
from signflow.services.guests import LANGUAGES, Refused
from signflow.services.privacy import notices
from signflow.services.site_keys import keyed_hash, secret
from signflow.services.transaction import one_transaction
from signflow.services.withdrawal_rights import withdrawal_link
from signflow.signflow.addresses import one_address

# Between the answers' arrival and the sent request: a second sending of the same page waits for the first.
MAKING_SECONDS = 60
EDITABLE = ("Draft", "Signing")
NAME_LENGTH = 140
ADDED = "Added by the Person"


@dataclass(frozen=True)
class Page:
	"""What a form's page says of itself beside the answers."""

	id: str
	language: str = "en"
	host: str = ""
	people: list[dict[str, str]] = field(default_factory=list)
	prefill: str = ""

	@property
	def key(self) -> str:
		"""By which its row is found: whoever knows the id may write the row, so only its hash is kept in clear."""
		return hashlib.sha256(self.id.encode()).hexdigest()


def read_page(form: Any, said: Any, language: str) -> Page:
	"""Check what the page said of itself; raises Refused for what no page of ours says."""
	said = said if isinstance(said, dict) else {}
	solved = puzzle.check(
		secret("puzzle"),
		form.name,
		str(said.get("puzzle", "")),
		str(said.get("answer", "")),
		time.time(),
	)
	if not solved or said.get("company_fax"):
		raise Refused("page_expired", _("This page has been open for too long. Load it again."), 409)
	people = said.get("people") if isinstance(said.get("people"), list) else []
	asked = str(said.get("language") or language)
	return Page(
		id=solved.id,
		prefill=str(said.get("prefill") or ""),
		language=form.language or (asked if asked in LANGUAGES else "en"),
		host=str(said.get("host", "")) if forms.is_host(form, str(said.get("host", ""))) else "",
		people=[
			{
				"signer_name": str(one.get("name", "")).strip()[:1000],
				"email": str(one.get("email", "")).strip(),
			}
			for one in people[:20]
			if isinstance(one, dict) and (one.get("name") or one.get("email"))
		],
	)


def submit(form: Any, answers: dict[str, Any], page: Page) -> dict[str, Any]:
	"""Keep the answers and make the documents to sign: {"next": address below the site's} or {"done": True}.

	Raises Refused for what the form does not take, and whatever Frappe's own checks of the answers raise.
	"""
	status = frappe.db.get_value("Form Submission", {"page_key": page.key}, "status")
	if status and status not in EDITABLE:
		return {"done": True}
	forms.check_open(form)
	forms.check_attachments(form, answers)
	if page.prefill:
		prefills.check_locked(form.name, answers, page.prefill)
	# Before the record is tried: what a DocType says of a name of its own making helps nobody.
	_check_name(_named(form, answers))
	doc = forms.tried(form, answers)
	# As the page sent them: a file's name and bytes, which the record itself would get an address for.
	for row in forms.file_fields(form):
		if answers.get(row.fieldname):
			doc.set(row.fieldname, answers[row.fieldname])
	signers = _signers(form, answers, doc, page)
	name = _keep(form, answers, page, mail=signers[0]["email"])
	return _to_sign(form, name, doc, signers, page)


def _named(form: Any, *sources: Any) -> str:
	"""The name of the person who fills in, each field from the first source that has it."""
	names = []
	for part in form.signer_name_field.split(","):
		name = part.strip()
		names.append(next((str(one.get(name) or "").strip() for one in sources if name in one), ""))
	return " ".join(filter(None, names))


def _check_name(name: str) -> None:
	if len(name) > NAME_LENGTH:
		text = _("The name {0}… is too long: {1} characters, at most {2} fit.")
		raise Refused("invalid_input", text.format(name[:40], len(name), NAME_LENGTH), 422)


def _signers(form: Any, answers: dict[str, Any], doc: Any, page: Page) -> list[dict[str, Any]]:
	"""The person who fills in first, then the template's roles and the form's own further signers."""

	# What the person wrote counts first: ERPNext makes a name out of the mail address where there is none.
	written = doc.as_dict()
	person = {
		"signer_name": _named(form, answers, written),
		"email": str(answers.get(form.signer_email_field, doc.get(form.signer_email_field)) or "").strip(),
	}
	if not person["signer_name"] or not one_address(person["email"]):
		raise Refused("invalid_input", _("Your name and your mail address are needed to sign."), 422)
	added = page.people
	least, most = _bounds_of_added(form)
	if not least <= len(added) <= most:
		raise Refused("invalid_input", _("Name who else signs."), 422)
	if any(not one["signer_name"] or not one_address(one["email"]) for one in added):
		raise Refused("invalid_input", _("Each further signer needs a name and a mail address."), 422)
	signers, left = _in_roles(form.template, doc, person, added) if form.template else ([person], added)
	order = max([0, *(cint(row.signing_order) for row in form.signers if row.kind == ADDED)])
	signers += [{**one, "signing_order": order} for one in left]
	for row in form.signers:
		if row.kind == "Fixed":
			further = {"signer_name": row.signer_name, "email": row.email}
		elif row.kind == "From the Form":
			further = {"signer_name": doc.get(row.signer_name), "email": doc.get(row.email)}
		else:
			continue
		if further["signer_name"] and further["email"]:
			signers.append({**further, "signing_order": cint(row.signing_order)})
		elif row.required:
			raise Refused("invalid_input", _("Name who else signs."), 422)
	for one in signers:
		_check_name(str(one["signer_name"]))
	mails = [str(one["email"]).lower() for one in signers]
	if len(set(mails)) < len(mails):
		raise Refused("invalid_input", _("Each signer needs a mail address of his own."), 422)
	# Nobody is bothered before the person has proven the mailbox and signed.
	for one in signers[1:]:
		one["signing_order"] = max(2, cint(one.get("signing_order")))
	return [
		{"language": page.language, "signing_order": 1, "required_level": form.required_level, **one}
		for one in signers
	]


def _bounds_of_added(form: Any) -> tuple[int, int]:
	"""How many signers the person must add at least, and may add at most."""
	rows = [row for row in form.signers if row.kind == ADDED]
	return sum(1 for row in rows if row.required), sum(cint(row.most) for row in rows)


def _in_roles(
	template: str, doc: Any, person: dict[str, str], added: list[dict[str, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
	"""The template's people, the person first, and those whom no role was left for.

	Roles without an address are taken by the person, then by those whom he added.
	"""
	template = frappe.get_cached_doc("Signature Template", template)
	free = [row.role for row in template.roles if not row.email]
	taking = [person, *added]
	people = templates.people_of(template, doc, dict(zip(free, taking, strict=False)))
	mine = [one for one in people if str(one["email"]).lower() == person["email"].lower()]
	others = [one for one in people if one not in mine]
	# Whoever fills in signs at once, whatever place his role has.
	first = {**(mine[0] if mine else {}), **person, "signing_order": 1}
	return [first, *others], taking[max(len(free), 1) :]


@one_transaction
def _keep(form: Any, answers: dict[str, Any], page: Page, *, mail: str = "") -> str:
	"""Write the answers into this page's row; a request that was made of other answers and not signed ends."""
	name = frappe.db.get_value("Form Submission", {"page_key": page.key})
	mail_hash = _mail_hash(mail) if mail else None
	row = (
		frappe.get_doc("Form Submission", name, for_update=True)
		if name
		else frappe.new_doc("Form Submission")
	)
	if name and row.form != form.name:
		raise Refused("page_expired", _("This page has been open for too long. Load it again."), 409)
	if name and row.status not in EDITABLE:
		return name
	if name and work.is_held(row):
		raise Refused("try_later", _("Your answers are on their way already. Wait a moment."), 409)
	if mail and row.mail_hash != mail_hash:
		_check_limit(form, mail_hash)
	now = now_datetime()
	kept = {"answers": answers, "people": page.people, "page": page.id}
	if row.request and (_kept(row) != kept or row.mail_hash != mail_hash):
		if not requests.replace_request(row.request):
			return name
		row.request = None
	row.update(
		{
			"form": form.name,
			"status": "Signing" if row.request else "Draft",
			"language": page.language,
			"origin": page.host or row.origin,
			"user": frappe.session.user,
			"page_key": page.key,
			"mail_hash": mail_hash,
			"submitted_on": now if mail else None,
			"expires_on": add_to_date(now, days=cint(form.expire_after_days) or 14),
			"lease_until": add_to_date(now, seconds=MAKING_SECONDS) if mail else None,
		}
	)
	row.answers = _encrypted(kept)
	return write(row).name


def _check_limit(form: Any, mail_hash: str) -> None:
	since = add_to_date(now_datetime(), days=-1)
	sent = frappe.db.count(
		"Form Submission", {"form": form.name, "mail_hash": mail_hash, "creation": [">", since]}
	)
	if cint(form.max_per_day) and sent >= form.max_per_day:
		raise Refused(
			"too_many", _("This address has sent this form many times today. Try again tomorrow."), 429
		)


def _to_sign(form: Any, name: str, doc: Any, signers: list[dict[str, Any]], page: Page) -> dict[str, Any]:
	row = frappe.get_doc("Form Submission", name)
	if row.status not in EDITABLE:
		return {"done": True}
	try:
		with acting_as(form.responsible):
			if not row.request:
				# Before the transaction: one that loses a race would render again.
				title, content = _document(form, row.language, doc)
				row.request = _make_request(form, row, title, content, signers)
			link = _link(row.request)
	finally:
		frappe.db.set_value("Form Submission", name, "lease_until", None, update_modified=False)
		frappe.db.commit()
	if not link:
		return {"done": True}
	# By the form the page knows which web sites may show it in a frame.
	return {"next": link.replace("?", f"?form={quote(form.name)}&", 1), "back": _new_token(name)}


@one_transaction
def _new_token(name: str) -> str:
	token, hashed = new_token(name)
	frappe.db.set_value("Form Submission", name, "token_hash", hashed, update_modified=False)
	return token


def _document(form: Any, language: str, doc: Any) -> tuple[str, bytes]:
	"""Title and PDF of what is signed: the form's template, or the answers themselves."""
	if form.template:
		template = frappe.get_cached_doc("Signature Template", form.template)
		return templates.render_document(template, doc, language=language, company=form.company)
	with print_language(language):
		title = _(form.title)
	web_form = frappe.get_cached_doc("Web Form", form.web_form)
	return title, templates.render_answers(title, web_form, doc, language=language, company=form.company)


@one_transaction
def _make_request(form: Any, row: Any, title: str, content: bytes, signers: list[dict[str, Any]]) -> str:
	options: dict[str, Any] = {"delivery_addresses": form.delivery_addresses}
	if form.template:
		template = frappe.get_cached_doc("Signature Template", form.template)
		options.update(signature_level=template.signature_level, confidential=template.confidential)
		both = (form.delivery_addresses, template.delivery_addresses)
		options["delivery_addresses"] = "\n".join(filter(None, both))
	request = drafts.create_request(
		title=title,
		company=form.company,
		documents=[{"title": title, "content": content}],
		signers=signers,
		**{
			**options,
			"language": row.language,
			"expires_on": row.expires_on,
			"remind_every_days": 1,
		},
	)
	frappe.db.set_value("Form Submission", row.name, {"request": request.name, "status": "Signing"})
	return request.name


def _link(request: str) -> str | None:
	"""The person's way to the documents: sent now if the request still is a draft; None when he has signed."""
	person = person_of(request)
	if frappe.db.get_value("Signature Request", request, "status") == "Draft":
		return sending.send_request(request, in_page=person.name).flags.link
	return requests.link_in_page(person.name)


def person_of(request: str) -> Any:
	"""The signer who filled the form in: the first that the request was made with."""
	return min(requests.signers_of(request), key=lambda row: row.idx_in_request)


def answers_of(submission: Any) -> dict[str, Any]:
	"""The answers as the page sent them, by the Web Form's fields; {} when they were erased.

	`submission` is a Form Submission or its name. Who may see them is for the caller to know.
	"""
	row = frappe.get_doc("Form Submission", submission) if isinstance(submission, str) else submission
	return _kept(row).get("answers", {})


def _kept(row: Any) -> dict[str, Any]:
	"""{"answers", "people": the further signers whom the person named}; {} when they were erased."""
	if not row.get("answers"):
		return {}
	return json.loads(zlib.decompress(Fernet(get_encryption_key()).decrypt(row.answers.encode())))


def _encrypted(kept: dict[str, Any]) -> str:
	packed = zlib.compress(json.dumps(kept, sort_keys=True).encode())
	return Fernet(get_encryption_key()).encrypt(packed).decode()


def _mail_hash(mail: str) -> str:
	return keyed_hash("mail", mail.strip().lower())


def write(row: Any) -> Any:
	"""Save a Form Submission: nobody else may."""
	row.flags.signflow = True
	return row.save(ignore_permissions=True) if row.name else row.insert(ignore_permissions=True)


@one_transaction
def save_for_later(form: Any, answers: dict[str, Any], page: Page, mail: str) -> None:
	"""Keep unfinished answers and mail the way back to them."""
	forms.check_open(form)
	if not one_address(mail):
		raise Refused("invalid_input", _("{0} is not a mail address.").format(mail), 422, field="email")
	forms.check_size(answers)
	name = _keep.__wrapped__(form, answers, page)
	row = frappe.get_doc("Form Submission", name, for_update=True)
	hashed = _mail_hash(mail)
	since = add_to_date(now_datetime(), days=-1)
	sent = frappe.get_all(
		"Form Submission",
		filters=[
			["resume_hash", "=", hashed],
			["resume_sent_on", "is", "set"],
			["resume_sent_on", ">", since],
		],
		pluck="resume_sent_on",
		order_by="resume_sent_on desc",
	)
	again = row.resume_sent_on or (sent[0] if sent else None)
	if len(sent) >= 5 or (again and get_datetime(again) > add_to_date(now_datetime(), minutes=-2)):
		raise Refused("too_many", _("A link was sent to this address already. Look into your mailbox."), 429)
	delivery.mail_resume(row, form, mail, f"{get_url()}{_way_back(form, row)}")
	row.update({"resume_hash": hashed, "resume_sent_on": now_datetime()})
	write(row)


def _way_back(form: Any, row: Any) -> str:
	"""A new link to the form with these answers in it; the older one ends. The caller writes the row."""
	token, row.token_hash = new_token(row.name)
	route = frappe.db.get_value("Web Form", form.web_form, "route")
	return f"/{route}/new?{urlencode({'lang': row.language})}#signflow={token}"


@one_transaction
def resume(token: str) -> dict[str, Any]:
	"""Exchange the token of a link for the answers and a puzzle that goes with them: {"answers", "puzzle", "people"}.

	The same refusal for a token that never was, one that has ended, and one of somebody who is not logged in.
	"""
	parsed = parse(token)
	row = parsed and frappe.db.get_value("Form Submission", parsed[0], ["name", "token_hash"], as_dict=True)
	gone = Refused("link_invalid", _("This link does not work any more. Fill the form in anew."))
	if not parsed or not row or not row.token_hash or not matches(parsed.secret_hash, row.token_hash):
		raise gone
	row = frappe.get_doc("Form Submission", row.name, for_update=True)
	form = frappe.get_cached_doc("Signable Form", row.form)
	if row.status not in EDITABLE or row.user not in ("Guest", frappe.session.user):
		raise gone
	kept = _kept(row)
	text = puzzle.new_puzzle(secret("puzzle"), form.name, time.time(), id=kept["page"])
	people = [{"name": one["signer_name"], "email": one["email"]} for one in kept["people"]]
	return {"answers": kept["answers"], "people": people, "puzzle": text, "bits": puzzle.BITS}


@one_transaction
def change_answers(request: str) -> str:
	"""The address of the form with the answers of an unsigned request in it, for its person's own session."""
	name = frappe.db.get_value("Form Submission", {"request": request, "status": "Signing"})
	if not name:
		raise Refused("request_closed", _("These answers cannot be changed any more."), 409)
	row = frappe.get_doc("Form Submission", name, for_update=True)
	address = _way_back(frappe.get_cached_doc("Signable Form", row.form), row)
	write(row)
	return address


def shown(request: Any, signer: Any) -> dict[str, Any] | None:
	"""What the signing page shows of the form that a request came from, to the person who filled it in."""
	if not signer.in_page:
		return None
	found = frappe.db.get_value(
		"Form Submission", {"request": request.name}, ["form", "status", "origin"], as_dict=True
	)
	if not found:
		return None
	form = frappe.get_cached_doc("Signable Form", found.form)
	return {
		"name": form.name,
		"editable": found.status == "Signing",
		"host": found.origin or "",
		"button": form.button_label or "",
		"binds_to_pay": bool(form.consumer_contract),
		"withdraw": withdrawal_link(request) if request.status == "Completed" else None,
		"success_url": form.success_url or "",
		"color": form.accent_color or "",
		"logo": public_file(form.logo),
	}


def begin(form: Any, host: str) -> dict[str, Any]:
	"""What a form's page starts with: a puzzle, who may sign beside the person, and why it is closed, if it is.

	`host` is the web site in whose frame the page says that it stands.
	"""
	closed = ""
	try:
		forms.check_open(form)
	except Refused as refused:
		closed = refused.text
	least, most = _bounds_of_added(form)
	return {
		"form": form.name,
		"closed": closed,
		"puzzle": puzzle.new_puzzle(secret("puzzle"), form.name, time.time()),
		"bits": puzzle.BITS,
		"host": host if forms.is_host(form, host) else "",
		"email_field": form.signer_email_field,
		"most_people": most,
		"least_people": least,
		"color": form.accent_color or "",
		"choose_language": not form.language,
		"notice": {
			"controller": form.company,
			"url": notices.link(form.company),
		},
	}


def sweep() -> None:
	"""Hourly: end what nobody signed, and erase the answers whose time is over."""
	for name in frappe.get_all(
		"Form Submission", filters={"status": ["in", EDITABLE]}, pluck="name", order_by="modified asc"
	):
		_end_if_over(name)
	for name in frappe.get_all(
		"Form Submission",
		filters=[
			["status", "not in", EDITABLE],
			["answers", "is", "set"],
			["expires_on", "is", "set"],
			["expires_on", "<", now_datetime()],
		],
		pluck="name",
		order_by="expires_on asc",
		limit=1000,
	):
		_erase_answers(name)


@one_transaction
def _end_if_over(name: str) -> None:
	row = frappe.get_doc("Form Submission", name, for_update=True)
	if row.status not in EDITABLE:
		return
	status = row.request and frappe.db.get_value("Signature Request", row.request, "status")
	over = row.expires_on and get_datetime(row.expires_on) < now_datetime()
	if status in ("Declined", "Expired", "Cancelled"):
		row.status = "Expired" if status == "Expired" else "Cancelled"
	elif over and status not in OPEN and status != "Completed":
		row.status = "Expired"
	else:
		return
	row.update({"answers": None, "token_hash": None, "page_key": None})
	write(row)
	if row.request:
		requests.forget_unsigned(row.request)


@one_transaction
def _erase_answers(name: str) -> None:
	row = frappe.get_doc("Form Submission", name, for_update=True)
	if row.status in ("Signed", "Failed"):
		return
	row.update({"answers": None, "token_hash": None, "page_key": None})
	write(row)
