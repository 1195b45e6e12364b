"""The command line, driven as people and scripts do: what it writes, what it says, and its exit codes."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from pki import dead_address
from pyhanko.pdf_utils.reader import PdfFileReader
from sealing_house import OtherJudges, flipped, open_pdf, plain_pdf

from signflow.core.pdf._chains import anchors
from signflow.core.pdf._levels import levels_of, signed_fields
from signflow.core.pdf.extend import extend
from signflow.core.pdf.keys import make_test_key
from signflow.core.pdf.seal import append_signature, seal_report
from signflow.core.pdf.timestamps import TimestampAuthorities

DONE, NOT_VALID, UNREADABLE, LOWER = 0, 1, 2, 3


class Desk:
	"""A folder with an upload, a key and the root, in which the program is run."""

	def __init__(self, folder, pki):
		self.folder, self.pki = folder, pki
		self.upload = plain_pdf()
		(folder / "in.pdf").write_bytes(self.upload)
		(folder / "key.p12").write_bytes(pki.pkcs12("seal", "sala sana ä".encode()))
		(folder / "password").write_text("sala sana ä\n")
		(folder / "root.pem").write_text(pki.trust[0])

	def run(self, *arguments, stdin=None):
		command = [sys.executable, "-m", "signflow.core.pdf", *map(str, arguments)]
		environment = {**os.environ, "PYTHONPATH": os.getcwd()}
		return subprocess.run(
			command,
			input=stdin,
			cwd=self.folder,
			env=environment,
			capture_output=True,
			text=True,
			timeout=60,
			check=False,
		)

	def seal(self, *more, source="in.pdf", into="out.pdf", **options):
		key = ("--pkcs12", "key.p12", "--password-file", "password")
		return self.run("seal", source, into, *key, *more, **options)

	def read(self, name="out.pdf"):
		return (self.folder / name).read_bytes()

	def levels(self, name="out.pdf"):
		reader = PdfFileReader(io.BytesIO(self.read(name)), strict=False)
		found = levels_of(reader, signed_fields(reader), anchors(self.pki.trust))
		return {field: standing["level"] for field, standing in found.items() if standing["level"]}

	def files(self):
		return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def desk(tmp_path, pki):
	return Desk(tmp_path, pki)


def test_seal_and_validate(desk, tmp_path, pki):
	before = desk.files()
	done = desk.seal("--reason", "Sinetöity")
	assert (done.returncode, done.stdout, done.stderr) == (DONE, "out.pdf: B-B\n", "")
	assert desk.files() == sorted([*before, "out.pdf"]) and desk.read("in.pdf") == desk.upload
	with open_pdf(desk.read()) as pdf:
		assert [str(field.V.Reason) for field in pdf.Root.AcroForm.Fields] == ["Sinetöity"]
		assert pdf.Root.Perms.DocMDP.Reference[0].TransformParams.P == 1
	valid = desk.run("validate", "out.pdf", "--trust", "root.pem")
	assert valid.returncode == DONE and valid.stdout.endswith("VALID\n")
	judges = OtherJudges(tmp_path, pki.trust[0])
	assert judges.pdfsig(desk.read(), 1) and judges.pdfsignerpy(desk.read(), 1)
	twin = flipped(desk.read())
	assert not judges.pdfsig(twin, 1) and not judges.pdfsignerpy(twin, 1)
	(desk.folder / "twin.pdf").write_bytes(twin)
	assert desk.run("validate", "twin.pdf", "--trust", "root.pem").returncode == NOT_VALID


def test_seal_to_the_archive_level(desk, pki):
	done = desk.seal(
		*("--level", "b-lta", "--trust", "root.pem", "--seconds", "1"),
		*("--tsa", dead_address(), "--tsa", pki.tsa("hang"), "--tsa", pki.tsa()),
	)
	assert done.returncode == DONE and done.stdout.startswith("out.pdf: B-LTA, archive time-stamp until 203")
	assert desk.levels() == {"Seal": "B-LTA"}


def test_a_lower_level_is_said_and_can_be_raised_later(desk, pki):
	dead = ("--trust", "root.pem", "--tsa", dead_address())
	done = desk.seal("--level", "b-lta", *dead)
	assert done.returncode == LOWER and done.stdout == "out.pdf: B-B\n"
	assert "level not reached" in done.stderr and "could not be reached" in done.stderr
	failed = desk.run("extend", "out.pdf", "more.pdf", *dead)
	assert failed.returncode == LOWER and "more.pdf" not in desk.files()
	alive = ("--trust", "root.pem", "--tsa", pki.tsa())
	raised = desk.run("extend", "out.pdf", "more.pdf", "--level", "b-lt", *alive)
	assert (raised.returncode, raised.stdout) == (DONE, "more.pdf: B-LT\n")
	assert desk.read("more.pdf").startswith(desk.read()) and desk.levels("more.pdf") == {"Seal": "B-LT"}


def test_renew(desk, pki):
	sealed = seal_report(plain_pdf(), pki.key("seal"), reason="")
	stamps = TimestampAuthorities([pki.tsa("tsa2")], pki.trust)
	archived = extend(sealed, "B-LTA", timestamp=stamps, trust=pki.trust).data
	longer = ("--renew", "--trust", "root.pem", "--tsa", pki.tsa("tsa1"))
	(desk.folder / "archived.pdf").write_bytes(archived)
	done = desk.run("extend", "archived.pdf", "renewed.pdf", *longer)
	assert done.returncode == DONE and "until 203" in done.stdout
	assert desk.read("renewed.pdf").startswith(archived)
	(desk.folder / "twin.pdf").write_bytes(flipped(archived))
	refused = desk.run("extend", "twin.pdf", "other.pdf", *longer)
	assert refused.returncode == NOT_VALID and "not_intact" in refused.stderr
	assert "other.pdf" not in desk.files()


def test_a_self_signed_seal_says_what_it_reached(desk, pki):
	data, passphrase = make_test_key("Testi Oy")
	(desk.folder / "key.p12").write_bytes(data)
	(desk.folder / "password").write_text(passphrase)
	done = desk.seal("--level", "b-lt", "--trust", "root.pem", "--tsa", pki.tsa())
	assert done.returncode == LOWER and done.stdout == "out.pdf: B-T\n"
	assert desk.levels() == {"Seal": "B-T"}


def test_a_signed_file_is_sealed_on_top(desk, house, half_signed):
	(desk.folder / "in.pdf").write_bytes(half_signed)
	assert desk.seal("--field", "Signer2").returncode == DONE
	assert desk.read().startswith(half_signed)
	assert desk.levels() == {"Seal": "B-B", "Signer1": "B-B", "Signer2": "B-B"}
	(desk.folder / "in.pdf").write_bytes(flipped(half_signed))
	refused = desk.seal("--field", "Signer2", into="three.pdf")
	assert refused.returncode == NOT_VALID and "does not hold" in refused.stderr
	assert "three.pdf" not in desk.files()


def test_a_file_that_others_signed_gets_a_field_of_ours(desk, house):
	theirs = append_signature(plain_pdf(), house.key, field="Seal", reason="", stamp=None)
	(desk.folder / "in.pdf").write_bytes(theirs)
	assert desk.seal().returncode == DONE
	assert desk.read().startswith(theirs) and desk.levels() == {"Seal": "B-B", "Seal2": "B-B"}


def test_a_locked_file_is_refused(desk, finished):
	(desk.folder / "in.pdf").write_bytes(finished)
	refused = desk.seal()
	assert refused.returncode == NOT_VALID and "locked_document" in refused.stderr
	assert "out.pdf" not in desk.files()


def test_passwords(desk, pki):
	assert (
		desk.run(
			*("seal", "in.pdf", "out.pdf", "--pkcs12", "key.p12", "--password-file", "-"), stdin="sala sana ä"
		).returncode
		== DONE
	)
	(desk.folder / "password").write_text("väärä")
	wrong = desk.seal(into="wrong.pdf")
	assert (
		wrong.returncode == NOT_VALID and "wrong_passphrase" in wrong.stderr and "väärä" not in wrong.stderr
	)
	(desk.folder / "password").write_text("sala sana ä")
	(desk.folder / "login").write_text("testi\nsalainen\n")
	locked = ("--level", "b-t", "--trust", "root.pem", "--tsa", pki.tsa("locked"))
	assert desk.seal(*locked, "--tsa-login", "login").returncode == DONE
	assert desk.levels() == {"Seal": "B-T"}
	shown = desk.seal("--level", "b-t", "--trust", "root.pem", "--tsa", "http://testi:salainen@127.0.0.1/")
	assert shown.returncode == UNREADABLE and "--tsa-login" in shown.stderr and "salainen" not in shown.stderr


def test_the_input_is_never_overwritten(desk):
	(desk.folder / "link.pdf").symlink_to("in.pdf")
	for into in ("in.pdf", "link.pdf"):
		refused = desk.seal(into=into)
		assert refused.returncode == UNREADABLE and "OUT is IN" in refused.stderr
	assert desk.read("in.pdf") == desk.upload


def test_files_that_cannot_be_read_or_written(desk, pki):
	before = desk.files()
	level = ("--level", "b-t")
	alive = ("--tsa", pki.tsa())
	(desk.folder / "odd.pem").write_text("nothing")
	for attempt in (
		lambda: desk.seal(source="none.pdf"),
		lambda: desk.seal(into="nowhere/out.pdf"),
		lambda: desk.seal(*level, "--trust", "root.pem"),
		lambda: desk.seal(*level, *alive, "--trust", "odd.pem"),
		lambda: desk.seal("--field", "Mine"),
		lambda: desk.run("extend", "root.pem", "out.pdf", *alive, "--trust", "root.pem"),
		lambda: desk.run("validate", "in.pdf", "--trust", "none.pem"),
	):
		failed = attempt()
		assert failed.returncode == UNREADABLE and failed.stderr and "Traceback" not in failed.stderr
	assert desk.files() == sorted([*before, "odd.pem"])
	refused = desk.seal(source="root.pem")
	assert refused.returncode == NOT_VALID and "not_a_pdf" in refused.stderr
