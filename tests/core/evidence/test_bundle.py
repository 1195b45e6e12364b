import base64
import json
import subprocess
import sys
from copy import deepcopy
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from evidence_story import SHA, START, Key, Parts, Story, small_story
from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.evidence import pdf_problems, render_bundle, verify_bundle
from signflow.core.evidence.__main__ import main


def small_text() -> str:
	key = Key(ec.generate_private_key(ec.SECP256R1()))
	story = Story().add("sent").add("opened", {"signer": "S1"}, ip="192.0.2.7\x1f")
	return render_bundle(
		Parts(
			{"name": "SR-1", "title": "Työ", "state": "Sent"},
			{"name": "T"},
			[],
			[{"name": "S1", "state": "Opened"}],
			story,
		).seal(key)
	)


TEXT = small_text()


def test_honest_evidence_is_valid_as_text_bytes_and_dict(parts, key, rsa_key):
	for one in (key, rsa_key):
		bundle = parts.seal(one)
		text = render_bundle(bundle)
		for form in (text, text.encode(), bundle, text.replace("\n", "\r\n"), text.rstrip()):
			verdict = verify_bundle(form, trusted_certificate_pem=one.certificate_pem)
			assert verdict.ok, verdict.problems
			assert verdict.notes == ()
		assert verdict.summary.final == (("D1", "Sopimus.pdf", SHA[2]),)
		assert json.loads(text) == bundle


def test_without_a_trusted_certificate_a_note_says_what_ok_means(parts, key):
	verdict = verify_bundle(parts.seal(key))
	assert verdict.ok and "self-signed" in verdict.notes[0]


def test_another_trusted_certificate_is_refused(parts, key, other_key):
	verdict = verify_bundle(parts.seal(key), trusted_certificate_pem=other_key.certificate_pem)
	assert not verdict.ok
	with pytest.raises(SignflowError):
		verify_bundle(parts.seal(key), trusted_certificate_pem="rubbish")


def test_every_letter_matters():
	assert verify_bundle(TEXT).ok
	letters = [at for at, letter in enumerate(TEXT) if letter.isalnum()]
	for at in letters:
		old = TEXT[at]
		news = {"b" if old == "a" else "a", "7" if old != "7" else "8"}
		if old.swapcase() != old and len(old.swapcase()) == 1:
			news.add(old.swapcase())
		for new in news:
			assert not verify_bundle(TEXT[:at] + new + TEXT[at + 1 :]).ok, (at, old, new)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_edits_are_found(data):
	at = data.draw(st.integers(0, len(TEXT.rstrip()) - 1))
	cut = data.draw(st.integers(0, 3))
	new = data.draw(st.text(st.sampled_from('0123456789abcXYZ=+/\\"{}[],:. \t\n-eE'), max_size=3))
	edited = TEXT[:at] + new + TEXT[at + cut :]
	if edited.rstrip("\n") == TEXT.rstrip("\n"):
		return
	assert not verify_bundle(edited).ok


def test_base64_and_escapes_have_one_spelling_only():
	value = json.loads(TEXT)["seal"]["value"]
	for other in (value + "=", value + "\\n", " " + value, value.rstrip("=")):
		edited = TEXT.replace(value, other)
		assert edited == TEXT or not verify_bundle(edited).ok
	assert "\\u001f" in TEXT and not verify_bundle(TEXT.replace("\\u001f", "\\u001F")).ok
	assert not verify_bundle(TEXT.replace("Sent", "\\u0053ent")).ok
	assert not verify_bundle(json.dumps(json.loads(TEXT))).ok
	assert verify_bundle(json.loads(TEXT)).ok


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '"x"', "{", "\ud800", b"\xff", b"%PDF-1.7"])
def test_rubbish_is_refused_without_an_exception(text):
	verdict = verify_bundle(text)
	assert not verdict.ok and verdict.problems and verdict.summary is None


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_value_exchanged_for_another_type_is_refused_without_an_exception(data):
	bundle = json.loads(TEXT)
	spot: object = bundle
	while True:
		assert isinstance(spot, (dict, list))
		keys = sorted(spot) if isinstance(spot, dict) else list(range(len(spot)))
		key = data.draw(st.sampled_from(keys))
		inner = spot[key]
		if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
			break
		spot = inner
	new = data.draw(st.sampled_from([None, 0, 1.5, -1, True, "", "x", [], {}, [None], {"x": None}, "2026"]))
	if new == inner:
		return
	spot[key] = new
	assert not verify_bundle(bundle).ok


