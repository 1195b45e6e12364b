"""The usual rules of a Finnish company, to begin with: drafts that people read, complete and enable.

Statutes are cited where they name the period; a rule whose DocType or date the site does not have is left out.
"""

from dataclasses import dataclass, field
from typing import Any

import frappe

from signflow.core.errors import _
from signflow.core.privacy.retention import ERASE, KEEP, Reckoning
from signflow.services.transaction import one_transaction
from signflow.signflow_privacy.doctype.retention_rule.retention_rule import DELETABLE

LAW, INTEREST = "Legal Obligation", "Legitimate Interests"
VOUCHERS = _("Accounting act 1336/1997, 2:10 §: vouchers, six years from the end of that calendar year")
BOOKS = _("Accounting act 1336/1997, 2:10 §: books, ten years from the end of the fiscal year")
WORKING_HOURS = _("Working hours act 872/2019, 32 and 40 §: two years from the end of the calendar year")
HOLIDAYS = _("Annual holidays act 162/2005, 29 and 34 §: two years from the end of the calendar year")
LIMITATION = _("GDPR 5(1)(e); act on the limitation of debts 728/2003, 4 §: three years")


@dataclass(frozen=True)
class Preset:
	"""A rule to begin with; `key` finds it again, whatever people make of it."""

	key: str
	title: str
	document_type: str
	date_field: str
	years: int
	statute: str
	kind: str = KEEP
	ground: str = LAW
	reckoning: Reckoning = Reckoning.DATE
	filters: list[list[Any]] = field(default_factory=list)
	action: str = "Report Only"
	date_in: str = ""
	date_link: str = ""


def _vouchers(document_type: str, date_field: str = "posting_date") -> Preset:
	return Preset(
		key=f"voucher {document_type}",
		title=_("Vouchers: {0}"),
		document_type=document_type,
		date_field=date_field,
		years=6,
		statute=VOUCHERS,
		reckoning=Reckoning.FISCAL_CALENDAR_YEAR,
		filters=[["docstatus", "!=", 0]],
	)


def _books(document_type: str, date_field: str = "posting_date") -> Preset:
	return Preset(
		key=f"books {document_type}",
		title=_("Books: {0}"),
		document_type=document_type,
		date_field=date_field,
		years=10,
		statute=BOOKS,
		reckoning=Reckoning.FISCAL_YEAR,
	)


def _hours(document_type: str, date_field: str, statute: str = WORKING_HOURS) -> Preset:
	return Preset(
		key=f"hours {document_type}",
		title=_("Working time: {0}"),
		document_type=document_type,
		date_field=date_field,
		years=2,
		statute=statute,
		reckoning=Reckoning.CALENDAR_YEAR,
	)


def _tickets(document_type: str) -> Preset:
	return Preset(
		key=f"tickets {document_type}",
		title=_("Closed tickets: {0}"),
		document_type=document_type,
		date_field="modified",
		years=3,
		statute=LIMITATION,
		kind=ERASE,
		ground=INTEREST,
		filters=[["status", "=", "Closed"]],
		action="Delete",
	)


