"""What somebody asks for in plain words about his own data: recognised in Finnish, Swedish and English.

A hint for whoever reads the message, never a decision: a person judges. GDPR 12(2) lets nobody insist on a form or on the
right word, so a request may stand anywhere in a mail.
"""

import re
from dataclasses import dataclass

# "my data", "tietoni", "mina uppgifter": whose data must be said, else every "delete this row" would count.
_OWN = {
	"en": r"(?:all )?(?:of )?my (?:own )?(?:personal )?(?:data|information|details|account|profile)"
	r"|(?:all )?(?:personal )?(?:data|information) (?:you (?:hold|have|keep|store)|(?:held )?(?:on|about) me)",
	"fi": r"(?:kaikki |omat |minun |minua koskevat |henkilö){0,3}(?:tietoni|henkilötietoni|tilini|profiilini"
	r"|(?:minua|itseäni) koskevat (?:henkilö)?tiedot|(?:henkilö)?tiedot minusta)",
	"sv": r"(?:alla )?(?:mina|min|mitt) (?:personliga )?(?:person)?(?:uppgifter|data|information|konto|profil)"
	r"|(?:alla )?(?:person)?uppgifter(?:na)? (?:om mig|ni har om mig)",
}
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
	"Erasure": {
		"en": (
			r"(?:delete|erase|remove|wipe|forget) (?:{own})",
			r"(?:deletion|erasure|removal) of (?:{own})",
			r"right to (?:be forgotten|erasure)",
			r"(?:have|want|get) (?:{own}) (?:deleted|erased|removed)",
			r"(?:delete|erase) (?:everything|all) (?:you (?:have|hold|know)|about me)",
		),
		"fi": (
			r"(?:poist|hävit|tuho|pyyhk)\w* (?:{own})",
			r"(?:{own})\s+(?:\w+\s+)?(?:poist|hävit|tuho)\w*",
			r"(?:henkilö)?tietojeni (?:poist|hävit)\w*",
			r"oikeu\w+ tulla unohdetuksi",
			r"unohtakaa minut",
		),
		"sv": (
			r"(?:radera|tar? bort|stryk|utplåna)\w* (?:{own})",
			r"(?:radering|borttagning) av (?:{own})",
			r"rätt(?:en)? att bli (?:bortglömd|glömd)",
			r"(?:{own}) (?:raderas|tas bort)",
		),
	},
	"Access": {
		"en": (
			r"(?:copy|copies) of (?:{own})",
			r"(?:subject|data) access request",
			r"\b(?:access to|see|receive|send me|give me|provide me with) (?:{own})",
			r"what (?:personal )?(?:data|information) (?:do )?you (?:hold|have|keep|store) (?:on|about) me",
			r"right of access",
		),
		"fi": (
			r"(?:henkilö)?tietopyyn\w+",
			r"(?:omien|minua koskevien) tietojen(?:i)? tarkast\w+",
			r"tarkastusoikeu\w+",
			r"(?:jäljennö\w+|kopio\w*) (?:{own}|(?:henkilö)?tiedoistani)",
			r"mitä (?:henkilö)?tietoja (?:teillä on|olette tallentaneet|säilytätte) minusta",
			r"nähdä (?:{own})",
		),
		"sv": (
			r"registerutdrag",
			r"(?:kopia|utdrag) (?:av|på) (?:{own})",
			r"rätt(?:en)? (?:till|av) (?:tillgång|insyn)",
			r"vilka (?:person)?uppgifter (?:ni )?har (?:ni )?om mig",
			r"(?:tillgång till|se|få ut) (?:{own})",
		),
	},
}
_ARTICLES = {
	"15": "Access",
	"16": "Rectification",
	"17": "Erasure",
	"18": "Restriction",
	"20": "Portability",
	"21": "Objection",
}
_LAW = {
	"en": r"GDPR|general data protection regulation|2016/679",
	"fi": r"tietosuoja-?\s?asetu\w+|GDPR",
	"sv": r"dataskyddsförordning\w*|GDPR",
}
_NEAR = 60
_FIRST = 20_000
_CLAUSE_END = re.compile(r"[;!?]")
_NUMBER = r"(?<![\d.,])({numbers})(?!\d|[.,]\d)"
_CITED = {
	"en": r"art(?:icle|\.)?s?\s*{number}",
	"fi": r"(?:artikla\w*\s*{number}|{number}\s*\.?\s*artikla\w*)",
	"sv": r"artikel\s*{number}",
}


@dataclass(frozen=True)
class Asked:
	"""A message that seems to ask for a right: `right` as Data Subject Request names it, the language it is asked in
	("fi", "sv", "en"), and the words that tell, as they stand."""

	right: str
	language: str
	words: str


def recognise(text: str) -> Asked | None:
	"""What `text` (plain, of any length) seems to ask for; None for anything else. Quoted lines (">") are others' words.

	Deletion goes before access when both are asked: it is what cannot be put right later.
	"""
	own = "\n".join(line for line in text[:_FIRST].splitlines() if not line.lstrip().startswith(">"))
	plain = re.sub(r"\s+", " ", own)
	for right, languages in _COMPILED.items():
		for language, pattern in languages:
			if found := pattern.search(plain):
				return Asked(right, language, found.group(0).strip())
	return _cited(plain)


def _cited(plain: str) -> Asked | None:
	"""An article of the regulation beside its name: "Article 17 GDPR", "tietosuoja-asetuksen 17 artikla"."""
	for language, (law, article) in _CITATIONS.items():
		for found in article.finditer(plain):
			before = _CLAUSE_END.split(plain[max(0, found.start() - _NEAR) : found.start()])[-1]
			after = _CLAUSE_END.split(plain[found.end() : found.end() + _NEAR])[0]
			number = next(group for group in found.groups() if group)
			if law.search(before) or law.search(after):
				return Asked(_ARTICLES[number], language, found.group(0).strip())
	bare = _BARE.search(plain)
	return Asked(_ARTICLES[bare.group(1)], "en", bare.group(0).strip()) if bare else None


_COMPILED = {
	right: [
		(language, re.compile("|".join(one.replace("{own}", _OWN[language]) for one in patterns), re.I))
		for language, patterns in languages.items()
	]
	for right, languages in _WORDS.items()
}
_CITATIONS = {
	language: (
		re.compile(_LAW[language], re.I),
		re.compile(cited.replace("{number}", _NUMBER.replace("{numbers}", "|".join(_ARTICLES))), re.I),
	)
	for language, cited in _CITED.items()
}
_BARE = re.compile(rf"\bGDPR\s*(?:§\s*)?{_NUMBER.replace('{numbers}', '|'.join(_ARTICLES))}", re.I)
