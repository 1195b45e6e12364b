"""Who may do what with forms, templates and what people state. EXPECTATIONS is the specification, as in
test_permissions.py: DocType → whose record → persona → what is allowed (r: read, w: write, d: delete), by the REST API.

Of the two forms the persona "owner" is responsible for one and the persona "manager" for the other.
"""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from form_stage import a_submission
from forms import a_signable_form, a_web_form
from house import House, for_writing
from leaving import a_contract, a_plan, settings
from personas import NOBODY, PERSONAS, Asking

MANAGERS = {**NOBODY, "manager": "r"}
RESPONSIBLE = {**MANAGERS, "owner": "r"}
USERS = {**RESPONSIBLE, "colleague": "r"}
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	"Signature Template": {"house": {**USERS, "manager": "rwd"}},
	# Rows change with their parent and never by themselves.
	"Signature Template Role": {"house": USERS},
	"Signature Template Field": {"house": USERS},
	"Signable Form": {"own": {**USERS, "manager": "rwd"}, "manager's": {**USERS, "manager": "rwd"}},
	"Signable Form Signer": {"own": USERS},
	"Signable Form Mapping": {"own": USERS},
	"Form Submission": {
		"own Draft": {**RESPONSIBLE, "manager": "rd"},
		"own Expired": {**RESPONSIBLE, "manager": "rd"},
		"own Cancelled": {**RESPONSIBLE, "manager": "rd"},
		"own Signing": RESPONSIBLE,
		"own Signed": RESPONSIBLE,
		"own Failed": RESPONSIBLE,
		"own Completed": RESPONSIBLE,
		"manager's Draft": {**MANAGERS, "manager": "rd"},
		"manager's Completed": MANAGERS,
	},
	"Power of Attorney": {
		"own form": {**RESPONSIBLE, "manager": "rwd"},
		"manager's form": {**MANAGERS, "manager": "rwd"},
		"colleague's own": {**MANAGERS, "manager": "rwd", "colleague": "r"},
	},
	# The settings name the persona "owner" for terminations.
	"Contract Termination": {"on the page": RESPONSIBLE, "recorded by colleague": USERS},
	"Contract Termination Agreement": {"on the page": RESPONSIBLE, "recorded by colleague": USERS},
	"Contract Withdrawal": {"own form": RESPONSIBLE, "manager's form": MANAGERS, "of nothing": RESPONSIBLE},
	"Notice Period": {"house": {**USERS, "operator": "r"}},
}
PARENTS = {
	"Signature Template Role": "Signature Template",
	"Signature Template Field": "Signature Template",
	"Signable Form Signer": "Signable Form",
	"Signable Form Mapping": "Signable Form",
	"Contract Termination Agreement": "Contract Termination",
	"Notice Period": "Signflow Settings",
}
MAY_CREATE = {name: {"manager"} for name in ("Signature Template", "Signable Form", "Power of Attorney")}
WRITTEN_BY_SERVICES = ("Form Submission", "Contract Termination", "Contract Withdrawal")
# A change of each kind of record that means nothing and is allowed if any is.
CHANGES = {
	"Signature Template": {"message": "Please sign"},
	"Signature Template Role": {"represents": "Example Ltd"},
	"Signature Template Field": {"value": "x"},
	"Signable Form": {"button_label": "To sign"},
	"Signable Form Signer": {"signer_name": "Another"},
	"Signable Form Mapping": {"merge": "Replace"},
	"Form Submission": {"status": "Completed", "origin": "https://www.example.com"},
	"Power of Attorney": {"attorney_name": "Another"},
	"Contract Termination": {"note": "x", "status": "Ended"},
	"Contract Termination Agreement": {"state": "Ended"},
	"Contract Withdrawal": {"status": "Handled", "note": "x"},
	"Notice Period": {"notice_length": 1},
}
SECRETS = ("answers", "page_key", "token_hash", "mail_hash", "resume_hash")


def a_template(key: str) -> Any:
	return frappe.get_doc(
		{
			"doctype": "Signature Template",
			"template_name": f"Malli {key}",
			"reference_doctype": "Lead",
			"source": "Text",
			"document_title": "Sopimus",
			"body": "<p>Sopimus</p>",
			"roles": [{"role": "Tilaaja"}],
			"pdf_fields": [{"pdf_field": "nimi", "value": "{{ doc.name }}"}],
		}
	).insert()