PRESETS = (
	_vouchers("Sales Invoice"),
	_vouchers("Purchase Invoice"),
	_vouchers("Payment Entry"),
	_vouchers("Journal Entry"),
	_vouchers("Expense Claim"),
	_vouchers("Salary Slip", "end_date"),
	_books("GL Entry"),
	_books("Payment Ledger Entry"),
	_books("Period Closing Voucher", "period_end_date"),
	Preset(
		key="money laundering",
		title=_("Customer due diligence (for those whom the act obliges)"),
		document_type="Customer",
		date_field="posting_date",
		years=5,
		statute=_(
			"Act on preventing money laundering 444/2017, 3:3 §: five years from the end of the relationship"
		),
		date_in="Sales Invoice",
		date_link="customer",
	),
	Preset(
		key="employment",
		title=_("Employees: certificate of employment"),
		document_type="Employee",
		date_field="relieving_date",
		years=10,
		statute=_("Employment contracts act 55/2001, 6:7 §: asked for within ten years from the end"),
	),
	_hours("Timesheet", "end_date"),
	_hours("Attendance", "attendance_date"),
	_hours("Employee Checkin", "time"),
	_hours("Leave Application", "to_date", HOLIDAYS),
	Preset(
		key="recruitment",
		title=_("Job applicants"),
		document_type="Job Applicant",
		date_field="creation",
		years=2,
		statute=_("GDPR 5(1)(e); criminal code 39/1889, 8:1 and 47:3 §: discrimination at work, two years"),
		kind=ERASE,
		ground=INTEREST,
		action="Delete",
	),
	Preset(
		key="marketing",
		title=_("Leads that nothing came of"),
		document_type="Lead",
		date_field="modified",
		years=2,
		statute=_("GDPR 5(1)(e): no longer than marketing needs them"),
		kind=ERASE,
		ground=INTEREST,
		filters=[["status", "not in", ["Converted", "Do Not Contact"]]],
		action="Mark for Review",
	),
	_tickets("HD Ticket"),
	_tickets("Issue"),
	Preset(
		key="signatures",
		title=_("Evidence of signatures"),
		document_type="Signature Request",
		date_field="completed_on",
		years=10,
		statute=_("GDPR 17(3)(e): needed to establish and defend legal claims"),
		ground=INTEREST,
		filters=[["status", "=", "Completed"]],
	),
	Preset(
		key="versions",
		title=_("Versions of records"),
		document_type="Version",
		date_field="creation",
		years=3,
		statute=_("GDPR 5(1)(e): who changed what is needed as long as mistakes are put right"),
		kind=ERASE,
		ground=INTEREST,
		action="Delete",
	),
	Preset(
		key="deleted documents",
		title=_("Copies of deleted records"),
		document_type="Deleted Document",
		date_field="creation",
		years=1,
		statute=_("GDPR 5(1)(e): what was deleted can be restored for a year"),
		kind=ERASE,
		ground=INTEREST,
		action="Delete",
	),
)


@one_transaction
def add_usual_rules(company: str | None = None) -> list[str]:
	"""Add the presets that fit this site and are not there yet, disabled, with the caller's permission; their names.

	Never twice: a rule that people changed or disabled counts as there. `company` is put on those whose records say
	whose they are; rules that erase are for all companies.
	"""
	made = []
	for preset in PRESETS:
		# Rules that erase are for all companies.
		whose = company if preset.kind == KEEP else None
		key = f"{whose or ''}/{preset.key}"[:140]
		if not _fits(preset) or frappe.db.exists("Retention Rule", {"preset": key}):
			continue
		doc = frappe.get_doc(
			{
				"doctype": "Retention Rule",
				"title": frappe._(preset.title).format(frappe._(preset.document_type)),
				"kind": preset.kind,
				"enabled": 0,
				"only_company": whose,
				"document_type": preset.document_type,
				"filters_json": frappe.as_json([[preset.document_type, *row] for row in preset.filters]),
				"period_length": preset.years,
				"period_unit": "Years",
				"reckoning": preset.reckoning.value,
				"date_field": preset.date_field,
				"date_in": preset.date_in,
				"date_link": preset.date_link,
				"ground": preset.ground,
				"statute": frappe._(preset.statute),
				"action": preset.action,
				"preset": key,
			}
		)
		doc.flags.signflow = True
		doc.insert()
		made.append(doc.name)
	return made


def _fits(preset: Preset) -> bool:
	kinds = [preset.document_type, *([preset.date_in] if preset.date_in else [])]
	if not all(frappe.db.exists("DocType", kind) for kind in kinds):
		return False
	if preset.action == "Delete" and preset.document_type not in DELETABLE:
		return False
	meta = frappe.get_meta(preset.date_in or preset.document_type)
	return preset.date_field in ("creation", "modified") or bool(meta.get_field(preset.date_field))
