"""What is kept after an erasure is used for nothing else: who needs it reads it, nobody else finds, opens, sends or changes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe
import pytest
from asking import an_officer
from erasing import a_request, approved, lines_of, officers
from frappe.utils import add_years, getdate
from frappe.utils.password import update_password
from house import House, a_contact, another_company, as_program, for_writing, statements_asked
from retention_stage import a_hold, worker_rests
from stage import eventually
from test_erasure_certificate import a_plan

from signflow.services import growing_set
from signflow.services.erasure import execution, planning, restricting
from signflow.services.subject_requests import carrying_out

pytestmark = pytest.mark.timeout(240)
ROLES = {"seller": "Sales User", "bookkeeper": "Accounts User"}


@dataclass
class Kept:
	"""A customer who was erased as far as law lets: `customer` and her contact are kept, `free` is somebody else's."""

	house: House
	customer: str
	contact: str
	free: str
	plan: str
	people: dict[str, Any]

	def call(self, persona: str, method: str, **values: Any) -> Any:
		return self.people[persona].post(f"{self.house.web}/api/method/{method}", json=values, timeout=60)

	def listed(self, persona: str) -> set[str]:
		url = f"{self.house.web}/api/resource/Customer"
		params = {"limit_page_length": 0, "filters": f'[["customer_name","like","%{self.house.key}%"]]'}
		answer = self.people[persona].get(url, params=params, timeout=30)
		assert answer.status_code == 200, answer.text[:300]
		return {row["name"] for row in answer.json()["data"]} - {self.house.customer}

	def opened(self, persona: str) -> Any:
		return self.call(persona, "frappe.desk.form.load.getdoc", doctype="Customer", name=self.customer)


def a_user(house: House, persona: str) -> str:
	for_writing()
	mail = f"signflow-{persona}@testi.example"
	if not frappe.db.exists("User", mail):
		roles = [{"role": ROLES[persona]}]
		values = {"first_name": persona.capitalize(), "send_welcome_email": 0, "language": "en"}
		house._insert("User", email=mail, roles=roles, **values)
		update_password(mail, f"{persona}-Secret-1")
	house.users[persona] = mail
	frappe.db.commit()
	return mail


@pytest.fixture(scope="module")
def kept(kept_house: House) -> Iterator[Kept]:
	house = kept_house
	frappe.set_user("Administrator")
	officer = an_officer()
	people = {name: as_program(house.web, a_user(house, name)) for name in ROLES}
	people["officer"] = as_program(house.web, officer)
	for_writing()
	hers, free = (
		house._insert("Customer", customer_name=f"{name} {house.key}", customer_type="Individual").name
		for name in ("Kept Kaisa", "Free Fanni")
	)
	contact = a_contact("Kaisa", house.key, f"kaisa.{house.key}@posti.example", ("Customer", hers))
	frappe.db.commit()
	# Shared while it was still in use: what Frappe shows him it shows whatever a permission says.
	for user in [house.users[name] for name in ROLES]:
		frappe.share.add_docshare("Customer", hers, user, flags={"ignore_share_permission": True})
	everyone = {"share_doctype": "Customer", "share_name": hers, "everyone": 1, "read": 1}
	house._insert("DocShare", **everyone)
	plan = a_plan(a_request(house, ("Customer", hers)), house.company)
	for_writing()
	for place, (doctype, name) in enumerate((("Customer", hers), ("Contact", contact))):
		line = frappe.get_doc(
			{
				"doctype": "Erasure Plan Line",
				"plan": plan,
				"place": place,
				"record_doctype": doctype,
				"record_name": name,
				"action": "Keep",
				"status": "Waiting",
				"ground": "Bookkeeping",
				"statute": "Act 1336/1997, 2:10",
				"keep_until": add_years(getdate(), 6),
			}
		)
		line.name = frappe.generate_hash(length=12)
		line.db_insert()
	for hook in frappe.get_hooks("signflow_erasure_done"):
		frappe.get_attr(hook)(plan)
	frappe.db.commit()
	yield Kept(house, hers, contact, free, plan, people)
	for_writing()
	frappe.db.set_value("Erasure Plan Line", {"plan": plan}, "status", "Done")
	frappe.db.commit()


def test_who_does_not_need_it_finds_it_nowhere(kept: Kept) -> None:
	assert kept.listed("seller") == {kept.free}
	found = kept.call("seller", "frappe.desk.search.search_link", doctype="Customer", txt=kept.house.key)
	assert kept.free in found.text and kept.customer not in found.text
	asked = {"doctype": "Customer", "fields": '["name"]', "filters": "[]", "page_length": 500}
	built = kept.call("seller", "frappe.desk.reportview.get", **asked)
	assert built.status_code == 200 and kept.free in built.text and kept.customer not in built.text
	index = frappe.qb.Table("__global_search")
	assert not frappe.qb.from_(index).select(index.name).where(index.name == kept.customer).run()


