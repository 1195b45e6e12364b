"""Who may do what. EXPECTATIONS is the specification: DocType → whose record → persona → what is allowed.

r: read, w: write, d: delete. All of it is asked through the REST API, lists and records alike.
"""

from dataclasses import dataclass, field
from typing import Any

import frappe
import pytest
from house import House
from personas import NOBODY, PERSONAS, Asking
from stage import eventually
from test_consent_permissions import EXPECTATIONS as OF_CONSENTS
from test_erasure_attacks import OURS as OF_ERASURE
from test_form_permissions import EXPECTATIONS as OF_FORMS
from test_legal_holds import EXPECTATIONS as OF_HOLDS
from test_register_permissions import EXPECTATIONS as OF_REGISTER
from test_retention import EXPECTATIONS as OF_RETENTION
from test_subject_access import EXPECTATIONS as OF_ACCESS
from test_subject_requests import EXPECTATIONS as OF_REQUESTS

from signflow.core.privacy.persons import Subject
from signflow.services import delivery
from signflow.services.privacy import accesses, content_scan, file_search

ALL_READ = {**NOBODY, "manager": "r", "owner": "r", "colleague": "r"}
OWN_READ = {**NOBODY, "manager": "r", "owner": "r"}
# The records hang under four requests of the persona "owner"; to "colleague" they are a colleague's.
EXPECTATIONS: dict[str, dict[str, dict[str, str]]] = {
	"Signature Request": {
		"draft": {**NOBODY, "manager": "rwd", "owner": "rwd", "colleague": "r"},
		"sent": {**NOBODY, "manager": "rw", "owner": "rw", "colleague": "r"},
		"confidential draft": {**NOBODY, "manager": "rwd", "owner": "rwd"},
		"confidential": {**NOBODY, "manager": "rw", "owner": "rw"},
	},
	"Signature Request Signer": {
		"draft": {**NOBODY, "manager": "rwd", "owner": "rwd", "colleague": "r"},
		"sent": ALL_READ,
		"confidential draft": {**NOBODY, "manager": "rwd", "owner": "rwd"},
		"confidential": OWN_READ,
	},
	# Rows of a request change with their request and never by themselves.
	"Signature Request Document": {
		"draft": ALL_READ,
		"sent": ALL_READ,
		"confidential draft": OWN_READ,
		"confidential": OWN_READ,
	},
	"Sealed Revision": {"sent": ALL_READ, "confidential": OWN_READ},
	"Signature Event": {"sent": ALL_READ, "confidential": OWN_READ},
	"Signature Event Payload": {
		"sent": {**NOBODY, "manager": "r"},
		"confidential": {**NOBODY, "manager": "r"},
	},
	"Sealing Key": {"house": {**NOBODY, "manager": "rw", "operator": "rw"}},
	"Signflow Settings": {
		"house": {**NOBODY, "manager": "rw", "owner": "r", "colleague": "r", "operator": "rw"}
	},
	# Rows of the settings change with them and never by themselves.
	"Timestamp Authority": {
		"house": {**NOBODY, "manager": "r", "owner": "r", "colleague": "r", "operator": "r"}
	},
	"Backup Place": {"house": {**NOBODY, "manager": "r", "owner": "r", "colleague": "r", "operator": "r"}},
	# The officer's (tests/site/test_data_map.py).
	"Personal Data Field": {"house": {**NOBODY, "manager": "r"}},
	"Content Scan": {"house": NOBODY},
	# The officer's as well (tests/site/test_lookup.py).
	"Personal Data Access": {"house": {**NOBODY, "operator": "r"}},
	"Person File Search": {"house": NOBODY},
}
MAY_CREATE = {
	"Signature Request": {"manager", "owner", "colleague"},
	"Signature Request Signer": {"manager", "owner"},  # under the owner's draft
	"Sealing Key": {"manager", "operator"},  # who gets as far as being asked for the key file
}
EVIDENCE = ("Sealed Revision", "Signature Event", "Signature Event Payload")
LISTED = [
	name for name in EXPECTATIONS if name not in ("Signflow Settings", "Timestamp Authority", "Backup Place")
]
SECRETS = ("token_hash", "session_hash", "code_hash", "code_salt", "drawn_signature")
# A change of each kind of record that means nothing and is allowed if any is.
CHANGES = {
	"Signature Request": {"remind_every_days": 9},
	"Signature Request Signer": {"represents": "Example Ltd"},
	"Signature Request Document": {"title": "Another"},
	"Sealed Revision": {"document_title": "Another"},
	"Signature Event": {"kind": "opened"},
	"Signature Event Payload": {"values_json": "{}"},
	"Sealing Key": {"enabled": 1},
	"Signflow Settings": {"privacy_note": ""},
	"Timestamp Authority": {"url": "https://tsa.example/other"},
	"Backup Place": {"keeping_days": 1},
	"Personal Data Field": {"mark": "Not Personal"},
	"Content Scan": {"rows_per_doctype": 9},
	"Personal Data Access": {"purpose": "Another"},
	"Person File Search": {"status": "Done"},
}