def a_power(**values: Any) -> Any:
	return frappe.get_doc(
		{
			"doctype": "Power of Attorney",
			"grantor_name": "Maija Meri",
			"grantor_email": "maija@posti.example",
			"attorney_name": "Matti Mäki",
			"scope": "Everything",
			**values,
		}
	).insert()


def by_service(doctype: str, **values: Any) -> Any:
	doc = frappe.get_doc({"doctype": doctype, **values})
	doc.flags.signflow = True
	return doc.insert(ignore_permissions=True)


def a_form_of(house: House, responsible: str) -> Any:
	return a_signable_form(
		house,
		responsible=house.users[responsible],
		signers=[{"kind": "Fixed", "signer_name": "Matti", "email": "matti@posti.example"}],
		mapping=[{"target": "Contact", "target_field": "first_name", "value": "first_name"}],
	)


@pytest.fixture(scope="module")
def world(kept_house: House) -> Iterator[Asking]:
	house = kept_house
	asking = Asking(house)
	asking.log_in()
	records = asking.records
	forms = {"own": a_form_of(house, "owner"), "manager's": a_form_of(house, "manager")}
	for state in EXPECTATIONS["Form Submission"]:
		whose, status = state.split(" ")
		secrets = {name: f"5ec2e7-{name}-{frappe.generate_hash(length=8)}" for name in SECRETS}
		records["Form Submission", state] = a_submission(forms[whose], status=status, **secrets).name
	settings(
		termination_responsible=house.users["owner"],
		notice_periods=[
			{
				"kind": "Subscription Plan",
				"record": a_plan(),
				"notice_length": 14,
				"notice_unit": "Days",
				"notice_counted": "From the Day",
			}
		],
	)
	contract = a_contract(house)
	for_writing()
	template = a_template(house.key)
	records["Signature Template", "house"] = template.name
	records["Signature Template Role", "house"] = template.roles[0].name
	records["Signature Template Field", "house"] = template.pdf_fields[0].name
	for whose, form in forms.items():
		records["Signable Form", whose] = form.name
	records["Signable Form Signer", "own"] = forms["own"].signers[0].name
	records["Signable Form Mapping", "own"] = forms["own"].mapping[0].name
	_states(house, asking, contract)
	frappe.clear_document_cache("Signflow Settings", "Signflow Settings")
	records["Notice Period", "house"] = frappe.get_single("Signflow Settings").notice_periods[0].name
	frappe.db.commit()
	assert set(records) == {(doctype, state) for doctype in EXPECTATIONS for state in EXPECTATIONS[doctype]}
	yield asking
	frappe.set_user("Administrator")
	settings(termination_responsible=None, terminations_open=0, notice_periods=[])


def _states(house: House, asking: Asking, contract: Any) -> None:
	"""Powers of attorney, terminations and withdrawals, each in the hands of another."""
	records = asking.records
	for whose in ("own", "manager's"):
		power = records["Power of Attorney", f"{whose} form"] = a_power().name
		submission = records["Form Submission", f"{whose} Completed"]
		frappe.db.set_value(
			"Form Submission", submission, {"record_doctype": "Power of Attorney", "record_name": power}
		)
		records["Contract Withdrawal", f"{whose} form"] = by_service(
			"Contract Withdrawal",
			person_name="Maija Meri",
			contract_reference="The router",
			submission=submission,
			status="Matched",
			page_key=f"5ec2e7-{whose}-{house.key}",
		).name
	records["Contract Withdrawal", "of nothing"] = by_service(
		"Contract Withdrawal", person_name="Maija Meri", page_key=f"5ec2e7-none-{house.key}"
	).name
	power = records["Power of Attorney", "colleague's own"] = a_power().name
	frappe.db.set_value("Power of Attorney", power, "owner", house.users["colleague"])
	for state, recorded_by in (("on the page", None), ("recorded by colleague", house.users["colleague"])):
		doc = by_service(
			"Contract Termination",
			customer=house.customer,
			company=house.company,
			recorded_by=recorded_by,
			person_name="Maija Meri",
			agreements=[
				{"agreement_doctype": "Contract", "agreement_name": contract.name, "state": "Waiting"}
			],
		)
		records["Contract Termination", state] = doc.name
		records["Contract Termination Agreement", state] = doc.agreements[0].name


