"""Every name of another app's DocType or field that signflow uses is one that upstream has.

A misspelt field in a filter or a custom field's `insert_after` fails on a user's site only, so it is caught here. The
check of the checks is at the end: made-up code with one bad name in each place must be caught.
"""

from functools import cache
from pathlib import Path

import declared_names
import javascript_names
import pytest
import python_names
from names_used import Use, is_missing
from upstream_facts import ROOT, Catalogue, catalogue

PACKAGE = ROOT / "signflow"
# The checks must keep finding names: a reader that goes blind would pass everything. Raise as the tree grows.
FEWEST_USES = 120
# Names that only one of the Helpdesk releases has, and how the code that uses them gates itself.
GATED: dict[tuple[str, str | None], str] = {
	("HD Customer", "erpnext_customer"): "customers._linked asks the meta for it first",
	("HD Customer", "contacts"): "customers.members_follow asks the meta for it first",
	("HD Customer", "primary_contact"): "it comes with the contacts",
	("HD Customer Member", None): "customers._memberships asks whether there is such a DocType",
}


def _own(path: Path) -> str:
	return path.read_text(encoding="utf-8") if path.exists() else ""


@cache
def _names() -> tuple[Catalogue, list[Use]]:
	path = PACKAGE / "custom_fields.py"
	names = catalogue(PACKAGE)
	names.added, uses = declared_names.custom_fields(path, _own(path), names)
	return names, uses


@cache
def _uses() -> list[Use]:
	names, uses = _names()
	uses = list(uses)
	hooks = _own(PACKAGE / "hooks.py")
	uses += declared_names.hook_names(PACKAGE / "hooks.py", hooks)
	uses += declared_names.record_names(PACKAGE, names)
	events = declared_names.event_functions(hooks)
	for path in sorted(PACKAGE.rglob("*.py")):
		module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
		here = {
			dotted.rpartition(".")[2]: of
			for dotted, of in events.items()
			if dotted.rpartition(".")[0] == module
		}
		uses += python_names.names_in(path, _own(path), names, here)
	scripts = declared_names.form_scripts(hooks)
	for path in _scripts():
		doctype = scripts.get(path.relative_to(PACKAGE).as_posix()) or javascript_names.form_of(path, names)
		uses += javascript_names.names_in(path, _own(path), names, doctype)
	return uses


def _scripts() -> list[Path]:
	built = ("pdfjs-", "dist", "node_modules")
	return [p for p in sorted(PACKAGE.rglob("*.js")) if not any(part.startswith(built) for part in p.parts)]


def test_every_name_is_borne_by_something():
	names, _ = _names()
	missing = sorted({str(use) for use in _uses() if is_missing(use, names)})
	assert not missing, "no such DocType or field upstream, nor among ours:\n" + "\n".join(missing)


def test_names_of_one_helpdesk_release_only_are_gated():
	names, _ = _names()
	ungated = []
	for use in _uses():
		records = names.foreign.get(use.doctype, {})
		if names.is_foreign(use.doctype) and use.doctype.split()[0] in ("HD", "ERPNext"):
			everywhere = len(records) == 2 and all(
				not use.field or use.field in names.added.get(use.doctype, ()) or record.has(use.field)
				for record in records.values()
			)
			if not everywhere and not {(use.doctype, use.field), (use.doctype, None)} & set(GATED):
				ungated.append(str(use))
	assert not ungated, "not in every Helpdesk release, and not named in GATED:\n" + "\n".join(ungated)


def test_custom_fields_take_no_name_that_upstream_has():
	names, _ = _names()
	taken = sorted(
		f"{doctype}.{field}"
		for doctype, fields in names.added.items()
		for field in fields
		if any(field in record.fields for record in names.foreign.get(doctype, {}).values())
	)
	assert not taken


# Frappe calls the document events of any method that Desk calls on a document: these are methods of ERPNext 15.90's class.
METHODS = ["SMS Center.create_receiver_list", "SMS Center.send_sms"]


