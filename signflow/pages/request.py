"""The texts of the page /privacy/request, as `signflow.pages.texts` has those of the others."""

from collections.abc import Callable

from signflow.pages.texts import visit_texts

__all__ = ["request_texts"]


def request_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**visit_texts(_),
		"type_missing": _("Choose what you want."),
		"name_missing": _("Write your name."),
		"represents_missing": _("Say for whom you ask, and by what right."),
		"details": _("Tell us more (you need not)"),
		"details_wrong": _("What is wrong, and how should it be?"),
		"details_missing": _("Say what is wrong and how it should be."),
		"logged_in": _("You are logged in as {address}: you need no code."),
		"mail_title": _("Where do we answer?"),
		"mail_lead": _(
			"Write your mail address. We send a code there, so that nobody else can ask in your name. If you have dealt with us before, use the address that we know."
		),
		"mail_back": _("Change what you ask"),
		"see_title": _("See your requests"),
		"see_lead": _(
			"Write the mail address that you gave in your request. We send a code there, so that nobody else sees your requests."
		),
		"see_back": _("Make a new request"),
		"sending": _("Sending…"),
		"made": _("We have received your request"),
		"made_lead": _(
			"Its reference is {reference}. We answer by {date}; the receipt is on its way to {address}."
		),
		"made_joined": _("You have asked the same before: we answer both together."),
		"list": _("Your requests"),
		"list_lead": _("These are the data requests of {address}."),
		"nothing": _("No data request was made from this address."),
		"Access": _("See my data"),
		"Portability": _("Move my data to another service"),
		"Rectification": _("Correct my data"),
		"Erasure": _("Erase my data"),
		"Restriction": _("Restrict the use of my data"),
		"Objection": _("Object to the use of my data"),
		"state_unproven": _("Is this yours?"),
		"state_open": _("We work on it"),
		"state_waiting": _("We wait for your answer"),
		"state_done": _("Answered"),
		"state_refused": _("Request refused"),
		"state_withdrawn": _("Taken back"),
		"withdrawn_on": _("You took it back on"),
		"take_back": _("Take the request back"),
		"take_back_help": _(
			"Take this request back? We then do nothing more with it. What we have done before stays as it is. You can ask again at any time."
		),
		"take_back_sure": _("Yes, take it back"),
		"take_back_not": _("No, keep it"),
		"taken_back": _("Your request is taken back. A confirmation is on its way to you by mail."),
		"reference": _("Reference"),
		"received": _("Received"),
		"due": _("We answer by"),
		"extended": _("Why it takes longer"),
		"answered_on": _("We answered on"),
		"outcome": _("What we did"),
		"certificate": _("Certificate of erasure"),
		"certificate_mailed": _("Mailed to you on {date}. We keep no copy of it."),
		"copy_until": _("The copy of your data can be fetched until {date}."),
		"copy_by_mail": _(
			"The copy of your data can be fetched until {date}, by the link in the mail that we sent you."
		),
		"fetch_copy": _("Fetch your data"),
		"reason": _("The reason"),
		"complaint": _("If you disagree"),
		"joined_to": _("Answered together with"),
		"represents": _("You ask for"),
		"company": _("Asked of"),
		"question": _("We ask you"),
		"your_answer": _("Your answer"),
		"answer_missing": _("Write your answer."),
		"send_answer": _("Send the answer"),
		"answered": _("Thank you. We go on with your request."),
		"phone": _("Mobile telephone number"),
		"phone_help": _(
			"You need not. It helps where we know you by your number. We send one text message with a code."
		),
		"phone_send": _("Send a code by text message"),
		"phone_sent": _("A code is on its way to {number}. It works for {minutes} minutes."),
		"phone_code": _("Code from the text message"),
		"phone_check": _("Confirm the number"),
		"phone_missing": _("Write the number of a mobile telephone."),
		"phone_proven": _("Thank you. Your telephone number is confirmed."),
		"papers": _("Papers"),
		"papers_help": _("PDF, JPEG or PNG, 10 MB at most. Only those who answer your request see them."),
		"mandate_help": _(
			"Add the power of attorney or another proof of your right: PDF, JPEG or PNG, 10 MB at most. Only those who answer your request see it."
		),
		"add_paper": _("Add a paper"),
		"paper_added": _("The paper is added."),
		"paper_large": _("The file is too large, 10 MB at most."),
		"yours_help": _(
			"This request reached us in your name. Until you say that it is yours, we do nothing with it."
		),
		"mine": _("Yes, it is mine"),
		"not_mine": _("No, I did not ask this"),
		"now_mine": _("Thank you. We work on your request."),
		"now_not_mine": _("Thank you. We do nothing with it."),
	}
