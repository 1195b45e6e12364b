"""Whose record is whose, and what a row has to do with her: names, mailboxes and telephones shared and not."""

import pytest

from signflow.core.privacy import persons
from signflow.core.privacy.datamap import DocTypeMap, Holds, PersonalField
from signflow.core.privacy.findings import How, Row, Strength, judge
from signflow.core.privacy.persons import PersonRecord, Start, Subject, settle


def record(doctype: str, name: str, called: str = "", mails=(), phones=(), **more) -> PersonRecord:
	names = frozenset({called} if called else ())
	return PersonRecord(doctype, name, names, frozenset(mails), frozenset(phones), **more)


def site(*records: PersonRecord) -> dict[persons.Record, PersonRecord]:
	return {one.key: one for one in records}


@pytest.mark.parametrize(
	("text", "found"),
	[
		("maija@x.fi", {"maija@x.fi"}),
		("Maija Meri <Maija@X.fi>, b@y.fi", {"maija@x.fi", "b@y.fi"}),
		('<a href="mailto:maija@x.fi">maija@x.fi.</a>', {"maija@x.fi"}),
		("anna-maija@x.fi", {"anna-maija@x.fi"}),
		("maija@x.fi.example", {"maija@x.fi.example"}),
		("no address", set()),
		(None, set()),
	],
)
def test_mails_are_read_whole(text: str, found: set[str]) -> None:
	assert persons.mails_in(text) == found


@pytest.mark.parametrize(
	"written",
	["+358 40 123 4567", "040-123 4567", "(040) 1234567", "00358401234567", "0401234567", "040.123.4567"],
)
def test_a_telephone_is_the_same_however_it_is_written(written: str) -> None:
	assert persons.phone_of(written) == "+358401234567"
	assert persons.phones_in(f"Call {written} today") == {"+358401234567"}


def test_a_name_with_digits_is_no_telephone() -> None:
	assert persons.phone_of("Maija Merif388912a") == "" and persons.phones_in("Maija Merif388912a") == set()
	assert persons.phones_in("040 123 4567 (work)") == {"+358401234567"}


@pytest.mark.parametrize(
	"text",
	[
		"DSR-2026-00001",
		"In-Reply-To: <signflow.datarequest.DSR-2026-00001.0123456789abcdef@house.example>",
		"<176384512345.1234.567890123456@host.local>",
		"see 550e8400-e29b-41d4-a716-446655440000 and ACC-SINV-2026-00012",
	],
)
def test_ids_of_mails_and_records_hold_nobodys_address(text: str) -> None:
	left = persons.without_ids(text)
	assert not persons.mails_in(left) | persons.phones_in(left), left


def test_addresses_beside_ids_are_left() -> None:
	text = "DSR-2026-00001: maija-75@x.fi <m.5f3a2b1c@x.fi>, 0401234567@sms.example, Puh-040 765 4321, 050-111 2222"
	left = persons.without_ids(text)
	assert persons.mails_in(left) == persons.mails_in(text)
	assert persons.phones_in(left) == {"+358401234567", "+358407654321", "+358501112222"}


@pytest.mark.parametrize(
	("one", "other", "can"),
	[
		("Maija Meri", "Meri, Maija", True),
		("Maija", "Maija Meri", True),
		("M. Meri", "Maija Meri", True),
		("MAIJA MÄKI", "Maija Maki", True),
		("Maija Meri", "Maija Niemi", False),
		("Maija Meri", "Matti Meri", False),
		("Maija Meri", "", False),
	],
)
def test_names_that_can_be_one_persons(one: str, other: str, can: bool) -> None:
	assert persons.could_be(one, other) is persons.could_be(other, one) is can


def test_a_name_is_found_as_words_next_to_each_other() -> None:
	assert persons.name_stands_in("Maija Meri", "Agreed with <b>Meri Maija</b> today")
	assert persons.name_stands_in("Maija Meri", "maija_meri.pdf")
	assert not persons.name_stands_in("Maija Meri", "Maija rang. Meri did not.")
	assert not persons.name_stands_in("Maija", "Maija rang")


def test_a_namesake_is_never_hers() -> None:
	records = site(
		record("Contact", "A", "Maija Meri", ["maija@x.fi"]),
		record("Contact", "B", "Maija Meri", ["other@y.fi"]),
	)
	subject = settle(Start(records=frozenset({("Contact", "A")})), records)
	assert subject.records == {("Contact", "A")}
	assert subject.mails == {"maija@x.fi"}