def a_copy(world: Asking, doctype: str, state: str) -> str:
	"""A record like the one of `state`, for somebody to delete."""
	key = frappe.generate_hash(length=8)
	whose = "manager" if state.startswith("manager's") else "owner"
	if doctype == "Form Submission":
		form = frappe.get_doc("Signable Form", world.records["Signable Form", state.split(" ")[0]])
		return a_submission(form, status=state.split(" ")[1]).name
	if doctype == "Signable Form":
		return a_form_of(world.house, whose).name
	for_writing()
	made = a_template(key) if doctype == "Signature Template" else a_power()
	frappe.db.commit()
	return made.name


CASES = [(doctype, state) for doctype, states in EXPECTATIONS.items() for state in states]


@pytest.mark.parametrize(("doctype", "state"), CASES)
def test_what_each_may_do(world: Asking, doctype: str, state: str) -> None:
	expected, name = EXPECTATIONS[doctype][state], world.records[doctype, state]
	world.holds(doctype, name, expected, CHANGES[doctype], lambda: a_copy(world, doctype, state))


@pytest.mark.parametrize("doctype", EXPECTATIONS)
def test_who_makes_records(world: Asking, doctype: str) -> None:
	state = next(iter(EXPECTATIONS[doctype]))
	row = world.stored(doctype, world.records[doctype, state])
	for persona in (*PERSONAS, "Administrator"):
		key = frappe.generate_hash(length=8)
		values = {**row, "name": f"{key}-made", "page_key": key, "title": f"Made {key}", "owner": None}
		if doctype == "Signature Template":
			values["template_name"] = f"Made {key}"
		if doctype == "Signable Form":
			values["web_form"] = a_web_form(world.house).name
		frappe.db.rollback()
		before = frappe.db.count(doctype)
		answer = world.people[persona].post(
			world.url(doctype),
			data=frappe.as_json(values),
			headers={"Content-Type": "application/json"},
			timeout=30,
		)
		frappe.db.rollback()
		if persona in MAY_CREATE.get(doctype, ()) or (persona == "Administrator" and doctype in MAY_CREATE):
			assert answer.status_code == 200, (persona, answer.text[:500])
			continue
		assert 400 <= answer.status_code < 500, (persona, answer.status_code, answer.text[:300])
		assert frappe.db.count(doctype) == before, persona


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("doctype", [name for name in EXPECTATIONS if name != "Notice Period"])
def test_lists_agree_with_records(world: Asking, doctype: str, persona: str) -> None:
	states = {state: world.records[doctype, state] for state in EXPECTATIONS[doctype]}
	readable = {name for state, name in states.items() if "r" in EXPECTATIONS[doctype][state][persona]}
	for way, names in world.names(persona, doctype, PARENTS.get(doctype)).items():
		found = names & set(states.values())
		if doctype in PARENTS and way in ("report view", "link search"):
			assert found <= readable, way  # Desk has no list of child rows
			continue
		assert found == readable, way


HIDDEN = [
	("Form Submission", "manager's Completed"),
	("Power of Attorney", "manager's form"),
	("Contract Termination", "on the page"),
	("Contract Withdrawal", "manager's form"),
]


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize(("doctype", "state"), HIDDEN)
def test_counts_agree_with_lists(world: Asking, doctype: str, state: str, persona: str) -> None:
	may = "r" in EXPECTATIONS[doctype][state][persona]
	for method in ("frappe.client.get_count", "frappe.desk.reportview.get_count"):
		filters = {"name": world.records[doctype, state]}
		answer = world.call(persona, method, doctype=doctype, filters=filters)
		assert answer.status_code < 500
		count = answer.json().get("message") if answer.status_code == 200 else 0
		assert bool(count) == may, (method, answer.text[:300])


