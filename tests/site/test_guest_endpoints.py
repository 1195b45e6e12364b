"""What a guest reaches: this list is the promise, and a change of it is a decision that somebody takes here."""

import ast
import importlib
import sys
from pathlib import Path

import frappe
import pytest
import requests
from house import House

import signflow
from signflow.api.guest import answers

GUEST_ENDPOINTS = {
	"signflow.api.signing.open": "a signer has a link and no account: exchanges the token for a session",
	"signflow.api.signing.view": "what the page shows; the session decides whose request",
	"signflow.api.signing.document": "reading before signing; the session decides which documents",
	"signflow.api.signing.send_code": "mails a code to the signer's own address, whoever asks",
	"signflow.api.signing.check_code": "identifies the session that asked for the code",
	"signflow.api.signing.sign": "the signature itself; needs an identified session",
	"signflow.api.signing.decline": "the other answer; needs an identified session",
	"signflow.api.signing.ask_sender": "a question to the sender before signing; needs a session",
	"signflow.api.signing.send_new_link": "the way out of an old link; mails to the signer's own address only",
	"signflow.api.forms.accept": "in place of the framework's own; a page has to solve a puzzle, the form to be open",
	"signflow.api.forms.begin": "what the page of a published form starts with; nothing about any person",
	"signflow.api.forms.save_for_later": "keeps unfinished answers; the mail goes out a few times a day and says nothing",
	"signflow.api.forms.resume": "brings back the answers of whoever has the link",
	"signflow.api.forms.change_answers": "from the documents back to the form; needs the person's own session",
	"signflow.api.forms.mail_link": "a link for later to the person's own address; needs the person's own session",
	"signflow.api.prefills.open": "a form's page has a link and no account: what the house filled in",
	"signflow.api.terminations.begin": "mails a code, or that nothing was found, to the address named; bounded per address",
	"signflow.api.terminations.check_code": "identifies the visit that asked for the code",
	"signflow.api.terminations.view": "the visitor's own agreements; needs an identified visit",
	"signflow.api.terminations.prepare": "makes the notice to sign; needs an identified visit",
	"signflow.api.withdrawals.review": "a consumer withdraws without a log-in (2011/83/EU, 11a): first step, keeps nothing",
	"signflow.api.withdrawals.confirm": "the second step: the statement is kept and receipted",
	"signflow.api.consents.begin": "mails a code to the address named, known or not; bounded per address",
	"signflow.api.consents.check_code": "identifies the visit that asked for the code",
	"signflow.api.consents.open_link": "whoever gets a mail about consents has a link and no account",
	"signflow.api.consents.view": "the visitor's own consents; needs an identified visit",
	"signflow.api.consents.answer": "giving and withdrawing are equally easy (GDPR 7(3)); needs an identified visit",
	"signflow.api.consents.object_to_all": "an objection to marketing (GDPR 21(2)); needs an identified visit",
	"signflow.api.subject_access.begin": "whoever gets the link to her data has no account: mails a code to her own address",
	"signflow.api.subject_access.check_code": "identifies the visit that asked for the code",
	"signflow.api.subject_access.view": "what lies ready and its passphrase; needs an identified visit",
	"signflow.api.subject_access.download": "the copy itself; needs an identified visit",
	"signflow.api.subject_requests.begin": "keeps what is asked, mails a code, known or not; bounded per address",
	"signflow.api.subject_requests.check_code": "identifies the visit that asked for the code",
	"signflow.api.subject_requests.open_link": "whoever is asked whether a request is his has a link and no account",
	"signflow.api.subject_requests.view": "the visitor's own requests, never data; needs an identified visit",
	"signflow.api.subject_requests.fetch_copy": "opens /privacy/data for a visit that typed a code; its own copy alone",
	"signflow.api.subject_requests.state": "asking needs no account (GDPR 12(2)); needs an identified visit",
	"signflow.api.subject_requests.answer": "an answer to what was asked; needs an identified visit, its own request",
	"signflow.api.subject_requests.add_paper": "a mandate of an identified visit for its own open request; bounded",
	"signflow.api.subject_requests.begin_phone": "texts a code for an identified visit's own request; bounded per number",
	"signflow.api.subject_requests.check_phone": "proves an identified visit's own request by that code",
	"signflow.api.subject_requests.take_back": "takes a request back; needs an identified visit, its own request",
	"signflow.api.subject_requests.is_mine": "is a request in his name his; needs an identified visit, its own request",
	"signflow.api.verify.verify_document": "anybody may check a PDF that was handed to them",
}
ARGUMENTS = {
	"open": {"token": "nobody"},
	"document": {"document": "x"},
	"check_code": {"code": "123456"},
	"sign": {"name": "Nobody", "documents": [], "accepted": True},
	"decline": {"reason": "I do not want to"},
	"ask_sender": {"question": "Who are you?"},
	"send_new_link": {"token": "nobody"},
	"accept": {"web_form": "nothing", "data": "{}"},
	"begin": {"web_form": "nothing", "mail": "nobody", "token": "nobody"},
	"save_for_later": {"web_form": "nothing", "data": "{}", "email": "a@b.example", "page": "{}"},
	"resume": {"token": "nobody"},
	"prepare": {"chosen": [["Contract", "x"]]},
	"review": {"person_name": "N", "contract_reference": "1", "email": "nobody"},
	"open_link": {"token": "nobody"},
	"answer": {"text": "x", "version": "x", "verb": "give"},
	"object_to_all": {"company": "x"},
	"state": {"wish": {"request_type": "Access"}},
	"is_mine": {"reference": "x", "mine": True},
	"confirm": {"page_key": "x", "person_name": "N", "contract_reference": "1", "email": "nobody"},
}
ANSWERS_ALL = {"signflow.api.signing.send_new_link"}
# Stands in place of the framework's own, whose pages read the framework's answers.
IN_PLACE_OF_FRAPPES = {"signflow.api.forms.accept"}
PACKAGE = Path(signflow.__file__).parent


