"""What is wrong is put right, and its neighbours stay as they are."""

import pytest

from signflow.core.privacy.correcting import Correction, corrected

CASES = [
	("Email", "a.meri@old.example", "a@new.example", "A.Meri@Old.example", "a@new.example"),
	("Email", "a.meri@old.example", "a@new.example", "x, a.meri@old.example; y", "x, a@new.example; y"),
	("Email", "a.meri@old.example", "a@new.example", "anna-a.meri@old.example", None),
	("Email", "a.meri@old.example", "a@new.example", "a.meri@old.example.org", None),
	(
		"Email",
		"a.meri@old.example",
		"a@new.example",
		"Write to <a.meri@old.example>.",
		"Write to <a@new.example>.",
	),
	("Phone", "040 123 4567", "+358 50 999 8888", "0401234567", "+358 50 999 8888"),
	("Phone", "040 123 4567", "+358 50 999 8888", "Ring +358 40 1234567 now", "Ring +358 50 999 8888 now"),
	("Phone", "040 123 4567", "+358 50 999 8888", "Invoice 1040123456700", None),
	("Name", "Maija Meri", "Maija Salo", "Maija Meri", "Maija Salo"),
	("Name", "Maija Meri", "Maija Salo", "Meri, Maija", "Maija Salo"),
	("Name", "Maija Meri", "Maija Salo", "Ask Maija  Meri today", "Ask Maija Salo today"),
	("Name", "Maija Meri", "Maija Salo", "Maija Merilä", None),
	("Name", "Maija Meri", "Maija Salo", "Anna-Maija Meri-Virta", None),
	("Other", "Rantatie 1", "Rantatie 2", "Rantatie 1, Turku", "Rantatie 2, Turku"),
	("Other", "Rantatie 1", "Rantatie 2", "Rantatie 12", None),
	("Date", "1980-02-01", "1981-02-01", "1980-02-01", "1981-02-01"),
	("Date", "1980-02-01", "1981-02-01", "Born 1980-02-01", None),
	("Choice", "female", "Male", "Female", "Male"),
	("Choice", "Male", "Other", "Female", None),
	("Name", "", "Maija Salo", "Maija Meri", None),
	("Other", "Rantatie 1", r"\1 $& Katu", "Rantatie 1", r"\1 $& Katu"),
]


@pytest.mark.parametrize(("kind", "old", "new", "text", "wanted"), CASES)
def test_only_what_is_wrong_changes(kind: str, old: str, new: str, text: str, wanted: str | None) -> None:
	assert corrected(text, Correction(kind, old, new)) == (text if wanted is None else wanted)


@pytest.mark.parametrize(
	("kind", "old"),
	[("Mail", "abc"), ("Name", "a"), ("Other", "  "), ("Date", "1.2.1980"), ("Date", "19800201")],
)
def test_what_cannot_be_told_apart_is_refused(kind: str, old: str) -> None:
	with pytest.raises(ValueError):
		Correction(kind, old, "x")
