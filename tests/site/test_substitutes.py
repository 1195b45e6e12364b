"""Somebody leaves a customer: a colleague takes over what is open, and the one who left sees nothing any more."""

from typing import Any

import frappe
import pypdfium2
import pytest
from consenting import a_text
from desk_of_agents import a_ticket, an_hd_customer
from frappe.utils import add_days, nowdate
from house import House, Signer, for_writing, kinds, row_of
from stage import eventually
from test_marketing import a_group, campaign_reaches, receivers

from signflow.api import substitutes as api
from signflow.core.evidence.bundle import verify_bundle
from signflow.services import drafts, evidence, requests, sending, substitutes
from signflow.services.files import read_sealed
from signflow.services.privacy import consent_campaigns, consents, marketing
from signflow.services.privacy.consents import Given

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def team(house: House) -> dict[str, str]:
	for_writing()
	frappe.set_user("Administrator")
	made = {"key": house.key}
	for who in ("leaver", "stayer", "stranger"):
		mail = f"{who}.{house.key}@asiakas.example"
		user = house._insert(
			"User", email=mail, first_name=who, send_welcome_email=0, user_type="Website User"
		)
		links = [] if who == "stranger" else [{"link_doctype": "Customer", "link_name": house.customer}]
		contact = house._insert(
			"Contact",
			first_name=who,
			last_name=house.key,
			user=user.name,
			email_ids=[{"email_id": mail, "is_primary": 1}],
			links=links,
		)
		made[who], made[f"{who} mail"] = contact.name, mail
	customer = frappe.get_doc("Customer", house.customer)
	customer.append("portal_users", {"user": made["leaver mail"]})
	customer.customer_primary_contact = made["leaver"]
	customer.flags.ignore_mandatory = True
	customer.save(ignore_permissions=True)
	frappe.db.commit()
	return made


def an_issue(house: House, team: dict[str, str], **values: Any) -> str:
	for_writing()
	about = {"subject": "Help", "customer": house.customer, "contact": team["leaver"]}
	issue = house._insert("Issue", **{**about, "raised_by": team["leaver mail"], **values})
	frappe.db.commit()
	return issue.name


def take_over(house: House, team: dict[str, str], by: str = "stayer") -> dict[str, Any]:
	return substitutes.substitute(team["leaver"], "Customer", house.customer, team[by])


def test_what_is_open_moves_and_what_is_closed_stays(house: House, team: dict[str, str]) -> None:
	mine, closed = an_issue(house, team), an_issue(house, team, status="Closed")
	raised_by_other = an_issue(house, team, raised_by="somebody@else.example")
	for_writing()
	frappe.set_user("Administrator")
	sent = sending.send_request(house.drafts(house.maija).name)
	frappe.db.set_value(
		"Signature Request Signer", {"request": sent.name}, "email", team["leaver mail"].upper()
	)
	frappe.db.commit()

	found = substitutes.leaving(team["leaver"], "Customer", house.customer)
	assert {(doctype, name) for doctype, name, _field in found.moves} >= {("Issue", mine)}
	assert ("Issue", closed) not in {(doctype, name) for doctype, name, _field in found.moves}
	answer = take_over(house, team)
	assert frappe.db.get_value("Issue", mine, ["contact", "raised_by"]) == (
		team["stayer"],
		team["stayer mail"],
	)
	assert frappe.db.get_value("Issue", closed, "contact") == team["leaver"]
	assert frappe.db.get_value("Issue", raised_by_other, "raised_by") == "somebody@else.example"
	assert ("Signature Request", sent.name) in answer["told"] and answer["moved"] >= 2
	assert frappe.db.get_value("Customer", house.customer, "customer_primary_contact") == team["stayer"]


def shown_in_signatures(data: bytes) -> str:
	"""The texts of a PDF's pages with what its fields show."""
	with pypdfium2.PdfDocument(data) as pdf:
		pdf.init_forms()
		for page in range(len(pdf)):
			pdf[page].flatten()
		return "\n".join(pdf[page].get_textpage().get_text_bounded() for page in range(len(pdf)))


