"""Forms that a house can begin with: a Web Form, its template and its Signable Form, made in the site to be edited.

What is made is the site's own: unpublished and closed until somebody has read it and opened it. Asking again makes
nothing twice; what was changed meanwhile stays.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frappe

import signflow
from signflow.core.errors import _  # marks: what is stored is English, Frappe translates it where it is shown
from signflow.services.company import default_company

AGREEMENTS = Path(signflow.__file__).parent / "templates" / "agreements"
REQUIRED, HALF = {"reqd": 1}, ("Column Break", "", "")
# A pair of halves each: a phone shows one column after the other.
ROW = ("Section Break", "", "")


@dataclass(frozen=True)
class ReadyForm:
	"""One ready form: its Web Form's fields and, when it is signed, what its template says.

	`fields` are (field name, label, properties), a break is ("Section Break", label, ""), ROW or HALF; `doctypes` are tried
	in order. `document` is what is signed, `about` (Jinja) whose it is. `signer` names the fields of name and address,
	"" where nothing is signed.
	"""

	key: str
	title: str
	description: str
	introduction: str
	doctypes: tuple[str, ...]
	fields: tuple[tuple[str, str, Any], ...]
	success: str
	agreement: str = ""
	document: str = ""
	about: str = ""
	role: str = ""
	signer: tuple[str, str] = ("", "")
	creates: str = ""
	mapping: tuple[tuple[str, str, str], ...] = field(default=())


READY: tuple[ReadyForm, ...] = (
	ReadyForm(
		key="become-a-customer",
		title=_("Become a Customer"),
		description=_("A stranger fills in who he is, signs the customer agreement and is made a Customer."),
		introduction=_("Fill in your details, read the agreement and sign it. It takes a few minutes."),
		doctypes=("Lead",),
		fields=(
			("Section Break", _("You"), ""),
			("first_name", _("First Name"), REQUIRED),
			HALF,
			("last_name", _("Last Name"), REQUIRED),
			ROW,
			("email_id", _("Email"), REQUIRED),
			HALF,
			("mobile_no", _("Telephone"), {}),
			("Section Break", _("Your Organisation"), ""),
			(
				"company_name",
				_("Name of the Organisation"),
				{"description": _("Leave empty if you join for yourself")},
			),
			("Section Break", _("Where You Are"), ""),
			("city", _("City"), {}),
			HALF,
			("country", _("Country"), {}),
		),
		success=_("Thank you: the agreement is signed, and your copy is on its way."),
		agreement="customer_agreement.html",
		document=_("Customer Agreement"),
		about="doc.company_name or [doc.first_name, doc.last_name]|select|join(' ')",
		role=_("Customer"),
		signer=("first_name, last_name", "email_id"),
		creates="Customer",
		mapping=(
			(
				"Customer",
				"customer_name",
				"{{ doc.company_name or (doc.first_name ~ ' ' ~ (doc.last_name or '')) }}",
			),
			("Customer", "customer_type", "{{ 'Company' if doc.company_name else 'Individual' }}"),
			("Contact", "first_name", "first_name"),
			("Contact", "last_name", "last_name"),
			("Contact", "mobile_no", "mobile_no"),
			("Address", "city", "city"),
			("Address", "country", "country"),
		),
	),
	ReadyForm(
		key="power-of-attorney",
		title=_("Power of Attorney"),
		description=_("Somebody authorises another person and signs it."),
		introduction=_("Say whom you authorise and to what, read the document and sign it."),
		doctypes=("Power of Attorney",),
		fields=(
			("Section Break", _("You"), ""),
			("grantor_name", _("Your Name"), REQUIRED),
			ROW,
			("grantor_email", _("Your Email"), REQUIRED),
			HALF,
			("grantor_phone", _("Your Telephone"), {}),
			("Section Break", _("The Person You Authorise"), ""),
			("attorney_name", _("Name"), REQUIRED),
			HALF,
			("attorney_email", _("Email"), {}),
			("Section Break", _("Authorisation"), ""),
			(
				"scope",
				_("Matters"),
				{**REQUIRED, "description": _("What the attorney may do, as exactly as possible")},
			),
			ROW,
			("valid_from", _("Valid from"), {"description": _("Empty: from the signature")}),
			HALF,
			("valid_until", _("Valid until"), {"description": _("Empty: until it is revoked")}),
		),
		success=_("Thank you: the power of attorney is signed, and your copy is on its way."),
		agreement="power_of_attorney.html",
		document=_("Power of Attorney"),
		about="doc.grantor_name",
		role=_("Grantor"),
		signer=("grantor_name", "grantor_email"),
	),
	ReadyForm(
		key="feedback",
		title=_("Feedback"),
		description=_("Needs no signature: what is sent becomes a ticket."),
		introduction=_("Tell us what went well or what we should do better. We answer by mail."),
		doctypes=("HD Ticket", "Issue"),
		fields=(
			("subject", _("Subject"), REQUIRED),
			("description", _("Your Message"), REQUIRED),
			("raised_by", _("Your Email"), {**REQUIRED, "description": _("For our answer")}),
		),
		success=_("Thank you for your feedback. We have received it."),
	),
)


def available() -> list[dict[str, Any]]:
	"""All ready forms, translated: {key, title, description, made, possible}."""
	return [
		{
			"key": ready.key,
			"title": frappe._(ready.title),
			"description": frappe._(ready.description),
			"made": bool(frappe.db.exists("Web Form", ready.key)),
			"possible": bool(_doctype_of(ready)),
		}
		for ready in READY
	]


def add(key: str) -> dict[str, Any]:
	"""Make what is missing of a ready form, with the user's permissions: {web_form, template, form} (names or None)."""
	ready = next((one for one in READY if one.key == key), None)
	if not ready:
		frappe.throw(frappe._("There is no such ready form."), frappe.DoesNotExistError)
	doctype = _doctype_of(ready)
	if not doctype:
		frappe.throw(
			frappe._("This form needs an app that is not installed here ({0}).").format(ready.doctypes[0])
		)
	template = form = None
	if ready.agreement:
		template = _existing("Signature Template", ready.title) or _template(ready, doctype)
	web_form = _existing("Web Form", ready.key) or _web_form(ready, doctype)
	if ready.agreement:
		form = frappe.db.get_value("Signable Form", {"web_form": web_form}) or _form(
			ready, web_form, template
		)
	return {"web_form": web_form, "template": template, "form": form}