def test_of_its_shares_only_those_stay_whose_owner_needs_it(kept: Kept) -> None:
	shared = {"share_doctype": "Customer", "share_name": kept.customer}
	assert frappe.get_all("DocShare", shared, pluck="user") == [kept.house.users["bookkeeper"]]
	# A backup that was restored brings an old share back; the day's work takes it again.
	for_writing()
	share = {"doctype": "DocShare", **shared, "user": kept.house.users["seller"], "read": 1}
	doc = frappe.get_doc(share)
	doc.name = frappe.generate_hash(length=10)
	doc.db_insert()
	restricting.refresh()
	frappe.db.commit()
	assert frappe.get_all("DocShare", shared, pluck="user") == [kept.house.users["bookkeeper"]]


def test_who_does_not_need_it_reads_it_by_no_address_either(kept: Kept) -> None:
	web = kept.house.web
	for persona, status in (("seller", 403), ("bookkeeper", 200)):
		asks = kept.people[persona]
		for path in ("/api/resource", "/api/v2/document"):
			assert asks.get(f"{web}{path}/Customer/{kept.customer}", timeout=30).status_code == status, path
			assert asks.get(f"{web}{path}/Customer/{kept.free}", timeout=30).status_code == 200
		answer = kept.call(persona, "frappe.client.get", doctype="Customer", name=kept.customer)
		assert answer.status_code == status, answer.text[:300]
	refused = kept.people["seller"].get(f"{web}/api/resource/Customer/{kept.customer}", timeout=30)
	assert "Act 1336/1997" in refused.text


def test_who_does_not_need_it_cannot_use_it(kept: Kept) -> None:
	record = {"doctype": "Customer", "name": kept.customer}
	seller = kept.house.users["seller"]
	tries = (
		("frappe.desk.form.load.getdoc", record),
		("frappe.www.printview.get_html_and_style", {"doc": "Customer", "name": kept.customer}),
		("frappe.share.add", {**record, "user": kept.house.users["bookkeeper"], "read": 1}),
		("frappe.desk.form.assign_to.add", {**record, "assign_to": f'["{seller}"]', "description": "Ring"}),
		(
			"frappe.core.doctype.communication.email.make",
			{
				**record,
				"recipients": "x@muu.example",
				"subject": "Come back",
				"content": "Please",
				"send_email": 1,
			},
		),
		("frappe.client.set_value", {**record, "fieldname": "customer_name", "value": "Somebody"}),
	)
	for method, values in tries:
		answer = kept.call("seller", method, **values)
		assert answer.status_code == 403, (method, answer.status_code, answer.text[:500])
		# Frappe 16 says of itself, before we do, that nobody shares what he may not read.
		by_frappe = method == "frappe.share.add" and "cannot share" in answer.text
		assert by_frappe or "Act 1336/1997" in answer.text, (method, answer.text[:500])
	frappe.db.rollback()
	about = {"reference_name": kept.customer}
	assert not frappe.db.exists("Communication", about) and not frappe.db.exists("ToDo", about)
	assert frappe.db.get_value("Customer", kept.customer, "customer_name").startswith("Kept Kaisa")
	# What says nothing of her is changed by business as ever.
	done = kept.call("seller", "frappe.client.set_value", **record, fieldname="disabled", value=1)
	assert done.status_code == 200, done.text[:500]


def test_who_needs_it_reads_it_and_is_on_record(kept: Kept) -> None:
	assert kept.listed("bookkeeper") == {kept.customer, kept.free}
	about = {"reference_name": kept.customer, "viewed_by": kept.house.users["bookkeeper"]}
	opened = kept.opened("bookkeeper")
	assert opened.status_code == 200, opened.text[:500]
	told = opened.json()["docs"][0]["__onload"]["signflow_kept"]
	assert told["told"].startswith("Kept until ") and told["plan"] is None
	eventually(lambda: frappe.db.count("View Log", about) == 1, "the view is on record")
	# Who sees it does not hand it on to who does not need it.
	shared = kept.call(
		"bookkeeper",
		"frappe.desk.form.assign_to.add",
		doctype="Customer",
		name=kept.customer,
		assign_to=f'["{kept.house.users["seller"]}"]',
		description="Look",
	)
	assert shared.status_code == 403, shared.text[:300]
	printed = kept.call(
		"bookkeeper", "frappe.www.printview.get_html_and_style", doc="Customer", name=kept.customer
	)
	assert printed.status_code == 200, printed.text[:300]


def test_officers_are_led_to_the_plan(kept: Kept) -> None:
	frappe.set_user(an_officer())
	try:
		doc = frappe.get_doc("Customer", kept.customer)
		doc.set("__onload", frappe._dict())
		doc.run_method("onload")
		assert doc.get("__onload").signflow_kept["plan"] == kept.plan
	finally:
		frappe.set_user("Administrator")
		frappe.db.rollback()


