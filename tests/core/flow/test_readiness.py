from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.flow import MAX_SIGNERS, Document, Request, Signer, check_ready, mail_key

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
REQUEST = Request("SR-1", title="Sopimus", expires_on=NOW + timedelta(days=1))
DOCUMENTS = [Document("D1", "Sopimus.pdf")]
SIGNERS = [Signer("S1", "maija@testi.example", "Maija"), Signer("S2", "matti@testi.example", "Matti")]


def codes(request=REQUEST, signers=SIGNERS, documents=DOCUMENTS):
	return [problem.code for problem in check_ready(request, signers, documents, NOW)]


def test_a_whole_draft_is_ready():
	assert codes() == []


def test_everything_wrong_is_told_at_once_in_words():
	problems = check_ready(Request("SR-1", expires_on=NOW), [], [], NOW)
	assert [problem.code for problem in problems] == ["no_title", "past_expiry", "no_document", "no_signer"]
	assert all(problem.message.endswith(".") for problem in problems)


def test_titles_names_and_order():
	assert codes(Request("SR-1", title="x" * 141)) == ["long_title"]
	assert codes(documents=[Document("D1", " "), Document("D2", "x" * 141)]) == [
		"no_document_title",
		"long_document_title",
	]
	assert codes(signers=[Signer("S1", "a@b.example", " ", order=0)]) == ["no_signer_name", "bad_order"]


def test_too_many_signers():
	many = [Signer(f"S{at}", f"s{at}@testi.example", "X") for at in range(MAX_SIGNERS + 1)]
	assert codes(signers=many) == ["many_signers"] and codes(signers=many[:-1]) == []


@pytest.mark.parametrize(
	("one", "two"),
	[
		("Maija@Testi.example", " maija@testi.EXAMPLE "),
		("maija@äiti.example", "maija@xn--iti-pla.example"),
		("MÄRI@testi.example", "ma\u0308ri@testi.example"),
		("maija@testi.example", "ｍaija@testi.example"),
		("maija@testi.example", "maija@testi。example"),
	],
)
def test_the_same_mail_in_two_spellings_is_found(one, two):
	problems = check_ready(REQUEST, [Signer("S1", one, "X"), Signer("S2", two, "Y")], DOCUMENTS, NOW)
	assert [(problem.code, problem.about) for problem in problems] == [("same_mail", "S2")]


def test_dots_and_plus_may_be_other_people():
	signers = [
		Signer(str(at), mail, "X")
		for at, mail in enumerate(("ab@x.example", "a.b@x.example", "ab+c@x.example"))
	]
	assert codes(signers=signers) == []


@pytest.mark.parametrize(
	"mail",
	[
		"",
		"maija",
		"@x.example",
		"a@",
		"a@b",
		"a b@x.example",
		"a@x..example",
		".a@x.example",
		"a.@x.example",
		"a..b@x.example",
		"a@-x.example",
		"a@x.123",
		"a@x.example\nBcc: b",
		"<a@x.example>",
		"a,b@x.example",
		"a@b@x.example",
		"a" * 65 + "@x.example",
		"a@" + "x" * 64 + ".example",
		"a@" + "x." * 130 + "example",
		"\ud800@x.example",
		"a@\ud800.example",
	],
)
def test_what_is_no_mail_address(mail):
	assert mail_key(mail) is None
	assert codes(signers=[Signer("S1", mail, "X")]) == ["bad_mail"]


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text):
	key = mail_key(text) or mail_key(f"{text}@testi.example") or mail_key(f"a@{text}.example")
	assert key is None or mail_key(key) == key
