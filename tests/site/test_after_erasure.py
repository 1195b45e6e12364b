"""What comes after an erasure: backups roll off, what is kept is restricted, the request itself becomes nobody's."""

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frappe
import pytest
from asking import REQUEST, Asker, an_officer, as_officer, kinds
from frappe.utils import add_days, getdate, now_datetime
from frappe.utils.backups import get_backup_path
from house import House, as_program, attachments_of, for_writing, long_ago, text_of
from retention_stage import a_hold
from stage import Process, eventually
from test_erasure_certificate import a_plan
from test_subject_requests import taken_in

from signflow.core.erasure.masking import Words
from signflow.services import delivery, letters, verification, visits
from signflow.services.delivery import BLANK
from signflow.services.erasure import backups, proving
from signflow.services.privacy import checks
from signflow.services.subject_requests import decisions, forgetting, records

SETTINGS = "Signflow Settings"
BACKUP = "Erasure Backup"
OUR_JOBS = {"method": ["in", ("signflow: backups from before erasures", "signflow: pseudonymising")]}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def places():
	"""A backup of the site, and what the settings say of others."""
	for_writing()
	before = {name: frappe.db.get_single_value(SETTINGS, name) for name in ("backup_every_hours",)}
	folder = Path(get_backup_path())
	folder.mkdir(parents=True, exist_ok=True)
	made = [
		folder / f"20261122_0200-{part}"
		for part in ("database.sql.gz", "files.tar", "site_config_backup.json")
	]
	# Two whose names differ behind their hundred-and-fortieth letter.
	made += [folder / f"20261122_0200-{'x' * 130}-{part}.sql.gz" for part in ("one", "other")]
	for path in made:
		path.write_bytes(b"x" * 10)
	settings = frappe.get_doc(SETTINGS)
	settings.set("backup_places", [])
	settings.append(
		"backup_places", {"place": "Snapshots at the host", "kind": "Server Snapshot", "keeping_days": 30}
	)
	settings.append("backup_places", {"place": "A disk in the safe", "kind": "Other"})
	settings.backup_every_hours = 24
	settings.save(ignore_permissions=True)
	frappe.db.commit()
	yield made
	for_writing()
	for path in made:
		path.unlink(missing_ok=True)
	settings = frappe.get_doc(SETTINGS)
	settings.set("backup_places", [])
	settings.update(before)
	settings.save(ignore_permissions=True)
	frappe.db.commit()


@pytest.fixture(autouse=True)
def no_job_has_failed(site: str) -> Iterator[None]:
	"""What goes wrong at a job's edge is told to the Error Log alone."""
	frappe.db.rollback()
	before = frappe.db.count("Error Log", OUR_JOBS)
	yield
	frappe.db.rollback()
	assert frappe.db.count("Error Log", OUR_JOBS) == before


def an_ended_plan(house: House, mail: str) -> tuple[str, str]:
	request = taken_in(house, "Erasure", mail)
	plan = a_plan(request, house.company)
	for_writing()
	for hook in frappe.get_hooks("signflow_erasure_done"):
		frappe.get_attr(hook)(plan)
	frappe.db.commit()
	return request, plan


def words_of(data: bytes) -> str:
	from pypdf import PdfReader

	return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


def test_backups_are_listed_told_watched_and_gone(house: House, places: list[Path]) -> None:
	officer = an_officer()
	mail = f"backup.{house.key}@posti.example"
	request, plan = an_ended_plan(house, mail)
	assert f"The erasure has ended: plan {plan}." in [step.note for step in records.steps(request)]
	rows = {row.file_name or row.place: row for row in backups.of_plan(plan)}
	ours = {path.name for path in (*places[:2], *places[3:])} | {
		"Snapshots at the host",
		"A disk in the safe",
	}
	assert ours <= rows.keys() and places[2].name not in rows
	file = rows[places[0].name]
	# Older than a day with a backup each day: gone within two.
	assert (file.how, getdate(file.goes_by), file.size) == ("Deleted by Age", add_days(getdate(), 2), 10)
	assert getdate(rows["Snapshots at the host"].goes_by) == add_days(getdate(), 30)
	assert (rows["A disk in the safe"].goes_by, rows["A disk in the safe"].how) == (None, "Not Known")
	# The person is told what is known and what is not.
	decisions.complete(request, "Your data is erased.")
	message = house.mailbox.wait_for(mail, subject="Your data request is done")
	((_name, data),) = attachments_of(message).items()
	for told in (text_of(message), words_of(data)):
		assert "Backups on our server: gone by" in told and "Snapshots at the host: gone by" in told
		assert "A disk in the safe: by when they are gone is not known." in told
		assert "These are the places that we know of." in told
	# They go, one after the other.
	for path in places:
		path.unlink()
	backups.daily()
	frappe.db.rollback()
	assert frappe.db.get_value(BACKUP, file.name, ["status", "gone_on"]) == ("Gone", getdate())
	assert "Backups Gone" not in kinds(request)
	for_writing()
	snapshot = rows["Snapshots at the host"].name
	frappe.db.set_value(BACKUP, snapshot, "goes_by", add_days(getdate(), -1))
	for name in frappe.get_all(
		BACKUP,
		{"plan": plan, "name": ["not in", [row.name for key, row in rows.items() if key in ours]]},
		pluck="name",
	):
		frappe.db.set_value(BACKUP, name, "status", "Gone")  # another test's
	frappe.db.commit()
	backups.daily()
	frappe.db.rollback()
	assert frappe.db.get_value(BACKUP, snapshot, "status") == "Time Over"
	with as_officer(officer):
		backups.note_gone(rows["A disk in the safe"].name, "Destroyed by the courier, receipt 12")
	assert kinds(request).count("Backups Gone") == 1
	backups.daily()
	assert kinds(request).count("Backups Gone") == 1


