"""Who may withdraw from what, and until when: which signed contract a statement is about, the period, the link to it.

The period is that of directive 2011/83/EU, article 9: from the day after the contract was concluded, here the day on
which the last of its parties has signed.
"""

import re
from datetime import date
from typing import Any
from urllib.parse import quote

import frappe
from frappe import _
from frappe.utils import cint, getdate, now_datetime

from signflow.core.flow.notice import withdrawal_ends_on
from signflow.services.times import holidays_of

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{5,139}")


def match(reference: str, email: str, stated_on: date) -> dict[str, Any]:
	"""The fields of a Contract Withdrawal that say which contract it is about, as far as reference and mail agree.

	A signer's own address is needed for a match: numbers alone can be guessed.
	"""
	mine = frappe.get_all(
		"Signature Request Signer",
		filters={"email": ["in", sorted({email, email.lower()})], "status": "Signed"},
		fields=["request", "signed_on"],
		order_by="signed_on desc",
		limit=200,
	)
	signed = {row.request: row.signed_on for row in reversed(mine)}
	submissions = {
		row.request: row
		for row in frappe.get_all(
			"Form Submission",
			filters={"request": ["in", list(signed) or [""]]},
			fields=["name", "form", "request", "contract", "customer", "withdraw_until", "status"],
			order_by="creation asc",
		)
	}
	abouts = {
		row.name: row
		for row in frappe.get_all(
			"Signature Request",
			filters={"name": ["in", list(signed) or [""]]},
			fields=["name", "reference_doctype", "reference_name", "customer"],
			order_by="name asc",
		)
	}
	words = {word.strip(".,;:()").upper() for word in _WORD.findall(reference)}
	named = []
	for request in signed:
		row = submissions.get(request)
		names = [request, *([row.name, row.contract] if row else [])]
		names.append(_contract_of(abouts.get(request)))
		if words & {str(one).upper() for one in names if one}:
			named.append(request)
	how = _("By the reference and the mail address")
	if not named:
		# Whoever made just one contract that can be withdrawn from need not know its number.
		open_ones = [
			request
			for request, row in submissions.items()
			if row.status != "Cancelled"
			and frappe.db.get_value("Signable Form", row.form, "consumer_contract")
		]
		named = open_ones if len(open_ones) == 1 else []
		how = _("By the mail address: it is this person's only contract with a period of withdrawal")
	if len(named) != 1:
		return {"status": "New"}
	request, row = named[0], submissions.get(named[0])
	until = _until(signed_on=signed[request], submission=row)
	about = abouts.get(request)
	return {
		"status": "Matched",
		"request": request,
		"submission": row.name if row else None,
		"contract": (row.contract if row else None) or _contract_of(about),
		"customer": (row.customer if row else None) or (about and about.customer),
		"withdraw_until": until,
		"timeliness": ("In Time" if stated_on <= until else "Too Late") if until else "",
		"match_note": how,
	}


def _contract_of(about: Any) -> str | None:
	return about.reference_name if about and about.reference_doctype == "Contract" else None


def last_day(concluded: date, days: int, company: str | None) -> date:
	"""The last day of withdrawal from a contract concluded on `concluded`, by the holidays of the company's country."""
	return withdrawal_ends_on(concluded, days, holidays_of(company))


def _until(*, signed_on: Any, submission: Any) -> date | None:
	if not submission:
		return None
	# Where somebody signed after the consumer, the contract is concluded only then.
	concluded = frappe.db.get_value("Signature Request", submission.request, "completed_on") or signed_on
	form = frappe.db.get_value(
		"Signable Form", submission.form, ["consumer_contract", "withdrawal_days", "company"], as_dict=True
	)
	if not form or not form.consumer_contract:
		return None
	until = last_day(getdate(concluded), cint(form.withdrawal_days) or 14, form.company)
	return max(until, getdate(submission.withdraw_until)) if submission.withdraw_until else until


def withdrawal_link(request: Any) -> str | None:
	"""The address, below the site's, at which the signer of `request` withdraws; None when there is no such right (now).

	`request` is a Signature Request (its document). For the copies' mail and the page's outcome.
	"""
	submission = frappe.db.get_value(
		"Form Submission",
		{"request": request.name},
		["name", "form", "request", "withdraw_until", "status"],
		as_dict=True,
	)
	if not submission or submission.status == "Cancelled":
		return None
	until = _until(signed_on=request.completed_on or now_datetime(), submission=submission)
	if not until or getdate() > until:
		return None
	return f"/withdraw?lang={request.language or 'fi'}&ref={quote(request.name)}"
