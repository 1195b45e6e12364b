"""A signable form with a field of each kind, and submissions to it, for tests of what is done with answers."""

from typing import Any

import frappe
from forms import a_signable_form, a_web_form
from house import House, for_writing

from signflow.services import submissions

DOCTYPE = "Signflow Test Application"
ITEM = "Signflow Test Application Item"
FORM_FIELDS = [
	{"fieldname": "full_name", "fieldtype": "Data", "label": "Full Name"},
	{"fieldname": "phone", "fieldtype": "Data", "label": "Phone"},
	{"fieldname": "seats", "fieldtype": "Int", "label": "Seats"},
	{"fieldname": "price", "fieldtype": "Currency", "label": "Price"},
	{"fieldname": "agreed", "fieldtype": "Check", "label": "Agreed"},
	{"fieldname": "starts", "fieldtype": "Date", "label": "Starts"},
	{"fieldname": "meeting", "fieldtype": "Datetime", "label": "Meeting"},
	{"fieldname": "hour", "fieldtype": "Time", "label": "Hour"},
	{"fieldname": "plan", "fieldtype": "Select", "label": "Plan", "options": "Small\nLarge"},
	{"fieldname": "items", "fieldtype": "Table", "label": "Items", "options": ITEM},
	{"fieldname": "attachment", "fieldtype": "Attach", "label": "Attachment"},
]
ANSWERS = {
	"full_name": "=Maija & Meri",
	"phone": "0401234567",
	"seats": "3",
	"price": 1234.5,
	"agreed": 1,
	"starts": "2026-12-24",
	"meeting": "2026-12-24 10:15:00",
	"hour": "9:30:00",
	"plan": "Large",
	"items": [
		{"label": "Ikkuna", "amount": 12.25, "name": "new-row-1", "idx": 1, "__islocal": True},
		{"label": "-Ovi", "amount": None, "idx": 2},
	],
	"attachment": "kuva.png,data:image/png;base64,iVBORw==",
	"left_out_later": "still here",
}


def _doctype(name: str, fields: list[dict[str, Any]], **more: Any) -> None:
	if not frappe.db.exists("DocType", name):
		frappe.get_doc(
			{
				"doctype": "DocType",
				"name": name,
				"module": "Custom",
				"custom": 1,
				"fields": fields,
				"permissions": [] if more.get("istable") else [{"role": "System Manager", "read": 1}],
				**more,
			}
		).insert(ignore_permissions=True)


def a_form(house: House, **options: Any) -> Any:
	"""An open Signable Form on a Web Form of its own; the house's "owner" is responsible for it."""
	for_writing()
	_doctype(
		ITEM,
		[
			{"fieldname": "label", "fieldtype": "Data", "label": "Label", "in_list_view": 1},
			{"fieldname": "amount", "fieldtype": "Currency", "label": "Amount", "in_list_view": 1},
		],
		istable=1,
	)
	_doctype(DOCTYPE, FORM_FIELDS)
	web_form = a_web_form(house, doc_type=DOCTYPE, web_form_fields=FORM_FIELDS)
	return a_signable_form(
		house, web_form, **{"signer_name_field": "full_name", "signer_email_field": "phone", **options}
	)


def a_submission(form: Any, **values: Any) -> Any:
	"""A submission as the services keep it; `values` are answers or fields of the Form Submission."""
	for_writing()
	meta = frappe.get_meta("Form Submission")
	own = {name: value for name, value in values.items() if meta.has_field(name)}
	answers = {**ANSWERS, **{name: value for name, value in values.items() if name not in own}}
	submission = frappe.new_doc("Form Submission")
	submission.update({"form": form.name, "status": "Signing"})
	submission.set_new_name()
	submission.update(
		{
			"submitted_on": frappe.utils.now_datetime(),
			"answers": submissions._encrypted({"answers": answers, "people": []}),
			**own,
		}
	)
	submission.owner = submission.modified_by = "Administrator"
	submission.creation = submission.modified = frappe.utils.now_datetime()
	# As a row that a service wrote: whatever its controller allows to other hands.
	submission.db_insert()
	frappe.db.commit()
	return submission


def erase(name: str) -> None:
	"""The answers of a submission are gone, as when their time is over."""
	for_writing()
	frappe.db.set_value("Form Submission", name, "answers", None)
	frappe.db.commit()