def test_marketing_and_informing_keep_away(kept: Kept) -> None:
	carrying_out.daily()
	frappe.db.rollback()
	for doctype, name in (("Customer", kept.customer), ("Contact", kept.contact)):
		assert frappe.db.get_value(doctype, name, "signflow_restricted_for") == kept.house.company
	assert not frappe.db.get_value("Customer", kept.free, "signflow_restricted_for")


def test_another_companys_users_go_on_with_a_customer_that_both_have(kept: Kept) -> None:
	assert kept.customer not in kept.listed("seller")
	another_company()
	assert kept.customer in kept.listed("seller")
	assert kept.opened("seller").status_code == 200


def test_the_house_chooses_who_needs_it(kept: Kept) -> None:
	for_writing()
	# Shares are ended by what is said now, not by what the cache still holds.
	assert not frappe.get_cached_doc("Signflow Settings").kept_roles
	settings = frappe.get_doc("Signflow Settings")
	settings.append("kept_roles", {"role": "Sales User"})
	settings.save(ignore_permissions=True)
	frappe.db.commit()
	try:
		assert not frappe.get_all("DocShare", {"share_name": kept.customer})
		assert kept.customer in kept.listed("seller")
		assert kept.customer not in kept.listed("bookkeeper")
	finally:
		for_writing()
		settings = frappe.get_doc("Signflow Settings")
		settings.set("kept_roles", [])
		settings.save(ignore_permissions=True)
		frappe.db.commit()


def test_other_records_cost_nothing(kept: Kept) -> None:
	restricting.kinds()
	assert restricting.hidden(kept.house.users["seller"], "Item") == ""
	with statements_asked() as asked:
		assert restricting.kept("Item", "x") is None
		assert not asked
		assert restricting.kept("Customer", kept.free) is None
		assert len(asked) == 1


def test_without_the_cache_an_approval_goes_on_and_the_database_is_asked(kept: Kept) -> None:
	before = restricting.kinds()
	key = restricting._KINDS.key
	frappe.cache.delete_value(key)
	# Whatever is asked of it as a set Redis refuses now.
	frappe.cache.set_value(key, "x")
	try:
		for_writing()
		restricting.note_kinds(kept.plan)
		frappe.db.commit()
		assert {"Customer", "Contact"} <= restricting.kinds() <= before
		assert restricting.kept("Customer", kept.customer).plan == kept.plan
	finally:
		frappe.cache.delete_value(key)
	# An emptied cache that is filled before the commit learns of it afterwards.
	for_writing()
	restricting.note_kinds(kept.plan)
	frappe.cache.sadd(key, growing_set.IS_READ)
	assert "Customer" not in restricting.kinds()
	frappe.db.commit()
	assert "Customer" in restricting.kinds()
	restricting.refresh()


def test_what_a_hold_kept_goes_once_it_is_lifted(kept_house: House) -> None:
	made, approver = officers(kept_house)
	for_writing()
	mail = f"held.{frappe.generate_hash(length=6)}@posti.example"
	contact = kept_house._insert(
		"Contact", first_name="Heli", email_ids=[{"email_id": mail, "is_primary": 1}]
	).name
	frappe.db.commit()
	hold = a_hold("Contact", contact)
	eventually(worker_rests, "nothing is at work")
	request = a_request(kept_house, ("Contact", contact))
	frappe.set_user(made)
	plan = planning.plan_erasure(request)
	approved(plan, approver)
	execution.carry_on(plan)
	execution.daily()
	frappe.db.rollback()
	assert frappe.db.exists("Contact", contact)
	assert frappe.db.get_value("Contact", contact, "signflow_restricted_for") == kept_house.company
	for_writing()
	frappe.db.set_value("Legal Hold", hold.name, "lifted", 1)
	frappe.db.commit()
	execution.daily()
	frappe.db.rollback()
	assert not frappe.db.exists("Contact", contact)
	(line,) = lines_of(plan, action="Keep", record_doctype="Contact")
	assert (line.status, line.record_name) == ("Done", None)


def test_once_its_time_is_over_nothing_is_restricted(kept: Kept) -> None:
	for_writing()
	frappe.db.set_value("Erasure Plan Line", {"plan": kept.plan}, "status", "Done")
	frappe.db.commit()
	try:
		assert kept.customer in kept.listed("seller")
		carrying_out.daily()
		frappe.db.rollback()
		assert not frappe.db.get_value("Customer", kept.customer, "signflow_restricted_for")
	finally:
		for_writing()
		frappe.db.set_value("Erasure Plan Line", {"plan": kept.plan}, "status", "Waiting")
		frappe.db.commit()
