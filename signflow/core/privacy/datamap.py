"""The map of personal data, as the engines read it: which fields of which DocTypes say something of a person.

It is made from the rows of Personal Data Field (`services.privacy.data_map`); look-up, export, erasure, notice and test
data read it and nothing else. Pure data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

# Whoever has one of these records is a person, or (Customer, Supplier, Lead) may be one.
PERSON_DOCTYPES = (
	"Contact",
	"Customer",
	"Lead",
	"Prospect",
	"Supplier",
	"Employee",
	"User",
	"Job Applicant",
	"Sales Partner",
	"Shareholder",
)


class Holds(str, Enum):
	"""What a field holds of a person (categories of personal data, GDPR 30(1)(c)). Values are stored and shown."""

	NAME = "Name"
	EMAIL = "Email"
	PHONE = "Phone"
	ADDRESS = "Address"
	BIRTH_DATE = "Date of Birth"
	IDENTITY_CODE = "Personal Identity Code"
	IDENTITY_HASH = "Identity Hash"
	BANK_ACCOUNT = "Bank Account"
	BUSINESS_ID = "Business ID"
	ONLINE_ID = "Online Identifier"
	IMAGE = "Picture"
	SIGNATURE = "Signature"
	FILE = "File"
	TEXT = "Free Text"
	JOB = "Work and Position"
	MONEY = "Pay and Payments"
	SPECIAL = "Special Category"
	PERSON = "Link to a Person"
	OTHER = "Other"


class Mark(str, Enum):
	"""What was decided of a field."""

	PERSONAL = "Personal"
	NOT_PERSONAL = "Not Personal"
	TO_DECIDE = "To Decide"


@dataclass(frozen=True)
class PersonalField:
	"""One field that says something of a person.

	`target` is the DocType that a Link points to, "" otherwise; for a Dynamic Link `type_field` names the field that
	holds the DocType.
	"""

	fieldname: str
	holds: Holds
	fieldtype: str = "Data"
	target: str = ""
	type_field: str = ""


# Frappe gives these to every table (to tables within records only the first two): who made and changed a row, to whom
# it is assigned, who likes and has seen it, what was said of it and how it is tagged. They are no rows of the map: they
# are personal everywhere, as `DataMap.tables` tells.
MAKERS = ("owner", "modified_by")
# JSON lists of Users.
LISTS_OF_USERS = ("_assign", "_liked_by", "_seen")
SAID_OF_IT = ("_comments", "_user_tags")
STANDARD_FIELDS = (
	*(PersonalField(name, Holds.PERSON, "Link", "User") for name in MAKERS),
	*(PersonalField(name, Holds.PERSON, "Text", "User") for name in LISTS_OF_USERS),
	*(PersonalField(name, Holds.TEXT, "Text") for name in SAID_OF_IT),
)
# Whole mails, as they go over the wire: quoted-printable or base64. (DocType, field).
MAILS_AS_SENT = frozenset((("Email Queue", "message"), ("Unhandled Email", "raw")))


@dataclass(frozen=True)
class DocTypeMap:
	"""What one DocType's table says of persons.

	`parents` are the DocTypes whose rows a child table's rows belong to (empty for a table of its own). `named_by` is the
	field whose value the row's name is, or begins with (a Contact's is "full_name"), "" if names say nothing. A single
	has no table: its values stand in the framework's table of singles. `fields` are personal, by name.
	"""

	doctype: str
	module: str = ""
	is_child: bool = False
	is_single: bool = False
	parents: tuple[str, ...] = ()
	named_by: str = ""
	fields: Mapping[str, PersonalField] = field(default_factory=dict)

	def holding(self, *kinds: Holds) -> list[PersonalField]:
		"""The fields that hold one of `kinds`, in their order."""
		return [one for one in self.fields.values() if one.holds in kinds]


@dataclass(frozen=True)
class DataMap:
	"""The whole map: DocTypes with at least one personal field, by name.

	`tables` are all DocTypes that have a table of their own, mapped or not (True: rows within records), where
	`STANDARD_FIELDS` stand.
	"""

	doctypes: Mapping[str, DocTypeMap] = field(default_factory=dict)
	tables: Mapping[str, bool] = field(default_factory=dict)

	def __getitem__(self, doctype: str) -> DocTypeMap:
		return self.doctypes[doctype]

	def __contains__(self, doctype: object) -> bool:
		return doctype in self.doctypes

	def __iter__(self) -> Iterator[DocTypeMap]:
		return iter(self.doctypes.values())
