"""Requests about one's own data in plain words, and what only looks like them."""

import time

import pytest

from signflow.core.privacy.asking import recognise


@pytest.mark.parametrize(
	("text", "right", "language"),
	[
		("Please delete my data.", "Erasure", "en"),
		("Hello,\nkindly erase all of my personal\ninformation from your systems", "Erasure", "en"),
		("I want my account deleted", "Erasure", "en"),
		("I invoke my right to be forgotten", "Erasure", "en"),
		("please delete everything you have about me", "Erasure", "en"),
		("Send me a copy of my personal data", "Access", "en"),
		("This is a subject access request.", "Access", "en"),
		("What information do you hold about me?", "Access", "en"),
		("Poistakaa tietoni rekisteristänne.", "Erasure", "fi"),
		("Haluaisin että poistatte kaikki henkilötietoni", "Erasure", "fi"),
		("Pyydän, että tietoni poistetaan", "Erasure", "fi"),
		("Pyydän henkilötietojeni poistamista", "Erasure", "fi"),
		("Minulla on oikeus tulla unohdetuksi", "Erasure", "fi"),
		("Tietopyyntö: mitä tietoja teillä on minusta?", "Access", "fi"),
		("Haluan käyttää tarkastusoikeuttani", "Access", "fi"),
		("Radera mina uppgifter, tack", "Erasure", "sv"),
		("Jag vill att ni tar bort alla mina personuppgifter", "Erasure", "sv"),
		("Vänligen radera mitt konto", "Erasure", "sv"),
		("Jag begär ett registerutdrag", "Access", "sv"),
		("Vilka uppgifter har ni om mig?", "Access", "sv"),
		("I ask this under Article 17 of the GDPR", "Erasure", "en"),
		("GDPR art. 15", "Access", "en"),
		("Vetoan tietosuoja-asetuksen 17 artiklaan", "Erasure", "fi"),
		("Yleisen tietosuoja-asetuksen 15. artiklan nojalla", "Access", "fi"),
		("enligt artikel 20 i dataskyddsförordningen", "Portability", "sv"),
		("Art. 21 GDPR: I object", "Objection", "en"),
		("Delete my data, and send me a copy of my data first", "Erasure", "en"),
	],
)
def test_recognised(text: str, right: str, language: str) -> None:
	asked = recognise(text)
	assert asked and (asked.right, asked.language) == (right, language), asked


@pytest.mark.parametrize(
	"text",
	[
		"",
		"Please delete the second row of my order.",
		"How do I remove a user from the report?",
		"The data in my report is wrong, can you look?",
		"The import deletes data that it should keep",
		"Poista tilaukseni toinen rivi",
		"Tietosuojaselosteenne linkki on rikki",
		"Poistakaa tuote ostoskorista, tietoni ovat oikein",
		"Radera raden i min order",
		"Tiedot laskulla ovat väärin",
		"See article 17 of the price list; GDPR is on page 240 " + "x" * 80,
		"Thanks!\n> Please delete my data",
		"Our address is GDPR street 170",
		"Invoice 17 was paid",
	],
)
def test_not_recognised(text: str) -> None:
	assert recognise(text) is None


def test_the_words_are_given_as_they_stand() -> None:
	assert recognise("Moi! POISTAKAA  tietoni.").words == "POISTAKAA tietoni"


def test_a_long_mail_takes_no_time() -> None:
	started = time.perf_counter()
	assert recognise("my my data personal tietoni mina uppgifter poist " * 20_000) is None
	assert recognise("kaikki omat minun " * 50_000) is None
	assert time.perf_counter() - started < 2