def test_a_seal_of_another_key_under_the_certificate_is_refused(parts, key, other_key):
	bundle = parts.seal(key)
	forged = deepcopy(parts.seal(other_key))
	forged["seal"]["certificate"] = bundle["seal"]["certificate"]
	assert not verify_bundle(forged).ok
	liar = Key(ec.generate_private_key(ec.SECP256R1()))
	liar.certificate_pem = key.certificate_pem
	with pytest.raises(SignflowError) as caught:
		parts.seal(liar)
	assert caught.value.code == "bad_seal"


def test_an_incomplete_bundle_is_not_made(parts, key):
	with pytest.raises(SignflowError) as caught:
		parts.seal(key, request={"name": "SR-1"})
	assert caught.value.code == "bad_bundle"


def test_sealed_outside_the_certificates_time_is_refused(parts, key):
	assert not verify_bundle(parts.seal(key, made_on=START + timedelta(days=400))).ok


def test_made_before_its_last_event_is_refused(parts, key):
	assert not verify_bundle(parts.seal(key, made_on=START)).ok


class TestAgreement:
	"""Sealed by the true key, but the bundle does not tell what the chain tells."""

	def refused(self, parts, key, word):
		verdict = verify_bundle(parts.seal(key), trusted_certificate_pem=key.certificate_pem)
		assert not verdict.ok
		assert any(word in problem for problem in verdict.problems), verdict.problems

	def test_a_revision_with_another_hash(self, parts, key):
		parts.documents[0]["revisions"][2]["sha256"] = "d" * 64
		self.refused(parts, key, "is not the file that")

	def test_a_revision_that_follows_from_another(self, parts, key):
		parts.documents[0]["revisions"][2]["parent"] = SHA[0]
		self.refused(parts, key, "does not follow")

	def test_revisions_missing_added_or_twice(self, parts, key):
		revisions = parts.documents[0]["revisions"]
		for changed in (
			[],
			revisions[1:],
			revisions[:2],
			[revisions[0], revisions[2]],
			[*revisions, revisions[2]],
		):
			parts.documents[0]["revisions"] = changed
			self.refused(parts, key, "document D1")
		extra = {"revision": 4, "sha256": "d" * 64, "parent": SHA[2]}
		parts.documents[0]["revisions"] = [*revisions, extra]
		self.refused(parts, key, "no event sealed revision 4")

	def test_a_document_missing_or_added(self, parts, key):
		parts.documents.append({"name": "D2", "title": "x", "revisions": []})
		self.refused(parts, key, "no revision is listed")
		parts.documents.clear()
		self.refused(parts, key, "is not listed")

	def test_one_revision_sealed_twice_or_not_named(self, parts, key):
		parts.story.add("sealed", {"document": "D1", "revision": 3, "sha256": SHA[2], "parent": SHA[1]})
		self.refused(parts, key, "a second time")
		parts.story = small_story().add("closed")
		self.refused(parts, key, "does not name the revision")

	def test_states_that_no_event_bears_out(self, parts, key):
		for state in ("Sent", "Declined", "Cancelled", "Expired"):
			parts.request["state"] = state
			self.refused(parts, key, "said to be")
		parts.request["state"] = "Completed"
		parts.signers[0]["state"] = "Declined"
		self.refused(parts, key, "signer S1 is Declined")

	def test_completed_needs_each_signers_signed_event(self, parts, key):
		parts.signers.append({"name": "S2", "state": "Signed"})
		self.refused(parts, key, "no event says that signer S2 signed")

	def test_signers_unknown_twice_or_signing_twice(self, parts, key):
		parts.signers.append(parts.signers[0])
		self.refused(parts, key, "listed twice")
		parts.signers[:] = [{"name": "S9", "state": "Signed"}]
		self.refused(parts, key, "who is not listed")
		parts.story.add("signed", {"signer": "S1"})
		self.refused(parts, key, "a second time")
		self.refused(parts, key, "comes after the request was completed")

	def test_a_signer_may_agree_anew_after_a_seal_that_failed(self, parts, key):
		parts.request["state"], parts.signers[0]["state"], parts.documents[:] = "In Progress", "Signed", []
		who = {"signer": "S1"}
		story = Story().add("sent").add("signed", who).add("seal_unavailable", who).add("signed", who)
		parts.story = story
		assert verify_bundle(parts.seal(key)).ok
		story.add("signed", who)
		self.refused(parts, key, "a second time")

	def test_a_chain_of_another_request_or_none(self, parts, key):
		parts.request["name"] = "SR-2"
		self.refused(parts, key, "another request")
		parts.story = Story()
		self.refused(parts, key, "not one event")