def test_what_waits_for_his_signature_is_sent_to_the_substitute(house: House, team: dict[str, str]) -> None:
	leaver, stayer = (
		Signer(house, f"{who} {house.key}", team[f"{who} mail"]) for who in ("leaver", "stayer")
	)
	later, request = house.drafts(leaver), house.sends(house.maija, leaver)
	leaver.opens()
	house.maija.goes_all_the_way()
	for_writing()
	signers = {"request": ["in", [request.name, later.name]], "email": team["leaver mail"]}
	frappe.db.set_value("Signature Request Signer", signers, "contact", team["leaver"])
	frappe.db.commit()
	answer = take_over(house, team)
	asked = {row.request: row.signer for row in answer["signers"]}
	assert set(asked) == {request.name, later.name}
	new = requests.replace_signer(asked[request.name], team["stayer"])
	assert requests.replace_signer(asked[later.name], team["stayer"]) == asked[later.name]
	# By the address: the framework's own worker may have written the log-in's name into the Contact meanwhile.
	now = {"request": later.name, "email": stayer.mail}
	assert frappe.db.get_value("Signature Request Signer", now, "contact") == team["stayer"]
	assert leaver.browser.refused("open", token=leaver.browser.token)
	with pytest.raises(frappe.ValidationError, match="cannot be replaced"):
		requests.replace_signer(row_of(request.name, house.maija).name, team["stayer"])
	stayer.goes_all_the_way()
	eventually(
		lambda: frappe.db.get_value("Signature Request", request.name, "status") == "Completed",
		"all have signed",
	)
	assert "signer_replaced" in kinds(request.name, asked[request.name])
	assert "opened" in kinds(request.name, asked[request.name]) and "opened" in kinds(request.name, new)
	assert evidence.verify(request.name).ok
	assert verify_bundle(evidence.bundle(request.name)).ok
	# The signature itself says in whose place it stands: the page below bears the name that it was sent with.
	path, sha256 = frappe.db.get_value(
		"Sealed Revision", {"signer": new, "kind": "Signed"}, ["file_url", "sha256"]
	)
	assert f"in place of {leaver.name}" in shown_in_signatures(read_sealed(path, sha256))


def test_tasks_that_nobody_takes_are_named(house: House, team: dict[str, str]) -> None:
	issue = an_issue(house, team)
	for_writing()
	frappe.db.set_value("Contact", team["stayer"], "user", None)
	about = {"allocated_to": team["leaver mail"], "assigned_by": "Administrator"}
	own = house._insert("ToDo", description="Call back", **about)
	tied = house._insert("ToDo", description="Look", reference_type="Issue", reference_name=issue, **about)
	frappe.db.commit()
	answer = api.substitute(team["leaver"], "Customer", house.customer, team["stayer"])
	told = {row["name"]: row["title"] for row in answer["told"] if row["doctype"] == "ToDo"}
	assert told == {own.name: "Call back", tied.name: "Look"} and not answer["tasks"]


def test_the_view_of_who_left_ends(house: House, team: dict[str, str]) -> None:
	answer = take_over(house, team)
	assert answer["ended"]
	contact = frappe.get_doc("Contact", team["leaver"])
	assert not contact.links and contact.signflow_left_on
	assert not frappe.db.get_value("User", team["leaver mail"], "enabled")
	assert not frappe.db.exists("Portal User", {"user": team["leaver mail"], "parent": house.customer})
	assert frappe.db.get_value("User", team["stayer mail"], "enabled")


def works_elsewhere_too(house: House, team: dict[str, str]) -> str:
	"""The leaver is a contact of another customer as well; that customer's name."""
	for_writing()
	contact = frappe.get_doc("Contact", team["leaver"])
	other = house._insert("Customer", customer_name=f"Other {house.key}", customer_type="Company").name
	contact.append("links", {"link_doctype": "Customer", "link_name": other})
	contact.save(ignore_permissions=True)
	frappe.db.commit()
	return other


def test_a_log_in_that_leads_elsewhere_stays_open(house: House, team: dict[str, str]) -> None:
	other = works_elsewhere_too(house, team)
	assert not take_over(house, team)["ended"]
	assert frappe.db.get_value("User", team["leaver mail"], "enabled")
	assert [row.link_name for row in frappe.get_doc("Contact", team["leaver"]).links] == [other]


def test_only_a_colleague_takes_over(house: House, team: dict[str, str]) -> None:
	issue = an_issue(house, team)
	for by in ("stranger", "leaver"):
		with pytest.raises(frappe.ValidationError, match="another contact"):
			take_over(house, team, by)
	with pytest.raises(frappe.ValidationError, match="no contact of"):
		substitutes.leaving(team["stranger"], "Customer", house.customer)
	assert frappe.db.get_value("Issue", issue, "contact") == team["leaver"]


def test_whoever_may_not_write_the_customer_moves_nothing(house: House, team: dict[str, str]) -> None:
	issue = an_issue(house, team)
	frappe.set_user(team["stayer mail"])
	try:
		with pytest.raises(frappe.PermissionError):
			take_over(house, team)
	finally:
		frappe.set_user("Administrator")
	assert frappe.db.get_value("Issue", issue, "contact") == team["leaver"]


