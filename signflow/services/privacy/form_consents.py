"""Consents in forms: a check box of a Web Form, plain or signable, that is the answer to a Consent Text.

The box shows the published words of one language, is never ticked beforehand and never needed to send the form (GDPR 7(4),
recital 32). What a plain form says is confirmed by a mailed link where the text asks for that, since nobody has proven the
mailbox; what a signed form says counts from the signature.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, escape_html, get_datetime, now_datetime

from signflow.services import submissions
from signflow.services.privacy import consents
from signflow.services.privacy.consents import Given, Wording
from signflow.signflow.addresses import one_address


def bind(doc: Any, method: str | None = None) -> None:
	"""Put the words of each bound text on its check box; refuse a box that is no free choice (Web Form validate)."""
	for row in doc.get("signflow_consents") or []:
		field = next((field for field in doc.web_form_fields if field.fieldname == row.fieldname), None)
		if not field or field.fieldtype != "Check":
			frappe.throw(_("{0} is no check box of this form.").format(row.fieldname))
		docfield = frappe.get_meta(doc.doc_type).get_field(row.fieldname)
		if cint(field.default) or (docfield and cint(docfield.default)):
			frappe.throw(_("{0}: a consent is never ticked beforehand.").format(row.fieldname))
		if cint(field.reqd) or (docfield and cint(docfield.reqd)) or field.mandatory_depends_on:
			frappe.throw(
				_("{0}: a consent is a free choice, so the form must not need it.").format(row.fieldname)
			)
		shown = consents.current_wording(row.consent_text, row.language)
		if shown.language != row.language:
			frappe.throw(_("{0} has no words in this language.").format(row.consent_text))
		field.label, field.description = shown.title, escape_html(shown.words)


def show_new_words(text: str) -> None:
	"""A new wording was published: the forms that ask for it show it (hook signflow_wording_published)."""
	for name in frappe.get_all(
		"Form Consent",
		{"consent_text": text, "parenttype": "Web Form"},
		pluck="parent",
		distinct=True,
		order_by="parent asc",
	):
		doc = frappe.get_doc("Web Form", name)
		doc.flags.ignore_permissions = True
		doc.save()


def bound(web_form: str) -> list[Any]:
	"""The bound check boxes of a Web Form: {fieldname, consent_text, language}."""
	return frappe.get_all(
		"Form Consent",
		{"parent": web_form, "parenttype": "Web Form"},
		["fieldname", "consent_text", "language"],
		order_by="idx asc",
	)


def record_plain(web_form: str, record: Any) -> None:
	"""A plain form was sent, in the caller's transaction: what is ticked is a consent, or one to be confirmed."""
	rows = [row for row in bound(web_form) if cint(record.get(row.fieldname))]
	mail = rows and _mail_of(record)
	if not mail:
		return
	way = Given("Form Checkbox", (record.doctype, record.name), {"web_form": web_form})
	for row in rows:
		_give(_version_at(row.consent_text, now_datetime(), row.language), mail, way)


def on_request_completed(request: Any) -> None:
	"""A form is signed by all: what was ticked on it is a consent, proven by the signature (hook)."""
	name = frappe.db.get_value("Form Submission", {"request": request.name})
	submission = name and frappe.get_doc("Form Submission", name)
	web_form = submission and frappe.db.get_value("Signable Form", submission.form, "web_form")
	rows = bound(web_form) if web_form else []
	if not rows:
		return
	answers = submissions.answers_of(submission)
	signer = submissions.person_of(request.name)
	way = Given(
		"Signing Ceremony",
		("Signature Request", request.name),
		{"web_form": web_form, "submission": name, "signer": signer.name},
	)
	for row in rows:
		if cint(answers.get(row.fieldname)):
			shown = _version_at(row.consent_text, submission.creation, row.language)
			_give(shown, signer.email, way)


def _give(shown: Wording, mail: str, way: Given) -> None:
	person = consents.person_with(mail)
	last = consents.state_of(person, shown.text)
	if not last or last.action.value != "Given":
		consents.give_in_place(person, shown, way)


def _version_at(text: str, moment: Any, language: str) -> Wording:
	"""The words that were in use at `moment`: a page may be sent after newer ones were published."""
	versions = frappe.get_all(
		"Consent Text Version",
		{"consent_text": text, "status": ["in", ("Published", "Replaced")]},
		["name", "published_on"],
		order_by="number asc",
	)
	earlier = [row.name for row in versions if get_datetime(row.published_on) <= get_datetime(moment)]
	return consents.wording(earlier[-1] if earlier else versions[0].name, language)


def _mail_of(record: Any) -> str | None:
	"""The mail address in a record: of its first field of that kind, else its sender's own."""
	for field in record.meta.get("fields"):
		if (
			field.fieldtype == "Data"
			and field.options == "Email"
			and one_address(record.get(field.fieldname))
		):
			return record.get(field.fieldname)
	user = frappe.session.user
	return None if user == "Guest" else one_address(frappe.db.get_value("User", user, "email"))
