"""Line and grand totals without taxes and currencies: enough for a document that is printed and signed."""

import frappe
from frappe.utils import flt


def fill(doc) -> None:
	"""Fill `doc` (Quotation, Sales Order, Sales Invoice): the lines from their Items, then the sums."""
	doc.currency = doc.currency or frappe.get_cached_value("Company", doc.company, "default_currency")
	for line in doc.items:
		_from_item(line)
		line.amount = flt(line.qty) * flt(line.rate)
		if doc.doctype == "Sales Invoice":
			line.base_rate, line.base_amount = line.rate, line.amount
	doc.total_qty = sum(flt(line.qty) for line in doc.items)
	total = sum(line.amount for line in doc.items)
	for field in (
		"total",
		"net_total",
		"base_net_total",
		"grand_total",
		"base_grand_total",
		"rounded_total",
		"base_rounded_total",
	):
		if doc.meta.has_field(field):
			doc.set(field, total)


def _from_item(line) -> None:
	item = frappe._dict()
	if line.item_code:
		item = frappe.get_cached_value(
			"Item", line.item_code, ["item_name", "stock_uom", "description"], True
		)
	line.item_name = line.item_name or item.item_name or line.item_code
	line.description = line.description or item.description or line.item_name
	line.uom = line.uom or item.stock_uom
