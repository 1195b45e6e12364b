"""A person who is a customer, with her documents and ledger: by ERPNext's own code where it is there.

The stand-ins have documents and no ledger behind them: there `has_ledger()` is False, documents are rows with totals, and
entries of the general ledger, payments and stock, reports and credit notes are made and looked at on a real ERPNext only.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe.utils import add_days, getdate
from house import House, _groups, a_contact, for_writing

from signflow.core.erasure.masking import Words

LEDGERS = ("GL Entry", "Payment Ledger Entry", "Stock Ledger Entry")
# What bookkeeping stands on. Whose it is is compared apart.
MONEY = {
	"GL Entry": (
		*("account", "party_type", "party", "debit", "credit", "voucher_type", "voucher_no", "is_cancelled"),
		*("against_voucher_type", "against_voucher", "posting_date", "cost_center"),
	),
	"Payment Ledger Entry": (
		*("account", "party_type", "party", "amount", "voucher_type", "voucher_no", "delinked"),
		*("against_voucher_type", "against_voucher_no", "posting_date", "due_date"),
	),
	"Stock Ledger Entry": (
		*("item_code", "warehouse", "actual_qty", "stock_value", "stock_value_difference", "voucher_no"),
		*("qty_after_transaction", "is_cancelled", "posting_date"),
	),
	"Sales Invoice": ("customer", "docstatus", "grand_total", "outstanding_amount", "status", "debit_to"),
	"Payment Entry": ("party_type", "party", "docstatus", "paid_amount", "unallocated_amount"),
	"Journal Entry": ("docstatus", "total_debit", "total_credit"),
	"Sales Order": ("customer", "docstatus", "grand_total", "per_billed", "per_delivered", "status"),
	"Delivery Note": ("customer", "docstatus", "grand_total", "per_billed", "status"),
}


def has_ledger() -> bool:
	"""Whether this site's ERPNext keeps books: the stand-ins do not."""
	return bool(frappe.db.table_exists("Account") and frappe.db.table_exists("GL Entry"))


@dataclass
class Client:
	"""A person who buys: Customer and Contact of her name, documents by kind."""

	house: House
	first: str
	mail: str
	documents: dict[str, list[str]] = field(default_factory=dict)

	def __post_init__(self) -> None:
		self.name = f"{self.first} Lasku{self.house.key}"

	def moves_in(self) -> "Client":
		for_writing()
		self.customer = self.house._insert(
			"Customer", customer_name=self.name, customer_type="Individual", **_groups()
		).name
		self.contact = a_contact(self.first, f"Lasku{self.house.key}", self.mail, ("Customer", self.customer))
		frappe.db.commit()
		return self

	def words(self) -> Words:
		return Words(frozenset({self.mail}), frozenset(), frozenset({self.name}))

	# Documents

	def invoice(self, amount: float, **values: Any) -> Any:
		doc = self._document("Sales Invoice", amount, posting_date=getdate(), due_date=getdate(), **values)
		return self._submitted(doc, outstanding_amount=amount, remarks=f"Rent of {self.name}")

	def order(self, amount: float, item: str | None = None) -> Any:
		doc = self._document(
			"Sales Order", amount, item, transaction_date=getdate(), delivery_date=add_days(getdate(), 5)
		)
		return self._submitted(doc)

	def _document(self, doctype: str, amount: float, item: str | None = None, **values: Any) -> Any:
		line = {"item_code": item or an_item(), "qty": 1, "rate": amount}
		if doctype == "Sales Order":
			line["delivery_date"] = values["delivery_date"]
		doc = frappe.get_doc(
			{
				"doctype": doctype,
				"company": self.house.company,
				"customer": self.customer,
				"customer_name": self.name,
				"contact_person": self.contact,
				"contact_email": self.mail,
				"contact_display": self.name,
				"items": [line] if has_ledger() else [],
				**values,
			}
		)
		if not has_ledger():
			doc.grand_total = amount
		return doc

	def _submitted(self, doc: Any, **of_stand_in: Any) -> Any:
		if has_ledger():
			doc.insert(ignore_permissions=True)
			doc.submit()
		else:
			doc.update(of_stand_in)
			doc.docstatus, doc.name = 1, f"{doc.doctype[:2]}-{frappe.generate_hash(length=10)}"
			doc.db_insert()
		return self._noted(doc)

	def _noted(self, doc: Any) -> Any:
		self.documents.setdefault(doc.doctype, []).append(doc.name)
		return doc

	def pays(self, invoice: Any, amount: float) -> Any:
		if not has_ledger():
			doc = frappe.get_doc(
				{"doctype": "Payment Entry", "party_type": "Customer", "party": self.customer}
			)
			doc.update({"party_name": self.name, "paid_amount": amount, "company": self.house.company})
			return self._submitted(doc)
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		doc = get_payment_entry("Sales Invoice", invoice.name, party_amount=amount)
		doc.reference_no, doc.reference_date = f"Paid by {self.name}", getdate()
		return self._submitted(doc)

	def cancels_and_amends(self, invoice: Any) -> Any:
		"""A document cancelled, and the one that took its place."""
		if has_ledger():
			invoice = frappe.get_doc("Sales Invoice", invoice.name)
			invoice.cancel()
			amended = frappe.copy_doc(invoice)
			amended.amended_from, amended.docstatus = invoice.name, 0
			return self._submitted(amended)
		frappe.db.set_value("Sales Invoice", invoice.name, "docstatus", 2)
		doc = self._document("Sales Invoice", invoice.grand_total, amended_from=invoice.name)
		return self._submitted(doc, outstanding_amount=invoice.grand_total)

	def is_booked_by_hand(self, amount: float) -> Any:
		"""A Journal Entry that names her as party and in its words."""
		company = frappe.get_cached_doc("Company", self.house.company)
		doc = frappe.get_doc(
			{
				"doctype": "Journal Entry",
				"company": company.name,
				"posting_date": getdate(),
				"user_remark": f"Reminder fee of {self.name}",
				"accounts": [
					{
						"account": company.default_receivable_account,
						"party_type": "Customer",
						"party": self.customer,
						"debit_in_account_currency": amount,
					},
					{
						"account": company.default_income_account,
						"credit_in_account_currency": amount,
						"cost_center": company.cost_center,
					},
				],
			}
		)
		return self._submitted(doc)

	def gets_goods(self, amount: float) -> Any:
		"""Ordered, delivered from stock, invoiced."""
		from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
		from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice

		order = self.order(amount, goods(self.house.company))
		note = make_delivery_note(order.name)
		note = self._submitted(note)
		return self._submitted(make_sales_invoice(note.name))