def test_document_events_are_events():
	assert sorted(declared_names.unknown_events(_own(PACKAGE / "hooks.py"))) == METHODS


def test_our_own_doctypes_alone_are_kept_from_transaction_deletion():
	names, _ = _names()
	declared, _ = declared_names.literals(_own(PACKAGE / "hooks.py")).get(
		"company_data_to_be_ignored", ([], 0)
	)
	assert [doctype for doctype in declared if doctype not in names.own] == []


def test_form_scripts_exist():
	missing = [
		file
		for file in declared_names.form_scripts(_own(PACKAGE / "hooks.py"))
		if not (PACKAGE / file).exists()
	]
	assert not missing


def test_no_doctype_of_ours_takes_an_upstream_name():
	names, _ = _names()
	assert sorted(set(names.own) & set(names.foreign)) == []


def test_the_readers_are_not_blind():
	names, _ = _names()
	foreign = [use for use in _uses() if names.is_foreign(use.doctype)]
	assert len(foreign) >= FEWEST_USES


GOOD_PYTHON = """
import frappe
TICKET = "HD Ticket"
def read(name):
	frappe.get_all("Customer", fields=["name", "customer_name as title", "customer_primary_contact.email_id"],
		filters={"disabled": 0, "creation": (">", "2025-01-01")}, order_by="creation desc", pluck="name")
	frappe.get_all("Contact", filters=[["Dynamic Link", "link_doctype", "=", "Customer"], ["email_id", "is", "set"]])
	frappe.get_all("Customer", {"disabled": ["!=", 1]}, ["name"])
	frappe.get_doc({"doctype": "File", "file_name": "a.pdf", "content": b""})
	frappe.db.set_value("Contract", name, {"is_signed": 1, "signee": "A"})
	frappe.db.get_value(TICKET, name, ["subject", "raised_by"], as_dict=True)
	frappe.db.exists({"doctype": "Lead", "email_id": "a@example.com"})
	contract = frappe.get_doc("Contract", name)
	contract.signed_on = contract.start_date
	contract.flags.ignore_permissions = True
	contract.append("fulfilment_terms", {"requirement": "x"})
	contract.db_set("signee", "B")
	contract.save()
	table = frappe.qb.DocType("Customer")
	frappe.qb.from_(table).select(table.email_id, table.star).run()
	frappe.get_meta("Customer").has_field("anything")
	frappe.get_doc({"doctype": "Contact", "first_name": "A", "email_ids": [{"email_id": "a@example.com"}]})
"""

