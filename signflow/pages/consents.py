"""The texts of the page /privacy/consents, as `signflow.pages.texts` has those of the others."""

from collections.abc import Callable

from signflow.pages.texts import visit_texts

__all__ = ["consents_texts"]


def consents_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**visit_texts(_),
		"about": _("These are the consents of {address}."),
		"given": _("You have consented"),
		"pending": _("Waiting for your confirmation"),
		"withdrawn": _("You have withdrawn your consent"),
		"refused": _("You have said no"),
		"ended": _("Your consent has ended"),
		"none": _("You have not answered"),
		"since": _("Since {date}"),
		"until": _("Valid until {date}"),
		"said_words": _("The words that you consented to then"),
		"closed": _("This is not asked for any more."),
		"channel_Email": _("By mail"),
		"channel_SMS": _("By text message"),
		"channel_Phone": _("By phone"),
		"channel_Post": _("By post"),
		"give": _("I consent"),
		"confirm": _("Yes, I consent"),
		"renew": _("I consent again"),
		"withdraw": _("Withdraw"),
		"refuse": _("No, thank you"),
		"saving": _("Saving…"),
		"now_given": _("Thank you. Your consent is kept; you can withdraw it here at any time."),
		"now_withdrawn": _("Your consent is withdrawn."),
		"now_refused": _("Your answer is kept. You are not asked again for this."),
		"now_objected": _("{company} will not market to you any more."),
		"now_lifted": _("{company} may market to you again where the law allows it."),
		"mailed": _("A receipt is on its way to you by mail."),
		"stop": _("No marketing of any kind from {company}"),
		"stop_help": _("Ends all direct marketing, by every channel. No reason is needed."),
		"stopped": _("You have asked {company} not to market to you."),
		"allow": _("Allow marketing again"),
	}
