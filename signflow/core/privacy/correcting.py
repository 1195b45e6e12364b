"""A wrong mail address, telephone, name or word put right inside a text, and nothing else of it (GDPR 16). Pure."""

import re
from dataclasses import dataclass
from datetime import date

from signflow.core.privacy import persons

# What is held to be the same only as a whole: a day, and one of a field's choices.
WHOLE = ("Date", "Choice")
KINDS = ("Email", "Phone", "Name", "Other", *WHOLE)


@dataclass(frozen=True)
class Correction:
	"""What is wrong and what is right; `kind` is one of KINDS, a day is written as in ISO 8601. `new` may be empty: then the
	old one goes. So may `old`: then `new` completes what is incomplete (GDPR 16, second sentence)."""

	kind: str
	old: str
	new: str

	def __post_init__(self) -> None:
		if self.kind not in KINDS:
			raise ValueError(f"no kind of correction: {self.kind}")
		if not self.old and not self.new:
			raise ValueError("nothing is said")
		if self.kind == "Date":
			for day in filter(None, (self.old, self.new)):
				if date.fromisoformat(day).isoformat() != day:
					raise ValueError("no day as it is stored")
		elif self.old and self.kind != "Choice" and len(self.old.strip()) < 2:
			raise ValueError("too short to be told from other words")


def corrected(text: str, wrong: Correction, region: str = "FI") -> str:
	"""`text` with what is wrong put right; the same text if it does not stand there, and for a correction of what is empty.

	A day or a choice is the whole text. A mail address matches whatever its capitals and never as part of a longer one, a telephone however it is written, a
	name as whole words in its order or, where the whole text is the name, in any order; other words as they are written.
	"""
	if not wrong.old:
		return text
	if wrong.kind in WHOLE:
		return wrong.new if text.casefold() == wrong.old.casefold() else text
	if wrong.kind == "Email":
		return _mails(text, wrong)
	if wrong.kind == "Phone":
		return _phones(text, wrong, region)
	if wrong.kind == "Name" and persons.same_name(text, wrong.old):
		return wrong.new.strip()
	flags = re.IGNORECASE if wrong.kind == "Name" else 0
	words = r"\s+".join(re.escape(word) for word in wrong.old.split())
	# What follows may be an ending ("Merelle"): such a word is another one and is left for a person to see.
	joined = r"[\w'’-]" if wrong.kind == "Name" else r"\w"
	return re.sub(rf"(?<!{joined}){words}(?!{joined})", lambda _match: wrong.new.strip(), text, flags=flags)


def _mails(text: str, wrong: Correction) -> str:
	old = wrong.old.strip().casefold()
	if old not in persons.mails_in(text):
		return text
	pattern = rf"(?<![\w.+-]){re.escape(old)}(?![\w-]|\.\w)"
	return re.sub(pattern, lambda _match: wrong.new.strip(), text, flags=re.IGNORECASE)


def _phones(text: str, wrong: Correction, region: str) -> str:
	old = persons.phone_of(wrong.old, region)
	if not old:
		return text
	if persons.phone_of(text, region) == old:
		return wrong.new.strip()
	for start, end, number in reversed(persons.phones_at(text, region)):
		if number == old:
			text = text[:start] + wrong.new.strip() + text[end:]
	return text
