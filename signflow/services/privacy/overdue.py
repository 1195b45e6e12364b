"""Which records are past their time by a rule, and a first look at them."""

from datetime import date
from typing import Any

import frappe
from frappe.utils import add_to_date, getdate

from signflow.core.privacy.retention import ERASE, Reckoning, latest_over
from signflow.services.privacy.keeping import Keeping, dates_of, period_of
from signflow.signflow_privacy.record_filters import company_field, filters_of

BATCH = 100


def due_filters(rule: Any) -> list[list[Any]] | None:
	"""The filters of what may be past its time by `rule`, None if nothing can be."""
	doctype = rule.document_type
	filters = filters_of(doctype, rule.filters_json)
	if not rule.date_in:
		bound = latest_over(getdate(), Reckoning(rule.reckoning), period_of(rule))
		if bound is None:
			return None
		filters += [
			[doctype, rule.date_field, "is", "set"],
			[doctype, rule.date_field, "<", add_to_date(bound, days=1)],
		]
	whose = company_field(doctype)
	if rule.only_company:
		# Of what says not whose it is, nothing is one company's.
		if not whose:
			return None
		filters.append([doctype, whose, "=", rule.only_company])
	elif whose:
		own = frappe.get_all(
			"Retention Rule",
			filters={
				"enabled": 1,
				"kind": ERASE,
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
		count, last, keeping = 0, "", Keeping()
		while last is not None:
			over, last = due_names(rule, last, keeping)
			count += len(over)
		return count
	return len(set(frappe.get_all(rule.document_type, filters=filters, pluck="name", order_by="name asc")))


def due_names(rule: Any, after: str | None, keeping: Keeping) -> tuple[dict[Any, date], str | None]:
	"""The next records past their time by `rule` whose names come after `after`, each with the last day on which it was
	to be kept; and the name to go on from (None: the end).

	Looks at BATCH records, in the order of their names, which is the table's own.
	"""
	more = [[rule.document_type, "name", ">", after]] if after else []
	rows = _rows(rule, more, limit=BATCH)
	return _over(rule, rows, keeping), (str(rows[-1].name) if rows else None)


def due(rule: Any, names: list[Any], keeping: Keeping) -> dict[Any, date]:
	"""Those of `names` that fit the rule and are past their time, with the last day on which they were to be kept."""
	return _over(rule, _rows(rule, [[rule.document_type, "name", "in", names]]), keeping)


def _rows(rule: Any, more: list[list[Any]], **options: Any) -> list[Any]:
	filters = due_filters(rule)
	if filters is None:
		return []
	fields = {"name", company_field(rule.document_type), None if rule.date_in else rule.date_field} - {None}
	return frappe.get_all(
		rule.document_type,
		filters=[*filters, *more],
		fields=sorted(fields),
		order_by="name asc",
		distinct=True,
		**options,
	)


def _over(rule: Any, rows: list[Any], keeping: Keeping) -> dict[Any, date]:
	whose = company_field(rule.document_type)
	dates = dates_of(rule, [row.name for row in rows]) if rule.date_in and rows else {}
	found = {}
	for row in rows:
		day = dates.get(str(row.name)) if rule.date_in else getdate(row[rule.date_field])
		until = keeping.end_of(rule, day, whose and row[whose])
		if until and until < getdate():
			found[row.name] = until
	return found


def preview(rule: Any, most: int = 20) -> list[dict[str, Any]]:
	"""The first records that are past their time by `rule`: [{name, until, keeps}], `keeps` saying what protects each.

	Changes nothing and asks no permission.
	"""
	found: list[dict[str, Any]] = []
	last: str | None = ""
	keeping = Keeping()
	while last is not None and len(found) < most:
		over, last = due_names(rule, last, keeping)
		for name, until in list(over.items())[: most - len(found)]:
			found.append({"name": name, "until": until, "keeps": keeping.of(rule.document_type, name)})
	return found
