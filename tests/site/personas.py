"""Asking a site in the name of each persona: what the tables of permissions have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import frappe
import requests
from house import House, as_program

PERSONAS = ("manager", "owner", "colleague", "outsider", "operator", "guest")
NOBODY = dict.fromkeys(PERSONAS, "")


@dataclass
class Asking:
	"""A house whose records the personas ask for; `records` are their names by (DocType, state)."""

	house: House
	PRINT = "frappe.www.printview.get_html_and_style"

	people: dict[str, requests.Session] = field(default_factory=dict)
	records: dict[tuple[str, str], str] = field(default_factory=dict)

	def log_in(self) -> None:
		"""A session for each persona, and for Administrator."""
		self.people = {name: as_program(self.house.web, self.house.users.get(name)) for name in PERSONAS}
		self.people["Administrator"] = as_program(self.house.web, "Administrator")

	def url(self, doctype: str, name: str = "") -> str:
		return f"{self.house.web}/api/resource/{doctype}" + (f"/{name}" if name else "")

	def call(self, persona: str, method: str, **values: Any) -> requests.Response:
		return self.people[persona].post(f"{self.house.web}/api/method/{method}", json=values, timeout=30)

	def stored(self, doctype: str, name: str) -> dict[str, Any]:
		frappe.db.rollback()
		if doctype == "Signflow Settings":
			return frappe.db.get_singles_dict(doctype)
		row = frappe.db.get_value(doctype, name, "*", as_dict=True)
		return {key: value for key, value in (row or {}).items() if key not in ("modified", "modified_by")}

	def holds(
		self,
		doctype: str,
		name: str,
		expected: dict[str, str],
		change: dict[str, Any],
		a_copy: Callable[[], str] | None = None,
	) -> None:
		"""Each persona reads, changes and deletes the record where `expected` has r, w, d, and nobody else does.

		What may be deleted is a copy that `a_copy` makes; without it nothing is.
		"""
		url = self.url(doctype, name)
		for persona, allowed in expected.items():
			browser = self.people[persona]
			read = browser.get(url, timeout=30)
			assert (read.status_code == 200) == ("r" in allowed), (persona, read.status_code, read.text[:300])
			if "r" not in allowed:
				assert read.status_code in (401, 403, 404), (persona, read.status_code)
			before = self.stored(doctype, name)
			written = browser.put(url, json=change, timeout=30)
			assert (written.status_code == 200) == ("w" in allowed), (
				persona,
				written.status_code,
				written.text[:300],
			)
			if "w" not in allowed:
				assert written.status_code < 500, (persona, written.text[:500])
				assert self.stored(doctype, name) == before, persona
			if "d" not in allowed:
				kept = browser.delete(url, timeout=30)
				assert 400 <= kept.status_code < 500, (persona, kept.status_code, kept.text[:300])
				assert self.stored(doctype, name), f"deleted by {persona} after all"
			elif a_copy:
				gone = browser.delete(self.url(doctype, a_copy()), timeout=30)
				assert gone.status_code in (200, 202), (persona, gone.text[:300])

	def prints(self, persona: str, doctype: str, name: str) -> list[requests.Response]:
		"""What each way of printing answers."""
		page = {"doctype": doctype, "name": name}
		style = {"doc": doctype, "name": name}
		return [
			self.people[persona].get(f"{self.house.web}/printview", params=page, timeout=30),
			self.call(persona, self.PRINT, **style),
			self.call(persona, "frappe.utils.print_format.download_pdf", **page),
		]

	def names(self, persona: str, doctype: str, parent: str | None = None) -> dict[str, set[str]]:
		"""What each way of listing answers, as a set of names; a refusal counts as none."""
		listed = {"doctype": doctype, "fields": ["name"], "limit_page_length": 0, "parent": parent}
		answers = {
			"resource": self.people[persona].get(
				self.url(doctype),
				params={"fields": '["name"]', "limit_page_length": 0, "parent": parent},
				timeout=30,
			),
			"client": self.call(persona, "frappe.client.get_list", **listed),
			"report view": self.call(
				persona,
				"frappe.desk.reportview.get",
				doctype=doctype,
				fields=[f"`tab{doctype}`.`name`"],
				start=0,
				page_length=100000,
				parent_doctype=parent,
			),
			"link search": self.call(
				persona, "frappe.desk.search.search_link", doctype=doctype, txt="", page_length=100000
			),
		}
		return {way: _named(answer) for way, answer in answers.items()}


def _named(answer: requests.Response) -> set[str]:
	assert answer.status_code < 500, answer.text[:500]
	if answer.status_code != 200:
		return set()
	body = answer.json()
	rows = body.get("data", body.get("message", body.get("results"))) or []
	if isinstance(rows, dict):
		return {row[rows["keys"].index("name")] for row in rows["values"]}
	return {row.get("name") or row.get("value") for row in rows}