def test_officers_hear_of_what_stays_past_its_day(house: House, places: list[Path]) -> None:
	officer = an_officer()
	request, plan = an_ended_plan(house, f"late.{house.key}@posti.example")
	about = {"document_name": request, "for_user": officer, "subject": ["like", "%not gone yet%"]}
	backups.daily()
	frappe.db.rollback()
	assert not frappe.db.count("Notification Log", about)
	for_writing()
	frappe.db.set_value(
		BACKUP, {"plan": plan, "file_name": places[0].name}, "goes_by", add_days(getdate(), -1)
	)
	frappe.db.commit()
	for _again in range(2):
		backups.daily()
	frappe.db.rollback()
	assert frappe.db.count("Notification Log", about) == 1
	assert frappe.db.get_value(BACKUP, {"plan": plan, "file_name": places[0].name}, "status") == "There"


def test_no_day_is_told_that_nothing_vouches_for(house: House, places: list[Path]) -> None:
	for_writing()
	frappe.db.set_single_value(SETTINGS, "backup_every_hours", 0)
	frappe.db.commit()
	inside = Path(get_backup_path()) / f"kept-{house.key}" / "old.sql.gz"
	inside.parent.mkdir()
	inside.write_bytes(b"x")
	try:
		found = {one.file_name: one.roll_off for one in backups.standing(now_datetime())}
	finally:
		inside.unlink()
		inside.parent.rmdir()
	# One backup shows no rhythm; what lies in a folder within Frappe never looks at.
	assert found[f"kept-{house.key}/old.sql.gz"].by is None
	if len({name.split("-")[0] for name in found if name}) == 2:
		assert found[places[0].name].how.value == "Rhythm of Backups Not Known"
	codes = {one.code: one.text for one in checks.findings()}
	assert "A disk in the safe" in codes["backups_without_end"] and "backup_places" in codes


def test_a_backup_made_afterwards_is_not_listed(house: House, places: list[Path]) -> None:
	assert places[0].name not in {one.file_name for one in backups.standing(add_days(now_datetime(), -1))}


@pytest.mark.parametrize("persona", ["owner", "manager", "outsider", "guest"])
def test_only_officers_see_and_note_backups(house: House, places: list[Path], persona: str) -> None:
	request, plan = an_ended_plan(house, f"who.{persona}.{house.key}@posti.example")
	row = backups.of_plan(plan)[0].name
	asking = as_program(house.web, house.users.get(persona))
	for verb, values in (
		("backups", {"request": request}),
		("backups", {"plan": plan}),
		("backup_gone", {"name": row, "words": "I say so"}),
	):
		answer = asking.post(f"{house.web}/api/method/signflow.api.erasure.{verb}", json=values, timeout=30)
		assert answer.status_code in (401, 403), (verb, answer.text[:300])
	url = f"{house.web}/api/resource/{BACKUP}/{row}"
	assert asking.get(url, timeout=30).status_code in (401, 403, 404)
	assert asking.put(url, json={"status": "Gone"}, timeout=30).status_code in (401, 403, 404)
	frappe.db.rollback()
	assert frappe.db.get_value(BACKUP, row, "status") == "There"