def test_a_shared_mailbox_makes_nobody_anybody_else() -> None:
	records = site(
		record("Contact", "A", "Maija Meri", ["info@x.fi", "maija@x.fi"]),
		record("Contact", "B", "Matti Mäki", ["info@x.fi"]),
		record("Lead", "L", "Maija Meri", ["info@x.fi"]),
		record("Lead", "M", "Maija", ["info@x.fi"]),
	)
	subject = settle(Start(mails=frozenset({"maija@x.fi"})), records)
	# Her full name in the mailbox is hers; a first name there may be anybody's.
	assert subject.records == {("Contact", "A"), ("Lead", "L")}
	assert subject.shared == {"info@x.fi"}
	nobody = settle(Start(mails=frozenset({"info@x.fi"})), records)
	assert not nobody.records
	assert nobody.shared == {"info@x.fi"}


def test_links_and_identity_lead_on_and_a_company_does_not() -> None:
	records = site(
		record(
			"Contact", "A", "Maija Meri", ["maija@x.fi"], links=frozenset({("User", "u"), ("Customer", "C")})
		),
		record("User", "u", "Maija Meri", ["u@x.fi"]),
		record("Employee", "E", "Maija Meri", [], links=frozenset({("User", "u")})),
		record("Customer", "C", "X Oy", ["maija@x.fi"], organisation=True),
		record("Contact", "I", "Maija Niemi", identity="cafe"),
		record("Contact", "J", "Maija Meri", ["maija@x.fi"], identity="cafe"),
	)
	subject = settle(Start(records=frozenset({("Contact", "A")})), records)
	assert ("Employee", "E") in subject.records and ("Contact", "I") in subject.records
	assert ("Customer", "C") not in subject.records


def field(name: str, holds: Holds, fieldtype: str = "Data", **more: str) -> PersonalField:
	return PersonalField(name, holds, fieldtype, **more)


def table(doctype: str, *fields: PersonalField, module: str = "Selling") -> DocTypeMap:
	return DocTypeMap(doctype, module, fields={one.fieldname: one for one in fields})


HER = Subject(
	names=frozenset({"Maija Meri"}),
	mails=frozenset({"maija@x.fi", "info@x.fi"}),
	phones=frozenset({"+358401234567"}),
	records=frozenset({("Contact", "A"), ("User", "u@x.fi")}),
	shared=frozenset({"info@x.fi"}),
)
INVOICE = table(
	"Sales Invoice",
	field("customer", Holds.PERSON, "Link", target="Customer"),
	field("customer_name", Holds.NAME),
	field("contact_person", Holds.PERSON, "Link", target="Contact"),
	field("contact_email", Holds.EMAIL),
	field("terms", Holds.TEXT, "Text Editor"),
)
MEMBER = table("Member", field("member_name", Holds.NAME), field("mail", Holds.EMAIL), module="Club")


def found(entry: DocTypeMap, **values: str):
	return judge(entry, Row("1", values, submittable=entry is INVOICE), HER, {})


def test_strengths() -> None:
	named = found(INVOICE, customer="X Oy", customer_name="X Oy", contact_person="A")
	assert (named.strength, named.leads_on) == (Strength.CERTAIN, False)
	assert found(INVOICE, customer="X Oy", contact_email="b@y.fi, Maija@x.fi").strength == Strength.CERTAIN
	assert found(INVOICE, customer="X Oy", contact_email="info@x.fi").strength == Strength.SHARED
	assert found(INVOICE, customer="X Oy", terms="ask Maija Meri").strength == Strength.POSSIBLE
	assert found(INVOICE, customer="X Oy", terms="ask maija@x.fi").reasons[0].how == How.MAIL_IN_TEXT
	assert found(INVOICE, customer="X Oy", contact_email="anna-maija@x.fi") is None
	assert found(INVOICE, customer="X Oy", owner="u@x.fi").strength == Strength.TRACE
	assert found(MEMBER, member_name="Maija Meri", mail="maija@x.fi").strength == Strength.CERTAIN
	assert found(MEMBER, member_name="Matti Mäki", mail="maija@x.fi").strength == Strength.SHARED
	assert found(MEMBER, member_name="Maija Meri", mail="other@y.fi").strength == Strength.POSSIBLE


@pytest.mark.parametrize(
	"name", ["Åsa Öhman", "A\u030asa O\u0308hman", "Asa Öhman", "Åsa", "Öhman, Åsa", "Co Virtanen"]
)
def test_a_first_name_is_no_form_of_company(name: str) -> None:
	assert not persons.is_organisation(name)


@pytest.mark.parametrize(
	"name", ["Rantakodit Oy", "Oy Rantakodit Ab", "Equinor ASA", "Kahvila Kuusi Ky", "Tmi Öhman", "Meri & Co"]
)
def test_a_form_of_company_makes_an_organisation(name: str) -> None:
	assert persons.is_organisation(name)