@dataclass
class World(Asking):
	"""Four requests of the persona "owner"."""

	requests: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def world(kept_house: House) -> World:
	house = kept_house
	frappe.db.rollback()
	from signflow.services import sending

	frappe.set_user(house.users["owner"])
	made = {
		"draft": house.drafts(house.maija),
		"confidential draft": house.drafts(house.maija, confidential=1),
		"sent": sending.send_request(house.drafts(house.maija).name),
		"confidential": sending.send_request(house.drafts(house.maija, confidential=1).name),
	}
	frappe.set_user("Administrator")
	for state in ("sent", "confidential"):
		_settled(made[state].name)
	world = World(house, requests=made)
	world.log_in()
	for doctype, states in EXPECTATIONS.items():
		for state in states:
			world.records[doctype, state] = _record(doctype, made.get(state))
	# What must never come out has something that could.
	for state in ("sent", "confidential"):
		frappe.db.set_value(
			"Signature Request Signer",
			world.records["Signature Request Signer", state],
			{name: f"5ec2e7-{name}-{state}" for name in SECRETS},
		)
	frappe.db.commit()
	return world


def _settled(request: str) -> None:
	"""What the worker writes after a request was sent is written: the mail is out, and its event is in the chain."""
	signers = frappe.get_all("Signature Request Signer", {"request": request}, pluck="name")
	mails = frappe.get_all("Email Queue", {"reference_name": ["in", signers]}, pluck="name")
	assert mails

	def is_out() -> bool:
		for mail in mails:
			delivery.flush(mail)  # as the sweeper does: on SQLite a busy database may have put it off
		frappe.db.rollback()
		return bool(frappe.db.exists("Signature Event", {"request": request, "kind": "invitation_sent"}))

	eventually(is_out, "the invitation is out")


def _record(doctype: str, request: Any) -> str:
	if doctype == "Signflow Settings":
		return doctype
	if doctype == "Timestamp Authority":
		settings = frappe.get_doc("Signflow Settings")
		settings.set("timestamp_authorities", [{"url": "https://tsa.example/", "enabled": 0}])
		settings.save(ignore_permissions=True)
		return settings.timestamp_authorities[0].name
	if doctype == "Backup Place":
		settings = frappe.get_doc("Signflow Settings")
		settings.set("backup_places", [{"place": "A safe", "kind": "Other"}])
		settings.save(ignore_permissions=True)
		return settings.backup_places[0].name
	if doctype == "Signature Request":
		return request.name
	if doctype == "Personal Data Field":
		return "Customer-customer_name"
	if doctype == "Personal Data Access":
		return accesses.record_access("Look-up", ["5ec2e7"], purpose="Test").name
	if doctype == "Person File Search":
		return file_search.start(_record("Personal Data Access", request), Subject())
	if doctype == "Content Scan":
		scan = content_scan.start("Note")
		content_scan.stop(scan)
		return scan
	if doctype == "Sealing Key":
		return frappe.get_all("Sealing Key", pluck="name", limit=1, order_by="creation asc")[0]
	link = "parent" if doctype == "Signature Request Document" else "request"
	return frappe.get_all(doctype, {link: request.name}, pluck="name", limit=1, order_by="creation asc")[0]


CASES = [
	pytest.param(doctype, state, persona, id=f"{doctype} {state} {persona}".replace(" ", "-"))
	for doctype, states in EXPECTATIONS.items()
	for state, personas in states.items()
	for persona in personas
]


