"""The main job over HTTP, as people do it: sent from the customer, read, identified, signed by two, checked.

python -m devbench.main_job --url U --mail DIR --out DIR. Each wait has a limit, so a site whose worker or mail server
stands still makes it fail.
"""

import argparse
import email
import email.policy
import html
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from signflow.core.pdf.validate import Expected, validate

CUSTOMER = "Rantakodit Oy"
LIMIT = 60


class Failed(Exception):
	"""What did not happen."""


class Clock:
	"""Says each step with its time."""

	def __init__(self) -> None:
		self.began = self.last = time.monotonic()

	def say(self, text: str) -> None:
		now = time.monotonic()
		print(f"[{now - self.began:6.1f} s] {text} ({now - self.last:.1f} s)", flush=True)
		self.last = now


def until(check: Any, what: str) -> Any:
	deadline = time.monotonic() + LIMIT
	while True:
		found = check()
		if found:
			return found
		if time.monotonic() > deadline:
			raise Failed(f"{what}: not within {LIMIT} s. Do the worker and the mail server run?")
		time.sleep(0.4)


class Sender:
	"""A user of the house, through the API with a log-in of his own."""

	def __init__(self, url: str, user: str, password: str):
		self.url, self.http = url, requests.Session()
		self.call("login", usr=user, pwd=password)
		page = self.http.get(f"{url}/app", timeout=LIMIT).text
		token = re.search(r'csrf_token\s*[=:]\s*"([0-9a-f]{20,})"', page)
		if token:
			self.http.headers["X-Frappe-CSRF-Token"] = token.group(1)

	def call(self, method: str, **values: Any) -> Any:
		return self._checked(
			self.http.post(f"{self.url}/api/method/{method}", json=values, timeout=LIMIT)
		).get("message")

	def get(self, method: str, **values: Any) -> bytes:
		answer = self.http.get(f"{self.url}/api/method/{method}", params=values, timeout=LIMIT)
		if answer.status_code != 200:
			raise Failed(f"{method}: {answer.status_code} {answer.text[:400]}")
		return answer.content

	def read(self, doctype: str, name: str) -> dict[str, Any]:
		return self._checked(self.http.get(f"{self.url}/api/resource/{doctype}/{name}", timeout=LIMIT))[
			"data"
		]

	@staticmethod
	def _checked(answer: requests.Response) -> dict[str, Any]:
		if answer.status_code != 200:
			raise Failed(f"{answer.url}: {answer.status_code} {answer.text[:600]}")
		return answer.json()


class Signer:
	"""One who signs: reads his mail from the sink and uses the signing page's own endpoints."""

	def __init__(self, url: str, mail: Path, address: str, name: str):
		self.url, self.mail, self.address, self.name = url, mail, address, name
		self.session = ""
		self.since = time.time_ns()

	def mails(self, pattern: str) -> list[str]:
		found = []
		for path in sorted(self.mail.glob("*.eml")):
			if int(path.name.split("-")[0]) < self.since:
				continue
			message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
			if self.address in str(message["X-Envelope-To"]):
				body = html.unescape(message.get_body(("html", "plain")).get_content())
				found += re.findall(pattern, body)
		return found

	def call(self, verb: str, **values: Any) -> Any:
		answer = requests.post(
			f"{self.url}/api/method/signflow.api.signing.{verb}",
			json=values,
			headers={"X-Signflow-Session": self.session},
			timeout=LIMIT,
		)
		if answer.status_code != 200:
			raise Failed(f"{verb}: {answer.status_code} {answer.text[:400]}")
		return answer.content if verb == "document" else answer.json()["message"]

	def sign(self, clock: Clock) -> None:
		token = until(lambda: self.mails(r'/sign[^"#]*#([^"]+)"'), f"the invitation to {self.address}")[-1]
		opened = self.call("open", token=token)
		self.session = opened["session"]
		documents = opened["view"]["documents"]
		for document in documents:
			if not self.call("document", document=document["id"], purpose="view").startswith(b"%PDF"):
				raise Failed("the document is no PDF")
		clock.say(f"{self.name} opened the mailed link and read {len(documents)} document(s)")
		self.call("send_code")
		code = until(lambda: self.mails(r">\s*(\d{6})\s*<"), f"the code to {self.address}")[-1]
		self.call("check_code", code=code)
		clock.say(f"{self.name} typed the mailed code")
		rows = [{"id": document["id"], "sha256": document["sha256"]} for document in documents]
		self.call("sign", name=self.name, documents=rows, accepted=True, drawn=None)
		until(lambda: self.call("view")["state"] in ("signed", "completed"), f"the seal for {self.name}")
		clock.say(f"{self.name} signed; the worker sealed it")


