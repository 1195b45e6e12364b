"""Many files sealed by several processes: every one valid, a bad one harms no other, keys never travel."""

from __future__ import annotations

import os
import signal
from copy import copy
from functools import partial
from itertools import count, islice

import pytest
from sealing_house import flipped, plain_pdf

from signflow.core.pdf import batch
from signflow.core.pdf.batch import Done, Job, seal_many
from signflow.core.pdf.keys import KeyRefused, SealKey, make_test_key


@pytest.fixture(scope="module")
def open_key():
	return partial(SealKey.from_pkcs12, *make_test_key("Joukko Oy"))


@pytest.mark.parametrize("workers", [1, 2])
def test_all_are_sealed_and_one_that_cannot_be_is_told(workers, open_key, house, tmp_path):
	jobs = []
	for number in range(10):
		source = tmp_path / f"{number}.pdf"
		source.write_bytes(b"no PDF" if number == 3 else plain_pdf(1, f"Agreement {number}"))
		jobs.append(Job(source, tmp_path / f"{number}-sealed.pdf", f"Sealed {number}"))
	jobs.append(Job(tmp_path / "missing.pdf", tmp_path / "never.pdf", ""))
	done = list(seal_many(iter(jobs), open_key, workers=workers))
	assert sorted(str(one.job.source) for one in done) == sorted(str(job.source) for job in jobs)
	problems = {one.job.source.stem: one.problem for one in done if one.problem}
	assert problems == {"3": "unreadable", "missing": "file_error"}
	assert not jobs[3].target.exists() and not jobs[-1].target.exists()
	judge = copy(house)
	judge.trust = [open_key().certificate_pem]
	for job in jobs[:3] + jobs[4:10]:
		data = job.target.read_bytes()
		assert data.startswith(job.source.read_bytes())
		verdict = judge.verdict(data)
		assert verdict.ok and verdict.signatures[0].reason_text == job.reason
		assert not judge.verdict(flipped(data)).ok
	assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_jobs_are_read_a_few_ahead_only(open_key, tmp_path):
	source = tmp_path / "one.pdf"
	source.write_bytes(plain_pdf())
	asked = []

	def endless():
		for number in count():
			asked.append(number)
			yield Job(source, tmp_path / f"{number}.pdf", "")

	results = seal_many(endless(), open_key, workers=2)
	assert [one.problem for one in islice(results, 5)] == [None] * 5
	results.close()
	assert len(asked) <= 5 + 2 * batch.AHEAD


def test_a_key_that_cannot_seal_is_refused_before_any_job(tmp_path):
	data, passphrase = make_test_key("Joukko Oy")
	wrong = partial(SealKey.from_pkcs12, data, passphrase + "!")
	for workers in (1, 2):
		with pytest.raises(KeyRefused):
			list(seal_many([Job(tmp_path / "a", tmp_path / "b", "")], wrong, workers=workers))
	with pytest.raises(ValueError):
		list(seal_many([], wrong, workers=0))


def test_key_and_timestamper_are_opened_once_and_anew_when_old(open_key, tmp_path, monkeypatch):
	source = tmp_path / "one.pdf"
	source.write_bytes(plain_pdf())
	opened = {"key": 0, "timestamper": 0}

	def key():
		opened["key"] += 1
		return open_key()

	def timestamper():
		opened["timestamper"] += 1
		return lambda _signed: b"\x30\x03\x02\x01\x01"

	def seal(number: int) -> list[Done]:
		jobs = [Job(source, tmp_path / f"{one}.pdf", "") for one in range(number)]
		return list(seal_many(jobs, key, workers=1, open_timestamper=timestamper))

	assert not [one for one in seal(6) if one.problem]
	assert opened == {"key": 1, "timestamper": 1}
	monkeypatch.setattr(batch, "RENEWED_AFTER", -1.0)
	seal(3)
	assert opened == {"key": 5, "timestamper": 5}


class Killed:
	"""A stamp whose process ends while it is drawn."""

	name = "x"
	lines = ()

	@property
	def drawn(self):
		os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_is_told_and_the_rest_goes_on(open_key, house, certified, tmp_path):
	source = tmp_path / "one.pdf"
	source.write_bytes(certified)
	jobs = [Job(source, tmp_path / f"{number}.pdf", "", field="Signer1") for number in range(40)]
	jobs[20] = Job(source, tmp_path / "killed.pdf", "", field="Signer1", stamp=Killed())
	done = list(seal_many(jobs, open_key, workers=2))
	died = {one.job for one in done if one.problem == "process_died"}
	assert len(done) == len({one.job for one in done}) == 40
	assert jobs[20] in died and len(died) <= 2 * batch.AHEAD
	assert all(one.text for one in done if one.problem)
	assert not jobs[20].target.exists()
	assert all(job.target.exists() for job in jobs if job not in died)
