"""The texts of the pages that end agreements, as `signflow.pages.texts` has those of the others."""

from collections.abc import Callable

from signflow.pages.texts import shared_texts, visit_texts

__all__ = ["terminate_texts", "withdraw_texts"]


def terminate_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**visit_texts(_),
		"code_lead": _(
			"If there is an agreement under {address}, a 6-digit code is on its way there. Type it here to show that the mailbox is yours."
		),
		"choose_missing": _("Choose at least one agreement."),
		"notice": _("Period of notice: {notice}"),
		"ends_on": _("Ends on {date}"),
		"under_notice": _("Notice was given already: ends on {date}"),
		"since": _("Since {date}"),
		"next_one": _("Continue to the notice"),
		"next_many": _("Continue to the notice ({count} agreements)"),
		"preparing": _("Preparing the notice…"),
	}


def withdraw_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**shared_texts(_),
		"name_missing": _("Write your name."),
		"contract_missing": _("Say which contract it is: a reference number, or what you ordered and when."),
		"mail_missing": _("Write the mail address for your receipt."),
		"sending": _("Sending…"),
		"mailed": _("The receipt is on its way to {address}."),
		"not_mailed": _("The receipt could not be mailed. Save or print this page."),
		"received": _("Received on"),
		"reference": _("Reference"),
		"name": _("Name"),
		"contract": _("Contract"),
		"mail": _("Mail address"),
		"message": _("Message"),
	}
