"""What the person who asks is told by mail, in his language, each mail about his request and blanked once it is sent.

Replies to them come back to the request (Frappe threads by the Message-ID), and bounces are told to officers.
"""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import add_to_date, get_datetime, get_url, getdate, now_datetime

from signflow.core.identity.tokens import matches, new_token, parse
from signflow.services import delivery, notices
from signflow.services.company import house
from signflow.services.subject_requests import records
from signflow.services.subject_requests.records import REQUEST
from signflow.services.times import country_of, written_day
from signflow.signflow.stored_words import N_, kept

KIND = "datarequest"
LINK_DAYS = 30
MAX_PROOF_MAILS = 5
RETURNED = kept(N_("A mail to the person came back."))


def _send(
	doc: Any,
	subject: str,
	paragraphs: list[str],
	*,
	quoted: str = "",
	link: str = "",
	to_do: str = "",
	attachments: list[dict[str, Any]] | None = None,
) -> bool:
	"""Queue one mail about a request, in the caller's transaction; whether it was queued. `to_do` names the link.

	Whoever has unsubscribed from all mail gets it too: it answers what he asked, and law wants it (GDPR 12(3)-(4)).
	"""
	if not doc.email:
		return False
	proven = bool(doc.verified_on)
	queued = delivery.queue_about(
		KIND,
		(REQUEST, doc.name),
		doc.email,
		subject=f"{subject} ({doc.name})",
		template="signflow_data_request",
		args={
			# To a mailbox that nobody has proven goes nothing that was typed.
			"name": doc.person_name if proven else "",
			"paragraphs": paragraphs,
			"quoted": quoted,
			"link": link,
			"to_do": to_do,
			"reference": doc.name,
			"due_on": written_day(getdate(doc.due_on), doc.language) if doc.status in records.OPEN else "",
			"house": house(doc.company),
		},
		attachments=attachments,
		asked_for=True,
	)
	return bool(queued)


def mailed(doc: Any, sent: bool) -> None:
	"""Say on the request that the person was mailed, or that he has to be told another way."""
	if sent:
		records.step(doc, "Mailed")
		return
	records.step(doc, "Note", kept(N_("No mail could be sent: tell the person another way.")))
	frappe.msgprint(
		_("No mail could be sent: tell the person by letter or telephone, and note it."), alert=True
	)


def page(language: str) -> str:
	"""Where a person sees his requests."""
	return get_url(f"/privacy/request?lang={language}&seen=1")


def send_receipt(doc: Any) -> bool:
	"""The request has arrived and is answered by its day (GDPR 12(3)); the same whether or not data exists."""
	with print_language(doc.language):
		said = [
			_("We have received your data request: {0}.").format(_right(doc.request_type)),
			_("We answer by {0}. If we need longer, we tell you so and why before that day.").format(
				written_day(getdate(doc.due_on), doc.language)
			),
		]
		if (
			doc.request_type == "Objection"
			and doc.objection_scope == "Direct Marketing"
			and not doc.is_representative
		):
			said.append(_("We send no direct marketing to this address any more."))
		if doc.joined_to:
			said.append(
				_("You have asked the same before: both are answered together, under {0}.").format(
					doc.joined_to
				)
			)
		said.append(
			_("It costs you nothing. You can see how it stands on our page, with a code to this address.")
		)
		return _send(
			doc,
			_("We have received your data request"),
			said,
			quoted=doc.details or "",
			link=page(doc.language),
			to_do=_("See how it stands"),
		)


def ask_for_proof(doc: Any) -> bool:
	"""A link by which the mailbox shows that the request is its owner's; puts its hash on `doc`. A new one ends the old."""
	if not doc.email:
		return False
	sent = frappe.db.count(records.STEP, {"request": doc.name, "kind": "Proof Asked"})
	if sent >= MAX_PROOF_MAILS:
		frappe.throw(_("This address was asked {0} times already.").format(sent))
	token = new_token(doc.name)
	doc.secret_hash = token.secret_hash
	with print_language(doc.language):
		return _send(
			doc,
			_("Is this data request yours?"),
			[
				_("A request about personal data reached us in your name: {0}.").format(
					_right(doc.request_type)
				),
				_(
					"Open the link to say whether it is yours. Until then we do nothing with it and tell nobody anything."
				),
				_(
					"If you prefer another way, answer this mail or write to us by post: nobody has to use a bank ID."
				),
			],
			link=get_url(f"/privacy/request?lang={doc.language}#{token.text}"),
			to_do=_("Say whether it is yours"),
		)