def an_item() -> str:
	"""A service that is sold."""
	return _item("Signflow service", is_stock_item=0)


def _item(code: str, **values: Any) -> str:
	if not frappe.db.exists("Item", code):
		groups = frappe.get_all("Item Group", {"is_group": 0}, pluck="name", order_by="name asc", limit=1)
		doc = {"doctype": "Item", "item_code": code, "item_name": code, "stock_uom": "Nos", **values}
		frappe.get_doc({**doc, "item_group": groups[0]}).insert(ignore_permissions=True)
	return code


def goods(company: str) -> str:
	"""Something in stock."""
	code = _item("Signflow goods", is_stock_item=1)
	warehouse = frappe.get_all(
		"Warehouse",
		{"company": company, "is_group": 0, "warehouse_name": "Stores"},
		pluck="name",
		order_by="name asc",
	)[0]
	receipt = frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Receipt",
			"company": company,
			"items": [{"item_code": code, "qty": 5, "basic_rate": 30, "t_warehouse": warehouse}],
		}
	)
	receipt.insert(ignore_permissions=True)
	receipt.submit()
	frappe.db.set_value("Item", code, "valuation_rate", 30)
	return code


# What the books say


def books(names: dict[str, str] | None = None) -> dict[str, Counter]:
	"""All rows of all ledgers and documents, as far as money goes; `names` turns today's names back into earlier ones."""
	frappe.db.rollback()
	found = {}
	for doctype, columns in MONEY.items():
		if not frappe.db.table_exists(doctype):
			continue
		present = [one for one in columns if one in frappe.db.get_table_columns(doctype)]
		rows = frappe.get_all(doctype, fields=["name", *present], order_by="name asc", as_list=True)
		found[doctype] = Counter(tuple(_named(value, names) for value in row) for row in rows)
	return found


def _named(value: Any, names: dict[str, str] | None) -> Any:
	return names.get(value, value) if names and isinstance(value, str) else value


def balances() -> dict[str, Counter]:
	"""The general ledger's balance by account, and by kind of party; empty on the stand-ins."""
	frappe.db.rollback()
	found: dict[str, Counter] = {"account": Counter(), "party": Counter(), "voucher": Counter()}
	if not has_ledger():
		return found
	fields = ["account", "party_type", "party", "voucher_no", "debit", "credit"]
	for row in frappe.get_all("GL Entry", {"is_cancelled": 0}, fields, order_by="name asc"):
		cents = round((row.debit - row.credit) * 100)
		found["account"][row.account] += cents
		found["voucher"][row.voucher_no] += cents
		if row.party:
			found["party"][row.party] += cents
	return found


def reports(company: str) -> dict[str, Any]:
	"""The sums of ERPNext's own reports, by Frappe's own way of running one; {} on the stand-ins."""
	if not has_ledger():
		return {}
	from frappe.desk.query_report import run

	year = frappe.get_all("Fiscal Year", ["name", "year_start_date", "year_end_date"], order_by="name desc")[
		0
	]
	between = {"company": company, "from_date": year.year_start_date, "to_date": year.year_end_date}
	asked = {
		"General Ledger": {**between, "group_by": "Group by Voucher (Consolidated)", "include_dimensions": 1},
		"Accounts Receivable": {
			"company": company,
			"report_date": year.year_end_date,
			"ageing_based_on": "Due Date",
			"range": "30, 60, 90, 120",
			"range1": 30,
			"range2": 60,
			"range3": 90,
			"range4": 120,
			"party_type": "Customer",
		},
		"Trial Balance": {**between, "fiscal_year": year.name, "show_zero_values": 1},
	}
	return {name: _sums(run(name, frappe._dict(filters))["result"]) for name, filters in asked.items()}


def _sums(rows: list[Any]) -> Any:
	"""Every row's numbers, in no order: names may sort otherwise."""
	found: Counter = Counter()
	for row in rows:
		values = row.values() if isinstance(row, dict) else row
		numbers = tuple(round(float(one), 2) for one in values if isinstance(one, int | float) and one)
		if numbers:
			found[numbers] += 1
	return found
