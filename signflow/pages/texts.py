"""The texts that the public pages' scripts show, translated on the server and sent along as data.

Each function takes the translation function under the name `_`, so that the texts are found for translation.
`{name}` in a text is filled in by the script.
"""

from collections.abc import Callable

__all__ = ["shared_texts", "sign_texts", "verify_texts", "visit_texts"]


def shared_texts(_: Callable[[str], str]) -> dict[str, str]:
	"""What every page's script may have to say."""
	return {**_failures(_), **_dates_and_sizes(_)}


def visit_texts(_: Callable[[str], str]) -> dict[str, str]:
	"""What a page says on which a mailbox is proven by a code (script visit.js), beside what is its own."""
	return {
		**shared_texts(_),
		**_code_tried(_),
		"code_lead": _(
			"A 6-digit code is on its way to {address}. Type it here to show that the mailbox is yours."
		),
		"code_lead_before": _(
			"A 6-digit code was sent to {address} a moment ago. Type it here to show that the mailbox is yours."
		),
		"code_sent": _("The mail is on its way."),
		"code_was_sent": _("A code was sent a moment ago."),
		"code_wait": _("You can ask for a new mail in {seconds} s"),
		"mail_missing": _("Write your mail address."),
		"mail_not_whole": _("This is not a whole mail address. It looks like name@example.com."),
		"session_over": _("Some time has passed. For your safety, please begin again."),
	}


def sign_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**shared_texts(_),
		**_request(_),
		**_viewer(_),
		**_code(_),
		**_signature(_),
		**_outcomes(_),
	}


def verify_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**shared_texts(_),
		"offline": _("There is no connection. Check it and try again."),
		"slow": _("No answer came in time. Try again."),
		"server": _("Something went wrong at our end. Try again in a moment."),
		"checking": _("Checking {file}…"),
		"not_pdf": _("This is not a PDF. Choose the signed PDF that you got."),
		"too_big": _("This file is larger than {size}. Signed documents from here are smaller."),
		"empty_file": _("This file is empty."),
		"another": _("Check another PDF"),
		"genuine": _("Genuine and unchanged"),
		"earlier_version": _("Genuine, but not the latest version"),
		"altered": _("Changed after it was sealed"),
		"unknown": _("Not known here"),
		"unreadable": _("The file could not be read"),
		"document": _("Document"),
		"reference": _("Reference"),
		"house": _("Sent by"),
		"seal_subject": _("Sealed with"),
		"completed_on": _("Completed on"),
		"seal_level": _("Level of the signatures"),
		"signed_on": _("Signed {date}"),
		"identified_by": _("Identified by: {how}"),
		"result_ready": _("Result: {verdict}"),
	}


def _failures(_):
	return {
		"offline": _(
			"There is no connection. What you have filled in is safe: check your connection and try again."
		),
		"slow": _("No answer came in time. What you have filled in is safe: try again."),
		"busy": _("Too many tries in a short time. Wait a minute and try again."),
		"server": _(
			"Something went wrong at our end. What you have filled in is safe: try again in a moment."
		),
		"try_again": _("Try again"),
	}


def _dates_and_sizes(_):
	return {
		"pages_one": _("1 page"),
		"pages_many": _("{count} pages"),
		"wait": _("One moment…"),
	}


def _request(_):
	return {
		"asks": _("{company} asks you to sign"),
		"page_title": _("{title} · Sign"),
		"sent_by": _("Sent by {name}"),
		"sign_by": _("Sign by {date}"),
		"message_from": _("Message from {name}"),
		"read": _("Read"),
		"read_title": _("Read: {title}"),
		"download": _("Download"),
		"download_title": _("Download: {title}"),
		"opened": _("Opened"),
		"downloaded": _("Downloaded: {title}"),
		"you": _("you"),
		"signer_signed": _("Signed {date}"),
		"signer_signed_undated": _("Signed"),
		"signer_declined": _("Has declined"),
		"signer_pending": _("Has not signed yet"),
		"you_pending": _("You have not signed yet"),
		"about_sender": _("Sender"),
		"about_sent": _("Sent on"),
		"about_until": _("Sign by"),
		"about_level": _("How you are identified"),
		"about_reference": _("Reference"),
		"level_mail_code": _("By a code sent to your email. It shows that the mailbox is yours, no more."),
		"next_confirm": _("Continue: confirm that it is you"),
		"next_sign": _("Continue to signing"),
		"hint_read": _("Take your time. Nothing is signed yet."),
		"hint_waiting": _("It is not your turn yet. We will email you when the others have signed."),
		"check_domain": _(
			"The address of this page is {domain}. Compare it with the address in the invitation."
		),
		"check_sender": _("The sender is {name}, {company}, {email}. Do you know them and expect this?"),
		"seal_of": _("Seal of"),
		"seal_fingerprint": _("Fingerprint of the seal"),
		"signed_before": _("Others have signed this file before: {who}"),
		"file_hash": _("SHA-256 of {title}"),
		"notice_controller": _("Controller of your data: {name}"),
		"notice_contact": _("Contact: {contact}"),
		"notice_more": _("Read the whole notice"),
		"ask_lead": _("Your question goes to {name} by email."),
		"question_missing": _("Write your question first."),
	}


