"""What a field holds is guessed: how much is found and how little in vain, counted against fields marked by hand."""

import json
from pathlib import Path

import pytest

from signflow.core.privacy.datamap import Holds
from signflow.core.privacy.kinds import REASONS, Field, Guess, Table, fold, guess_table

UPSTREAM = Path(__file__).resolve().parents[2] / "contracts" / "upstream"
# Of these DocTypes a person read every field and marked those that say something of a person; no other field does.
BY_HAND = {
	"Contact": "first_name last_name email_id user salutation gender phone image department designation middle_name address"
	" mobile_no google_contacts_id company_name full_name",
	"Contact Email": "email_id",
	"Contact Phone": "phone",
	"Dynamic Link": "link_name link_title",
	"Address": "address_title address_line1 address_line2 city county state country pincode email_id phone fax",
	"User": "email first_name middle_name last_name full_name username user_image gender phone mobile_no birth_date location"
	" banner_image interest bio email_signature restrict_ip last_ip last_login last_active",
	"Communication": "subject sender recipients cc bcc phone_no content text_content sender_full_name reference_name"
	" reference_owner user",
	"Comment": "comment_email subject comment_by reference_name reference_owner content ip_address",
	"Activity Log": "subject content reference_name reference_owner timeline_name link_name user full_name ip_address",
	"Version": "docname data",
	"ToDo": "description reference_name assigned_by assigned_by_full_name sender allocated_to",
	"Email Group Member": "email",
	"Email Unsubscribe": "email reference_name",
	"Email Queue": "sender show_as_cc message reference_name",
	"File": "file_name file_url thumbnail_url attached_to_name",
	"Customer": "salutation customer_name gender lead_name image account_manager tax_id website customer_primary_contact mobile_no"
	" email_id customer_primary_address primary_address customer_details default_sales_partner prospect_name first_name last_name",
	"Lead": "lead_name company_name email_id lead_owner salutation gender customer image phone mobile_no fax website title"
	" first_name middle_name last_name whatsapp_no phone_ext qualified_by job_title city state country",
	"Employee": "salutation first_name middle_name last_name employee_name image status employee_number gender date_of_birth"
	" date_of_joining emergency_phone_number person_to_be_contacted relation user_id contract_end_date date_of_retirement"
	" department designation reports_to branch salary_mode bank_name bank_ac_no cell_number prefered_email company_email"
	" personal_email permanent_accommodation_type permanent_address current_accommodation_type current_address bio"
	" passport_number date_of_issue valid_upto place_of_issue marital_status blood_group family_background health_details"
	" resignation_letter_date relieving_date reason_for_leaving new_workplace feedback attendance_device_id ctc iban",
	"Sales Invoice": "title customer customer_name tax_id customer_address address_display contact_person contact_display"
	" contact_mobile contact_email shipping_address_name shipping_address dispatch_address_name dispatch_address sales_partner"
	" remarks company_contact_person",
	"Sales Invoice Item": "",
	"Payment Entry": "party party_name bank_account party_bank_account bank_account_no contact_person contact_email remarks title",
	"GL Entry": "party against remarks",
	"Issue": "subject customer raised_by description lead contact customer_name resolution_details attachment",
	"HD Ticket": "subject raised_by description resolution_details contact customer attachment feedback_extra summary",
	"Item": "customer",
	"Warehouse": "email_id phone_no mobile_no",
	"Company": "default_sales_contact",
	"BOM": "",
	"Stock Entry": "supplier supplier_name supplier_address address_display remarks",
	"Print Format": "",
	"Web Form": "",
	"Email Template": "",
	"Account": "",
	"System Settings": "",
	"Workflow": "",
	"Server Script": "",
}


def _tables() -> dict[str, Table]:
	tables = {}
	for release in ("frappe-15", "erpnext-15.90", "helpdesk-1.14"):
		for name, record in json.loads((UPSTREAM / f"{release}.json").read_text(encoding="utf-8")).items():
			fields = (
				Field(row["fieldname"], row["fieldtype"], row.get("options") or "")
				for row in record["fields"]
			)
			tables[name] = Table(
				name, tuple(fields), is_child=bool(record["istable"]), is_single=bool(record["issingle"])
			)
	return tables


def test_most_is_found_and_little_in_vain():
	tables, hits, missed, vain, fields = _tables(), 0, [], [], 0
	for doctype, marked in BY_HAND.items():
		there = {one.fieldname for one in tables[doctype].fields}
		personal = set(marked.split())
		assert personal <= there, (doctype, personal - there)
		found = set(guess_table(tables[doctype]))
		fields += len(there)
		hits += len(found & personal)
		missed += [f"{doctype}.{name}" for name in sorted(personal - found)]
		vain += [f"{doctype}.{name}" for name in sorted(found - personal)]
	recall, precision = hits / (hits + len(missed)), hits / (hits + len(vain))
	print(f"{fields} fields, {hits} found; recall {recall:.3f}, precision {precision:.3f}")
	assert fields > 900
	assert recall >= 0.85, missed
	assert precision >= 0.9, vain


def guess(
	fieldname: str, fieldtype: str = "Data", options: str = "", label: str = "", *others: Field
) -> Guess | None:
	table = Table("Example", (Field(fieldname, fieldtype, options, label), *others))
	return guess_table(table).get(fieldname)


