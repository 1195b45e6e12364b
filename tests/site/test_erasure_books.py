"""A customer is erased and the books stay right: every sum, every docstatus, and what comes after.

On a real ERPNext with its ledger, reports and credit notes; on the stand-ins, which keep no books, with documents alone.
"""

from typing import Any

import frappe
import pytest
from bookkeeping import LEDGERS, Client, balances, books, has_ledger, reports
from erasing import a_request, approved, carried_out, decide_all, lines_of, officers
from house import House, for_writing
from retention_stage import a_hold, a_keeping_rule, worker_rests
from stage import eventually

from signflow.services.erasure import planning, proving


class Buyer(Client):
	"""A planted customer: invoices paid, unpaid, cancelled and amended, kept and held; goods and a booking by hand."""

	def buys(self) -> "Buyer":
		for_writing()
		self.paid = self.invoice(124.0)
		self.pays(self.paid, 100.0)
		self.unpaid = self.invoice(50.0)
		self.cancelled = self.invoice(70.0)
		self.amended = self.cancels_and_amends(self.cancelled)
		self.kept = self.invoice(31.0, po_no=self.house.key)
		self.held = self.invoice(32.0)
		self.order(15.0)
		if has_ledger():
			self.is_booked_by_hand(9.0)
			self.gets_goods(45.0)
		frappe.db.commit()
		a_keeping_rule(
			"Sales Invoice",
			date_field="posting_date",
			filters_json=frappe.as_json([["Sales Invoice", "po_no", "=", self.house.key]]),
		)
		a_hold(
			"Sales Invoice", self.held.name, title="The accountant asks for it", reason="Audit of the year"
		)
		return self


class Namesake(Client):
	"""Somebody else of the same name: ERPNext calls the Customer by the name and a number."""

	def buys(self) -> "Namesake":
		for_writing()
		self.pays(self.invoice(200.0), 80.0)
		if has_ledger():
			self.is_booked_by_hand(3.0)
		frappe.db.commit()
		return self

	def rows(self) -> dict[str, list[tuple]]:
		"""All columns of all rows that are his."""
		frappe.db.rollback()
		found = {
			doctype: frappe.db.sql(f"select * from `tab{doctype}` where name = %s", (name,))
			for doctype, name in (("Customer", self.customer), ("Contact", self.contact))
		}
		child = "select * from `tab{0}` where parent = %s order by name"
		for table in ("Contact Email", "Dynamic Link"):
			found[table] = frappe.db.sql(child.format(table), (self.contact,))
		for doctype, names in self.documents.items():
			found[doctype] = frappe.db.sql(
				f"select * from `tab{doctype}` where name in %s order by name", (tuple(names),)
			)
			for ledger in LEDGERS if has_ledger() else ():
				query = f"select * from `tab{ledger}` where voucher_no in %s order by name"
				found[f"{ledger} of {doctype}"] = frappe.db.sql(query, (tuple(names),))
			for one in frappe.get_meta(doctype).get_table_fields():
				query = f"select * from `tab{one.options}` where parent in %s order by name"
				found[one.options] = frappe.db.sql(query, (tuple(names),))
		return found


@pytest.fixture(scope="module")
def told(kept_house: House) -> dict[str, Any]:
	"""She is erased; the books before and after."""
	frappe.set_user("Administrator")
	key = kept_house.key
	she = Buyer(kept_house, "Liisa", f"liisa.{key}@posti.example").moves_in().buys()
	namesake = Namesake(kept_house, "Liisa", f"toinen.{key}@muu.example").moves_in().buys()
	made, approver = officers(kept_house)
	eventually(worker_rests, "nothing is at work")
	told = {"she": she, "namesake": namesake, "rows": namesake.rows(), "books": books()}
	told |= {"balances": balances(), "reports": reports(kept_house.company)}
	if has_ledger():
		assert all(told["reports"].values()) and told["balances"]["party"][she.customer]
		assert {"Delivery Note", "Journal Entry", "Payment Entry"} < told["she"].documents.keys()
	request = a_request(kept_house, ("Contact", she.contact), ("Customer", she.customer))
	frappe.set_user(made)
	plan = decide_all(planning.plan_erasure(request), made)
	approved(plan, approver)
	carried_out(plan)
	told["plan"] = plan
	told["neutral"] = frappe.db.get_value("Erasure Plan", plan, "neutral_name")
	return told


