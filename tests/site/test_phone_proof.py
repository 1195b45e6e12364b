"""A telephone proven by a code in a text message: sent through the site's real gateway, bounded, and worth what records say."""

import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import frappe
import pytest
from asking import Asker, a_wish, an_officer, kinds, the
from house import House, for_writing
from stage import eventually

from signflow.services.subject_requests import intake, phone_proof, proofs


class Gateway(HTTPServer):
	"""A gateway for text messages as operators have them: a form by POST, a key in a header."""

	def __init__(self):
		super().__init__(("127.0.0.1", 0), _Handler)
		self.taken: list[dict[str, str]] = []

	def code_to(self, number: str) -> str:
		message = eventually(
			lambda: next((one for one in reversed(self.taken) if one["to"] == number), None), "a message came"
		)
		return re.search(r"\b(\d{6})\b", message["text"]).group(1)


class _Handler(BaseHTTPRequestHandler):
	def do_POST(self) -> None:
		body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
		known = self.headers["X-Key"] == "secret"
		if known:
			self.server.taken.append({name: values[0] for name, values in body.items()})
		self.send_response(200 if known else 401)
		self.end_headers()
		self.wfile.write(b"ok")

	def log_message(self, *_args: object) -> None:
		pass


def test_without_a_gateway_no_text_message_is_offered(house: House) -> None:
	asker = Asker(house, house.maija.mail)
	name = asker.asks("Access")
	assert asker.does("view")["requests"][0]["proofs"] == []
	assert asker.refused("begin_phone", reference=name, number="+358401234567")["code"] == "invalid_input"


@pytest.fixture(scope="module")
def gateway(site: str) -> Iterator[Gateway]:
	an_officer()
	server = Gateway()
	threading.Thread(target=server.serve_forever, daemon=True).start()
	for_writing()
	settings = frappe.get_doc("SMS Settings")
	settings.update(
		{
			"sms_gateway_url": f"http://127.0.0.1:{server.server_port}/send",
			"message_parameter": "text",
			"receiver_parameter": "to",
			"use_post": 1,
			"parameters": [{"parameter": "X-Key", "value": "secret", "header": 1}],
		}
	)
	settings.save()
	frappe.db.commit()
	yield server
	for_writing()
	frappe.db.set_single_value("SMS Settings", "sms_gateway_url", "")
	frappe.db.commit()
	server.shutdown()


@pytest.fixture
def number() -> str:
	return f"+35840{random.randrange(10**6, 10**7)}"


def test_a_number_that_records_hold_tells_who_she_is(house: House, gateway: Gateway, number: str) -> None:
	contact = house._insert(
		"Contact", first_name="Maija", last_name="Meri", phone_nos=[{"phone": number.replace("+358", "0")}]
	)
	other = house._insert("Contact", first_name="Pekka", last_name="Puro")
	frappe.db.commit()
	asker = Asker(house, f"new.{house.key}@posti.example")
	name = asker.asks("Access", person_name="Maija Meri")
	(offered,) = asker.does("view")["requests"][0]["proofs"]
	assert offered["form"] == "phone" and not offered["link"]
	shown = asker.does("begin_phone", reference=name, number=number)
	assert set(shown) == {"sent_to", "valid_seconds"} and number not in shown["sent_to"]
	code = gateway.code_to(number)
	wrong = "000000" if code != "000000" else "111111"
	assert asker.refused("check_phone", reference=name, code=wrong)["code"] == "code_wrong"
	(request,) = asker.does("check_phone", reference=name, code=code)["requests"]
	assert request["proofs"] == []
	doc = the(name)
	assert (doc.proof_method, doc.proof_level, doc.phone) == (proofs.BY_TEXT, "sms_code", number)
	assert number not in doc.proof_note and kinds(name).count("Proven") == 2
	# By the name alone it was no more than possible.
	eventually(
		lambda: [
			row
			for row in the(name).persons
			if row.record_name == contact.name and row.strength == "Certain" and number in row.because
		],
		"the number's record is proposed",
	)
	assert other.name not in {row.record_name for row in the(name).persons}
	# Neither number nor code is left where the framework logs text messages, and the code works once.
	assert not frappe.db.exists("SMS Log", {"requested_numbers": ["like", f"%{number}%"]})
	assert asker.refused("check_phone", reference=name, code=code)["code"] == "code_wrong"


def test_codes_are_bounded_and_belong_to_one_visit(house: House, gateway: Gateway, number: str) -> None:
	maija, matti = Asker(house, house.maija.mail), Asker(house, house.matti.mail)
	mine, his = maija.asks("Access"), matti.asks("Access", person_name="Matti Niemi")
	for bad in ("", "0700 123456", "+1 900 555 0199", "112", "x" * 900):
		assert maija.refused("begin_phone", reference=mine, number=bad)["code"] == "bad_phone"
	assert matti.refused("begin_phone", reference=mine, number=number)["code"] == "invalid_input"
	maija.does("begin_phone", reference=mine, number=number)
	code = gateway.code_to(number)
	assert matti.refused("check_phone", reference=mine, code=code)["code"] == "invalid_input"
	for _time in range(5):
		last = matti.refused("check_phone", reference=his, code=code)
	assert last["tries_left"] == 0
	assert matti.refused("check_phone", reference=his, code=code)["code"] == "locked"
	assert the(his).proof_level == "mail_code"
	unproven = Asker(house, f"someone.{house.key}@posti.example")
	unproven.begins(a_wish())
	assert unproven.refused("begin_phone", reference=mine, number=number)["code"] == "not_identified"
	for _time in range(phone_proof.MAX_A_DAY_TO_ONE - 1):
		maija.does("begin_phone", reference=mine, number=number)
	assert maija.refused("begin_phone", reference=mine, number=number)["code"] == "too_many"
	# Another visit reaches the same telephone no more often.
	assert matti.refused("begin_phone", reference=his, number=number)["code"] == "too_many"


def test_a_lower_proof_takes_nothing_away(house: House, gateway: Gateway) -> None:
	asker = Asker(house, house.maija.mail)
	name = asker.asks("Access")
	for_writing()
	intake.proven(name, proofs.Proof("Electronic Identity", "substantial", "OIDC"))
	assert asker.does("view")["requests"][0]["proofs"] == []
	intake.proven(name, proofs.Proof(proofs.BY_TEXT, "sms_code", "+358••••••67"))
	assert (the(name).proof_method, the(name).proof_level) == ("Electronic Identity", "substantial")
	assert kinds(name).count("Proven") == 3