def test_helpdesk_has_the_substitute_in_his_stead(house: House, team: dict[str, str]) -> None:
	"""His open tickets, and from 1.28 on his membership of the customer, by which the portal shows tickets of others."""
	mine, other = f"Tuki {house.key}", f"Muu tuki {house.key}"
	ticket = a_ticket(
		house, customer=an_hd_customer(mine), contact=team["leaver"], raised_by=team["leaver mail"]
	)
	an_hd_customer(other)
	members = frappe.get_meta("HD Customer").has_field("contacts")
	for_writing()
	if members:
		for name in (mine, other):
			doc = frappe.get_doc("HD Customer", name)
			doc.append("contacts", {"contact_name": team["leaver"], "is_manager": 1})
			doc.primary_contact = team["leaver"]
			doc.save()
		frappe.db.set_value("HD Customer", mine, "erpnext_customer", house.customer)
	frappe.db.commit()
	answer = take_over(house, team)
	row = ticket.row()
	assert (row["contact"], row["raised_by"]) == (team["stayer"], team["stayer mail"])
	if not members:
		assert answer["ended"]
		return
	assert not answer["ended"]  # his log-in still leads into the other one's tickets
	for name, who in ((mine, "stayer"), (other, "leaver")):
		doc = frappe.get_doc("HD Customer", name)
		assert [(row.contact_name, row.is_manager) for row in doc.contacts] == [(team[who], 1)]
		assert doc.primary_contact == team[who]


def a_second_colleague(house: House, team: dict[str, str], who: str) -> str:
	"""Another Contact of the customer, who has the leaver's address too; returns his own address."""
	for_writing()
	own = f"{who}.{house.key}@asiakas.example"
	house._insert(
		"Contact",
		first_name=who,
		email_ids=[{"email_id": own, "is_primary": 1}, {"email_id": team["leaver mail"]}],
		links=[{"link_doctype": "Customer", "link_name": house.customer}],
	)
	frappe.db.commit()
	return own


def rule_of(contact: str, company: str) -> tuple[bool, str]:
	person = consents.person_of("Contact", contact)
	state = marketing.Known([person]).state(person, company, "Email")
	return state.allowed, state.rule.value


def test_who_left_is_marketed_to_no_more(house: House, team: dict[str, str]) -> None:
	group = a_group(house, team["leaver mail"], team["stayer mail"])
	assert receivers(group) == {team["leaver mail"], team["stayer mail"]}
	take_over(house, team)
	assert rule_of(team["leaver"], house.company) == (False, "Left")
	assert receivers(group) == campaign_reaches(group) == {team["stayer mail"]}
	marks = ["signflow_email_marketing", "signflow_sms_marketing"]
	assert frappe.db.get_value("Contact", team["leaver"], marks) == ("Not Allowed", "Not Allowed")
	lead = house._insert("Lead", lead_name="leaver", company_name="Asiakas", email_id=team["leaver mail"])
	frappe.db.commit()
	assert campaign_reaches(group) == {team["stayer mail"]}
	person = consents.person_of("Lead", lead.name)
	assert not marketing.Known([person]).state(person, house.company, "Email").allowed


def test_a_mailbox_that_colleagues_read_too_is_written_to(house: House, team: dict[str, str]) -> None:
	a_second_colleague(house, team, "mate")
	group = a_group(house, team["leaver mail"])
	take_over(house, team)
	assert receivers(group) == {team["leaver mail"]}
	assert rule_of(team["leaver"], house.company) == (False, "Left")


def test_a_consent_given_after_leaving_counts(house: House, team: dict[str, str]) -> None:
	text = a_text(house, double_opt_in=0)
	substitutes.substitute(
		team["leaver"], "Customer", house.customer, team["stayer"], add_days(nowdate(), -2)
	)
	assert rule_of(team["leaver"], house.company) == (False, "Left")
	for_writing()
	shown = consents.current_wording(text, "fi")
	consents.give(consents.person_of("Contact", team["leaver"]), shown, Given("Said to Staff"))
	assert rule_of(team["leaver"], house.company) == (True, "Consent")


def test_who_left_is_asked_for_no_consent(house: House, team: dict[str, str]) -> None:
	text = a_text(house)
	take_over(house, team)
	answer = consent_campaigns.ask("Contact", team["leaver"], text, language="fi")
	assert answer["asked"] == 0 and "Has left" in answer["left_out"][0]


def test_who_still_works_elsewhere_has_not_left(house: House, team: dict[str, str]) -> None:
	works_elsewhere_too(house, team)
	take_over(house, team)
	assert rule_of(team["leaver"], house.company) == (True, "Contact of a Company")


def test_a_request_to_who_left_names_the_substitute(house: House, team: dict[str, str]) -> None:
	for_writing()
	draft = house.drafts(house.maija)
	take_over(house, team)
	for_writing()
	frappe.clear_messages()
	drafts.add_signer(draft.name, signer_name="leaver", email=team["leaver mail"], contact=team["leaver"])
	told = " ".join(one["message"] for one in frappe.get_message_log())
	assert "leaver left on" in told and team["stayer mail"] in told
	frappe.clear_messages()
	drafts.add_signer(draft.name, signer_name="stayer", email=team["stayer mail"], contact=team["stayer"])
	assert not frappe.get_message_log()
	frappe.db.rollback()
