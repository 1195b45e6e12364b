"""The texts of the pages that end agreements, as `signflow.pages.texts` has those of the others."""

from collections.abc import Callable

from signflow.pages.texts import shared_texts

__all__ = ["terminate_texts", "withdraw_texts"]


def terminate_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**shared_texts(_),
		"code_lead": _(
			"If there is an agreement under {address}, a 6-digit code is on its way there. Type it here to show that the mailbox is yours."
		),
		"code_help": _("The code is valid for {minutes} minutes."),
		"code_sent": _("The mail is on its way."),
		"code_missing": _("Type the 6 digits of the code."),
		"code_wrong": _("That is not the code."),
		"code_left_one": _("1 try left."),
		"code_left_many": _("{count} tries left."),
		"code_wait": _("You can ask for a new mail in {seconds} s"),
		"code_right": _("Thank you, that is confirmed."),
		"mail_missing": _("Write your mail address."),
		"choose_missing": _("Choose at least one agreement."),
		"notice": _("Period of notice: {notice}"),
		"ends_on": _("Ends on {date}"),
		"under_notice": _("Notice was given already: ends on {date}"),
		"since": _("Since {date}"),
		"next_one": _("Continue to the notice"),
		"next_many": _("Continue to the notice ({count} agreements)"),
		"preparing": _("Preparing the notice…"),
		"session_over": _("Some time has passed. For your safety, please begin again."),
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