def follow(token: str) -> Any:
	"""The request {name, email} of a link that came in; None for any other and for one that has ended."""
	given = parse(token)
	row = given and frappe.db.get_value(
		REQUEST, given.signer_id, ["name", "email", "secret_hash", "status", "modified"], as_dict=True
	)
	if not given or not matches(given.secret_hash, row.secret_hash if row else None):
		return None
	if row.status != "Unverified" or get_datetime(row.modified) < add_to_date(
		now_datetime(), days=-LINK_DAYS
	):
		return None
	return row


def send_extension(doc: Any) -> bool:
	"""The answer takes longer, by when and why (GDPR 12(3))."""
	with print_language(doc.language):
		return _send(
			doc,
			_("Your data request takes longer"),
			[
				_("We need more time for your request. We now answer by {0}.").format(
					written_day(getdate(doc.due_on), doc.language)
				),
				_("The reason:"),
			],
			quoted=doc.extension_reason,
			link=page(doc.language),
			to_do=_("See how it stands"),
		)


def send_question(doc: Any) -> bool:
	"""Something is asked of the person; the clock goes on."""
	with print_language(doc.language):
		return _send(
			doc,
			_("A question about your data request"),
			[_("To answer your request well, we ask you:")],
			quoted=doc.question,
			link=page(doc.language),
			to_do=_("Answer on our page"),
		)


def send_refusal(doc: Any) -> bool:
	"""The request is refused: why, and where the person can complain (GDPR 12(4))."""
	with print_language(doc.language):
		return _send(
			doc,
			_("Your data request is refused"),
			[
				_("We do not do what you asked: {0}.").format(_right(doc.request_type)),
				*_ground(doc.refusal_ground),
				*complaint_route(doc.company),
				_("The reason:"),
			],
			quoted=doc.refusal_reason,
		)


def send_withdrawn(doc: Any) -> bool:
	"""The person has taken the request back; whoever has not is told what to do."""
	with print_language(doc.language):
		return _send(
			doc,
			_("Your data request is taken back"),
			[
				_("You have taken back your request: {0}. We do nothing more with it.").format(
					_right(doc.request_type)
				),
				_("What we had done before stays as it is. You can ask again at any time."),
				_("If you have not taken it back, answer this mail."),
			],
		)


def send_answer(doc: Any, attachment: dict[str, Any] | None = None, backups: list[str] | None = None) -> bool:
	"""The request is done, and what came of it; `attachment` is its certificate {"fname", "fcontent"}, `backups` what holds her still."""
	with print_language(doc.language):
		brought = _(
			"The certificate of erasure is attached: what was erased, and what is kept, why and until when. We keep no copy of it."
		)
		return _send(
			doc,
			_("Your data request is done"),
			[
				_("We have handled your request: {0}.").format(_right(doc.request_type)),
				*_weighed(doc),
				*([brought] if attachment else []),
				*([_("Backups that hold the data still:"), *backups] if backups else []),
			],
			quoted=doc.outcome or "",
			attachments=[attachment] if attachment else [],
		)


def _weighed(doc: Any) -> list[str]:
	"""What came of an objection, in the language spoken; where it was not upheld, where to complain (GDPR 12(4), 21(1))."""
	if doc.weighed == records.UPHELD:
		return [_("We have stopped what you objected to: we keep your data, and use it for nothing else.")]
	if doc.weighed != records.OUTWEIGHED:
		return []
	said = [_("We do not stop what you objected to, since compelling grounds outweigh your objection.")]
	if doc.restriction_lifted_on and getdate(doc.restriction_lifted_on) > getdate():
		day = written_day(getdate(doc.restriction_lifted_on), doc.language)
		said.append(_("On {0} the restriction of your data ends, and we process it again.").format(day))
	return [*said, *complaint_route(doc.company), _("The reason:")]