BAD_PYTHON = {
	"doctype": 'frappe.get_all("Custommer")',
	"fields": 'frappe.get_all("Customer", fields=["name", "wrong"])',
	"alias": 'frappe.get_all("Customer", fields=["wrong as title"])',
	"function": 'frappe.get_all("Customer", fields=["count(wrong) as n"])',
	"aggregate": 'frappe.get_all("Customer", fields=[{"COUNT": "wrong"}])',
	"linked": 'frappe.get_all("Customer", fields=["customer_primary_contact.wrong"])',
	"positional": 'frappe.get_list("Customer", ["wrong"])',
	"positional filters": 'frappe.get_all("Customer", {"wrong": ["!=", 1]})',
	"filters": 'frappe.get_all("Customer", filters={"wrong": 1})',
	"filter list": 'frappe.get_all("Customer", filters=[["wrong", "=", 1]])',
	"child filter": 'frappe.get_all("Contact", filters=[["Dynamic Link", "wrong", "=", 1]])',
	"order": 'frappe.get_all("Customer", order_by="wrong desc")',
	"pluck": 'frappe.get_all("Customer", pluck="wrong")',
	"value": 'frappe.db.get_value("Customer", name, "wrong")',
	"value filter": 'frappe.db.get_value("Customer", {"wrong": 1}, "name")',
	"values": 'frappe.db.get_value("Customer", name, ["name", "wrong"])',
	"set": 'frappe.db.set_value("Contract", name, "wrong", 1)',
	"set dict": 'frappe.db.set_value("Contract", name, {"is_signed": 1, "wrong": 1})',
	"exists": 'frappe.db.exists("Lead", {"wrong": 1})',
	"exists dict": 'frappe.db.exists({"doctype": "Lead", "wrong": 1})',
	"count": 'frappe.db.count("Lead", {"wrong": 1})',
	"cached": 'frappe.get_cached_value("Company", name, "wrong")',
	"new": 'frappe.new_doc("Lead", wrong=1)',
	"get_doc": 'frappe.get_doc({"doctype": "Lead", "wrong": 1})',
	"child row": 'frappe.get_doc({"doctype": "Contact", "email_ids": [{"wrong": 1}]})',
	"attribute": 'doc = frappe.get_doc("Contract", name); print(doc.wrong)',
	"assignment": 'doc = frappe.get_doc("Contract", name); doc.wrong = 1',
	"walrus": 'if doc := frappe.get_cached_doc("Contract", name): print(doc.wrong)',
	"get": 'doc = frappe.get_doc("Contract", name); doc.get("wrong")',
	"db_set": 'doc = frappe.get_doc("Contract", name); doc.db_set({"wrong": 1})',
	"append": 'doc = frappe.get_doc("Contract", name); doc.append("fulfilment_terms", {"wrong": 1})',
	"query builder": 'table = frappe.qb.DocType("Customer"); table.wrong',
	"constant": 'X = "HD Ticket"; frappe.db.get_value(X, name, "wrong")',
	"deposit": 'frappe.db.get_value("Payment Entry", name, "is_customer_deposit")',
}

BAD_SCRIPT = {
	"value": 'frappe.db.get_value("Customer", frm.doc.name, "wrong")',
	"values": "frappe.db.get_value('Customer', {name: 1}, ['email_id', 'wrong'])",
	"set": 'frappe.db.set_value("Customer", name, "wrong", 1)',
	"list": 'frappe.db.get_list("Customer", { fields: ["name", "wrong"], filters: { disabled: 0 } })',
	"list filter": 'frappe.db.get_list("Customer", { fields: ["name"], filters: { wrong: 0 } })',
	"doctype": 'frappe.db.exists("Custommer", "x")',
	"form": 'frappe.ui.form.on("Custommer", {})',
	"form field": "if (frm.doc.wrong) frm.refresh();",
	"form value": 'frm.set_value("wrong", 1)',
}


def _bad(uses: list[Use]) -> set[str]:
	names, _ = _names()
	return {use.field or use.doctype for use in uses if is_missing(use, names)}


def test_good_python_passes():
	names, _ = _names()
	uses = python_names.names_in(Path("good.py"), GOOD_PYTHON.replace('"anything"', '"disabled"'), names)
	assert _bad(uses) == set()
	assert len(uses) > 30


@pytest.mark.parametrize("code", BAD_PYTHON.values(), ids=BAD_PYTHON)
def test_a_bad_name_in_python_is_caught(code):
	names, _ = _names()
	source = "import frappe\n\ndef f(name):\n" + "".join(f"\t{line}\n" for line in code.split("; "))
	if code.startswith("if "):
		source = f"import frappe\n\ndef f(name):\n\t{code}\n"
	assert _bad(python_names.names_in(Path("bad.py"), source, names)) in (
		{"wrong"},
		{"Custommer"},
		{"is_customer_deposit"},
	)


def test_a_bad_name_in_an_event_function_is_caught():
	names, _ = _names()
	hooks = 'doc_events = {"Customer": {"on_update": "signflow.x.changed"}}'
	events = {"changed": declared_names.event_functions(hooks)["signflow.x.changed"]}
	source = "def changed(doc, method=None):\n\tdoc.customer_name, doc.wrong\n"
	assert _bad(python_names.names_in(Path("bad.py"), source, names, events)) == {"wrong"}


