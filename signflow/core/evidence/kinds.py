"""What can happen to a request: the kinds of event in the chain, each with its meaning."""

from enum import Enum

from signflow.core.errors import _


class EventKind(str, Enum):
	"""A step of a request as the chain names it; `meaning` says in plain words what it stands for."""

	CREATED = "created"
	SENT = "sent"
	LINK_GIVEN = "link_given"
	INVITATION_QUEUED = "invitation_queued"
	INVITATION_SENT = "invitation_sent"
	INVITATION_FAILED = "invitation_failed"
	BOUNCED = "bounced"
	OPENED = "opened"
	CODE_SENT = "code_sent"
	CODE_FAILED = "code_failed"
	LOCKED = "locked"
	IDENTIFIED = "identified"
	VIEWED = "viewed"
	DOWNLOADED = "downloaded"
	SIGNED = "signed"
	SEALED = "sealed"
	CLOSED = "closed"
	ARCHIVED = "archived"
	DECLINED = "declined"
	QUESTION_ASKED = "question_asked"
	REMINDED = "reminded"
	SIGNER_REPLACED = "signer_replaced"
	NEW_LINK_SENT = "new_link_sent"
	COMPLETED = "completed"
	COPIES_SENT = "copies_sent"
	CANCELLED = "cancelled"
	EXPIRED = "expired"
	EVIDENCE_REPORTED = "evidence_reported"
	PAYLOAD_ERASED = "payload_erased"
	SEAL_UNAVAILABLE = "seal_unavailable"

	def __str__(self) -> str:
		return self.value

	@property
	def label(self) -> str:
		"""The kind in a word or two: an English text marked for translation."""
		return LABELS[self]

	@property
	def meaning(self) -> str:
		"""The kind in plain words: an English text marked for translation."""
		return EVENT_KINDS[self]


EVENT_KINDS: dict[EventKind, str] = {
	EventKind.CREATED: _("The request was made as a draft."),
	EventKind.SENT: _("The sender sent the request; from here on its documents and signers are fixed."),
	EventKind.LINK_GIVEN: _(
		"The signer went on to the documents from a page of the organisation, without a mail."
	),
	EventKind.INVITATION_QUEUED: _("An invitation was put into the queue of outgoing mail."),
	EventKind.INVITATION_SENT: _("The mail server took the invitation; this does not show that it was read."),
	EventKind.INVITATION_FAILED: _("The mail server did not take the invitation."),
	EventKind.BOUNCED: _("The signer's mail server sent the invitation back."),
	EventKind.OPENED: _("Somebody opened the signer's link."),
	EventKind.CODE_SENT: _("A one-time code was sent to the signer."),
	EventKind.CODE_FAILED: _("A wrong or expired code was typed."),
	EventKind.LOCKED: _("Too many wrong codes: the signer's link was locked."),
	EventKind.IDENTIFIED: _("The signer was identified in the way named here."),
	EventKind.VIEWED: _("A document was shown to the signer."),
	EventKind.DOWNLOADED: _("A document was downloaded."),
	EventKind.SIGNED: _("The signer agreed to sign."),
	EventKind.SEALED: _("A revision of a document was sealed with the organisation's key."),
	EventKind.CLOSED: _("The document was closed by the organisation's last seal."),
	EventKind.ARCHIVED: _(
		"A time-stamp, or what is needed to check the signatures later, was added to a finished document."
	),
	EventKind.DECLINED: _("The signer declined to sign."),
	EventKind.QUESTION_ASKED: _("The signer asked the sender something."),
	EventKind.REMINDED: _("The signer was reminded."),
	EventKind.SIGNER_REPLACED: _("The sender had somebody else sign in this signer's place."),
	EventKind.NEW_LINK_SENT: _("The signer was sent a new link; the earlier one stopped working."),
	EventKind.COMPLETED: _("Everybody has signed."),
	EventKind.COPIES_SENT: _("The signed documents were sent to the parties."),
	EventKind.CANCELLED: _("The sender cancelled the request."),
	EventKind.EXPIRED: _("The time to sign ran out."),
	EventKind.EVIDENCE_REPORTED: _("An evidence report was made and sealed."),
	EventKind.PAYLOAD_ERASED: _(
		"Personal values of the events named here were erased as their retention ended."
	),
	EventKind.SEAL_UNAVAILABLE: _(
		"The organisation's key could not be used just then; the sealing is tried again."
	),
}

# The value itself with spaces: what shows a kind by its value alone finds the same translation.
LABELS: dict[EventKind, str] = {
	EventKind.CREATED: _("Created"),
	EventKind.SENT: _("Sent"),
	EventKind.LINK_GIVEN: _("Link given"),
	EventKind.INVITATION_QUEUED: _("Invitation queued"),
	EventKind.INVITATION_SENT: _("Invitation sent"),
	EventKind.INVITATION_FAILED: _("Invitation failed"),
	EventKind.BOUNCED: _("Bounced"),
	EventKind.OPENED: _("Opened"),
	EventKind.CODE_SENT: _("Code sent"),
	EventKind.CODE_FAILED: _("Code failed"),
	EventKind.LOCKED: _("Locked"),
	EventKind.IDENTIFIED: _("Identified"),
	EventKind.VIEWED: _("Viewed"),
	EventKind.DOWNLOADED: _("Downloaded"),
	EventKind.SIGNED: _("Signed"),
	EventKind.SEALED: _("Sealed"),
	EventKind.CLOSED: _("Closed"),
	EventKind.ARCHIVED: _("Archived"),
	EventKind.DECLINED: _("Declined"),
	EventKind.QUESTION_ASKED: _("Question asked"),
	EventKind.REMINDED: _("Reminded"),
	EventKind.SIGNER_REPLACED: _("Signer replaced"),
	EventKind.NEW_LINK_SENT: _("New link sent"),
	EventKind.COMPLETED: _("Completed"),
	EventKind.COPIES_SENT: _("Copies sent"),
	EventKind.CANCELLED: _("Cancelled"),
	EventKind.EXPIRED: _("Expired"),
	EventKind.EVIDENCE_REPORTED: _("Evidence reported"),
	EventKind.PAYLOAD_ERASED: _("Payload erased"),
	EventKind.SEAL_UNAVAILABLE: _("Seal unavailable"),
}