@pytest.mark.parametrize(
	("fieldname", "fieldtype", "options", "label", "holds"),
	[
		("custom_x", "Data", "Email", "", Holds.EMAIL),
		("custom_x", "Data", "Phone", "", Holds.PHONE),
		("custom_x", "Phone", "", "", Holds.PHONE),
		("custom_x", "Data", "Name", "", Holds.NAME),
		("custom_x", "Data", "IBAN", "", Holds.BANK_ACCOUNT),
		("custom_x", "Signature", "", "", Holds.SIGNATURE),
		("custom_x", "Link", "Lead", "", Holds.PERSON),
		("custom_x", "Link", "Address", "", Holds.ADDRESS),
		("hoitaja", "Link", "Potilas", "", Holds.PERSON),
		("custom_hetu", "Data", "", "", Holds.IDENTITY_CODE),
		("custom_x", "Data", "", "Henkilötunnus", Holds.IDENTITY_CODE),
		("custom_x", "Data", "", "Personnummer", Holds.IDENTITY_CODE),
		("custom_x", "Data", "", "Sähköpostiosoite", Holds.EMAIL),
		("custom_x", "Data", "", "E-postadress", Holds.EMAIL),
		("custom_x", "Data", "", "Matkapuhelin", Holds.PHONE),
		("custom_x", "Data", "", "Mobilnummer", Holds.PHONE),
		("custom_x", "Data", "", "Etunimi", Holds.NAME),
		("custom_x", "Data", "", "Efternamn", Holds.NAME),
		("custom_x", "Data", "", "Lähiomainen", Holds.NAME),
		("custom_x", "Small Text", "", "Kotiosoite", Holds.ADDRESS),
		("custom_x", "Data", "", "Gatuadress", Holds.ADDRESS),
		("custom_x", "Date", "", "Syntymäaika", Holds.BIRTH_DATE),
		("custom_x", "Date", "", "Födelsedatum", Holds.BIRTH_DATE),
		("custom_x", "Data", "", "Tilinumero", Holds.BANK_ACCOUNT),
		("custom_x", "Currency", "", "Kuukausipalkka", Holds.MONEY),
		("custom_x", "Select", "a\nb", "Ammattiliiton jäsenyys", Holds.SPECIAL),
		("custom_x", "Small Text", "", "Terveystiedot", Holds.SPECIAL),
		("custom_x", "Data", "", "Allergier", Holds.SPECIAL),
		("religion", "Select", "a\nb", "", Holds.SPECIAL),
		("custom_x", "Select", "a\nb", "Sukupuoli", Holds.OTHER),
		("custom_x", "Data", "", "IP-osoite", Holds.ONLINE_ID),
		("custom_x", "Data", "", "Ammatti", Holds.JOB),
		("custom_x", "Small Text", "", "Lisätietoja", Holds.TEXT),
		("email_hash", "Data", "", "", Holds.IDENTITY_HASH),
	],
)
def test_a_field_is_known_by_what_its_doctype_says(fieldname, fieldtype, options, label, holds):
	found = guess(fieldname, fieldtype, options, label)
	assert found and found.holds is holds, found
	assert found.template in REASONS and "{" not in found.reason


@pytest.mark.parametrize(
	("fieldname", "fieldtype", "options", "label"),
	[
		("ref_doctype", "Link", "DocType", "Document Type"),
		("email_template", "Link", "Email Template", "Email Template"),
		("email_template", "Data", "", "Email Template"),
		("response_html", "Code", "HTML", "Response"),
		("item_name", "Data", "", "Item Name"),
		("send_email", "Check", "", "Send Email"),
		("phone", "Section Break", "", "Phone"),
		("naming_series", "Select", "A-", "Series"),
		("customer_group", "Link", "Customer Group", "Customer Group"),
		("company_address", "Link", "Address", "Company Address"),
		("ldap_email_field", "Data", "", "LDAP Email Field"),
		("api_key", "Data", "", "API Key"),
		("grand_total", "Currency", "", "Grand Total"),
		("api_secret", "Password", "", "Secret"),
	],
)
def test_what_programs_keep_is_nobodys(fieldname, fieldtype, options, label):
	assert guess(fieldname, fieldtype, options, label) is None


def test_a_dynamic_link_goes_where_its_type_says():
	kind = Field("party_type", "Link", "DocType")
	found = guess("party", "Dynamic Link", "party_type", "", kind)
	assert found and (found.holds, found.type_field) == (Holds.PERSON, "party_type")
	assert (
		guess("voucher_no", "Dynamic Link", "voucher_type", "", Field("voucher_type", "Link", "DocType"))
		is None
	)
	chosen = Field("kind", "Select", "Item\nTask")
	assert guess("record", "Dynamic Link", "kind", "", chosen) is None
	chosen = Field("kind", "Select", "Customer\nTask")
	assert guess("record", "Dynamic Link", "kind", "", chosen)
	# Where no Dynamic Link says so: a name beside the DocType's.
	found = guess("docname", "Data", "", "", Field("ref_doctype", "Link", "DocType"))
	assert found and found.type_field == "ref_doctype"


def test_texts_files_and_titles_are_personal_beside_a_person_only():
	rest = (
		Field("title", "Data"),
		Field("description", "Text Editor"),
		Field("picture", "Attach Image"),
		Field("scan", "Attach"),
	)
	assert guess_table(Table("Example", rest)) == {}
	found = guess_table(Table("Example", (Field("email", "Data", "Email"), *rest)))
	assert [found[one.fieldname].holds for one in rest] == [Holds.NAME, Holds.TEXT, Holds.IMAGE, Holds.FILE]
	assert found["scan"].reason == "It stands in a record about a person, beside email."
	# Staff who handle a record do not make it one about a person.
	assert set(guess_table(Table("Example", (Field("handled_by", "Link", "User"), *rest)))) == {"handled_by"}


def test_words_are_read_in_any_writing():
	assert fold("Sähkö-posti / E-Mail") == "sähkö_posti_e_mail"
	assert fold("contactEmail") == "contact_email"
