"""ERPNext's Subscription as an agreement that can be ended (hook signflow_terminable_agreements).

What ERPNext 15.90 does, and why the end is ours to time: `cancel_at_period_end` without an end date cancels at the next
day's processing, whatever the period, and the status then returns to Active; a prepaid subscription with an `end_date`
is billed once more on that day, since its next period "ends" then; and an end date within the present period does not
shorten it, as that period's end is reckoned already. So neither is set: the subscription is cancelled by ERPNext's own `cancel_subscription` on its last day, which
also makes the last invoice of one that is billed afterwards.
"""

from datetime import date, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import formatdate, getdate

from signflow.core.flow.notice import Billing
from signflow.services.agreements import Agreement

CLOSED = ("Cancelled", "Completed")
AHEAD = "Days before the current subscription period"
PREPAID = ("Beginning of the current subscription period", AHEAD)


def of_customers(customers: list[str]) -> list[str]:
	"""Names of these customers' subscriptions that are neither cancelled nor completed."""
	return frappe.get_all(
		"Subscription",
		filters={"party_type": "Customer", "party": ["in", customers], "status": ["not in", CLOSED]},
		pluck="name",
		order_by="creation asc",
	)


def read(name: str) -> Agreement:
	"""The subscription `name`."""
	doc = frappe.get_doc("Subscription", name)
	plans = list(dict.fromkeys(row.plan for row in doc.plans))
	return Agreement(
		doctype="Subscription",
		name=name,
		title=", ".join(plans) or name,
		customer=doc.party,
		company=doc.company,
		starts_on=getdate(doc.start_date) if doc.start_date else None,
		fixed_end=getdate(doc.end_date) if doc.end_date else None,
		billing=_billing(doc),
		made_from=tuple(("Subscription Plan", plan) for plan in plans),
	)


def _billing(doc: Any) -> Billing | None:
	if not doc.current_invoice_end or not doc.plans:
		return None
	plan = frappe.db.get_value(
		"Subscription Plan", doc.plans[0].plan, ["billing_interval", "billing_interval_count"], as_dict=True
	)
	count = (plan and plan.billing_interval_count) or 0
	length = {
		"Day": {"days": count},
		"Week": {"days": 7 * count},
		"Month": {"months": count},
		"Year": {"months": 12 * count},
	}.get(plan.billing_interval if plan else "", {})
	start = getdate(doc.current_invoice_start) if doc.current_invoice_start else None
	# Once the present period is billed, ERPNext keeps the next one here.
	ahead = start and start > getdate()
	return Billing(start - timedelta(days=1) if ahead else getdate(doc.current_invoice_end), **length)


def act_on(name: str, ends_on: date) -> date:
	"""Its last day; of one that is billed some days ahead, the day before a period after the end would be billed."""
	doc = frappe.get_doc("Subscription", name)
	billing = _billing(doc)
	if doc.generate_invoice_at != AHEAD or not billing:
		return ends_on
	return min(ends_on, billing.end_after(ends_on) - timedelta(days=doc.number_of_days or 0))


def announce(name: str, ends_on: date) -> None:
	"""Say on the subscription's timeline when it ends."""
	frappe.get_doc("Subscription", name).add_comment(
		"Info", _("Notice was given. The subscription ends with {0}.").format(formatdate(ends_on))
	)


def end(name: str, ends_on: date) -> date | None:
	"""Cancel the subscription. Later than its last day no invoice is made: it would bill the days after the end.

	Before its last day only where all days up to it are billed; else that day is answered.
	"""
	doc = frappe.get_doc("Subscription", name, for_update=True)
	if doc.status in CLOSED:
		return None
	billed = doc.current_invoice_start and getdate(doc.current_invoice_start) > ends_on
	if getdate() < ends_on and not billed:
		return ends_on
	doc.flags.ignore_permissions = True
	if ends_on >= getdate() and hasattr(doc, "cancel_subscription"):
		# ERPNext 15 compares this day with today's as texts, which is what a form sends; a stored day is none.
		doc.current_invoice_start = doc.current_invoice_start and str(doc.current_invoice_start)
		doc.cancel_subscription()
	else:
		_stop(doc)
	return None


def undo(name: str) -> None:
	"""Cancel the subscription without a last invoice."""
	doc = frappe.get_doc("Subscription", name, for_update=True)
	if doc.status not in CLOSED:
		_stop(doc)


def _stop(doc: Any) -> None:
	doc.update({"status": "Cancelled", "cancelation_date": getdate()})
	doc.save(ignore_permissions=True)


def left_to_do(name: str, ends_on: date) -> list[str]:
	"""The last invoice, and invoices that reach beyond the end."""
	beyond = frappe.get_all(
		"Sales Invoice",
		filters={"subscription": name, "docstatus": ["<", 2], "to_date": [">", ends_on]},
		pluck="name",
		order_by="from_date asc",
	)
	lines = [_("Check the last invoice of {0}.").format(name)]
	if beyond:
		lines.append(_("Billed beyond the end, perhaps to be credited: {0}").format(", ".join(beyond)))
	return lines
