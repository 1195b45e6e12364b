"""Webhooks of signable forms."""

import frappe

from signflow.services import exports, webhooks


@frappe.whitelist(methods=["POST"])
def add_webhook(form: str, url: str, with_answers: bool | int | str = False) -> dict[str, str]:
	"""Make a Webhook that tells `url` of each completed submission: {name, secret}; the secret is shown this once.

	For who may make Webhooks (System Managers); with answers only for who sees the form's answers.
	"""
	doc = frappe.get_doc("Signable Form", form)
	doc.check_permission("read")
	frappe.has_permission("Webhook", "create", throw=True)
	answers = frappe.utils.sbool(with_answers) in (True, 1)
	if answers:
		exports.require_may_export(doc)
	return webhooks.add(doc, url, with_answers=answers)