def test_the_table_names_every_doctype(site: str) -> None:
	modules = ("Signflow", "Signflow Privacy")
	ours = frappe.get_all(
		"DocType", {"module": ["in", modules], "custom": 0}, pluck="name", order_by="name asc"
	)
	assert set(ours) == {
		*EXPECTATIONS,
		*OF_FORMS,
		*OF_RETENTION,
		*OF_CONSENTS,
		*OF_REGISTER,
		*OF_REQUESTS,
		*OF_ACCESS,
		*OF_ERASURE,
		*OF_HOLDS,
	}


@pytest.mark.parametrize(("doctype", "state", "persona"), CASES)
def test_what_each_may_do(world: World, doctype: str, state: str, persona: str) -> None:
	allowed, name = EXPECTATIONS[doctype][state][persona], world.records[doctype, state]
	browser, url = world.people[persona], world.url(doctype, name)
	read = browser.get(url, timeout=30)
	assert (read.status_code == 200) == ("r" in allowed), ("read", read.status_code, read.text[:300])
	if "r" not in allowed:
		assert read.status_code in (401, 403, 404), read.status_code
	before = world.stored(doctype, name)
	change = CHANGES[doctype]
	written = browser.put(url, json=change, timeout=30)
	assert (written.status_code == 200) == ("w" in allowed), (
		"write",
		written.status_code,
		written.text[:300],
	)
	if "w" not in allowed:
		assert written.status_code < 500, written.text[:500]
		assert world.stored(doctype, name) == before
	if "d" in allowed:
		frappe.db.rollback()
		frappe.set_user(world.house.users["owner"])
		copy = world.house.drafts(world.house.maija, confidential=int("confidential" in state))
		frappe.set_user("Administrator")
		gone = browser.delete(world.url(doctype, _record(doctype, copy)), timeout=30)
		assert gone.status_code in (200, 202), gone.text[:300]
		return
	kept = browser.delete(url, timeout=30)
	assert 400 <= kept.status_code < 500, ("delete", kept.status_code, kept.text[:300])
	assert world.stored(doctype, name), "deleted after all"


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("doctype", [name for name in EXPECTATIONS if name != "Signflow Settings"])
def test_who_makes_records(world: World, doctype: str, persona: str) -> None:
	house, draft = world.house, world.requests["draft"].name
	values = {
		"Signature Request": {
			"title": f"By {persona} {house.key}",
			"company": house.company,
			"language": "en",
			"documents": [{"title": "A", "file": "/private/files/none.pdf"}],
		},
		"Signature Request Signer": {
			"request": draft,
			"signer_name": persona.capitalize(),
			"email": f"{persona}.{house.key}@posti.example",
		},
		"Signature Request Document": {
			"parent": draft,
			"parenttype": "Signature Request",
			"parentfield": "documents",
			"title": "Slipped in",
			"file": "/private/files/none.pdf",
		},
		"Sealing Key": {"company": house.company},
		"Timestamp Authority": {
			"parent": "Signflow Settings",
			"parenttype": "Signflow Settings",
			"parentfield": "timestamp_authorities",
			"url": "https://tsa.example/slipped-in",
		},
		"Backup Place": {
			"parent": "Signflow Settings",
			"parenttype": "Signflow Settings",
			"parentfield": "backup_places",
			"place": "Slipped in",
		},
		"Personal Data Field": {
			"document_type": "Item",
			"fieldname": "item_name",
			"mark": "Personal",
			"holds": "Other",
		},
		"Content Scan": {"rows_per_doctype": 1},
		"Person File Search": {"look_up": "none", "user": "Administrator"},
		"Personal Data Access": {
			"accessed_on": "2026-01-01 12:00:00",
			"user": "Administrator",
			"kind": "Look-up",
		},
	}.get(doctype) or {**world.stored(doctype, world.records[doctype, "sent"]), "name": f"{draft}-00099"}
	before = frappe.db.count(doctype)
	answer = world.people[persona].post(
		world.url(doctype),
		data=frappe.as_json(values),
		headers={"Content-Type": "application/json"},
		timeout=30,
	)
	frappe.db.rollback()
	if doctype == "Sealing Key" and persona in MAY_CREATE[doctype]:
		assert answer.status_code == 417 and "PKCS#12" in answer.text, answer.text[:300]
	elif persona in MAY_CREATE.get(doctype, ()):
		assert answer.status_code == 200, answer.text[:500]
		assert frappe.db.get_value(doctype, answer.json()["data"]["name"], "owner") == house.users[persona]
	else:
		assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
		assert frappe.db.count(doctype) == before


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("doctype", LISTED)
def test_lists_agree_with_records(world: World, doctype: str, persona: str) -> None:
	states = {state: world.records[doctype, state] for state in EXPECTATIONS[doctype]}
	readable = {name for state, name in states.items() if "r" in EXPECTATIONS[doctype][state][persona]}
	parent = "Signature Request" if doctype == "Signature Request Document" else None
	for way, names in world.names(persona, doctype, parent).items():
		found = names & set(states.values())
		if way in ("report view", "link search") and doctype == "Signature Request Document":
			assert found <= readable, way  # Desk has no list of child rows
			continue
		assert found == readable, way


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("doctype", ["Signature Request", "Signature Event", "Sealed Revision"])
def test_counts_agree_with_lists(world: World, doctype: str, persona: str) -> None:
	hidden = world.requests["confidential"].name
	filters = {"name" if doctype == "Signature Request" else "request": hidden}
	may = "r" in EXPECTATIONS[doctype]["confidential"][persona]
	for method in ("frappe.client.get_count", "frappe.desk.reportview.get_count"):
		answer = world.call(persona, method, doctype=doctype, filters=filters)
		assert answer.status_code < 500
		count = answer.json().get("message") if answer.status_code == 200 else 0
		assert bool(count) == may, (method, answer.text[:300])