def test_erased_payloads_pass_with_a_note(parts, key):
	parts.story.add("payload_erased", {"seqs": [3, 4]})
	kept = {seq: {"erased_on": "2026-11-21"} for seq in (3, 4)}
	verdict = verify_bundle(parts.seal(key, payloads=kept))
	assert verdict.ok and verdict.summary.erased == ((3, "2026-11-21"), (4, "2026-11-21"))
	assert verify_bundle(parts.seal(key, payloads={})).ok
	parts.story = small_story()
	assert not verify_bundle(parts.seal(key, payloads=kept)).ok


def test_a_pdf_must_be_a_last_revision_and_begin_with_the_earlier_ones():
	from hashlib import sha256

	first, last = b"%PDF-1.7 one", b"%PDF-1.7 one two"
	revisions = [
		{"revision": 1, "sha256": sha256(first).hexdigest(), "size": len(first), "parent": None},
		{"revision": 2, "sha256": sha256(last).hexdigest(), "size": len(last), "parent": None},
	]
	bundle = {"documents": [{"name": "D1", "title": "One", "revisions": revisions}]}
	assert pdf_problems(last, bundle) == ()
	assert "not its last" in pdf_problems(first, bundle)[0]
	assert "not that of any" in pdf_problems(last + b"\n", bundle)[0]
	revisions[0]["size"] = 3
	assert "not its beginning" in pdf_problems(last, bundle)[0]


class TestCommandLine:
	@pytest.fixture
	def files(self, tmp_path, parts, key):
		pdf = tmp_path / "signed.pdf"
		pdf.write_bytes(b"%PDF-1.7")
		digest = __import__("hashlib").sha256(b"%PDF-1.7").hexdigest()
		parts.documents[0]["revisions"] = [{"revision": 1, "sha256": digest, "parent": None}]
		parts.story = (
			Story()
			.add("sent")
			.add("closed", {"document": "D1", "revision": 1, "sha256": digest, "parent": None})
			.add("signed", {"signer": "S1"}, name="\x1b[2J")
			.add("completed")
		)
		(tmp_path / "evidence.json").write_bytes(render_bundle(parts.seal(key)).encode())
		(tmp_path / "seal.pem").write_text(key.certificate_pem)
		return tmp_path

	def test_valid_evidence_with_seal_and_pdf_exits_0(self, files, capsys):
		arguments = ["verify", str(files / "evidence.json"), "--seal", str(files / "seal.pem")]
		assert main([*arguments, "--pdf", str(files / "signed.pdf")]) == 0
		printed = capsys.readouterr().out
		assert printed.endswith("\nVALID\n") and "completed" in printed

	def test_another_pdf_or_seal_exits_1(self, files, capsys, other_key):
		(files / "signed.pdf").write_bytes(b"%PDF-1.8")
		assert main(["verify", str(files / "evidence.json"), "--pdf", str(files / "signed.pdf")]) == 1
		(files / "seal.pem").write_text(other_key.certificate_pem)
		assert main(["verify", str(files / "evidence.json"), "--seal", str(files / "seal.pem")]) == 1
		assert capsys.readouterr().out.endswith("\nNOT VALID\n")

	def test_one_changed_letter_exits_1_and_names_the_row(self, files, capsys):
		file = files / "evidence.json"
		text = file.read_text("utf-8")
		file.write_text(text.replace('\\"kind\\":\\"signed\\"', '\\"kind\\":\\"sigmed\\"'), "utf-8")
		assert main(["verify", str(file)]) == 1
		assert "First broken: event 3" in capsys.readouterr().out

	def test_for_programs(self, files, capsys):
		assert main(["verify", "--json", str(files / "evidence.json")]) == 0
		assert json.loads(capsys.readouterr().out)["ok"] is True

	def test_what_cannot_be_read_exits_2(self, files, capsys):
		assert main(["verify", str(files / "none.json")]) == 2
		assert main(["verify", str(files / "signed.pdf")]) == 2
		(files / "seal.pem").write_text("rubbish")
		assert main(["verify", str(files / "evidence.json"), "--seal", str(files / "seal.pem")]) == 2
		assert "Could not be read" in capsys.readouterr().err

	def test_it_runs_as_a_module(self, files):
		done = subprocess.run(
			[sys.executable, "-m", "signflow.core.evidence", "verify", str(files / "evidence.json")],
			capture_output=True,
			text=True,
			timeout=60,
		)
		assert done.returncode == 0, done.stderr
		assert "VALID" in done.stdout


def test_an_ecdsa_seal_written_in_another_way_is_refused(parts, key):
	bundle = parts.seal(key)
	signature = base64.b64decode(bundle["seal"]["value"])
	bundle["seal"]["value"] = base64.b64encode(signature + b"\0").decode()
	assert not verify_bundle(bundle).ok
