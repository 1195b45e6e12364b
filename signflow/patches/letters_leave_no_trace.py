"""Blank the letters that were sent, and delete mails with codes: their rows kept links, and addresses for nothing."""

import frappe

from signflow.services.delivery import BLANK, leave_nothing

OURS = {"message_id": ["like", "signflow.letter.%"]}


def execute():
	codes = {**OURS, "reference_name": ["is", "not set"], "message": BLANK}
	leave_nothing(frappe.get_all("Email Queue", codes, pluck="name", order_by="name asc"))
	leave_nothing(
		frappe.get_all(
			"Email Queue",
			{"message_id": ["like", "signflow.code.%"], "message": BLANK},
			pluck="name",
			order_by="name asc",
		)
	)
	sent = {**OURS, "status": "Sent", "message": ["!=", BLANK]}
	values = {"message": BLANK, "attachments": "[]"}
	frappe.db.set_value("Email Queue", sent, values, update_modified=False)