def test_file_lists_do_not_name_what_is_confidential(world: World) -> None:
	hidden = {world.requests["confidential"].name, world.records["Sealed Revision", "confidential"]}
	for persona, may in (("owner", True), ("manager", True), ("colleague", False), ("outsider", False)):
		answer = world.call(
			persona,
			"frappe.client.get_list",
			doctype="File",
			fields=["name", "file_name", "attached_to_name"],
			filters={"attached_to_doctype": ["in", ["Signature Request", "Sealed Revision"]]},
			limit_page_length=0,
		)
		rows = answer.json().get("message") or []
		assert bool({row["attached_to_name"] for row in rows} & hidden) == may, persona


@pytest.mark.parametrize("persona", [*PERSONAS, "Administrator"])
def test_secrets_never_come_out(world: World, persona: str) -> None:
	browser, url = world.people[persona], f"{world.house.web}/api/method/"
	fields = ["name", *SECRETS]
	joined = [f"signer.{name}" for name in SECRETS]
	for state in ("sent", "confidential"):
		signer = world.records["Signature Request Signer", state]
		answers = [
			browser.get(world.url("Signature Request Signer", signer), timeout=30),
			world.call(persona, "frappe.client.get", doctype="Signature Request Signer", name=signer),
			browser.get(
				f"{url}frappe.desk.form.load.getdoc",
				params={"doctype": "Signature Request Signer", "name": signer},
				timeout=30,
			),
			browser.put(
				world.url("Signature Request Signer", signer), json={"represents": "Example Ltd"}, timeout=30
			),
			browser.get(world.url("Signature Request", world.requests[state].name), timeout=30),
			world.call(persona, "signflow.api.requests.timeline", name=world.requests[state].name),
		]
		if persona != "Administrator":  # whoever Frappe asks nothing: lists are raw rows to him
			answers += [
				world.call(
					persona, "frappe.client.get_list", doctype="Signature Request Signer", fields=fields
				),
				world.call(persona, "frappe.client.get_list", doctype="Signature Event", fields=joined),
				world.call(
					persona,
					"frappe.client.get_value",
					doctype="Signature Request Signer",
					filters={"name": signer},
					fieldname=list(SECRETS),
				),
				world.call(
					persona,
					"frappe.desk.reportview.get",
					doctype="Signature Request Signer",
					fields=[f"`tabSignature Request Signer`.`{name}`" for name in fields],
				),
				world.call(
					persona,
					"frappe.desk.search.search_link",
					doctype="Signature Request Signer",
					txt="5ec2e7",
					searchfield="token_hash",
				),
			]
		for place, answer in enumerate(answers):
			assert answer.status_code < 500, (place, answer.text[:500])
			assert "5ec2e7" not in answer.text, (place, answer.text[:800])