def test_not_even_an_officer_writes_the_list_by_hand(house: House, places: list[Path]) -> None:
	officer = an_officer()
	_request, plan = an_ended_plan(house, f"hand.{house.key}@posti.example")
	row = next(one for one in backups.of_plan(plan) if one.file_name == places[0].name)
	asking: Any = as_program(house.web, officer)
	url = f"{house.web}/api/resource/{BACKUP}/{row.name}"
	assert asking.put(url, json={"status": "Gone"}, timeout=30).status_code == 403
	assert asking.delete(url, timeout=30).status_code == 403
	with as_officer(officer), pytest.raises(frappe.ValidationError, match="delete it first"):
		backups.note_gone(row.name, "It should be gone")


# The request itself, once nobody needs to know whose it was.


class Asked:
	"""A person who asked for something, was answered, and left words all over what is kept of it."""

	def __init__(self, house: House, kind: str = "Access", **values: Any):
		self.house, self.key = house, f"{house.key}{frappe.generate_hash(length=4)}"
		self.name, self.mail = f"Venla Vuori{self.key}", f"venla.{self.key}@posti.example"
		digits = f"40{random.randrange(10**6, 10**7)}"
		self.phone, self.said_phone = f"+358{digits}", f"0{digits[:2]} {digits[2:5]} {digits[5:]}"
		self.officer = an_officer()
		self.request = taken_in(
			house,
			kind,
			self.mail,
			person_name=self.name,
			details=f"I am {self.name}, {self.phone}: what do you hold?",
			**values,
		)

	def words(self) -> Words:
		return Words(frozenset({self.mail}), frozenset({self.phone}), frozenset({self.name}))

	def leave_words(self) -> None:
		"""What comes about in the life of a request."""
		for_writing()
		request = records.for_change(self.request)
		request.phone = self.phone
		request.append(
			"persons",
			{
				"record_doctype": "Contact",
				"record_name": self.name,
				"strength": "Chosen",
				"because": self.mail,
			},
		)
		records.save(request)
		frappe.db.commit()
		with as_officer(self.officer):
			decisions.ask(self.request, f"Are you {self.name} of the sailing club?")
			decisions.answer(self.request, f"She says: yes, ring {self.phone}", by_person=False)
			decisions.note(self.request, f"{self.name} rang from {self.said_phone}")
		self.house.mailbox.wait_for(self.mail, subject="A question about your data request")
		for_writing()
		about = {"reference_doctype": REQUEST, "reference_name": self.request}
		self.reply = self.house._insert(
			"Communication",
			subject=f"Re: your question ({self.request})",
			content=f"Yes, I am {self.name}",
			sender=self.mail,
			sent_or_received="Received",
			communication_medium="Email",
			**about,
		).name
		for doctype, name in ((REQUEST, self.request), ("Communication", self.reply)):
			self.file = self.house._insert(
				"File",
				file_name=f"identity-{frappe.generate_hash(length=6)}.txt",
				is_private=1,
				content=f"{self.name}, {self.mail}",
				attached_to_doctype=doctype,
				attached_to_name=name,
			)
		self.house._insert("Comment", comment_type="Comment", content=f"Is {self.name} a member?", **about)
		self.house._insert(
			"ToDo", description=f"Ring {self.phone}", reference_type=REQUEST, reference_name=self.request
		)
		for doctype, values in (
			("Version", {"ref_doctype": REQUEST, "docname": self.request, "data": f'{{"x": "{self.mail}"}}'}),
			("View Log", {"viewed_by": self.mail, **about}),
			(
				"Personal Data Export",
				{"request": self.request, "email": self.mail, "note": self.name, "status": "Expired"},
			),
			(
				"Recipient Notice",
				{
					"request": self.request,
					"recipient": f"The friends of {self.name}",
					"email": self.mail,
					"status": "Waived",
					"waived_reason": f"{self.name} told them",
				},
			),
		):
			doc = frappe.get_doc({"doctype": doctype, "company": self.house.company, **values})
			doc.name = frappe.generate_hash(length=10)
			doc.db_insert()
		frappe.db.commit()

	def is_answered(self, days_ago: int) -> None:
		with as_officer(self.officer):
			words = f"Dear {self.name}, you have your copy."
			decisions.complete(self.request, words, nothing_held="Looked for by the address")
		self.house.mailbox.wait_for(self.mail, subject="Your data request is done")
		self.grows_old(days_ago)

	def grows_old(self, days: int) -> None:
		for_writing()
		frappe.db.set_value(
			REQUEST, self.request, "done_on", add_days(now_datetime(), -days), update_modified=False
		)
		frappe.db.commit()

	def stored(self) -> Any:
		frappe.db.rollback()
		return frappe.db.get_value(REQUEST, self.request, "*", as_dict=True)


