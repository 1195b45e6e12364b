"""One key and one document in its stages for all tests of the sealing engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pki import PKI
from sealing_house import House, OtherJudges, plain_pdf

from signflow.core.pdf import _filling, _forms, sandbox
from signflow.core.pdf._intake import take_in
from signflow.core.pdf.normalise import normalise


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Let `normalise` do without its child, to save the start of one per case; `test_pdf_limits` covers the child."""
	monkeypatch.setattr(sandbox, "run", lambda task, header, data, **limits: take_in(data, **header))


@pytest.fixture
def same_process(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Let forms be read and filled without a child for each; the attacks on forms run in it."""
	tasks = {"normalise": take_in, "find_fields": _forms.find, "fill": _filling.fill}
	monkeypatch.setattr(sandbox, "run", lambda task, header, data, **limits: tasks[task](data, **header))


@pytest.fixture(scope="session")
def house() -> House:
	return House()


@pytest.fixture(scope="session")
def certified(house: House) -> bytes:
	return house.certified(normalise(plain_pdf(2)).data)


@pytest.fixture(scope="session")
def half_signed(house: House, certified: bytes) -> bytes:
	return house.signed(certified, "Signer1")


@pytest.fixture(scope="session")
def finished(house: House, half_signed: bytes) -> bytes:
	return house.closed(house.signed(half_signed, "Signer2"))


@pytest.fixture
def other_judges(tmp_path: Path, house: House) -> OtherJudges:
	return OtherJudges(tmp_path, house.trust[0])


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PKI]:
	running = PKI(tmp_path_factory.mktemp("pki"))
	yield running
	running.stop()