@pytest.mark.parametrize("persona", [*PERSONAS, "Administrator"])
@pytest.mark.parametrize("fieldname", ["pkcs12", "passphrase"])
def test_the_key_of_the_seal_never_comes_out(world: World, persona: str, fieldname: str) -> None:
	key = world.records["Sealing Key", "house"]
	secret = frappe.utils.password.get_decrypted_password("Sealing Key", key, fieldname)
	assert secret
	answers = [
		world.call(
			persona, "frappe.client.get_password", doctype="Sealing Key", name=key, fieldname=fieldname
		),
		world.people[persona].get(world.url("Sealing Key", key), timeout=30),
		world.call(persona, "frappe.client.get_list", doctype="Sealing Key", fields=["name", fieldname]),
	]
	for answer in answers:
		assert answer.status_code < 500, answer.text[:500]
		assert secret[:60] not in answer.text


@pytest.mark.parametrize("persona", ["manager", "owner", "operator", "Administrator"])
@pytest.mark.parametrize("doctype", EVIDENCE)
def test_evidence_is_written_by_nobody(world: World, doctype: str, persona: str) -> None:
	name = world.records[doctype, "sent"]
	before = world.stored(doctype, name)
	count = frappe.db.count(doctype)
	row = {**before, "doctype": doctype}
	forged = {**row, "name": f"{world.requests['sent'].name}-00042", "flags": {"signflow": True}}
	browser = world.people[persona]
	json = {"headers": {"Content-Type": "application/json"}, "timeout": 30}
	change = {"doctype": doctype, "name": name, "fieldname": CHANGES[doctype]}
	answers = [
		browser.put(world.url(doctype, name), json=CHANGES[doctype], timeout=30),
		browser.delete(world.url(doctype, name), timeout=30),
		browser.post(world.url(doctype), data=frappe.as_json(forged), **json),
		browser.post(
			f"{world.house.web}/api/method/frappe.client.insert",
			data=frappe.as_json({"doc": {**forged, "__islocal": 1}}),
			**json,
		),
		browser.post(
			f"{world.house.web}/api/method/frappe.client.save",
			data=frappe.as_json({"doc": {**row, **CHANGES[doctype]}}),
			**json,
		),
		world.call(persona, "frappe.client.set_value", **change),
		world.call(persona, "frappe.client.delete", doctype=doctype, name=name),
		world.call(persona, "frappe.client.rename_doc", doctype=doctype, old_name=name, new_name=f"{name}-x"),
		world.call(persona, "frappe.desk.reportview.delete_items", doctype=doctype, items=[name]),
	]
	for place, answer in enumerate(answers[:-1]):
		assert 400 <= answer.status_code < 500, (place, answer.status_code, answer.text[:400])
	assert world.stored(doctype, name) == before
	assert frappe.db.count(doctype) == count


SIGNED_BY_NOBODY = {
	"status": "Signed",
	"signed_on": "2026-01-01 10:00:00",
	"signed_name": "Maija Meri",
	"identified_level": "high",
	"identified_on": "2026-01-01 10:00:00",
	"token_hash": "0" * 64,
	"session_hash": "0" * 64,
	"session_identified": 1,
	"delivery_status": "Sent",
}


@pytest.mark.parametrize("persona", ["owner", "manager", "Administrator"])
def test_a_sender_cannot_sign_for_a_signer(world: World, persona: str) -> None:
	frappe.db.rollback()
	frappe.set_user(world.house.users["owner"])
	draft = world.house.drafts(world.house.maija)
	frappe.set_user("Administrator")
	signer = _record("Signature Request Signer", draft)
	kept = {name: frappe.db.get_value("Signature Request Signer", signer, name) for name in SIGNED_BY_NOBODY}
	world.people[persona].put(
		world.url("Signature Request Signer", signer), json=SIGNED_BY_NOBODY, timeout=30
	)
	stored = world.stored("Signature Request Signer", signer)
	assert {name: stored[name] for name in SIGNED_BY_NOBODY} == kept
	made = world.people[persona].post(
		world.url("Signature Request Signer"),
		json={
			"request": draft.name,
			"signer_name": "Forged",
			"email": f"forged.{world.house.key}@posti.example",
			**SIGNED_BY_NOBODY,
		},
		timeout=30,
	)
	assert made.status_code == 200, made.text[:500]
	stored = world.stored("Signature Request Signer", made.json()["data"]["name"])
	assert {name: stored[name] for name in SIGNED_BY_NOBODY} == kept


