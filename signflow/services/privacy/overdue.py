"""Which records are past their time by a rule, and a first look at them."""

from datetime import date
from typing import Any

import frappe
from frappe.utils import add_to_date, getdate

from signflow.core.privacy.retention import Period, PeriodUnit, Reckoning, latest_over
from signflow.services.privacy.keeping import Keeping, dates_of
from signflow.signflow_privacy.record_filters import company_field, filters_of

BATCH = 100


def due_filters(rule: Any) -> list[list[Any]] | None:
	"""The filters of what may be past its time by `rule`, None if nothing can be."""
	doctype = rule.document_type
	filters = filters_of(doctype, rule.filters_json)
	if not rule.date_in:
		bound = latest_over(
			getdate(), Reckoning(rule.reckoning), Period(rule.period_length, PeriodUnit(rule.period_unit))
		)
		if bound is None:
			return None
		filters += [
			[doctype, rule.date_field, "is", "set"],
			[doctype, rule.date_field, "<", add_to_date(bound, days=1)],
		]
	whose = company_field(doctype)
	if rule.only_company:
		filters.append([doctype, whose, "=", rule.only_company])
	elif whose:
		own = frappe.get_all(
			"Retention Rule",
			filters={
				"enabled": 1,
				"kind": "Erase After",
				"document_type": doctype,
				"only_company": ["is", "set"],
			},
			pluck="only_company",
			order_by="name asc",
		)
		if own:
			filters.append([doctype, whose, "not in", sorted(set(own))])
	return filters


def count_due(rule: Any) -> int:
	"""How many records may be past their time by `rule`: by the dates alone, whatever else keeps them."""
	filters = due_filters(rule)
	if filters is None:
		return 0
	if rule.date_in or Reckoning(rule.reckoning).by_fiscal_year:
		count, last = 0, ""
		while last is not None:
			names, last = due_names(rule, last)
			count += len(names)
		return count
	return len(set(frappe.get_all(rule.document_type, filters=filters, pluck="name", order_by="name asc")))


def due_names(rule: Any, after: str | None) -> tuple[list[Any], str | None]:
	"""The next records past their time by `rule` whose names come after `after`, and the name to go on from (None: the
	end). Looks at BATCH records, in the order of their names, which is the table's own."""
	filters = due_filters(rule)
	if filters is None:
		return [], None
	if after:
		filters.append([rule.document_type, "name", ">", after])
	names = frappe.get_all(
		rule.document_type, filters=filters, pluck="name", order_by="name asc", limit=BATCH, distinct=True
	)
	if not names:
		return [], None
	over = due(rule, names, Keeping())
	return [name for name in names if str(name) in over], str(names[-1])


def due(rule: Any, names: list[Any], keeping: Keeping) -> dict[str, date]:
	"""Those of `names` that fit the rule and are past their time, with the last day on which they were to be kept."""
	filters = due_filters(rule)
	if filters is None:
		return {}
	doctype, whose = rule.document_type, company_field(rule.document_type)
	rows = frappe.get_all(
		doctype,
		filters=[*filters, [doctype, "name", "in", names]],
		fields=["name", *([whose] if whose else [])],
		order_by="name asc",
	)
	dates = dates_of(rule, [row.name for row in rows]) if rows else {}
	found = {}
	for row in rows:
		until = keeping.end_of(rule, dates.get(str(row.name)), whose and row[whose])
		if until and until < getdate():
			found[str(row.name)] = until
	return found


def preview(rule: Any, most: int = 20) -> list[dict[str, Any]]:
	"""The first records that are past their time by `rule`: [{name, until, keeps}], `keeps` saying what protects each.

	Changes nothing and asks no permission.
	"""
	found: list[dict[str, Any]] = []
	last: str | None = ""
	keeping = Keeping()
	while last is not None and len(found) < most:
		names, last = due_names(rule, last)
		over = due(rule, names, keeping) if names else {}
		for name in names[: most - len(found)]:
			found.append(
				{
					"name": name,
					"until": over[str(name)],
					"keeps": keeping.of(rule.document_type, name),
				}
			)
	return found
