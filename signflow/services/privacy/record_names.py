"""What a kind of record is called in plain words, for persons and officers: the framework's names are its own, and often
translated into no other language."""

import frappe

from signflow.core.errors import _
from signflow.services.privacy import kinds_of_records

_LOG = _("Log entry")
_OWN_SETTING = _("Setting of a user's own")
_BOOKKEEPING = _("Bookkeeping entry")
_MESSAGE = _("Message")
_NOTIFICATION = _("Notification to a user")
_KEY = _("Login or access key")
_MAILING_LIST = _("Mailing list entry")

NAMES = {
	"Contact": _("Contact person"),
	"Lead": _("Prospective customer"),
	"Prospect": _("Prospective customer"),
	"Customer": _("Customer record"),
	"Supplier": _("Supplier record"),
	"Employee": _("Employee record"),
	"User": _("User account"),
	"Job Applicant": _("Job application"),
	"Sales Partner": _("Sales partner"),
	"Shareholder": _("Shareholder"),
	"Address": _("Postal address"),
	"HD Customer": _("Customer record"),
	"Communication": _MESSAGE,
	"Unhandled Email": _MESSAGE,
	"Email Queue": _("Mail that was sent"),
	"Email Group Member": _MAILING_LIST,
	"Email Unsubscribe": _MAILING_LIST,
	"Newsletter": _("Newsletter"),
	"SMS Log": _("Text message"),
	"Call Log": _("Telephone call"),
	"Comment": _("Comment"),
	"CRM Note": _("Comment"),
	"HD Ticket Comment": _("Comment"),
	"Note": _("Note"),
	"File": _("File"),
	"ToDo": _("Task"),
	"Task": _("Task"),
	"Event": _("Calendar entry"),
	"Appointment": _("Appointment"),
	"Opportunity": _("Sales opportunity"),
	"Quotation": _("Quotation"),
	"Sales Order": _("Order"),
	"Sales Invoice": _("Invoice"),
	"POS Invoice": _("Receipt"),
	"Dunning": _("Payment reminder"),
	"Delivery Note": _("Delivery note"),
	"Purchase Order": _("Purchase order"),
	"Purchase Invoice": _("Supplier's invoice"),
	"Payment Entry": _("Payment"),
	"Payment Request": _("Request for payment"),
	"Bank Account": _("Bank account"),
	"Journal Entry": _BOOKKEEPING,
	"GL Entry": _BOOKKEEPING,
	"Payment Ledger Entry": _BOOKKEEPING,
	"Loyalty Point Entry": _("Loyalty points"),
	"Subscription": _("Subscription"),
	"Contract": _("Contract"),
	"Project": _("Project"),
	"Timesheet": _("Time sheet"),
	"Issue": _("Support request"),
	"HD Ticket": _("Support request"),
	"HD Ticket Feedback": _("Feedback"),
	"Warranty Claim": _("Warranty claim"),
	"Maintenance Visit": _("Maintenance visit"),
	"Signature Request": _("Agreement sent for signing"),
	"Signature Request Signer": _("Agreement sent for signing"),
	"Form Submission": _("Form that was filled in"),
	"Power of Attorney": _("Power of attorney"),
	"Contract Termination": _("Notice of termination"),
	"Contract Withdrawal": _("Withdrawal from a contract"),
	"Consent": _("Consent"),
	"Consent Link": _("Link for consents"),
	"Consent Campaign Person": _("Question for consent"),
	"Notice Delivery": _("Privacy notice that was sent"),
	"Data Subject Request": _("Data request"),
	"Personal Data Download Request": _("Data request"),
	"Personal Data Deletion Request": _("Data request"),
	"Version": _("Note of a change"),
	"Deleted Document": _("Copy of a deleted record"),
	"Prepared Report": _("Result of a report"),
	"Auto Email Report": _("Report that is mailed"),
	"Tag Link": _("Tag on a record"),
	"Email Campaign": _("Mail campaign"),
	**dict.fromkeys(("Notification Log", "HD Notification"), _NOTIFICATION),
	**dict.fromkeys(("OAuth Bearer Token", "OAuth Authorization Code", "Token Cache"), _KEY),
	**dict.fromkeys(
		(
			*("Dashboard Settings", "DefaultValue", "Document Follow", "Email Account", "List Filter"),
			*("DocShare", "Document Share Key", "Notification Settings", "User Email", "User Permission"),
		),
		_OWN_SETTING,
	),
	**dict.fromkeys(
		(
			*("Access Log", "Activity Log", "API Request Log", "Data Import Log", "Energy Point Log"),
			*("Error Log", "Error Snapshot", "HD Ticket Activity", "Integration Request", "Milestone"),
			*(
				"Permission Log",
				"Route History",
				"Submission Queue",
				"Transaction Log",
				"User Session Display",
			),
			*("View Log", "Web Page View", "Webhook Request Log"),
		),
		_LOG,
	),
}


def name_of(doctype: str) -> str:
	"""What records of a DocType are called in the language spoken: in plain words where we know it, a DocType that the house
	made by its own name, and of another that nobody has translated the group it belongs to."""
	if doctype in NAMES:
		return frappe._(NAMES[doctype])
	called = frappe._(doctype)
	if called != doctype or (frappe.local.lang or "en")[:2] == "en":
		return called
	if not frappe.db.exists("DocType", doctype, cache=True) or frappe.get_meta(doctype).custom:
		return called
	return f"{kinds_of_records.labels()[kinds_of_records.kind_of(doctype)]} ({doctype})"


def named_by_chance(doctype: str) -> bool:
	"""Whether the names of a DocType's records tell a reader nothing."""
	return (frappe.get_meta(doctype).autoname or "hash") in (
		"hash",
		"autoincrement",
		"Random",
	) or doctype == "Comment"