def test_file_lists_follow_the_records(world: Asking) -> None:
	for_writing()
	files = {}
	for doctype, state in HIDDEN:
		files[doctype, state] = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": f"{frappe.generate_hash(length=8)}.txt",
				"is_private": 1,
				"content": frappe.generate_hash(),
				"attached_to_doctype": doctype,
				"attached_to_name": world.records[doctype, state],
			}
		).insert(ignore_permissions=True)
	# As an export is kept for whoever asked for it.
	export = frappe.get_doc(
		{"doctype": "File", "file_name": "export.csv", "is_private": 1, "content": frappe.generate_hash()}
	).insert(ignore_permissions=True)
	frappe.db.set_value("File", export.name, "owner", world.house.users["owner"])
	frappe.db.commit()
	for persona in PERSONAS:
		answer = world.call(
			persona,
			"frappe.client.get_list",
			doctype="File",
			fields=["name"],
			filters={"name": ["in", [*(file.name for file in files.values()), export.name]]},
		)
		rows = answer.json().get("message") if answer.status_code == 200 else []
		seen = {row["name"] for row in rows or []}
		may = {
			file.name
			for (doctype, state), file in files.items()
			if "r" in EXPECTATIONS[doctype][state][persona]
		}
		assert seen & {file.name for file in files.values()} <= may, persona
		for (doctype, _state), file in files.items():
			one = world.people[persona].get(world.url("File", file.name), timeout=30)
			assert (one.status_code == 200) <= (file.name in may), (persona, doctype, one.text[:300])
			bytes_ = world.people[persona].get(f"{world.house.web}{file.file_url}", timeout=30)
			assert (bytes_.status_code == 200) <= (file.name in may), (persona, doctype)
		if persona not in ("owner", "operator"):
			assert (
				world.people[persona].get(f"{world.house.web}{export.file_url}", timeout=30).status_code
				!= 200
			)


def _questions(world: Asking, persona: str, doctype: str, name: str, field: str) -> list[Any]:
	"""Every way to ask for a field of a record, or about it."""
	browser, table = world.people[persona], f"`tab{doctype}`"
	like = {"name": name, field: ["like", "5ec2e7%"]}
	listed = {"doctype": doctype, "fields": ["name", field], "filters": {"name": name}}
	hidden = "".join(f"\\u{ord(letter):04x}" for letter in field)
	escaped = f'{{"name": "{name}", "{hidden}": ["like", "5ec2e7%"]}}'
	return [
		browser.get(world.url(doctype), params={"filters": frappe.as_json(like)}, timeout=30),
		browser.get(world.url(doctype), params={"filters": escaped}, timeout=30),
		browser.get(world.url(doctype), params={"fields": f'["name", "{field}"]'}, timeout=30),
		world.call(persona, "frappe.client.get_list", **listed),
		world.call(persona, "frappe.client.get_list", doctype=doctype, filters=like),
		world.call(
			persona,
			"frappe.client.get_list",
			doctype=doctype,
			filters={"name": name, field.upper(): ["is", "set"]},
		),
		world.call(
			persona, "frappe.client.get_list", doctype=doctype, or_filters=[[doctype, field, "like", "5%"]]
		),
		world.call(persona, "frappe.client.get_list", doctype=doctype, order_by=f"{field} asc"),
		world.call(persona, "frappe.client.get_count", doctype=doctype, filters=like),
		world.call(
			persona, "frappe.client.get_value", doctype=doctype, filters={"name": name}, fieldname=[field]
		),
		world.call(persona, "frappe.client.get_value", doctype=doctype, filters=like, fieldname="name"),
		world.call(persona, "frappe.client.get", doctype=doctype, filters=like),
		world.call(persona, "frappe.client.validate_link", doctype=doctype, docname=name, fields=[field]),
		world.call(persona, "frappe.desk.reportview.get", doctype=doctype, fields=[f"{table}.`{field}`"]),
		world.call(
			persona,
			"frappe.desk.reportview.get",
			doctype=doctype,
			fields=["name"],
			filters=[[doctype, field, "like", "5%"]],
		),
		world.call(
			persona,
			"frappe.desk.reportview.get_count",
			doctype=doctype,
			filters=[[doctype, field, "like", "5%"]],
		),
		world.call(
			persona, "frappe.desk.search.search_link", doctype=doctype, txt="5ec2e7", searchfield=field
		),
		world.call(
			persona,
			"frappe.desk.listview.get_group_by_count",
			doctype=doctype,
			current_filters="[]",
			field=field,
		),
	]