def test_an_answered_request_becomes_nobodys(house: House) -> None:
	she = Asked(house)
	she.leave_words()
	she.is_answered(days_ago=364)
	forgetting.daily()
	assert she.stored().person_name == she.name  # not yet
	left = proving.prove(she.words(), backups=False)
	assert len(left.requests) > 3 and len(left.left) > 5
	path = Path(frappe.get_site_path(she.file.file_url.lstrip("/")))
	she.grows_old(366)
	traces = {table: frappe.db.count(table) for table in ("Deleted Document", "Comment", "Version")}
	forgetting.daily()
	row = she.stored()
	assert row.pseudonymised_on and (row.status, row.request_type, row.source) == (
		"Done",
		"Access",
		"Web Page",
	)
	assert row.person_name.startswith("#") and not (row.email or row.details or row.phone or row.outcome)
	after = proving.prove(she.words(), backups=False)
	assert (after.requests, after.left, after.kept) == ([], [], [])
	assert not path.exists()
	assert all(frappe.db.count(table) <= number for table, number in traces.items())
	# That it was answered, how and when, can be counted still.
	assert kinds(she.request)[0] == "Received" and kinds(she.request)[-2:] == ["Mailed", "Pseudonymised"]
	assert not any(step.note for step in records.steps(she.request))
	# Done twice is done once.
	assert not forgetting.pseudonymise(she.request)
	assert kinds(she.request).count("Pseudonymised") == 1
	with as_officer(she.officer), pytest.raises(frappe.ValidationError, match="pseudonymised"):
		forgetting.set_complaint(she.request, True, "To the Ombudsman, 1/2027")


def test_two_requests_of_one_person_are_counted_as_hers(house: House) -> None:
	she, other = Asked(house), Asked(house)
	second = taken_in(house, "Portability", she.mail, person_name=she.name)
	with as_officer(she.officer):
		for name in (she.request, second, other.request):
			decisions.complete(name, "Here it is.", nothing_held="Looked for by the address")
	for name in (she.request, second, other.request):
		for_writing()
		frappe.db.set_value(REQUEST, name, "done_on", add_days(now_datetime(), -400), update_modified=False)
		frappe.db.commit()
	forgetting.daily()
	named = [
		frappe.db.get_value(REQUEST, name, "person_name") for name in (she.request, second, other.request)
	]
	assert named[0] == named[1] != named[2]


def test_what_stops_it(house: House) -> None:
	she = Asked(house)
	she.is_answered(days_ago=400)
	with as_officer(she.officer):
		forgetting.set_complaint(she.request, True, "The Ombudsman, 12/2026")
	forgetting.daily()
	assert she.stored().person_name == she.name
	with as_officer(she.officer):
		forgetting.set_complaint(she.request, False, "Dismissed")
	hold = a_hold(REQUEST, she.request)
	forgetting.daily()
	assert she.stored().person_name == she.name
	for_writing()
	frappe.db.set_value("Legal Hold", hold.name, "lifted", 1)
	frappe.db.set_value(REQUEST, she.request, "restricted_on", now_datetime(), update_modified=False)
	frappe.db.commit()
	forgetting.daily()
	assert she.stored().person_name == she.name
	for_writing()
	frappe.db.set_value(
		REQUEST, she.request, "restriction_lifted_on", add_days(now_datetime(), -1), update_modified=False
	)
	frappe.db.commit()
	forgetting.daily()
	assert she.stored().person_name.startswith("#")


def test_an_open_request_is_never_pseudonymised(house: House) -> None:
	she = Asked(house)
	she.grows_old(800)
	assert not forgetting.pseudonymise(she.request)
	assert she.stored().person_name == she.name


def test_a_request_is_kept_long_enough_for_a_complaint() -> None:
	for_writing()
	settings = frappe.get_doc(SETTINGS)
	settings.pseudonymise_after_days = 90
	with pytest.raises(frappe.ValidationError, match="180 days at least"):
		settings.save(ignore_permissions=True)
	frappe.db.rollback()


