"""The catalogues in signflow/locale: Finnish and Swedish complete, with the places and tags of the English text."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parents[2] / "signflow" / "locale"
LANGUAGES = ("fi", "sv")
PLACES = re.compile(r"\{\w*\}|%\(\w+\)\w|%[sd]|</?\w+[^>]*>")
# The same in every language.
COMMON = {
	"Amazon S3",
	"Dropbox",
	"Google Drive",
	"Helpdesk",
	"{0}: {2}",
	"PDF",
	"PEM",
	"SHA-256",
	"Signflow",
	"B-B",
	"B-T",
	"B-LT",
	"B-LTA",
	"{page} / {count}",
}
SWEDISH = "Status Version Organisation Text Filter Import Person Post Program Register Leads Portal".split()
ALIKE = {"fi": {*COMMON, "Logo"}, "sv": {*COMMON, *SWEDISH, "Plan {0}"}}


def catalogue(name: str) -> Catalog:
	with (LOCALE / name).open("rb") as file:
		return read_po(file)


def messages(catalog: Catalog) -> list[Message]:
	return [message for message in catalog if message.id]


def mistakes(message: Message, alike: set[str] = frozenset()) -> list[str]:
	"""What is wrong with one translation."""
	english, other = message.id, message.string
	if not other or not other.strip():
		return ["not translated"]
	found = []
	if message.fuzzy:
		found.append("fuzzy")
	if Counter(PLACES.findall(english)) != Counter(PLACES.findall(other)):
		found.append("other places or tags than in English")
	for end in (".", ":", "?", "…"):
		if english.endswith(end) and not other.endswith(end):
			found.append(f"ends otherwise than in English ({end})")
	if english[:1].isspace() != other[:1].isspace() or english[-1:].isspace() != other[-1:].isspace():
		found.append("begins or ends with other spaces")
	if english == other and english not in alike:
		found.append("still English")
	return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
	wrong = {
		message.id: found
		for message in messages(catalogue(f"{language}.po"))
		if (found := mistakes(message, ALIKE[language]))
	}
	assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_the_texts_of_the_template_and_no_others(language: str) -> None:
	template, own = catalogue("main.pot"), catalogue(f"{language}.po")
	assert len(messages(template)) > 400
	assert {(message.id, message.context) for message in messages(own)} == {
		(message.id, message.context) for message in messages(template)
	}
	assert not own.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_language_slips_in(language: str) -> None:
	letters = {"fi": "å", "sv": ""}[language]
	words = {"fi": r"\b(och|att|inte|the|not|signer)\b", "sv": r"\b(ja|ei|the|not|signer|sign)\b"}[language]
	for message in messages(catalogue(f"{language}.po")):
		text = PLACES.sub("", message.string).lower()
		if message.id.startswith("Yes"):
			continue  # "Ja" in Swedish, which is "and" in Finnish
		assert not re.search(words, text), message.string
		assert not any(letter in text for letter in letters), message.string


def test_files_name_no_dates_and_no_line_numbers() -> None:
	for path in LOCALE.glob("*.po*"):
		text = path.read_text(encoding="utf-8")
		assert "-Date:" not in text, path.name
		assert not re.search(r"^#: .*:\d", text, re.MULTILINE), path.name


@pytest.mark.parametrize(
	("english", "other"),
	[
		("Sent by {name}", ""),
		("Sent by {name}", " "),
		("Sent by {name}", "Lähettäjä"),
		("Sent by {name}", "Lähettäjä: {nimi}"),
		("Sent by {name}", "Sent by {name}"),
		("{0} of {1}", "{0} ja {0}"),
		("%(count)s pages", "sivua"),
		("Read <b>this</b>", "Lue tämä"),
		("Sign it.", "Allekirjoita"),
		("Why?", "Miksi"),
	],
)
def test_a_bad_translation_is_found(english: str, other: str) -> None:
	assert mistakes(Message(english, other))


def test_a_fuzzy_translation_is_found() -> None:
	assert mistakes(Message("Sign it.", "Allekirjoita.", flags=["fuzzy"])) == ["fuzzy"]
	assert mistakes(Message("Sign it.", "Allekirjoita.")) == []
