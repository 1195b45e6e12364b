"""Attacks on the signer's side: guessing codes, borrowed links and sessions, replays, malformed calls, prying."""

import base64
import io
import os
import re
import threading
from pathlib import Path
from typing import Any

import frappe
import pytest
import requests
from frappe.utils import add_to_date, now_datetime
from house import Browser, House, Signer, for_writing, text_of
from stage import eventually

from signflow.services import evidence, revisions


@pytest.fixture
def opened(house: House) -> Signer:
	"""Maija, alone on her request, with her page open."""
	house.request = house.sends(house.maija)
	house.maija.opens()
	return house.maija


def row(person: Signer) -> Any:
	frappe.db.rollback()
	return frappe.get_doc(
		"Signature Request Signer", {"request": person.house.request.name, "email": person.mail}
	)


def put(person: Signer, **values: Any) -> None:
	name = row(person).name
	for_writing()
	frappe.db.set_value("Signature Request Signer", name, values, update_modified=False)
	frappe.db.commit()


def asks_for_code(person: Signer) -> str:
	before = len(person.codes())
	person.browser.answer("send_code")
	person.house.mailbox.wait_for(person.mail, subject="ode", after=before)
	return person.codes()[-1]


def wrong(code: str) -> str:
	return f"{(int(code) + 1) % 1_000_000:06d}"


def signing(view: dict[str, Any], **changes: Any) -> dict[str, Any]:
	documents = [{"id": one["id"], "sha256": one["sha256"]} for one in view["documents"]]
	return {"name": "Maija Meri", "documents": documents, "accepted": True, **changes}


def test_five_wrong_codes_lock_the_signer_whoever_types_them(opened: Signer) -> None:
	code = asks_for_code(opened)
	for place in range(5):
		answer = requests.post(
			f"{opened.house.web}/api/method/signflow.api.signing.check_code",
			json={"code": wrong(code), "language": "en"},
			headers={
				"X-Signflow-Session": opened.browser.session,
				"X-Forwarded-For": f"203.0.113.{place}",
				"X-Real-IP": f"203.0.113.{place}",
			},
			timeout=30,
		)
		assert answer.status_code == 403
		error = answer.json()["message"]["error"]
		assert error["code"] == ("code_wrong" if place < 4 else "locked"), error
		assert error.get("tries_left") == (4 - place if place < 4 else None)
	assert opened.browser.refused("check_code", code=code)["code"] == "locked"
	assert opened.browser.refused("send_code")["code"] == "locked"
	assert opened.browser.open()["state"] == "locked", "a new session is no way out"
	assert opened.browser.refused("send_code")["code"] == "locked"
	stored = row(opened)
	assert stored.locked and stored.code_tries == 5 and not stored.code_hash
	assert evidence.verify(opened.house.request.name).ok
	opened.browser.answer("send_new_link", token=opened.browser.token)
	opened.house.subject = f"Reminder: {opened.house.subject}"
	assert opened.opens()["state"] == "open", "the new link is"
	assert opened.identifies()["signer"]["identified"]


def test_new_sessions_give_no_new_tries(opened: Signer) -> None:
	for left in (4, 3, 2, 1):
		opened.browser.open()
		opened.browser.answer("send_code")
		assert opened.browser.refused("check_code", code="x")["tries_left"] == left
	opened.browser.open()
	opened.browser.answer("send_code")
	assert opened.browser.refused("check_code", code="x")["code"] == "locked"