def test_every_sum_and_state_is_as_it_was(told: dict[str, Any]) -> None:
	she, neutral = told["she"], told["neutral"]
	now_called = frappe.db.get_value("Sales Invoice", she.unpaid.name, "customer")
	assert books({now_called: she.customer}) == told["books"]
	before, after = told["balances"], balances()
	assert after["account"] == before["account"] and after["voucher"] == before["voucher"]
	assert not has_ledger() or all(not cents for cents in after["voucher"].values())
	assert after["party"] == {
		(now_called if party == she.customer else party): cents for party, cents in before["party"].items()
	}
	assert reports(she.house.company) == told["reports"]
	assert frappe.db.get_value("Customer", now_called, "customer_name").startswith(neutral)


def test_the_ledger_names_her_no_more(told: dict[str, Any]) -> None:
	she = told["she"]
	proof = proving.prove(she.words(), backups=False)
	assert not proof.left, proof.left
	kept = {place.record for place in proof.kept}
	assert {she.kept.name, she.held.name} <= kept
	for doctype in ("GL Entry", "Payment Ledger Entry"):
		if has_ledger():
			assert not frappe.db.count(doctype, {"party": she.customer})
			assert frappe.db.count(doctype, {"party": ["like", f"{told['neutral']}%"]})


def test_his_rows_are_bit_for_bit_the_same(told: dict[str, Any]) -> None:
	now = told["namesake"].rows()
	changed = {table for table, rows in told["rows"].items() if rows != now[table]}
	assert not changed, [(told["rows"][table], now[table]) for table in changed]


def test_what_is_kept_says_what_it_said(told: dict[str, Any]) -> None:
	she = told["she"]
	for doc in (she.kept, she.held):
		stored = frappe.db.get_value(
			"Sales Invoice", doc.name, ["customer_name", "contact_email", "docstatus", "grand_total"]
		)
		assert stored == (she.name, she.mail, 1, doc.grand_total)
	kept = {line.record_name: line for line in lines_of(told["plan"], action="Keep")}
	assert kept[she.kept.name].keep_until and kept[she.held.name].keep_until is None


def test_business_goes_on_with_the_masked_customer(told: dict[str, Any]) -> None:
	"""ERPNext itself reads, credits and cancels what was masked; the stand-ins have no such code."""
	she = told["she"]
	doc = frappe.get_doc("Sales Invoice", she.unpaid.name)
	assert doc.customer.startswith(told["neutral"])
	belongs = {"parenttype": "Contact", "link_doctype": "Customer", "link_name": doc.customer}
	assert frappe.get_all("Dynamic Link", belongs, pluck="parent", order_by="name asc") == [
		doc.contact_person
	]
	if not has_ledger():
		return
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	for_writing()
	before = balances()
	note = make_sales_return(doc.name)
	note.insert(ignore_permissions=True)
	note.submit()
	frappe.db.commit()
	after = balances()
	assert after["party"][doc.customer] == before["party"][doc.customer] - 5000
	assert not after["voucher"][note.name]
	# And back again; then an invoice that was masked is cancelled.
	frappe.get_doc("Sales Invoice", note.name).cancel()
	frappe.get_doc("Sales Invoice", she.amended.name).cancel()
	frappe.db.commit()
	assert balances()["party"][doc.customer] == before["party"][doc.customer] - 7000
	proof = proving.prove(she.words(), backups=False)
	assert not proof.left, proof.left
