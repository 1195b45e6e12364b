"""Two clicks, or two workers, at the same moment: what is done is done once, on every database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import frappe
from erasing import a_request, officers
from frappe.utils import now_datetime
from house import House, a_contact, as_program, kinds
from leaving import a_contract, settings
from stage import eventually

from signflow.services import endings, evidence, terminations
from signflow.services.erasure import execution, planning

TIMES = 3


def at_once(verb: Callable[..., Any], *values: Any) -> None:
	"""Call `verb` several times at the same moment, each in a thread and connection of its own."""
	barrier, site = threading.Barrier(TIMES), frappe.local.site
	frappe.db.commit()

	def one(_number: int) -> None:
		frappe.init(site, sites_path=".")
		frappe.connect()
		frappe.set_user("Administrator")
		try:
			barrier.wait(timeout=60)
			verb(*values)
		finally:
			frappe.destroy()

	with ThreadPoolExecutor(TIMES) as threads:
		list(threads.map(one, range(TIMES)))
	frappe.db.rollback()


def clicked(house: House, user: str, verb: str, **values: Any) -> list[int]:
	"""What the server answers to clicks at the same moment, sorted."""
	browser = as_program(house.web, user)

	def click(_number: int) -> int:
		return browser.post(
			f"{house.web}/api/method/signflow.api.{verb}", json=values, timeout=120
		).status_code

	with ThreadPoolExecutor(TIMES) as clicks:
		answers = sorted(clicks.map(click, range(TIMES)))
	frappe.db.rollback()
	return answers


def test_a_request_is_sent_once(house: House) -> None:
	request = house.drafts(house.maija)
	assert clicked(house, "Administrator", "requests.send_request", name=request.name) == [200, 417, 417]
	assert kinds(request.name).count("sent") == 1 and evidence.verify(request.name).ok
	house.maija.invitation()
	assert len(house.mailbox.all(house.maija.mail)) == 1


def test_a_termination_is_settled_once(house: House) -> None:
	settings(termination_responsible=house.users["owner"])
	doc = terminations.record(
		[("Contract", a_contract(house).name)],
		channel="In Writing",
		received_on=now_datetime(),
		person_name="Maija Meri",
		email=house.maija.mail,
		language="en",
	)
	at_once(endings.settle, doc.name)
	eventually(lambda: frappe.get_doc(doc.doctype, doc.name).agreements[0].act_on, "it is settled")
	assert frappe.db.count("ToDo", {"reference_type": doc.doctype, "reference_name": doc.name}) == 1
	house.mailbox.wait_for(house.maija.mail, subject="Confirmation")
	assert len(house.mailbox.all(house.maija.mail)) == 1


def test_a_plan_is_approved_and_carried_out_once(house: House) -> None:
	planner, approver = officers(house)
	mail = f"once.{house.key}@posti.example"
	request = a_request(house, ("Contact", a_contact("Once", house.key, mail)), email=mail)
	frappe.set_user(planner)
	plan = planning.plan_erasure(request)
	frappe.set_user("Administrator")
	eventually(
		lambda: not frappe.db.get_value("Erasure Plan", plan, "work_due"), "the files were looked through"
	)
	assert clicked(house, approver, "erasure.approve", plan=plan) == [200, 417, 417]
	assert sum(clicked(house, approver, "erasure.run", plan=plan)) == 200 + 2 * 417
	at_once(execution.carry_on, plan)
	eventually(
		lambda: frappe.db.get_value("Erasure Plan", plan, ["status", "left_over"]) == ("Done", 0),
		"it is done",
	)
	steps = frappe.get_all(
		"Data Subject Request Step",
		{"request": request, "kind": ["in", ("Approved", "Running")]},
		pluck="kind",
		order_by="kind asc",
	)
	assert steps == ["Approved", "Running"]
	assert (
		frappe.db.count("Personal Data Access", {"purpose": f"Erasure Plan {plan}", "kind": "Erasure"}) == 1
	)