def test_many_guesses_at_once_count_one_by_one(opened: Signer) -> None:
	opened.browser.answer("send_code")
	answers: list[requests.Response] = []

	def guess(number: int) -> None:
		answers.append(opened.browser.call("check_code", code=f"abc{number}"))

	threads = [threading.Thread(target=guess, args=(number,)) for number in range(10)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	codes = [answer.json()["message"]["error"]["code"] for answer in answers]
	assert codes.count("code_wrong") <= 4 and set(codes) <= {"code_wrong", "locked", "try_later"}, codes
	stored = row(opened)
	failed = frappe.db.count("Signature Event", {"signer": stored.name, "kind": "code_failed"})
	assert failed == stored.code_tries <= 5
	assert evidence.verify(opened.house.request.name).ok


def test_a_code_works_for_the_session_that_asked_and_once(opened: Signer) -> None:
	code = asks_for_code(opened)
	thief = Browser(opened.house.web, token=opened.browser.token)
	thief.open()
	assert thief.refused("check_code", code=code)["code"] == "code_expired", (
		"the thief's session asked for none"
	)
	assert opened.browser.refused("check_code", code=code)["code"] == "session_expired", (
		"a newer one was opened"
	)
	before = len(opened.codes())
	thief.answer("send_code")
	opened.house.mailbox.wait_for(opened.mail, subject="code", after=before)
	assert thief.refused("check_code", code=code)["code"] == "code_wrong", "a code of another session"
	opened.browser.open()
	new = asks_for_code(opened)
	assert opened.browser.answer("check_code", code=new)["signer"]["identified"]
	assert opened.browser.refused("check_code", code=new)["code"] == "code_expired", "used"


def test_a_code_lives_ten_minutes(opened: Signer) -> None:
	code = asks_for_code(opened)
	left = (row(opened).code_expires_on - now_datetime()).total_seconds()
	assert 540 < left <= 600
	put(opened, code_expires_on=add_to_date(now_datetime(), seconds=-1))
	assert opened.browser.refused("check_code", code=code)["code"] == "code_expired"
	assert not row(opened).session_identified


def test_codes_are_not_sent_without_end(opened: Signer) -> None:
	assert opened.browser.answer("send_code")["tries_left"] == 5
	refused = opened.browser.refused("send_code")
	assert refused["code"] == "too_many" and 0 < refused["resend_after_seconds"] <= 60
	put(opened, codes_sent=8, code_sent_on=add_to_date(now_datetime(), minutes=-2))
	assert opened.browser.refused("send_code")["code"] == "too_many"


def test_nobody_signs_unidentified(opened: Signer) -> None:
	view = opened.browser.answer("view")
	assert opened.browser.refused("sign", **signing(view))["code"] == "not_identified"
	assert opened.browser.refused("decline", reason="no thanks")["code"] == "not_identified"
	assert row(opened).status == "Opened"


def test_only_what_was_shown_is_signed_and_once(opened: Signer) -> None:
	other = opened.house.sends(opened.house.matti, title=f"Other {opened.house.key}")
	view = opened.identifies()
	mine = view["documents"][0]
	foreign = {"id": other.documents[0].name, "sha256": mine["sha256"]}
	for documents in (
		[],
		[{"id": mine["id"], "sha256": "0" * 64}],
		[foreign],
		[{"id": mine["id"], "sha256": mine["sha256"]}, foreign],
		[{"id": mine["id"]}],
		[{"id": None, "sha256": {"a": []}}],
	):
		assert opened.browser.refused("sign", **signing(view, documents=documents))["code"] == "invalid_input"
	for changes in (
		{"accepted": False},
		{"name": ""},
		{"name": "x" * 141},
		{"name": "Maija\u0000Meri"},
		{"name": "Maija \u202eireM"},
		{"drawn": "data:image/png;base64,AAAA"},
		{"drawn": "javascript:alert(1)"},
		{"drawn": a_drawing(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)},
		{"drawn": a_drawing(_png(9000, 10))},
	):
		assert opened.browser.refused("sign", **signing(view, **changes))["code"] == "invalid_input", changes
	assert row(opened).status == "Identified"
	done = opened.browser.answer("sign", **signing(view))
	assert done["state"] in ("sealing", "signed", "completed")
	again = opened.browser.call("sign", **signing(view, name="Somebody Else"))
	assert again.status_code in (200, 401), again.text[:300]
	eventually(
		lambda: frappe.db.get_value("Signature Request", opened.house.request.name, "status") == "Completed",
		"the request is completed",
		60,
	)
	assert row(opened).signed_name == "Maija Meri"
	signed = {"request": opened.house.request.name, "kind": "signed"}
	assert frappe.db.count("Signature Event", signed) == 1
	assert frappe.db.count("Sealed Revision", {**signed, "kind": "Signed"}) == 1


def a_drawing(data: bytes) -> str:
	return "data:image/png;base64," + base64.b64encode(data).decode()


def _png(width: int, height: int) -> bytes:
	from PIL import Image

	with io.BytesIO() as stream:
		Image.new("RGB", (width, height)).save(stream, "PNG")
		return stream.getvalue()


def test_documents_of_others_stay_closed(opened: Signer) -> None:
	house = opened.house
	own = opened.browser.answer("view")["documents"][0]["id"]
	other = house.sends(house.matti, title=f"Other {house.key}")
	theirs = other.documents[0].name
	assert opened.browser.call("document", document=own).content.startswith(b"%PDF")
	for document in (
		theirs,
		f"{other.name}-{theirs}-0",
		"report",
		"../../site_config.json",
		"%",
		"",
		"x" * 10000,
	):
		assert opened.browser.refused("document", document=document)["code"] == "invalid_input"
	stranger = Browser(house.web, session=opened.browser.session[:-1] + "A")
	assert stranger.refused("document", document=own)["code"] == "session_expired"


def test_signers_do_not_share_a_session(house: House) -> None:
	house.request = house.sends(house.maija, house.matti)
	house.maija.opens()
	house.matti.opens()
	view = house.maija.identifies()
	assert view["signer"]["identified"]
	theirs = house.matti.browser.answer("view")
	assert not theirs["signer"]["identified"]
	assert house.matti.browser.refused("sign", **signing(view))["code"] == "not_identified"
	assert house.maija.mail not in house.matti.browser.call("view").text
	assert house.matti.mail not in house.matti.browser.call("view").text, "only masked, even to himself"


def test_a_session_ends(opened: Signer) -> None:
	opened.identifies()
	first = Browser(opened.house.web, session=opened.browser.session)
	opened.browser.open()
	assert first.refused("view")["code"] == "session_expired", "by a newer one"
	assert not opened.browser.answer("view")["signer"]["identified"]
	put(opened, session_expires_on=add_to_date(now_datetime(), seconds=-1))
	for verb, values in (
		("view", {}),
		("send_code", {}),
		("check_code", {"code": "123456"}),
		("document", {"document": "x"}),
		("decline", {"reason": "no thanks"}),
		("ask_sender", {"question": "who is there"}),
		("sign", {"name": "Maija Meri", "documents": [], "accepted": True}),
	):
		assert opened.browser.refused(verb, **values)["code"] == "session_expired", verb


def test_an_expired_request_takes_nothing(opened: Signer) -> None:
	view = opened.identifies()
	for_writing()
	past = add_to_date(now_datetime(), minutes=-1)
	frappe.db.set_value("Signature Request", opened.house.request.name, "expires_on", past)
	frappe.db.commit()
	assert opened.browser.answer("view")["state"] == "expired"
	assert opened.browser.answer("view")["documents"] == []
	document = view["documents"][0]["id"]
	for verb, values in (
		("sign", signing(view)),
		("send_code", {}),
		("check_code", {"code": "123456"}),
		("decline", {"reason": "too late"}),
		("document", {"document": document}),
	):
		assert opened.browser.refused(verb, **values)["code"] == "request_closed", verb
	assert row(opened).status == "Identified"


def test_a_newer_invitation_ends_the_older_link_and_session(opened: Signer) -> None:
	from signflow.services import requests as service

	old = opened.browser
	service.remind_signer(row(opened).name)
	assert old.refused("view")["code"] == "session_expired"
	assert old.refused("open", token=old.token)["code"] == "link_invalid"
	opened.opens(number=1)
	assert opened.browser.answer("view")["state"] == "open"


def test_what_never_was_and_what_has_ended_look_alike(opened: Signer) -> None:
	from signflow.services import requests as service

	old, name = opened.browser.token, row(opened).name
	service.remind_signer(name)
	unknown = [
		"nosuchname." + old.split(".")[1],
		f"{name}.{'A' * 43}",
		"",
		"x",
		".",
		f"{name}.",
		"x" * 100_000,
		"\u0000.\u0000",
		"'; drop table",
		name,
		f"{name}.{'ä' * 43}",
	]
	nobody = Browser(opened.house.web)
	for verb in ("open", "send_new_link"):
		answers = [nobody.call(verb, token=token) for token in (old, *unknown[: 5 if verb == "open" else 3])]
		frappe.cache.delete_keys("rl:")
		answers += [nobody.call(verb, token=token) for token in unknown[3:]]
		assert len({(answer.status_code, answer.content) for answer in answers}) == 1, verb
		frappe.cache.delete_keys("rl:")
	for session in ("", "x", "A" * 43, "A" * 5000):
		assert Browser(opened.house.web, session=session).refused("view")["code"] == "session_expired"


def test_confidential_documents_are_closed_before_identification(house: House) -> None:
	house.request = house.sends(house.maija, confidential=1)
	view = house.maija.opens()
	document = view["documents"][0]["id"]
	assert not view["documents"][0]["readable"]
	for purpose in ("view", "download"):
		refused = house.maija.browser.refused("document", document=document, purpose=purpose)
		assert refused["code"] == "not_identified"
	house.maija.identifies()
	assert house.maija.browser.call("document", document=document).content.startswith(b"%PDF")
	house.maija.browser.open()
	assert house.maija.browser.refused("document", document=document)["code"] == "not_identified"


def test_copies_behind_a_link_have_a_way_out_of_the_lock(house: House) -> None:
	house.request = house.sends(house.maija, confidential=1)
	house.maija.goes_all_the_way()
	link = re.compile(r'href="([^"]+/sign[^"]*#[^"]+)"')
	copy = house.mailbox.wait_for(house.maija.mail, subject="Signed:", seconds=60)
	browser = house.maija.browser = Browser(
		house.web, token=link.search(text_of(copy)).group(1).split("#")[1]
	)
	view = browser.open()
	assert view["state"] == "completed" and not view["documents"][0]["readable"]
	document = view["documents"][0]["id"]
	assert browser.refused("document", document=document)["code"] == "not_identified"
	browser.answer("send_code")
	for _try in range(5):
		browser.refused("check_code", code="x")
	assert browser.refused("send_code")["code"] == "locked"
	browser.answer("send_new_link", token=browser.token)
	copy = house.mailbox.wait_for(house.maija.mail, subject="Signed:", after=1)
	house.maija.browser = Browser(house.web, token=link.search(text_of(copy)).group(1).split("#")[1])
	house.maija.browser.open()
	assert house.maija.identifies()["documents"][0]["readable"]
	data = house.maija.browser.call("document", document=document).content
	assert data.startswith(b"%PDF")


def test_refusals_speak_the_readers_language(opened: Signer) -> None:
	texts = set()
	for language in ("en", "fi", "sv"):
		answer = Browser(opened.house.web, language=language).refused("open", token="nobody")
		assert answer["code"] == "link_invalid"
		texts.add(answer["text"])
	assert len(texts) == 3, texts
	opened.browser.language = None
	put(opened, language="fi")
	finnish = opened.browser.refused("sign", name="Maija", documents=[], accepted=True)["text"]
	put(opened, language="sv")
	assert finnish != opened.browser.refused("sign", name="Maija", documents=[], accepted=True)["text"]


def test_what_breaks_on_our_side_is_said_kindly_and_logged_without_secrets(opened: Signer) -> None:
	code = asks_for_code(opened)
	revision = revisions.final_revisions(opened.house.request.name)[0]
	path = Path(frappe.get_site_path("private", "files", os.path.basename(revision.file_url)))
	path.unlink()
	response = opened.browser.call("document", document=revision.document)
	error = response.json()["message"]["error"]
	assert response.status_code == 500 and error["code"] == "try_later"
	assert "Traceback" not in response.text and "private" not in response.text
	frappe.db.rollback()
	log = frappe.get_doc("Error Log", error["reference"])
	assert "SealedFileLost" in log.error
	for secret in (opened.browser.token, opened.browser.session, code):
		assert secret not in log.as_json()
	put(opened, code_salt="no hex")  # a row that somebody broke
	response = opened.browser.call("check_code", code=code)
	assert response.status_code == 500
	frappe.db.rollback()
	log = frappe.get_doc("Error Log", response.json()["message"]["error"]["reference"])
	assert code not in log.as_json() and opened.browser.session not in log.as_json()


def test_secrets_stay_nowhere(opened: Signer) -> None:
	code = asks_for_code(opened)
	browser = opened.browser
	secrets = {"token": browser.token.split(".")[1], "session": browser.session}
	browser.answer("check_code", code=code)
	browser.refused("check_code", code=code)
	browser.refused("open", token=browser.token[:-1] + "!")
	browser.answer("ask_sender", question="Is this for real?")
	browser.refused("sign", name="", documents=[], accepted=True)
	mails = {"reference_doctype": "Signature Request Signer", "reference_name": row(opened).name}

	def blanked() -> bool:
		rows = frappe.get_all("Email Queue", mails, ["status", "message"], order_by="creation asc")
		return len(rows) == 1 and all(mail.status == "Sent" and len(mail.message) < 200 for mail in rows)

	eventually(blanked, "the mail that carried the link is blanked, and the code's is gone")
	for doctype in (
		"Error Log",
		"Version",
		"Activity Log",
		"Access Log",
		"Comment",
		"Communication",
		"View Log",
	):
		for stored in frappe.get_all(doctype, "*", order_by="creation desc", limit=200):
			for kind, secret in secrets.items():
				assert secret not in str(stored), (doctype, kind)
	for stored in frappe.get_all("Signature Event Payload", {"request": opened.house.request.name}, "*"):
		assert not [kind for kind, secret in secrets.items() if secret in stored.values_json]
		assert code not in stored.values_json
	stored = str(row(opened).as_dict())
	assert not [kind for kind, secret in secrets.items() if secret in stored]
	folders = [Path(frappe.get_site_path("logs")), Path(frappe.utils.get_bench_path()) / "logs"]
	for path in (path for folder in folders for path in folder.glob("*.log")):
		text = path.read_text(errors="replace")[-5_000_000:]
		assert not [kind for kind, secret in secrets.items() if secret in text], path.name
	assert not [kind for kind, secret in secrets.items() if secret in _redis()]


def _redis() -> str:
	from frappe.utils.background_jobs import get_redis_conn

	found = []
	for connection in (get_redis_conn(), frappe.cache):
		for key in (
			connection.scan_iter(count=1000) if hasattr(connection, "scan_iter") else connection.keys("*")
		):
			found.append(repr(key))
			kind = connection.type(key).decode()
			if kind == "string":
				found.append(
					repr(
						super(type(frappe.cache), frappe.cache).get(key)
						if connection is frappe.cache
						else connection.get(key)
					)
				)
			elif kind == "hash":
				found.append(repr(connection.execute_command("HGETALL", key)))
			elif kind == "list":
				found.append(repr(connection.execute_command("LRANGE", key, 0, -1)))
	return "".join(found)


def test_the_token_is_in_no_path(opened: Signer) -> None:
	link = re.search(r'href="([^"]+/sign[^"]*#[^"]+)"', text_of(opened.invitation())).group(1)
	before, fragment = link.split("#")
	assert opened.browser.token == fragment
	assert row(opened).name not in before and fragment not in before
	assert (
		"token"
		not in requests.post(
			f"{opened.house.web}/api/method/signflow.api.signing.open", json={"token": fragment}, timeout=30
		).url
	)
