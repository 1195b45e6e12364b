"""ERPNext's SMS Center keeps to what people said: whom marketing by text message may not reach is left out of its list.

ERPNext makes a list of receivers and sends to it, saving nothing between. The list is thinned out when it is made (Frappe
calls the doc_events of every method after it), when it is saved, and before it is sent: people speak up meanwhile, and
staff type numbers themselves. How many were left out and why is told after ERPNext has asked for permission. A list of
employees is no marketing.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr, escape_html

from signflow.core.privacy import persons
from signflow.core.privacy.marketing import Rule
from signflow.integrations.erpnext.mailing_lists import companies_for
from signflow.services.privacy import marketing
from signflow.services.privacy.consents import Person
from signflow.services.privacy.matching import chunks

SMS_CENTER = "SMS Center"
STAFF = ("All Employee (Active)", "All Sales Person")
NUMBERS = (("Contact", "mobile_no"), ("Contact", "phone"), ("Lead", "mobile_no"), ("Lead", "phone"))


def thin_out(doc: Any, method: str | None = None) -> None:
	"""Leave out of a list whom it may not reach, and say so (SMS Center create_receiver_list and validate)."""
	doc.receiver_list, left_out = _thinned(doc.send_to, doc.receiver_list)
	_tell(left_out)


def before_sending() -> None:
	"""Leave out of the list that Desk is about to send to whom it may not reach (hook before_request).

	Says nothing yet: who calls has not been asked for his permission.
	"""
	given = frappe.local.form_dict
	if given.get("method") != "send_sms" or not given.get("docs"):
		return
	doc = frappe.parse_json(given["docs"])
	if isinstance(doc, dict) and doc.get("doctype") == SMS_CENTER:
		doc["receiver_list"], left_out = _thinned(doc.get("send_to"), doc.get("receiver_list"))
		given["docs"] = frappe.as_json(doc)
		frappe.flags.signflow_left_out = left_out


def tell_left_out(doc: Any, method: str | None = None) -> None:
	"""Say how many a message that was sent did not go to (SMS Center send_sms)."""
	_tell(frappe.flags.pop("signflow_left_out", None))


def _tell(left_out: Counter[Rule] | None) -> None:
	if not left_out:
		return
	texts = marketing.rule_texts()
	reasons = "".join(
		f"<li>{escape_html(texts[rule.value])}: {number}</li>" for rule, number in left_out.most_common()
	)
	said = _("Receivers left out, whom marketing by text message may not reach: {0}")
	frappe.msgprint(
		f"{said.format(left_out.total())}<ul>{reasons}</ul>", title=_("Left Out"), indicator="orange"
	)


def _thinned(send_to: str | None, receivers: str | None) -> tuple[str, Counter[Rule]]:
	"""The lines of a list that marketing may reach, and by which rule how many others may not be reached."""
	lines = [line for line in cstr(receivers).split("\n") if line.strip()]
	left_out: Counter[Rule] = Counter()
	if send_to in STAFF or not lines:
		return cstr(receivers), left_out
	# ERPNext sends to one number of a line; where somebody wrote two, both have to be allowed.
	numbers_of = {line: persons.phones_in(line) for line in lines}
	forbidden = _forbidden({number for numbers in numbers_of.values() for number in numbers})
	kept = []
	for line in lines:
		rules = [forbidden[number] for number in sorted(numbers_of[line]) if number in forbidden]
		if rules:
			left_out[rules[0]] += 1
		else:
			kept.append(f"{line}\n")
	return "".join(kept), left_out


def _forbidden(numbers: set[str]) -> dict[str, Rule]:
	"""Which numbers (E.164) marketing may not reach, each with the rule. One that several share needs all of them."""
	of = companies_for(frappe.session.user)
	behind = _people_with(numbers)
	people = list({person: None for found in behind.values() for person in found})
	found: dict[str, Rule] = {}
	for start in range(0, len(people) + 1, marketing.AT_ONCE):
		some = people[start : start + marketing.AT_ONCE]
		known = marketing.Known(some)
		rules = {person: rule for person in some if (rule := _rule_against(known, person, of))}
		for number, persons_there in behind.items():
			for person in persons_there:
				if person in rules:
					found.setdefault(number, rules[person])
		if not start:
			nobody = _rule_against(known, Person(), of)
			found |= {number: nobody for number in numbers if nobody and not behind.get(number)}
	return found


def _rule_against(known: marketing.Known, person: Person, of: Sequence[str]) -> Rule | None:
	for company in of:
		if not known.may_be_reached(person, company, "SMS"):
			return known.state(person, company, "SMS").rule
	return None


def _people_with(numbers: set[str]) -> dict[str, list[Person]]:
	"""The Contacts and Leads who have one of the numbers (E.164), however it is written there."""
	ends = {number[-7:] for number in numbers}
	names: dict[tuple[str, str], set[str]] = defaultdict(set)
	for doctype, parent, column in _columns():
		for name, written in (
			frappe.qb.from_(column.table)
			.select(parent, column)
			.where(column.isnotnull() & (column != ""))
			.orderby(parent)
			.run()
		):
			# Reading a number takes time: only those that end as one of ours are read.
			if re.sub(r"\D", "", written)[-7:] in ends and (number := persons.phone_of(written)) in numbers:
				names[doctype, name].add(number)
	found: dict[str, list[Person]] = defaultdict(list)
	for doctype in ("Contact", "Lead"):
		for some in chunks({name for kind, name in names if kind == doctype}):
			for person in marketing.people_named(doctype, some):
				for number in names[doctype, person.party]:
					found[number].append(person)
	return found


def _columns() -> list[tuple[str, Any, Any]]:
	tables = {name: frappe.qb.DocType(name) for name in ("Contact", "Lead", "Contact Phone")}
	rows = tables["Contact Phone"]
	found = [(doctype, tables[doctype].name, tables[doctype][field]) for doctype, field in NUMBERS]
	return [*found, ("Contact", rows.parent, rows.phone)]