def _viewer(_):
	return {
		"page_of": _("{page} / {count}"),
		"page_label": _("Page {page} of {count}"),
		"viewer_loading": _("Opening the document…"),
		"viewer_ready": _("{title} is open, {pages}."),
		"viewer_label": _("Pages of {title}"),
		"viewer_failed": _(
			"The document could not be shown here. Try again, or download it and read it in another program."
		),
		"viewer_changed": _(
			"This document is not the one that was sent for signing. Do not sign. Load the page again, and tell the sender if this stays."
		),
		"viewer_no_text": _(
			"This document is a picture without text, so a screen reader cannot read it. Ask the sender for a version with text if you need it."
		),
		"full_close": _("Close full screen"),
	}


def _code_tried(_):
	return {
		"code_help": _("The code is valid for {minutes} minutes."),
		"code_missing": _("Type the 6 digits of the code."),
		"code_wrong": _("That is not the code."),
		"code_left_one": _("1 try left."),
		"code_left_many": _("{count} tries left."),
		"code_right": _("Thank you, that is confirmed."),
	}


def _code(_):
	return {
		"code_lead": _(
			"We send a 6-digit code to {address}. Type it here to show that the mailbox is yours."
		),
		"code_sent_lead": _("We sent a 6-digit code to {address}."),
		"code_send": _("Send me the code"),
		"code_check": _("Confirm"),
		**_code_tried(_),
		"code_sent": _("The code was sent."),
		"code_wait": _("You can ask for a new code in {seconds} s"),
		"confirm_again": _(
			"Some time has passed. For your safety, please confirm once more that it is you. What you filled in is kept."
		),
	}


def _signature(_):
	return {
		"order_and_pay": _("Order with obligation to pay"),
		"sign_one": _("Sign the document"),
		"sign_many": _("Sign {count} documents"),
		"sign_next_one": _("Sign the document"),
		"sign_next_many": _("Sign {count} documents"),
		"accept_one": _("I have read the document, I agree to it, and I sign it electronically."),
		"accept_many": _("I have read the documents, I agree to them, and I sign them electronically."),
		"seal_line": _(
			"{house} seals the documents with its own electronic seal and records that you signed."
		),
		"unopened": _("You have not opened: {titles}. Read before you sign."),
		"name_missing": _("Type your name."),
		"drawn_missing": _("Draw your signature, or choose the typed name."),
		"accept_missing": _("Tick the box to sign. If you do not agree, you can decline or ask the sender."),
		"sign_busy": _("Signing…"),
	}


def _outcomes(_):
	return {
		"sealing_title": _("Sealing your signature…"),
		"sealing_text": _(
			"This takes a few seconds. You can stay here, or close the page: your signature is recorded."
		),
		"sealing_slow_title": _("Your signature is recorded"),
		"sealing_slow_text": _(
			"Sealing takes longer than usual. You can close this page. We will email you when it is ready."
		),
		"signed_title": _("Thank you, you have signed"),
		"signed_text": _(
			"The others have not all signed yet. When they have, we will email the signed documents to {address}. You can close this page."
		),
		"onward": _("Continue"),
		"withdraw": _("Withdraw from contract here"),
		"completed_title": _("Everybody has signed"),
		"completed_text": _("The signed documents are ready. Your copy also comes to {address}."),
		"completed_closed_title": _("Everybody has signed"),
		"completed_closed_text": _(
			"The signed documents are ready. To get your copy, confirm once more that it is you: we send a code to {address}."
		),
		"get_copy": _("Get your copy"),
		"declined_title": _("This request was declined"),
		"declined_text": _("No signatures are collected any more. The sender has been told."),
		"you_declined_title": _("You have declined to sign"),
		"you_declined_text": _("The sender has been told. Nothing was signed by you."),
		"cancelled_title": _("The sender has withdrawn this request"),
		"cancelled_text": _("There is nothing to sign here any more. If this surprises you, ask the sender."),
		"expired_title": _("The time to sign has passed"),
		"expired_text": _(
			"This request was open until {date}. Ask the sender for a new one if you still want to sign."
		),
		"locked_title": _("Signing is locked for your safety"),
		"locked_text": _(
			"A wrong code was typed too many times. Nothing is lost: ask for a new link, or write to the sender."
		),
		"waiting_title": _("It is not your turn yet"),
		"waiting_text": _("Others sign before you. We will email you when you can sign."),
		"link_title": _("This link does not work"),
		"link_text": _(
			"It may be cut short in the email, its time may be over, or a newer email may have replaced it. We can send a new one to the address that was invited."
		),
		"no_link_title": _("Open the link in your invitation"),
		"no_link_text": _(
			"This page shows your documents when you come from the link in the email. If the link breaks over two lines, copy all of it."
		),
		"failed_title": _("The page could not be opened"),
		"new_link": _("Send me a new link"),
		"ask": _("Ask the sender"),
		"check_again": _("Check again"),
		"verify": _("Check a signed document"),
	}