def _existing(doctype: str, name: str) -> str | None:
	return name if frappe.db.exists(doctype, name) else None


def _doctype_of(ready: ReadyForm) -> str | None:
	return next((name for name in ready.doctypes if frappe.db.exists("DocType", name)), None)


def _template(ready: ReadyForm, doctype: str) -> str:
	text = (AGREEMENTS / ready.agreement).read_text(encoding="utf-8")
	return _insert(
		"Signature Template",
		template_name=ready.title,
		reference_doctype=doctype,
		source="Text",
		document_title=f"{{{{ _('{ready.document}') }}}} – {{{{ {ready.about} }}}}",
		body=text,
		roles=[{"role": ready.role}],
	)


def _web_form(ready: ReadyForm, doctype: str) -> str:
	meta = frappe.get_meta(doctype)
	rows = []
	for name, label, more in ready.fields:
		if name.endswith("Break"):
			rows.append({"fieldtype": name, "label": label})
			continue
		docfield = meta.get_field(name)
		rows.append(
			{
				"fieldname": name,
				"label": label,
				"fieldtype": "Data" if docfield.fieldtype == "Phone" else docfield.fieldtype,
				"options": docfield.options,
				# A guest reads no list of records; of countries everybody may know the names.
				"allow_read_on_all_link_options": int(docfield.fieldtype == "Link"),
				**more,
			}
		)
	return _insert(
		"Web Form",
		name=ready.key,
		title=ready.title,
		route=ready.key,
		doc_type=doctype,
		introduction_text=ready.introduction,
		published=0,
		login_required=0,
		allow_multiple=1,
		button_label=_("Continue") if ready.agreement else _("Send"),
		success_title=ready.title,
		success_message=ready.success,
		web_form_fields=rows,
	)


def _form(ready: ReadyForm, web_form: str, template: str | None) -> str:
	return _insert(
		"Signable Form",
		title=ready.title,
		web_form=web_form,
		template=template,
		status="Closed",
		company=default_company(),
		responsible=frappe.session.user,
		signer_name_field=ready.signer[0],
		signer_email_field=ready.signer[1],
		creates=ready.creates,
		mapping=[
			{"target": target, "target_field": name, "value": value} for target, name, value in ready.mapping
		],
	)


def _insert(doctype: str, **values: Any) -> str:
	return frappe.get_doc({"doctype": doctype, **values}).insert().name
