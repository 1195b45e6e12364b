"""The stand-in apps tell the truth: each of their DocTypes and fields is upstream's, with the same type and options."""

import ast
import json
from pathlib import Path

import declared_names
import pytest
import python_names
from names_used import is_missing
from upstream_facts import (
	LAYOUT,
	ROOT,
	STAND_INS,
	STANDARD_FIELDS,
	TABLES,
	catalogue,
	doctype_files,
	from_json,
	release,
)

APPS = {app: ROOT / "devbench" / "apps" / app / app for app in STAND_INS}
FILES = [(app, path, data) for app, package in APPS.items() for path, data in doctype_files(package)]
IDS = [data["name"] for _, _, data in FILES]
each = pytest.mark.parametrize(("app", "path", "data"), FILES, ids=IDS)
# Without these signflow has nothing to hang on to; one that vanishes is an error, not a smaller test.
NEEDED = {
	"erpnext": """Customer|Customer Group|Territory|Company|Lead|Opportunity|Supplier|Contract|Quotation|Sales Order
	|Sales Invoice|Payment Entry|Item|Subscription|Employee|Project|Issue""",
	"helpdesk": "HD Ticket|HD Customer|HD Agent|HD Team|HD Form Script|HD Ticket Comment|HD Ticket Activity",
}


def differences(app: str, data: dict) -> list[str]:
	"""What a stand-in DocType says that upstream's does not."""
	truth = release(STAND_INS[app]).get(data["name"])
	if truth is None:
		return [f"{data['name']} does not exist upstream"]
	found = []
	for key in ("module", "autoname"):
		if data.get(key) != truth.properties[key]:
			found.append(f"{key}: {data.get(key)!r}, upstream {truth.properties[key]!r}")
	for key in ("is_submittable", "istable", "issingle"):
		if bool(data.get(key)) != bool(truth.properties[key]):
			found.append(f"{key}: {data.get(key)!r}, upstream {truth.properties[key]!r}")
	if data.get("title_field") not in (None, truth.properties["title_field"]):
		found.append(f"title_field: {data['title_field']!r}, upstream {truth.properties['title_field']!r}")
	for row in data["fields"]:
		if row["fieldtype"] in LAYOUT:
			continue
		if not (real := truth.fields.get(row["fieldname"])):
			found.append(f"{row['fieldname']} does not exist upstream")
			continue
		for key in ("fieldtype", "options", "reqd", "unique"):
			if (row.get(key) or None) != (real.get(key) or None):
				found.append(f"{row['fieldname']}.{key}: {row.get(key)!r}, upstream {real.get(key)!r}")
	return found


@each
def test_as_upstream(app, path, data):
	assert differences(app, data) == []


@each
def test_every_target_is_there(app, path, data):
	"""On a site with only the framework and the stand-ins, no Link or Table points into the void."""
	there = set(release("frappe-15")) | set(IDS)
	own = from_json(data["name"], data)
	dangling = [
		row["fieldname"]
		for row in own.fields.values()
		if (row["fieldtype"] in ("Link", *TABLES) and row["options"] not in there)
		or (row["fieldtype"] == "Dynamic Link" and row["options"] not in own.fields)
	]
	assert dangling == []


@each
def test_well_formed(app, path, data):
	"""What Frappe expects of the file: its place, its controller, its order of fields, its permissions."""
	scrubbed = data["name"].lower().replace(" ", "_").replace("-", "_")
	module = data["module"].lower().replace(" ", "_")
	assert path == APPS[app] / module / "doctype" / scrubbed / f"{scrubbed}.json"
	assert all(
		(folder / "__init__.py").exists() for folder in (path.parent, path.parents[1], path.parents[2])
	)
	assert data["module"] in (APPS[app] / "modules.txt").read_text().splitlines()
	classes = [
		n.name for n in ast.parse(path.with_suffix(".py").read_text()).body if isinstance(n, ast.ClassDef)
	]
	assert classes == [data["name"].replace(" ", "").replace("-", "")]
	fieldnames = [row["fieldname"] for row in data["fields"]]
	assert data["field_order"] == fieldnames and len(set(fieldnames)) == len(fieldnames)
	assert bool(data["permissions"]) != bool(data.get("istable"))
	named = {data.get("title_field"), data.get("image_field"), data.get("nsm_parent_field")}
	named |= {name.strip() for name in data.get("search_fields", "").split(",")}
	assert named - {None, ""} <= set(fieldnames) | STANDARD_FIELDS


@each
def test_fetched_values_have_a_source(app, path, data):
	names = catalogue(APPS[app])
	missing = [str(use) for use in declared_names.doctype_names(path, data, names) if is_missing(use, names)]
	assert missing == []


@pytest.mark.parametrize("app", STAND_INS)
def test_needed_doctypes_are_there(app):
	needed = {name.strip() for name in NEEDED[app].split("|")}
	assert needed <= {data["name"] for owner, _, data in FILES if owner == app}


@pytest.mark.parametrize("app", STAND_INS)
def test_their_code_names_real_fields(app):
	names = catalogue(APPS[app])
	uses = [use for p in APPS[app].rglob("*.py") for use in python_names.names_in(p, p.read_text(), names)]
	assert [str(use) for use in uses if is_missing(use, names)] == []


def test_the_customers_dashboard_counts_what_is_there():
	path = APPS["erpnext"] / "selling" / "doctype" / "customer" / "customer_dashboard.py"
	source = path.read_text().replace('_("', '("')
	returned = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Return))
	data = ast.literal_eval(returned.value)
	doctypes = {row["name"]: from_json(row["name"], row) for _, _, row in FILES}
	for group in data["transactions"]:
		for name in group["items"]:
			fieldname = data["non_standard_fieldnames"].get(name, data["fieldname"])
			assert doctypes[name].has(fieldname), (name, fieldname)
			if fieldname in data["dynamic_links"]:
				assert doctypes[name].has(data["dynamic_links"][fieldname][1]), (name, fieldname)


def test_a_lie_is_caught():
	"""The judge refuses a tampered twin of each kind."""
	path = APPS["erpnext"] / "selling" / "doctype" / "customer" / "customer.json"

	def twin(**changes) -> dict:
		data = json.loads(Path(path).read_text())
		row = next(row for row in data["fields"] if row["fieldname"] == "customer_group")
		row.update(changes)
		return data

	assert differences("erpnext", twin()) == []
	for lie in (
		{"fieldname": "custommer_group"},
		{"fieldtype": "Data"},
		{"options": "Territory"},
		{"reqd": 1},
	):
		assert differences("erpnext", twin(**lie)), lie
	for lie in ({"autoname": "hash"}, {"is_submittable": 1}, {"module": "CRM"}, {"name": "Custommer"}):
		assert differences("erpnext", twin() | lie), lie