def send_restricted(doc: Any) -> bool:
	"""Processing is restricted from now on, and what that means (GDPR 18(1)-(2))."""
	with print_language(doc.language):
		return _send(
			doc,
			_("Your data is restricted"),
			[
				_(
					"We keep your data, but use it for nothing else, save with your consent or for legal claims."
				),
				_("Before the restriction ends we tell you."),
			],
		)


def send_lifting(doc: Any, reason: str, on: Any) -> bool:
	"""The restriction ends on the day `on`, told before (GDPR 18(3))."""
	with print_language(doc.language):
		return _send(
			doc,
			_("The restriction of your data ends"),
			[
				_("On {0} the restriction of your data ends, and we process it again.").format(
					written_day(getdate(on), doc.language)
				),
				*complaint_route(doc.company),
				_("The reason:"),
			],
			quoted=reason,
		)


def complaint_route(company: str) -> list[str]:
	"""Where a person complains, in the language spoken: the authority where the company is, and a court (GDPR 77, 79)."""
	offices = {
		"FI": _(
			"You can complain to the Data Protection Ombudsman: Office of the Data Protection Ombudsman, PO Box 800, 00531 Helsinki, Finland, tietosuoja@om.fi, https://tietosuoja.fi"
		),
		"SE": _(
			"You can complain to the Swedish Authority for Privacy Protection (IMY): Box 8114, 104 20 Stockholm, Sweden, imy@imy.se, https://www.imy.se"
		),
	}
	elsewhere = _(
		"You can complain to the data protection authority of your country: https://www.edpb.europa.eu/about-edpb/about-edpb/members_en"
	)
	return [offices.get(country_of(company), elsewhere), _("You can also bring the matter before a court.")]


def _right(kind: str) -> str:
	"""What a request asks for, in plain words of the language spoken."""
	return {
		"Access": _("to see your data"),
		"Portability": _("to get your data in a form that machines read"),
		"Rectification": _("to correct your data"),
		"Erasure": _("to erase your data"),
		"Restriction": _("to restrict the use of your data"),
		"Objection": _("to object to the use of your data"),
	}[kind]


def _ground(ground: str | None) -> list[str]:
	"""Why a request is refused, as one sentence of the language spoken; nothing where the officer's words alone say so."""
	sentences = {
		"Manifestly Unfounded": _("The request is manifestly unfounded (GDPR 12(5))."),
		"Excessive": _("The request is excessive (GDPR 12(5))."),
		"Identity Not Shown": _("It was not shown to us who asks (GDPR 12(6))."),
		"Law Forbids or Exempts": _("The law forbids what you ask, or frees us from doing it."),
		"Not the Controller": _("This data is not ours to decide on: we are not its controller."),
	}
	return [sentences[ground]] if ground in sentences else []


def on_returned(name: str) -> None:
	"""A mail about a request did not arrive: it is a step, and officers are told (hook signflow_letter_returned)."""
	if not frappe.db.exists(REQUEST, name):
		return
	doc = frappe.get_doc(REQUEST, name)
	records.step(doc, "Note", RETURNED, by_itself=True)
	for user in notices.officers(REQUEST, doc.company):
		notices.notify(
			user,
			(REQUEST, name),
			lambda: _("A mail to the person came back: reach the person of {0} another way").format(name),
		)


def on_communication(doc: Any, method: str | None = None) -> None:
	"""A reply to a mail about a request is a step of it (Communication after_insert)."""
	if doc.reference_doctype != REQUEST or doc.sent_or_received != "Received":
		return
	# A bounce is told of by `on_returned`.
	if (doc.sender or "").split("@")[0].lower() in ("mailer-daemon", "postmaster"):
		return
	_answered(doc.reference_name)


def _answered(name: str) -> None:
	request = records.for_change(name)
	records.step(request, "Answer", kept(N_("By mail")), by_itself=True)
	if request.status == "Waiting for Person":
		request.status = "Open"
		records.save(request)
	for user in notices.officers(REQUEST, request.company):
		notices.notify(user, (REQUEST, name), lambda: _("The person of {0} has written").format(name))
