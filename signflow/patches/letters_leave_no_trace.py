"""Blank the letters that were sent, and delete mails with codes: their rows kept links, and addresses for nothing."""

import frappe

from signflow.services.delivery import BLANK, leave_nothing
from signflow.services.privacy.matching import chunks

OURS = {"message_id": ["like", "signflow.letter.%"]}


def execute():
	codes = {**OURS, "reference_name": ["is", "not set"], "message": BLANK}
	of_signers = {"message_id": ["like", "signflow.code.%"], "message": BLANK}
	for mails in (codes, of_signers):
		for some in chunks(frappe.get_all("Email Queue", mails, pluck="name", order_by="name asc")):
			leave_nothing(some)
	sent = {**OURS, "status": "Sent", "message": ["!=", BLANK]}
	values = {"message": BLANK, "attachments": "[]"}
	frappe.db.set_value("Email Queue", sent, values, update_modified=False)
