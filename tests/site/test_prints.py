"""A record's print carries what stands on its pages as data, nothing else, and is PDF/A as far as its pages allow."""

import io
import json
from typing import Any

import frappe
import pikepdf
import pytest
from house import House
from test_records import PROSE, a_sales_order

from signflow.core.pdf.pdfa import broken_clauses
from signflow.services.printing import DATA_FILE, print_record

pytestmark = pytest.mark.timeout(300)


def data_of(pdf: bytes) -> dict[str, Any]:
	with pikepdf.open(io.BytesIO(pdf)) as opened:
		(associated,) = opened.Root.AF
		assert associated.AFRelationship == pikepdf.Name.Data and str(associated.UF) == DATA_FILE
		return json.loads(bytes(associated.EF.UF.read_bytes()))


def test_a_print_carries_what_it_says(house: House) -> None:
	order = a_sales_order(house)
	printed = print_record(order, None, "fi")
	record = data_of(printed)
	assert (record["doctype"], record["name"], record["language"]) == ("Sales Order", order.name, "fi")
	fields = record["fields"]
	assert fields["customer_name"] == order.customer_name and fields["grand_total"] == str(order.grand_total)
	(row,) = fields["items"]
	assert PROSE in row["description"] and float(row["rate"]) == 950
	with pikepdf.open(io.BytesIO(printed)) as pdf:
		assert str(pdf.Root.Lang) == "fi"
		claimed = pdf.open_metadata().pdfa_status
	assert (claimed == "3B") == (not broken_clauses(printed)) and broken_clauses(printed) == ()


def test_what_is_hidden_from_prints_is_not_in_their_data(
	house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
	order = a_sales_order(house)
	monkeypatch.setattr(order.meta.get_field("grand_total"), "print_hide", 1)
	fields = data_of(print_record(order, None, "en"))["fields"]
	assert "customer_name" in fields and "grand_total" not in fields


def test_a_value_that_the_print_leaves_out_is_not_in_its_data(house: House) -> None:
	name = "Signflow short order"
	if not frappe.db.exists("Print Format", name):
		frappe.get_doc(
			{
				"doctype": "Print Format",
				"name": name,
				"doc_type": "Sales Order",
				"custom_format": 1,
				"print_format_type": "Jinja",
				"standard": "No",
				"html": "<h1>{{ doc.name }}</h1><p>{{ doc.customer_name }}</p>",
			}
		).insert(ignore_permissions=True)
	order = a_sales_order(house)
	fields = data_of(print_record(order, name, "en"))["fields"]
	assert fields["customer_name"] == order.customer_name
	assert "items" not in fields and "grand_total" not in fields