@pytest.mark.parametrize("code", BAD_SCRIPT.values(), ids=BAD_SCRIPT)
def test_a_bad_name_in_javascript_is_caught(code):
	names, _ = _names()
	assert _bad(javascript_names.names_in(Path("customer.js"), code, names, "Customer")) in (
		{"wrong"},
		{"Custommer"},
	)


def test_good_javascript_passes():
	names, _ = _names()
	code = """frappe.ui.form.on("Customer", { refresh(frm) {
		if (frm.doc.__islocal || frm.doc.disabled) return;
		frappe.db.get_value("Customer", frm.doc.name, ["email_id", "mobile_no"]).then((r) => r.message.email_id);
		frm.set_value("website", "x"); } });"""
	uses = javascript_names.names_in(Path("customer.js"), code, names, "Customer")
	assert _bad(uses) == set() and len(uses) >= 6


def test_forms_are_known_by_their_file_name():
	names, _ = _names()
	assert javascript_names.form_of(Path("customer.js"), names) == "Customer"
	assert javascript_names.form_of(Path("hd_ticket.js"), names) == "HD Ticket"
	assert javascript_names.form_of(Path("sales_order_list.js"), names) == "Sales Order"
	assert javascript_names.form_of(Path("signing_page.js"), names) is None


@pytest.mark.parametrize(
	("hook", "bad"),
	{
		'doctype_js = {"Custommer": "public/js/customer.js"}': "Custommer",
		'doc_events = {"*": {}, "Custommer": {"on_update": "signflow.x"}}': "Custommer",
		'override_doctype_dashboards = {"Custommer": "signflow.x"}': "Custommer",
		'company_data_to_be_ignored = ["Custommer"]': "Custommer",
		'user_data_fields = [{"doctype": "Lead", "filter_by": "email_id", "redact_fields": ["wrong"]}]': "wrong",
	}.items(),
)
def test_a_bad_name_in_hooks_is_caught(hook, bad):
	assert _bad(declared_names.hook_names(Path("hooks.py"), hook)) == {bad}


def test_a_made_up_event_is_caught():
	assert declared_names.unknown_events('doc_events = {"Lead": {"on_updated": "signflow.x"}}') == [
		"Lead.on_updated"
	]


@pytest.mark.parametrize(
	("row", "bad"),
	[
		('{"fieldname": "sf_a", "fieldtype": "Data", "insert_after": "wrong"}', "wrong"),
		(
			'dict(fieldname="sf_a", fieldtype="Link", options="Custommer", insert_after="website")',
			"Custommer",
		),
		('{"fieldname": "sf_a", "fieldtype": "Data", "fetch_from": "wrong.email_id"}', "wrong"),
	],
)
def test_a_bad_name_in_custom_fields_is_caught(row, bad):
	names, _ = _names()
	source = (
		'FIELDS = {("Customer", "Supplier"): [{"fieldname": "sf_b", "insert_after": "sf_a"}, ' + row + "]}"
	)
	added, uses = declared_names.custom_fields(Path("custom_fields.py"), source, names)
	assert added["Supplier"] == {"sf_a", "sf_b"}
	assert _bad(uses) == {bad}


@pytest.mark.parametrize(
	("field", "bad"),
	[
		({"fieldtype": "Link", "options": "Custommer"}, "Custommer"),
		({"fieldtype": "Data", "fetch_from": "customer.wrong"}, "wrong"),
	],
)
def test_a_bad_name_in_a_doctype_of_ours_is_caught(field, bad):
	names, _ = _names()
	data = {
		"name": "ToDo",
		"fields": [
			{"fieldname": "customer", "fieldtype": "Link", "options": "Customer"},
			{"fieldname": "priority", **field},
		],
	}
	found = _bad(declared_names.doctype_names(Path("todo.json"), data, names))
	assert found - {"customer"} == {bad}