@pytest.mark.parametrize("persona", ["manager", "owner", "operator", "Administrator"])
@pytest.mark.parametrize(
	("doctype", "state", "fields"),
	[("Form Submission", "own Completed", SECRETS), ("Contract Withdrawal", "own form", ["page_key"])],
)
def test_secrets_never_come_out(world: Asking, doctype: str, state: str, fields: Any, persona: str) -> None:
	name = world.records[doctype, state]
	whole = [
		world.people[persona].get(world.url(doctype, name), timeout=30),
		world.call(persona, "frappe.client.get", doctype=doctype, name=name),
		world.people[persona].get(
			f"{world.house.web}/api/method/frappe.desk.form.load.getdoc",
			params={"doctype": doctype, "name": name},
			timeout=30,
		),
	]
	for place, answer in enumerate(whole):
		assert answer.status_code < 500, (place, answer.text[:500])
		assert "5ec2e7" not in answer.text, (place, answer.text[:800])
	for field in fields:
		for place, answer in enumerate(_questions(world, persona, doctype, name, field)):
			assert answer.status_code == 403, (place, field, answer.status_code, answer.text[:800])
			assert "5ec2e7" not in answer.text and name not in answer.text, (place, field, answer.text[:800])


@pytest.mark.parametrize("persona", ["owner", "manager", "Administrator"])
def test_nobody_asks_about_a_mailed_code(world: Asking, persona: str) -> None:
	"""By hash and salt its six digits are found at once, and with them its sender could sign for somebody."""
	for doctype, field in (
		("Signature Request Signer", "code_hash"),
		("Signature Request Signer", "code_salt"),
		("Signature Event", "signer.code_hash"),
	):
		answer = world.call(
			persona, "frappe.client.get_list", doctype=doctype, filters={field: ["like", "a%"]}
		)
		assert answer.status_code == 403, (doctype, answer.text[:300])


def test_a_title_that_is_called_like_a_hidden_field_is_listed(world: Asking) -> None:
	"""The guard reads names of fields, and not people's own words."""
	for title in ("Your answers", "Answers to our survey"):
		answer = world.call(
			"manager",
			"frappe.client.get_list",
			doctype="Form Submission",
			fields=["name"],
			filters={"form": title},
			order_by="creation desc",
		)
		assert answer.status_code == 200, answer.text[:300]


@pytest.mark.parametrize("persona", ["manager", "owner", "operator", "Administrator"])
@pytest.mark.parametrize("doctype", WRITTEN_BY_SERVICES)
def test_what_people_state_is_written_by_nobody(world: Asking, doctype: str, persona: str) -> None:
	name = world.records[doctype, list(EXPECTATIONS[doctype])[-1]]
	before, count = world.stored(doctype, name), frappe.db.count(doctype)
	row = {**before, "doctype": doctype, "flags": {"signflow": True}}
	forged = {**row, "name": frappe.generate_hash(length=10), "page_key": None, "__islocal": 1}
	field, value = next(iter(CHANGES[doctype].items()))
	web, json = (
		f"{world.house.web}/api/method",
		{"headers": {"Content-Type": "application/json"}, "timeout": 30},
	)
	answers = [
		world.people[persona].post(
			f"{web}/frappe.client.insert", data=frappe.as_json({"doc": forged}), **json
		),
		world.people[persona].post(
			f"{web}/frappe.client.save", data=frappe.as_json({"doc": {**row, **CHANGES[doctype]}}), **json
		),
		world.people[persona].put(world.url(doctype, name), json=CHANGES[doctype], timeout=30),
		world.call(
			persona, "frappe.client.set_value", doctype=doctype, name=name, fieldname=field, value=value
		),
		world.call(persona, "frappe.client.delete", doctype=doctype, name=name),
		world.call(persona, "frappe.client.rename_doc", doctype=doctype, old_name=name, new_name=f"{name}-x"),
		world.call(persona, "frappe.desk.reportview.delete_items", doctype=doctype, items=[name]),
	]
	for place, answer in enumerate(answers[:-1]):
		assert 400 <= answer.status_code < 500, (place, answer.status_code, answer.text[:400])
	assert world.stored(doctype, name) == before
	assert frappe.db.count(doctype) == count