def run(url: str, mail: Path, out: Path, user: str, password: str) -> None:
	clock = Clock()
	sender = Sender(url, user, password)
	start = sender.call("signflow.api.requests.prefill", doctype="Customer", name=CUSTOMER)
	people = [
		Signer(url, mail, contact["email"], contact["signer_name"]) for contact in start["contacts"][:2]
	]
	made = sender.call(
		"signflow.api.requests.create_request",
		title="Vuokrasopimus, Rantatie 5",
		documents=[{"title": "Vuokrasopimus", "file": start["attachments"][0]["file_url"]}],
		signers=[{"signer_name": one.name, "email": one.address} for one in people],
		customer=CUSTOMER,
		reference_doctype="Customer",
		reference_name=CUSTOMER,
		message="Hei! Tässä sovittu vuokrasopimus allekirjoitettavaksi.",
		send=1,
	)
	clock.say(f"{made['name']} sent from the customer {CUSTOMER} to {len(people)} signers")
	for person in people:
		person.sign(clock)
	request = until(
		lambda: (doc := sender.read("Signature Request", made["name"]))["status"] == "Completed" and doc,
		"completion",
	)
	for person in people:
		until(
			lambda person=person: person.mails("Vuokrasopimus, Rantatie 5"), f"the copy to {person.address}"
		)
	clock.say("Closed, evidence report sealed, copies mailed")
	out.mkdir(exist_ok=True)
	signed = sender.get("signflow.api.requests.download", name=made["name"])
	seal = sender.read("Sealing Key", request["sealing_key"])["certificate_pem"]
	(out / "signed.pdf").write_bytes(signed)
	(out / "report.pdf").write_bytes(
		sender.get("signflow.api.requests.download", name=made["name"], document="report")
	)
	(out / "evidence.json").write_bytes(
		sender.get("signflow.api.requests.evidence_bundle", name=made["name"])
	)
	(out / "seal.pem").write_text(seal)
	_judge(signed, seal, len(people), out, clock)


def _judge(signed: bytes, seal: str, signers: int, out: Path, clock: Clock) -> None:
	fields = ("Seal", *(f"Signer{place}" for place in range(1, signers + 1)), "Closing")
	verdict = validate(signed, trust=[seal], expected=Expected(fields=fields))
	if not verdict.ok:
		raise Failed(f"the validator refuses the signed file: {verdict.problems}")
	tampered = bytearray(signed)
	tampered[len(tampered) // 3] ^= 1
	if validate(bytes(tampered), trust=[seal]).ok:
		raise Failed("the validator accepts a tampered twin")
	clock.say(
		f"Validator: {len(verdict.signatures)} signatures hold; a twin with one changed byte is refused"
	)
	evidence = [sys.executable, "-m", "signflow.core.evidence", "verify"]
	options = ["--seal", out / "seal.pem", "--pdf", out / "signed.pdf"]
	if subprocess.run(
		[*evidence, out / "evidence.json", *options], capture_output=True, timeout=60
	).returncode:
		raise Failed("the chain of evidence does not hold")
	text = (out / "evidence.json").read_text()
	broken = out / "evidence-tampered.json"
	broken.write_text(text.replace(json.loads(text)["request"]["name"], "SIGN-0", 1))
	refused = subprocess.run([*evidence, broken], capture_output=True, timeout=60).returncode == 1
	broken.unlink()
	if not refused:
		raise Failed("changed evidence is accepted")
	clock.say("Chain of evidence: whole; a changed twin is refused")
	print("\n".join(f"  left {path}" for path in sorted(out.iterdir())))


def main() -> int:
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--url", required=True)
	parser.add_argument("--mail", type=Path, required=True)
	parser.add_argument("--out", type=Path, required=True)
	parser.add_argument("--user", default="Administrator")
	parser.add_argument("--password", default="admin")
	options = parser.parse_args()
	try:
		run(options.url, options.mail, options.out, options.user, options.password)
	except (Failed, requests.RequestException) as error:
		print(f"main job: {error}", file=sys.stderr)
		return 1
	return 0


if __name__ == "__main__":
	sys.exit(main())
