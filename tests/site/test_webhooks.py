"""A program is told of each completed submission: by Frappe's own Webhook, received by a real HTTP server."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import frappe
import pytest
import requests
from form_stage import a_form, a_submission, erase
from forms import FormPage, a_signable_form, submissions_of
from house import TIMEOUT, House, as_program, for_writing, long_ago
from stage import eventually

from signflow.services import submissions

pytestmark = pytest.mark.timeout(300)


@dataclass
class Receiver:
	"""A program that takes webhooks; it fails as often as `failures` says."""

	url: str = ""
	failures: int = 0
	taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
	state = Receiver()

	class Handler(http.server.BaseHTTPRequestHandler):
		def do_POST(self) -> None:
			body = self.rfile.read(int(self.headers["Content-Length"]))
			state.taken.append((dict(self.headers), body))
			self.send_response(503 if len(state.taken) <= state.failures else 200)
			self.end_headers()

		def log_message(self, *_parts: Any) -> None:
			pass

	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	state.url = f"http://127.0.0.1:{server.server_port}/signed"
	yield state
	server.shutdown()


@pytest.fixture
def both(house: House) -> Iterator[str]:
	"""A user who is a Signflow Manager and a System Manager."""
	for_writing()
	user = frappe.get_doc("User", house.users["manager"])
	user.add_roles("System Manager")
	frappe.db.commit()
	yield user.name
	for_writing()
	frappe.get_doc("User", user.name).remove_roles("System Manager")
	frappe.db.commit()


def add(house: House, form: Any, user: str, url: str, with_answers: bool = False) -> requests.Response:
	return as_program(house.web, user).post(
		f"{house.web}/api/method/signflow.api.webhooks.add_webhook",
		json={"form": form.name, "url": url, "with_answers": with_answers},
		timeout=TIMEOUT,
	)


def added(*arguments: Any, **options: Any) -> dict[str, str]:
	answer = add(*arguments, **options)
	assert answer.status_code == 200, answer.text[:1000]
	return answer.json()["message"]


def completes(submission: Any, **values: Any) -> None:
	for_writing()
	# As a new job begins: Frappe 15 keeps the list of webhooks in the process.
	frappe.local.cache = {}
	doc = frappe.get_doc("Form Submission", submission.name)
	doc.update({"status": "Completed", "completed_on": frappe.utils.now_datetime(), **values})
	doc.flags.signflow = True
	doc.save(ignore_permissions=True)
	frappe.db.commit()


def tries(webhook: str) -> list[Any]:
	return frappe.get_all(
		"Webhook Request Log", filters={"webhook": webhook}, fields=["data", "error"], order_by="creation asc"
	)


def checked(taken: tuple[dict[str, str], bytes], secret: str) -> dict[str, Any]:
	headers, body = taken
	expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
	assert headers["X-Frappe-Webhook-Signature"] == expected
	assert headers["Content-Type"] == "application/json"
	return json.loads(body)


def test_a_completed_submission_is_told_once_with_a_signature(
	house: House, both: str, receiver: Receiver
) -> None:
	form, other = a_form(house, title=f"O'Brienin ½ hakemus {house.key}"), a_form(house)
	hook = added(house, form, both, receiver.url)
	submission, stranger = a_submission(form), a_submission(other)
	completes(submission, customer=house.customer)
	completes(stranger)
	eventually(lambda: receiver.taken, "the program is told")
	told = checked(receiver.taken[0], hook["secret"])
	assert told["event"] == "form_submission.completed" and "answers" not in told
	assert "Maija" not in receiver.taken[0][1].decode()
	row = told["submission"]
	assert (row["submission"], row["form"], row["status"]) == (submission.name, form.name, "Completed")
	assert row["customer"] == house.customer and row["links"]["submission"].endswith(submission.name)
	assert datetime.fromisoformat(row["completed_on"]).utcoffset() is not None
	# Saved again, as when the answers are erased: nothing is told a second time.
	completes(submission)
	later = a_submission(form)
	completes(later)
	eventually(lambda: len(receiver.taken) == 2, "the next one is told")
	assert checked(receiver.taken[1], hook["secret"])["submission"]["submission"] == later.name


def test_a_person_who_signs_is_told_of_once(house: House, both: str, receiver: Receiver) -> None:
	form = a_signable_form(house)
	hook = added(house, form, both, receiver.url, with_answers=True)
	person = FormPage(house, form).submits(company_name="Lahti Oy")
	person.identifies()
	person.signs()
	eventually(lambda: receiver.taken, "the program is told")
	told = checked(receiver.taken[0], hook["secret"])
	(submission,) = submissions_of(form)
	assert told["answers"]["company_name"] == "Lahti Oy"
	assert told["submission"]["record"] == {"doctype": "Lead", "name": submission.record_name}
	assert told["submission"]["request"] == submission.request
	long_ago("Form Submission", submission.name, "expires_on", days=1)
	submissions.sweep()
	# The next person's completion is told after whatever the erasing would have told.
	other = FormPage(house, form).submits(first_name="Leena", email_id=f"leena.{house.key}@posti.example")
	other.identifies()
	other.signs()
	eventually(lambda: len(receiver.taken) > 1, "the next one is told")
	assert not frappe.db.get_value("Form Submission", submission.name, "answers")
	assert checked(receiver.taken[1], hook["secret"])["answers"]["first_name"] == "Leena"


def test_answers_go_along_only_where_somebody_asked_for_it(
	house: House, both: str, receiver: Receiver
) -> None:
	form = a_form(house)
	hook = added(house, form, both, receiver.url, with_answers=True)
	completes(a_submission(form))
	gone = a_submission(form)
	erase(gone.name)
	eventually(lambda: receiver.taken, "the program is told")
	answers = checked(receiver.taken[0], hook["secret"])["answers"]
	assert answers["full_name"] == "=Maija & Meri" and answers["seats"] == 3 and answers["agreed"] is True
	assert answers["starts"] == "2026-12-24" and len(answers["items"]) == 2
	completes(gone)
	eventually(lambda: len(receiver.taken) == 2, "the program is told of the erased one as well")
	assert checked(receiver.taken[1], hook["secret"])["answers"] is None


def test_a_program_that_fails_is_asked_again_and_each_try_is_logged(
	house: House, both: str, receiver: Receiver
) -> None:
	receiver.failures = 1
	form = a_form(house)
	hook = added(house, form, both, receiver.url)
	completes(a_submission(form))
	eventually(lambda: len(tries(hook["name"])) == 2, "two tries are logged")
	assert len(receiver.taken) == 2 and receiver.taken[0][1] == receiver.taken[1][1]
	failed, went = tries(hook["name"])
	assert "503" in failed.error and "503" not in (went.error or "")


def test_no_other_template_gets_at_the_answers(house: House) -> None:
	form = a_form(house)
	submission = a_submission(form)
	text = "{{ signflow_answers(name) | tojson }}"
	assert "Maija" not in frappe.render_template(text, {"name": submission.name})
	frappe.set_user(house.users["outsider"])
	with pytest.raises(frappe.PermissionError):
		frappe.render_template("{{ signflow_submission(name) }}", {"name": submission.name})


@pytest.mark.parametrize(
	("who", "status"), [("manager", 403), ("owner", 403), ("outsider", 403), ("operator", 403)]
)
def test_webhooks_are_for_who_may_make_them_and_reads_the_form(
	house: House, receiver: Receiver, who: str, status: int
) -> None:
	assert add(house, a_form(house), house.users[who], receiver.url).status_code == status


@pytest.mark.parametrize(
	("url", "with_answers", "said"),
	[
		("", False, "is not an address"),
		("ftp://example.com/x", False, "is not an address"),
		("javascript:alert(1)", False, "is not an address"),
		("http://example.com/x", True, "https addresses only"),
	],
)
def test_a_bad_address_is_refused(house: House, both: str, url: str, with_answers: bool, said: str) -> None:
	answer = add(house, a_form(house), both, url, with_answers)
	assert answer.status_code == 417 and said in answer.text, answer.text[:500]
