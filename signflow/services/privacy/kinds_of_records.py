"""The groups in which a person's records are shown."""

import frappe
from frappe import _

from signflow.services.privacy.person_records import KINDS

_OF_DOCTYPE = {
	**dict.fromkeys(KINDS, "identity"),
	"Employee": "hr",
	"Job Applicant": "hr",
	"Address": "contacts",
	"Contract": "sales",
	"Communication": "mails",
	"Email Queue": "mails",
	"Email Group Member": "mails",
	"Newsletter": "mails",
	"Email Unsubscribe": "mails",
	"File": "files",
	"Comment": "notes",
	"Note": "notes",
	"ToDo": "notes",
	"Event": "notes",
	"Sales Invoice": "invoices",
	"Purchase Invoice": "invoices",
	"Issue": "support",
}
_OF_MODULE = {
	"Contacts": "contacts",
	"CRM": "sales",
	"Selling": "sales",
	"Accounts": "invoices",
	"Support": "support",
	"Helpdesk": "support",
	"HR": "hr",
	"Payroll": "hr",
	"Email": "mails",
	"Signflow": "signatures",
	"Signflow Privacy": "privacy",
	"Core": "logs",
	"Desk": "logs",
	"Automation": "logs",
	"Integrations": "logs",
	"Social": "logs",
	"Website": "logs",
}


def labels() -> dict[str, str]:
	"""The groups in the order shown, with their titles."""
	return {
		"identity": _("Identity"),
		"contacts": _("Contacts and Addresses"),
		"sales": _("Sales"),
		"invoices": _("Invoices and Payments"),
		"support": _("Support"),
		"mails": _("Mails"),
		"notes": _("Notes and Tasks"),
		"files": _("Files"),
		"hr": _("Employment"),
		"signatures": _("Signatures"),
		"privacy": _("Privacy"),
		"other": _("Other Records"),
		"logs": _("Logs"),
	}


def kind_of(doctype: str) -> str:
	"""The group of a DocType: "identity", "sales" …"""
	if kind := _OF_DOCTYPE.get(doctype):
		return kind
	return _OF_MODULE.get(frappe.get_meta(doctype).module, "other")