def whitelisted() -> dict[str, dict[str, ast.expr]]:
	"""Dotted path → keyword arguments of `frappe.whitelist`, from the source of the whole app."""
	found = {}
	for path in PACKAGE.rglob("*.py"):
		module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
		for node in ast.walk(ast.parse(path.read_text())):
			if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
				continue
			for mark in node.decorator_list:
				call = mark.func if isinstance(mark, ast.Call) else mark
				if isinstance(call, ast.Attribute | ast.Name) and "whitelist" in ast.unparse(call):
					keywords = mark.keywords if isinstance(mark, ast.Call) else []
					found[f"{module}.{node.name}"] = {word.arg: word.value for word in keywords}
	return found


def test_guests_reach_exactly_these_endpoints(site: str) -> None:
	found = whitelisted()
	assert {name for name, words in found.items() if "allow_guest" in words} == set(GUEST_ENDPOINTS)
	for name in found:
		importlib.import_module(name.rpartition(".")[0])
	registered = {
		f"{method.__module__}.{method.__name__}"
		for method in frappe.guest_methods
		if method.__module__.split(".")[0] == "signflow"
	}
	assert registered == set(GUEST_ENDPOINTS)


def test_every_whitelisted_function_names_its_http_methods(site: str) -> None:
	for name, words in whitelisted().items():
		assert "methods" in words, name
		if name in GUEST_ENDPOINTS:
			assert ast.literal_eval(words["methods"]) == ["POST"], name


