"""How surely a signer is known, from not at all to an electronic identity of level high (eIDAS 910/2014, article 8)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from signflow.core.errors import SignflowError, _


class Level(Enum):
	"""A level of identification; levels compare by how much they show, `value` is the stable name for storing."""

	NONE = "none"
	MAIL_CODE = "mail_code"
	SMS_CODE = "sms_code"
	SUBSTANTIAL = "substantial"
	HIGH = "high"

	@property
	def title(self) -> str:
		"""The level in two or three words: an English text marked for translation."""
		return _TITLES[self]

	@property
	def rank(self) -> int:
		"""0 for none up to 4 for high."""
		return list(Level).index(self)

	def meets(self, demanded: "Level") -> bool:
		"""Tell whether this level is at least the `demanded` one."""
		return self.rank >= demanded.rank

	def __lt__(self, other: "Level") -> bool:
		return self.rank < other.rank

	def __le__(self, other: "Level") -> bool:
		return self.rank <= other.rank

	def __gt__(self, other: "Level") -> bool:
		return self.rank > other.rank

	def __ge__(self, other: "Level") -> bool:
		return self.rank >= other.rank


_TITLES = {
	Level.NONE: _("Not identified"),
	Level.MAIL_CODE: _("Code by mail"),
	Level.SMS_CODE: _("Code by text message"),
	Level.SUBSTANTIAL: _("Electronic identity, level substantial"),
	Level.HIGH: _("Electronic identity, level high"),
}

_STATEMENTS = {
	Level.NONE: _("The signer was not identified: whoever had the link could sign."),
	Level.MAIL_CODE: _(
		"The signer typed a code that was sent to the mailbox named here. This shows control of that mailbox, "
		"no more; it does not show who the person is."
	),
	Level.SMS_CODE: _(
		"The signer typed a code that was sent to the telephone number named here. This shows control of that "
		"number, no more; it does not show who the person is."
	),
	Level.SUBSTANTIAL: _(
		"The signer was identified by an electronic identity of level of assurance substantial; the identity "
		"provider vouches for the person."
	),
	Level.HIGH: _(
		"The signer was identified by an electronic identity of level of assurance high; the identity provider "
		"vouches for the person."
	),
}

_ACR = {
	"http://ftn.ficora.fi/2017/loa2": Level.SUBSTANTIAL,
	"http://ftn.ficora.fi/2017/loa3": Level.HIGH,
	"http://eidas.europa.eu/LoA/substantial": Level.SUBSTANTIAL,
	"http://eidas.europa.eu/LoA/high": Level.HIGH,
}


@dataclass(frozen=True)
class Identification:
	"""That a signer was identified: at which level, by which method, when, and as whom.

	`method` names the means in the provider's words ("mail", "bank"), `at` is aware, `subject` is what was shown and
	may be printed (a masked mailbox, a name), `statement` the plain words of the level.
	"""

	level: Level
	method: str
	at: datetime
	subject: str
	statement: str

	def __post_init__(self) -> None:
		if self.at.tzinfo is None:
			raise SignflowError("bad_time", _("The time of an identification needs its time zone."))


def statement(level: Level) -> str:
	"""Return in plain words what identification at `level` shows and what not: English, marked for translation."""
	return _STATEMENTS[level]


def level_named(name: str) -> Level:
	"""Return the level stored as `name`; raises SignflowError `unknown_level`."""
	try:
		return Level(name)
	except ValueError as error:
		raise SignflowError(
			"unknown_level", _("There is no level of identification called {name}."), name=name
		) from error


def level_of_acr(acr: str) -> Level:
	"""Return the level that an OpenID `acr` stands for (Traficom 213/2023 S; eIDAS); unknown and test ones are NONE."""
	return _ACR.get(acr, Level.NONE)
