"""What still keeps a draft from being sent, told all at once and in plain words."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signflow.core.errors import SignflowError, _
from signflow.core.flow.states import Document, Request, Signer

MAX_SIGNERS = 80
MAX_TITLE = 140
MAX_MAIL = 254
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Problem:
	"""One thing to put right: a code for programs, and the name of the signer or document it is about ("" if none).

	`error` carries the English template and its parameters for translation; `message` is its English text.
	"""

	code: str
	about: str
	error: SignflowError

	@property
	def message(self) -> str:
		"""The problem in English, with what to do about it."""
		return str(self.error)


def check_ready(
	request: Request, signers: Sequence[Signer], documents: Sequence[Document], now: datetime
) -> tuple[Problem, ...]:
	"""Return every problem that keeps the draft from being sent at `now` (aware); empty means it can be sent."""
	found: list[Problem] = []

	def add(code: str, template: str, about: str = "", **params: object) -> None:
		found.append(Problem(code, about, SignflowError(code, template, **params)))

	if not request.title.strip():
		add("no_title", _("Give the request a title; the signers see it."))
	elif len(request.title) > MAX_TITLE:
		add("long_title", _("The title is longer than {limit} characters."), limit=MAX_TITLE)
	if request.expires_on is not None and request.expires_on <= now:
		add("past_expiry", _("The last day to sign lies in the past; choose a later one."))
	if not documents:
		add("no_document", _("Add at least one document."))
	for document in documents:
		if not document.title.strip():
			add("no_document_title", _("Give every document a title; the signers see it."), document.name)
		elif len(document.title) > MAX_TITLE:
			add(
				"long_document_title",
				_("The title of a document is longer than {limit} characters."),
				document.name,
				limit=MAX_TITLE,
			)
	if not signers:
		add("no_signer", _("Add at least one signer."))
	if len(signers) > MAX_SIGNERS:
		add("many_signers", _("A request can have {limit} signers at most."), limit=MAX_SIGNERS)
	seen: set[str] = set()
	for signer in signers:
		if not signer.full_name.strip():
			add("no_signer_name", _("Give every signer a name; it is printed in the signature."), signer.name)
		if signer.order < 1:
			add("bad_order", _("Signing order starts from 1."), signer.name)
		key = mail_key(signer.mail)
		if key is None:
			add("bad_mail", _("{mail} is not a mail address."), signer.name, mail=signer.mail.strip() or "-")
		elif key in seen:
			add(
				"same_mail",
				_("{mail} is there twice. Each signer needs an address of their own."),
				signer.name,
				mail=signer.mail.strip(),
			)
		else:
			seen.add(key)
	return tuple(found)


def mail_key(address: str) -> str | None:
	"""Return a mail address in the form in which two spellings of one are equal; None if it is no mail address.

	Both sides in Unicode NFKC without letter case (RFC 6532), the domain in its ASCII form (RFC 3490). Dots and
	`+` stay, as they may well mean different people. Quoted names and address literals are not supported.
	"""
	text = unicodedata.normalize("NFKC", address.strip()).casefold()
	name, at, domain = text.rpartition("@")
	if not at or len(text) > MAX_MAIL or not _LOCAL.fullmatch(name):
		return None
	if name.startswith(".") or name.endswith(".") or ".." in name:
		return None
	try:
		name.encode("utf-8")
		ascii_domain = domain.encode("idna").decode("ascii").lower()
	except UnicodeError:
		return None
	labels = ascii_domain.split(".")
	if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
		return None
	return f"{name}@{ascii_domain}"