@pytest.mark.parametrize("state", ["draft", "sent"])
@pytest.mark.parametrize("persona", ["owner", "manager", "Administrator"])
def test_what_the_service_keeps_on_a_request_is_not_for_writing(
	world: World, persona: str, state: str
) -> None:
	name, document = world.requests[state].name, world.records["Signature Request Document", state]
	before = world.stored("Signature Request", name)
	row_before = world.stored("Signature Request Document", document)
	service = {
		"event_count": 99,
		"event_head": "0" * 64,
		"sent_by": "Administrator",
		"sent_on": "2020-01-01 00:00:00",
		"completed_on": "2020-01-01 00:00:00",
		"work_due": 1,
		"lease_token": "mine",
		"closed_reason": "x",
		"remind_every_days": 3,
	}
	row = {
		**row_before,
		"certified_sha256": "0" * 64,
		"foreign_signatures": "Somebody",
		"source_sha256": "0" * 64,
	}
	world.people[persona].put(
		world.url("Signature Request", name),
		data=frappe.as_json({**service, "documents": [row]}),
		headers={"Content-Type": "application/json"},
		timeout=30,
	)
	after = world.stored("Signature Request", name)
	assert {key: after[key] for key in service if key != "remind_every_days"} == {
		key: before[key] for key in service if key != "remind_every_days"
	}
	after = world.stored("Signature Request Document", document)
	kept = ("certified_sha256", "foreign_signatures", "source_sha256", "file")
	assert {key: after[key] for key in kept} == {key: row_before[key] for key in kept}


def test_a_form_that_was_open_for_long_takes_nothing_back(world: World) -> None:
	"""Desk saves the whole form; what the service wrote meanwhile must stay as it is."""
	from signflow.services import evidence
	from signflow.services.transaction import one_transaction

	name = world.requests["sent"].name
	opened = world.people["owner"].get(world.url("Signature Request", name), timeout=30).json()["data"]
	frappe.db.rollback()
	one_transaction(evidence.record)(name, "opened")
	saved = world.call("owner", "frappe.client.save", doc={**opened, "remind_every_days": 6})
	assert saved.status_code == 200, saved.text[:500]
	frappe.db.rollback()
	assert frappe.db.get_value("Signature Request", name, "remind_every_days") == 6
	assert evidence.verify(name).ok


@pytest.mark.parametrize("persona", PERSONAS)
def test_personal_values_are_for_the_manager(world: World, persona: str) -> None:
	answer = world.people[persona].get(
		f"{world.house.web}/api/method/signflow.api.requests.evidence_bundle",
		params={"name": world.requests["sent"].name},
		timeout=30,
	)
	assert (answer.status_code == 200) == (persona == "manager"), answer.text[:300]


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("state", ["sent", "confidential"])
def test_our_own_endpoints_ask_the_same_table(world: World, persona: str, state: str) -> None:
	name = world.requests[state].name
	allowed = EXPECTATIONS["Signature Request"][state][persona]
	signer = world.records["Signature Request Signer", state]
	for verb in ("timeline", "verify_chain"):
		answer = world.call(persona, f"signflow.api.requests.{verb}", name=name)
		assert (answer.status_code == 200) == ("r" in allowed), (verb, answer.text[:300])
	read = world.people[persona].get(
		f"{world.house.web}/api/method/signflow.api.requests.download", params={"name": name}, timeout=30
	)
	assert (read.status_code == 200) == ("r" in allowed)
	if "w" in allowed:
		return
	for verb, values in (
		("send_request", {"name": name}),
		("cancel_request", {"name": name, "reason": "because"}),
		("remind_signer", {"signer": signer}),
		("correct_signer", {"signer": signer, "email": "me@posti.example"}),
		("replace_signer", {"signer": signer, "contact": "me"}),
	):
		answer = world.call(persona, f"signflow.api.requests.{verb}", **values)
		assert answer.status_code in (401, 403), (verb, answer.status_code, answer.text[:300])