def test_a_certificate_is_known_after_the_request_is_nobodys(house: House) -> None:
	she = Asked(house, "Erasure")
	plan = a_plan(she.request, house.company)
	for_writing()
	line = {"plan": plan, "record_doctype": "Contact", "record_name": she.name, "status": "Waiting"}
	for values in ({"action": "Decide"}, {"action": "Keep", "record_name": f"INV-{she.key}"}):
		doc = frappe.get_doc({"doctype": "Erasure Plan Line", **line, **values})
		doc.name = frappe.generate_hash(length=10)
		doc.db_insert()
	frappe.db.commit()
	with as_officer(she.officer):
		decisions.complete(she.request, "Your data is erased.")
	((_name, data),) = attachments_of(
		house.mailbox.wait_for(she.mail, subject="Your data request is done")
	).items()
	frappe.db.rollback()
	# Sent once: its bytes are nowhere, neither in the queue nor among the files.
	queued = frappe.get_all(
		"Email Queue",
		{"reference_name": she.request},
		["message", "attachments", "status"],
		order_by="name asc",
	)
	assert queued and {row.message for row in queued if row.status == "Sent"} == {BLANK}
	assert not [row for row in queued if len(row.attachments or "") > 200]
	she.grows_old(400)
	forgetting.daily()
	assert she.stored().pseudonymised_on
	verdict = verification.verify_document(data)
	assert (verdict["verdict"], verdict["problems"]) == ("genuine", []), verdict
	# What is kept is named until its day, since it goes by its name.
	named = frappe.get_all("Erasure Plan Line", {"plan": plan}, pluck="record_name", order_by="action asc")
	assert sorted(map(str, named)) == sorted(["None", f"INV-{she.key}"])
	proof = proving.prove(she.words(), backups=False)
	assert (proof.requests, proof.left) == ([], [])


@pytest.mark.parametrize("persona", ["owner", "manager", "outsider", "guest"])
def test_only_officers_note_a_complaint(house: House, persona: str) -> None:
	she = Asked(house)
	asking = as_program(house.web, house.users.get(persona))
	answer = asking.post(
		f"{house.web}/api/method/signflow.api.subject_requests.complaint",
		json={"name": she.request, "is_pending": 1, "words": "I complain"},
		timeout=30,
	)
	assert answer.status_code in (401, 403), answer.text[:300]
	assert not she.stored().complaint_pending


# What the pages mail after the end


CODE_LETTER = {
	"subject": "Your code",
	"template": "signflow_visit_code",
	"args": {"code": "123456", "minutes": 10, "house": {}},
}


def what_holds(mail: str) -> list[str]:
	"""Where the proof finds an address, the request's own places left out."""
	frappe.db.rollback()
	return [place.where for place in proving.prove(Words(frozenset({mail})), backups=False).left]


def test_looking_at_the_answer_leaves_no_trace(house: House) -> None:
	"""The receipt invites her to look; the mail with the code is about no record, so nothing else would take it away."""
	mail = f"looks.{house.key}@posti.example"
	a_plan(taken_in(house, "Erasure", mail), house.company)
	asker = Asker(house, mail)
	asker.begins()
	asker.does("check_code", code=asker.code())
	eventually(
		lambda: not queued_to(mail, reference_doctype=["is", "not set"]), "the mail with the code is gone"
	)
	assert not what_holds(mail)


@pytest.mark.parametrize("page", ["terminate", "consents", "requests"])
def test_a_mail_to_nobody_leaves_no_trace(house: House, page: str) -> None:
	mail = f"nobody.{house.key}@posti.example"
	visits.begin(mail, "en", page)
	house.mailbox.wait_for(mail)
	eventually(lambda: not queued_to(mail), "the mail is gone")
	assert not what_holds(mail)


def test_a_mail_that_was_not_taken_leaves_no_trace(house: House, mail_server: Process) -> None:
	mail = f"down.{house.key}@posti.example"
	mail_server.kill()
	for_writing()
	letters.send_secret(mail, **CODE_LETTER)
	assert not queued_to(mail) and not what_holds(mail)


def test_a_worker_killed_at_a_mail_leaves_its_row_to_the_sweep(house: House) -> None:
	mail = f"killed.{house.key}@posti.example"
	for_writing()
	queued = letters.queue_secret(mail, **CODE_LETTER)
	frappe.db.commit()
	delivery.sweep()
	assert queued_to(mail), "it may be on its way"
	long_ago("Email Queue", queued, "creation", "modified", minutes=11)
	delivery.sweep()
	assert not queued_to(mail) and not what_holds(mail)


def queued_to(mail: str, **filters: Any) -> list[str]:
	frappe.db.rollback()
	parents = frappe.get_all(
		"Email Queue Recipient", {"recipient": mail}, pluck="parent", order_by="name asc"
	)
	if not filters:
		return parents
	return frappe.get_all(
		"Email Queue", {"name": ["in", parents], **filters}, pluck="name", order_by="name asc"
	)
