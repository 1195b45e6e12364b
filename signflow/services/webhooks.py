"""A call to another program for each signed submission, by Frappe's own Webhook.

Frappe sends it from a worker after the transaction, tries three times within some seconds and then gives up; each try
is a row in its Webhook Request Log, body included. Nothing is sent again later: a program that must not miss any
fetches the export as well.
"""

from typing import Any
from urllib.parse import urlsplit

import frappe
from frappe import _

SENDING = "frappe.integrations.doctype.webhook.webhook.enqueue_webhook"
NEAR = ("localhost", "127.0.0.1", "::1")
BODY = """{
  "event": "form_submission.completed",
  "submission": {{ signflow_submission(doc.name) | tojson }}%s
}"""
ANSWERS = ',\n  "answers": {{ signflow_answers(doc.name) | tojson }}'


def add(form: Any, url: str, *, with_answers: bool) -> dict[str, str]:
	"""Make the Webhook of a form: {name, secret}. The secret is shown once; it signs the bodies."""
	url = (url or "").strip()
	parts = urlsplit(url)
	if parts.scheme not in ("http", "https") or not parts.hostname:
		frappe.throw(
			_("{0} is not an address. Write it as https://www.example.com/signed.").format(url[:140])
		)
	if with_answers and parts.scheme != "https" and parts.hostname not in NEAR:
		frappe.throw(_("Answers are sent to https addresses only."))
	secret = frappe.generate_hash(length=40)
	webhook = frappe.get_doc(
		{
			"doctype": "Webhook",
			"webhook_doctype": "Form Submission",
			"webhook_docevent": "on_update",
			# Once: a completed submission is saved again when its answers are erased. In ASCII: Frappe normalises the
			# code, and a name with "½" in it would be another.
			"condition": f'doc.form == {form.name!a} and doc.status == "Completed"'
			' and doc.has_value_changed("status")',
			"request_url": url,
			"request_method": "POST",
			"request_structure": "JSON",
			"webhook_json": BODY % (ANSWERS if with_answers else ""),
			"enable_security": 1,
			"webhook_secret": secret,
			"webhook_headers": [{"key": "Content-Type", "value": "application/json"}],
			"timeout": 10,
			"enabled": 1,
		}
	).insert(set_name=f"{form.name[:120]} {frappe.generate_hash(length=8)}")
	return {"name": webhook.name, "secret": secret}


def signflow_submission(name: str) -> dict[str, Any]:
	"""For a Webhook's body: ids, status, times in ISO 8601 and addresses of a submission, and nothing of its answers."""
	from signflow.services.export_formats import submission_object

	doc = frappe.get_doc("Form Submission", name)
	if not _is_sending(name):
		doc.check_permission("read")
	return {
		**submission_object(doc),
		"form": doc.form,
		"links": {
			key: frappe.utils.get_url_to_form(doctype, linked)
			for key, doctype, linked in (
				("submission", "Form Submission", name),
				("request", "Signature Request", doc.request),
				("record", doc.record_doctype, doc.record_name),
				("customer", "Customer", doc.customer),
			)
			if doctype and linked
		},
	}


def signflow_answers(name: str) -> dict[str, Any] | None:
	"""For a Webhook's body: the answers by field name, typed; None when they were erased.

	Only for the job that sends this very submission: whoever writes a template for something else gets a note.
	"""
	from signflow.services.export_formats import answers_object, fields_of
	from signflow.services.submissions import answers_of

	if not _is_sending(name):
		return {"note": _("The answers are filled in when the webhook is sent.")}
	form = frappe.db.get_value("Form Submission", name, "form")
	answers = answers_of(name)
	return answers_object(fields_of(frappe.db.get_value("Signable Form", form, "web_form")), answers) or None


def _is_sending(name: str) -> bool:
	job = getattr(frappe.local, "job", None)
	if not job or job.get("method") != SENDING:
		return False
	doc = (job.get("kwargs") or {}).get("doc")
	return bool(doc) and doc.get("doctype") == "Form Submission" and doc.get("name") == name