@pytest.mark.parametrize("name", sorted(GUEST_ENDPOINTS))
def test_a_guest_endpoint_refuses_get_and_whoever_has_no_session(kept_house: House, name: str) -> None:
	url = f"{kept_house.web}/api/method/{name}"
	arguments = ARGUMENTS.get(name.rpartition(".")[2], {})
	got = requests.get(url, params={key: str(value) for key, value in arguments.items()}, timeout=30)
	assert got.status_code == 403, (name, got.status_code, got.text[:300])
	posted = requests.post(url, json={**arguments, "language": "en"}, timeout=30)
	if name in ANSWERS_ALL:
		assert posted.status_code == 200 and set(posted.json()["message"]) == {"text"}
		return
	assert 400 <= posted.status_code < 500, (name, posted.status_code, posted.text[:300])
	answer = posted.json()
	if name in IN_PLACE_OF_FRAPPES:
		assert "exc" not in answer
		return
	assert set(answer) == {"message"} and set(answer["message"]) == {"error"}, answer
	assert set(answer["message"]["error"]) - {"field"} == {"code", "text"}, answer


@pytest.mark.parametrize("name", sorted(GUEST_ENDPOINTS))
def test_a_guest_endpoint_counts_its_callers(kept_house: House, name: str) -> None:
	frappe.cache.delete_keys("rl:")
	arguments = ARGUMENTS.get(name.rpartition(".")[2], {})
	requests.post(f"{kept_house.web}/api/method/{name}", json=arguments, timeout=30)
	assert [key for key in frappe.cache.get_keys("rl:") if name.encode() in key], name


def test_too_many_calls_are_refused(kept_house: House) -> None:
	frappe.cache.delete_keys("rl:")
	url = f"{kept_house.web}/api/method/signflow.api.signing.send_new_link"
	answers = [requests.post(url, json={"token": "x"}, timeout=30).status_code for _ in range(11)]
	frappe.cache.delete_keys("rl:")
	assert answers == [200] * 10 + [429]


@pytest.mark.parametrize("name", sorted(set(whitelisted()) - set(GUEST_ENDPOINTS)))
def test_all_other_endpoints_are_closed_to_guests(kept_house: House, name: str) -> None:
	for call in (requests.get, requests.post):
		answer = call(f"{kept_house.web}/api/method/{name}", params={"name": "x"}, timeout=30)
		assert answer.status_code in (401, 403), (name, answer.status_code, answer.text[:300])


@pytest.mark.parametrize("name", sorted(GUEST_ENDPOINTS))
@pytest.mark.parametrize(
	"body", ["{}", '{"documents": 7}', '{"documents": "[", "name": "Ab"}', "null", "[1]"]
)
def test_a_call_that_makes_no_sense_is_refused_and_not_logged(
	kept_house: House, name: str, body: str
) -> None:
	before = frappe.db.count("Error Log")
	answer = requests.post(
		f"{kept_house.web}/api/method/{name}",
		data=body,
		headers={"Content-Type": "application/json"},
		timeout=30,
	)
	frappe.db.rollback()
	assert answer.status_code < 500, (answer.status_code, answer.text[:500])
	assert frappe.db.count("Error Log") == before


def test_no_module_of_ours_lends_its_name_to_somebody_elses_endpoint(site: str) -> None:
	"""A whitelisted function that is imported by name answers under our module's path too, past its override."""
	lent = []
	for path in PACKAGE.rglob("*.py"):
		name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
		if name.endswith("__main__"):
			continue
		module = sys.modules.get(name) or importlib.import_module(name)
		for word, value in vars(module).items():
			if callable(value) and getattr(value, "__module__", "") != name:
				try:
					reachable = value in frappe.whitelisted
				except TypeError:
					continue
				if reachable:
					lent.append(f"{name}.{word}")
	assert not lent, lent


def test_no_guest_reads_what_other_apps_tell_their_users(site: str) -> None:
	@answers
	def endpoint() -> dict[str, str]:
		frappe.msgprint("A lead with this address is there already.")
		return {"text": "We have mailed a code."}

	frappe.clear_messages()
	assert endpoint() == {"text": "We have mailed a code."}
	assert not frappe.get_message_log()
