"""What a field of a paper form asks for, guessed from its Finnish, Swedish or English words."""

from __future__ import annotations

import re
import unicodedata

# What `guess_kind` answers, and what the form's own make-up says (kinds of core.pdf.fields).
KINDS = (
	"text",
	"long_text",
	"date",
	"time",
	"number",
	"email",
	"phone",
	"check",
	"choice",
	"signature",
	"identity_code",
	"business_id",
	"iban",
	"name",
	"first_name",
	"last_name",
	"company",
)

MOST_LABEL = 140

# The first that matches wins, on text without case and accents ("paivamaara"). A place beside a date is one text.
WORDS: tuple[tuple[str, str], ...] = (
	(
		"identity_code",
		r"henkilotunnu|sosiaaliturvatunnu|\bhetu\b|\bsotu\b|personbeteckning|personnummer|\bssn\b"
		r"|personal (identity|identification|id)\b|social security|national id",
	),
	(
		"business_id",
		r"\by[- ]?tunnu|yritystunnu|\bfo[- ]?(nummer|nr)|org(anisations|\.)?[ -]?(nummer|nr)|business id"
		r"|\b(vat|alv|moms)\b.{0,3}(number|no|id|numero|tunn|nummer|nr)|company registration",
	),
	("email", r"sahkoposti|s-posti|\be-?post(adress)?\b|\be-? ?mail|\bmail address"),
	("phone", r"puhelin|\bpuh\b|\bgsm\b|telefon|\btfn\b|\bmobil|\bphone|\btel\b|telephone"),
	("iban", r"\biban\b|tilinumero|kontonummer|account (number|no)|bank account"),
	("text", r"(paikka|plats|\bort|place|city).{0,5}(ja|och|and|&|/|,).{0,14}(paiva|pvm|aika|dat|tid)"),
	(
		"date",
		r"paivamaara|paivays|\bpvm|syntymaaika|allekirjoituspaiva|(alkamis|paattymis|erapaiv|maksupaiv)"
		r"|\bdatum|datum\b|fodelsetid|\bdate\b|\bdate of|birthday|\b[dp]{1,2}[./-][mk]{1,2}[./-][yv]",
	),
	("signature", r"allekirjoitus|nimikirjoitus|underskrift|namnteckning|\bsignature|signatur\b"),
	("text", r"postinumero|postnummer|postal code|\bzip\b|postitoimipaikka|postanstalt"),
	(
		"number",
		r"lukumaara|kappalemaara|\bmaara\b|\bsumma\b|\bhinta\b|euroa|€|\beur\b|\bamount|quantity|\bantal\b"
		r"|\bbelopp|\bpris\b|\bprice\b|\btotal\b|number of",
	),
	(
		"company",
		r"yrity(s|ksen)( ?nimi)?\b|toiminimi|yhteis(o|on nimi)\b|foretag(et|ets)?( ?namn)?\b|\bfirma"
		r"|company( name)?\b|organi[sz]ation( name)?\b|organisaatio",
	),
	("first_name", r"etunim|kutsumanimi|fornamn|tilltalsnamn|(first|given) ?names?\b|forename"),
	("last_name", r"sukunimi|efternamn|slaktnamn|(last|family) ?name\b|surname"),
	("name", r"nimenselvennys|namnfortydligande|\b(koko)?nimi\b|\b(fullstandigt )?namn\b|\b(full ?)?name\b"),
	(
		"long_text",
		r"lisatie(dot|toja)|huomautuk|kuvaus|peruste(lu|et)|viesti\b|tillaggsuppgift|ytterligare"
		r"|beskrivning|meddelande|motivering|description|comments?\b|remarks|\bnotes\b|additional info"
		r"|\bmessage\b",
	),
)
PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in WORDS)
# "Product name" asks for no person.
NO_PERSON = re.compile(
	r"tuot|kurss|tiedost|tunnus|kayttaja|anvandar|produkt|\bfil|user|file|product|domain|project|hank|lemmik|pet\b"
)


def guess_kind(text: str) -> str | None:
	"""The kind (one of KINDS) that `text`, a label or a field's name made readable, speaks of; None if none."""
	words = folded(text)[: 2 * MOST_LABEL]
	for kind, pattern in PATTERNS:
		if pattern.search(words):
			if kind == "name" and (NO_PERSON.search(words) or len(words.split()) > 5):
				return None
			return kind
	return None


def folded(text: str) -> str:
	"""`text` without case, accents and repeated white space: "Päivämäärä" becomes "paivamaara"."""
	plain = unicodedata.normalize("NFKD", text.replace("\u2010", "-").replace("\u2011", "-"))
	plain = "".join(character for character in plain if not unicodedata.combining(character))
	return " ".join(plain.lower().split())


def readable(name: str) -> str:
	"""A field's technical name for people: "form1[0].txtBirthDate_2" becomes "Birth date 2"."""
	last = re.sub(r"\[\d+\]", "", name).rsplit(".", 1)[-1].strip() or name
	last = re.sub(r"^(txt|chk|cbo|cmb|ddl|fld|rb|dt)(?=[A-Z_])", "", last)
	words = re.sub(r"(?<=[a-zäöå0-9])(?=[A-ZÄÖÅ])|[_\-.\s]+|(?<=[^\W\d_])(?=\d)", " ", last).split()
	text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
	return clean_label(text[:1].upper() + text[1:])


def clean_label(text: str) -> str:
	"""A label without leaders, colon, asterisk and line breaks, of at most 140 characters."""
	line = "".join(character if character.isprintable() else " " for character in text)
	line = line.replace("<", "‹").replace(">", "›")  # labels end up in pages
	line = " ".join(re.sub(r"_{2,}|\.{3,}|…+|[☐□❏❑]", " ", line).split())
	line = line.strip(" :,;*·•-–—_|/").rstrip(".,;")
	return line if len(line) <= MOST_LABEL else line[: MOST_LABEL - 1].rstrip() + "…"


def is_starred(text: str) -> bool:
	"""Whether a label is marked as required by an asterisk."""
	return text.strip(" :").endswith("*") or text.lstrip().startswith("*")
