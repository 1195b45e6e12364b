"""What a field holds of a person, guessed from what a DocType says of it: type, options, name, label and its neighbours.

A guess is for fields that no preset knows: custom fields, custom DocTypes, other apps. It would rather ask once too often
than overlook somebody, yet it names no field without a reason that a person can check. Names and labels are read in
English, Finnish and Swedish. Pure: it sees no site.

Who made and who changed a row (`owner`, `modified_by` and their like) stands in every table: `datamap.STANDARD_FIELDS`
says so once, and nothing is guessed of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from signflow.core.errors import _
from signflow.core.privacy.datamap import PERSON_DOCTYPES, Holds

TEXTS = frozenset(
	(
		"Data",
		"Small Text",
		"Text",
		"Long Text",
		"Text Editor",
		"Markdown Editor",
		"Read Only",
		"Autocomplete",
		"Code",
	)
)
FREE_TEXTS = frozenset(("Small Text", "Text", "Long Text", "Text Editor", "Markdown Editor", "HTML Editor"))
FILES = frozenset(("Attach", "Attach Image"))
# All of whose values are words, and all that a column of letters may hold.
WORDS = TEXTS | FREE_TEXTS | FILES | {"JSON"}
LETTERS = WORDS | {"Phone", "Signature", "Barcode", "Geolocation"}
NUMBERS = frozenset(("Currency", "Float", "Int", "Percent"))
DATES = frozenset(("Date", "Datetime"))
CHOICES = frozenset(("Select", "Link", "Autocomplete", "Table MultiSelect"))
# Of these a table has no column, or none that could hold anything of a person.
WITHOUT_CONTENT = frozenset(
	(
		*(
			"Section Break",
			"Column Break",
			"Tab Break",
			"HTML",
			"Button",
			"Heading",
			"Fold",
			"Image",
			"Table",
		),
		*("Check", "Color", "Icon", "Rating", "Duration", "Barcode", "Password"),
	)
)


# DocTypes that tell how the site is built, not what is in it: of people they name but users, as their makers.
STRUCTURE = frozenset(
	(
		*(
			"DocType",
			"DocField",
			"DocPerm",
			"DocType Action",
			"DocType Link",
			"DocType State",
			"Custom DocPerm",
		),
		*("Custom Field", "Property Setter", "Module Def", "Role", "Patch Log", "Installed Application"),
		*(
			"Translation",
			"Language",
			"Country",
			"Currency",
			"Scheduled Job Type",
			"Workspace",
			"Workspace Link",
		),
		"Personal Data Field",
	)
)


@dataclass(frozen=True)
class Field:
	"""A field as its DocType describes it."""

	fieldname: str
	fieldtype: str
	options: str = ""
	label: str = ""


@dataclass(frozen=True)
class Table:
	"""A DocType with its fields, those that the site added included."""

	doctype: str
	fields: tuple[Field, ...] = ()
	module: str = ""
	is_child: bool = False
	is_single: bool = False
	parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
	"""What a field seems to hold and why: `template` is English, marked for translation, `words` fill its places.

	`target` and `type_field` as in `PersonalField`.
	"""

	holds: Holds
	template: str
	words: tuple[str, ...] = ()
	target: str = ""
	type_field: str = ""

	@property
	def reason(self) -> str:
		"""The reason in English."""
		return self.template.format(*self.words)


BY_TYPE = _("Its type says so: {0}.")
BY_OPTIONS = _("Its options say so: {0}.")
BY_LINK = _("It links to {0}.")
BY_DYNAMIC_LINK = _("It can link to a person: {0} says to which kind of record.")
BY_NAME = _("Its name says so: {0}.")
BY_LABEL = _("Its label says so: {0}.")
BY_NEIGHBOURS = _("It stands in a record about a person, beside {0}.")
REASONS = (BY_TYPE, BY_OPTIONS, BY_LINK, BY_DYNAMIC_LINK, BY_NAME, BY_LABEL, BY_NEIGHBOURS)

_BY_TYPE = {"Signature": Holds.SIGNATURE, "Phone": Holds.PHONE, "Geolocation": Holds.ADDRESS}
_BY_OPTIONS = {
	"Email": Holds.EMAIL,
	"Phone": Holds.PHONE,
	"Mobile": Holds.PHONE,
	"Name": Holds.NAME,
	"IBAN": Holds.BANK_ACCOUNT,
}
_BY_TARGET = {
	**dict.fromkeys(PERSON_DOCTYPES, Holds.PERSON),
	"Address": Holds.ADDRESS,
	"Bank Account": Holds.BANK_ACCOUNT,
	"Designation": Holds.JOB,
	"Gender": Holds.OTHER,
	"Salutation": Holds.OTHER,
}
# DocTypes of other apps whose records are persons, by the last word of their names.
_PERSONS = re.compile(
	r"(?:^|[ ])(?:person|agent|driver|member|patient|student|guardian|instructor|teacher|practitioner|applicant|candidate"
	r"|participant|attendee|volunteer|donor|tenant|resident|guest|customer|employee|contact|user|blogger"
	r"|henkilö|asiakas|jäsen|potilas|oppilas|opiskelija|huoltaja|vuokralainen|asukas|osallistuja|työntekijä|hakija"
	r"|kund|medlem|patient|elev|studerande|vårdnadshavare|hyresgäst|boende|deltagare|anställd|sökande)$",
	re.IGNORECASE,
)
# What tells of a dynamic link that it goes to vouchers, things or settings, by the name of the field with the DocType.
_NO_PARTIES = re.compile(
	r"voucher|invoice|payment|receipt|prevdoc|transaction|dimension|asset|item|batch|stock|order|webhook|^type$|workspace"
)


def _words(*alternatives: str) -> re.Pattern[str]:
	return re.compile(r"(?:^|_)(" + "|".join(alternatives) + r")(?:_|$)")


def _ending(*alternatives: str) -> re.Pattern[str]:
	return re.compile(r"(?:^|_)(" + "|".join(alternatives) + r")(?:_\d+)?$")


_WHO = (
	"first|last|middle|full|sur|given|family|maiden|nick|fore|person|person_s|customer|lead|supplier|employee|contact|applicant"
	"|student|patient|guardian|member|owner|sender|recipient|driver|user|party|spouse|father|mother|child|signee|signer"
	"|signatory|attendee|participant|passenger|guest|donor|candidate|shareholder|instructor|caller|visitor|beneficiary"
	"|payer|payee|purchaser|buyer|seller|tenant|client|author|volunteer|account_holder|card_holder|cardholder|holder|emergency"
	"|emergency_contact|next_of_kin|manager|grantor|attorney"
)
# (what, the types of field, the words). The first that fits wins, so the narrower stand first.
_NAMED: tuple[tuple[Holds, frozenset[str], re.Pattern[str]], ...] = (
	(
		Holds.IDENTITY_HASH,
		TEXTS,
		_ending(r"(?:e?mail|phone|identity|hetu|person|ssn)_(?:hash|hmac)", "identity_hmac"),
	),
	(
		Holds.SPECIAL,
		TEXTS | CHOICES | FILES | NUMBERS | DATES,
		_words(
			r"health\w*|medical\w*|diagnos\w*|disabilit\w*|allerg\w*|medication\w*|vaccin\w*|blood_group|blood_type|illness\w*",
			r"sick_leave|sickness|pregnan\w*|dietary\w*|religio\w*|church|ethnic\w*|race|racial\w*|sexual\w*|political\w*",
			r"trade_union\w*|union_member\w*|biometric\w*|genetic\w*|criminal\w*|convict\w*",
			r"terveys\w*|terveyd\w*|sairau\w*|sairaslom\w*|vamma|vammaisuus\w*|lääkity\w*|rokotu\w*|veriryhmä\w*|raskau\w*|erityisruoka\w*",
			r"ruokavalio\w*|uskon\w*|kirkko\w*|etni\w*|poliitti\w*|ammattiliit\w*|ammattiyhdisty\w*|rikos\w*",
			r"hälso\w*|hälsa|sjukdom\w*|sjukskriv\w*|funktionsned\w*|vaccination\w*|blodgrupp|graviditet|specialkost",
			r"trosbekänn\w*|trossamfund\w*|kyrka|etnisk\w*|politisk\w*|fackförbund\w*|fackförening\w*|brott\w*",
		),
	),
	(
		Holds.IDENTITY_CODE,
		TEXTS | NUMBERS | FILES,
		_words(
			r"ssn|hetu|sotu|social_security\w*|national_id\w*|national_identity\w*|personal_id\w*|personal_identity\w*|aadhaar\w*",
			r"identity_(?:code|number|no)|id_card\w*|id_number|passport(?:_(?:no|number|details))?|driv(?:ing|er_s|ers)_licen[cs]e\w*",
			r"henkilötunnu\w*|henkilötun\w*|henkilötunniste\w*|sosiaaliturvatun\w*|passin_numero|passinumero|passi|henkilökor\w*|ajokor\w*",
			r"personnummer|personbeteckning\w*|personsignum|samordningsnummer|passnummer|körkort\w*|identitetskort\w*",
			r"henkilotunnus|personbeteckn|isikukood|fødselsnummer",
		),
	),
	(
		Holds.BIRTH_DATE,
		TEXTS | DATES | NUMBERS,
		_words(
			r"birth|birthday|birthdate|birth_date|date_of_birth|year_of_birth|dob|place_of_birth",
			r"syntymä\w*|synt_aika|syntynyt|födelse\w*|född",
		),
	),
	(
		Holds.ONLINE_ID,
		TEXTS | NUMBERS,
		_words(
			r"ip|ip_address|ip_addr|ip_osoite|ip_adress|remote_addr|last_ip|user_agent|device_id|device_token|session_id|cookie\w*",
			r"mac_address|browser_fingerprint|latitude|longitude|gps\w*|geo_location|geolocation|coordinates|sijainti|koordinaat\w*",
			r"user_?name|login_id|login_name|user_login|twitter\w*|linkedin\w*|facebook\w*|instagram\w*|skype\w*|telegram\w*",
			r"google_contacts_id|käyttäjätunnu\w*|användarnamn|användar_?id|screen_name",
			r"user|for_user|(?:reference|document|record|lead|deal)_owner|last_login|last_active|visitor_id|userid",
			r"(?:viewed|queued|enqueued|created|changed|updated|approved|signed|submitted|completed|handled|requested|reported|verified"
			r"|checked|closed|opened|deleted|raised|resolved|comment|uploaded|recorded)_by",
		),
	),
	(
		Holds.BANK_ACCOUNT,
		TEXTS,
		_words(
			r"iban|bank_account(?:_(?:no|number|nr))?|bank_ac_no|bank_a_c_no|bank_party_iban|bank_party_account_number|card_number",
			r"credit_card\w*|masked_card\w*|pankkitili\w*|tilinumero|luottokort\w*|maksukort\w*|bankkonto\w*|kontonummer|kortnummer",
		),
	),
	(
		Holds.EMAIL,
		TEXTS,
		_ending(
			r"e?_?mails?(?:_(?:ids?|address|addresses|to|cc|bcc|from))?",
			r"e_mail(?:_(?:ids?|address))?|mailbox|recipients?|email_recipients?|c_?c|bcc|sender|sender_email|reply_to",
			r"sähköpost\w*|säköposti\w*|sposti|e_post\w*|epost\w*|mejl\w*|mailadress",
		),
	),
	(
		Holds.PHONE,
		TEXTS | frozenset(("Int",)),
		_words(
			r"phone|phones|phone_nos?|phone_number|telephone|tel|tel_no|mobile|mobile_nos?|mobile_number|cell_number|cell_no|cellphone",
			r"contact_nos?|contact_numbers?|fax|fax_no|whatsapp\w*|msisdn|sms_receivers?|receiver_nos?|dialled_number|caller_id",
			r"puhelin\w*|puhelimen\w*|puh|puh_nro|matkapuh\w*|kännyk\w*|gsm|telefon\w*|mobil|mobilnummer|mobiltelefon\w*|tfn",
		),
	),
	(
		Holds.NAME,
		TEXTS,
		_ending(
			rf"(?:{_WHO})_?name|(?:{_WHO})_?full_?name|fullname|firstname|lastname|surname|forename|initials",
			r"contact_person|contact_display|contact_name|person_to_be_contacted|signee|signatory|attn|attention_to|care_of|co_applicant",
			r"representative|next_of_kin|person|responsible_person|name_of_(?:\w+_)?(?:person|customer|applicant|signer|child|spouse)",
			r"etunim\w*|sukunim\w*|koko_?nim\w*|kutsumanim\w*|yhteyshenkil\w*|henkilön_nimi|asiakkaan_nimi|asiakasnimi|työntekijän_nimi",
			r"vastuuhenkil\w*|allekirjoittaja\w*|lähiomai\w*|huoltajan?_?\w*nimi|lapsen_nimi|puolison?_nimi|vakuutetun_nimi|henkilö",
			r"förnamn|efternamn|tilltalsnamn|fullständigt_namn|kundens_namn|kundnamn|kontaktperson\w*|ansvarig_person|undertecknare",
			r"anhörig\w*|barnets_namn|makens_namn|vårdnadshavarens_namn|personens_namn",
		),
	),
	(
		Holds.ADDRESS,
		TEXTS,
		_words(
			r"address|addresses|address_?line_?\d|address_\d|street|street_address|home_address|billing_address|shipping_address",
			r"address_display|pincode|zip|zip_code|post_?code|postal_code|place_of_residence",
			r"osoite|osoitteet|katuosoite|lähiosoite|kotiosoite|postiosoite|toimitusosoite|laskutusosoite|postinumero|postitoimipaikka|kotikunta",
			r"adress|adresser|gatuadress|hemadress|postadress|leveransadress|faktureringsadress|postnummer|postort|hemort",
		),
	),
	(
		Holds.SIGNATURE,
		FILES | TEXTS,
		_ending("signature", "drawn_signature", "allekirjoitus", "underskrift", "namnteckning"),
	),
	(
		Holds.MONEY,
		TEXTS | NUMBERS | frozenset(("Select",)),
		_words(
			r"salary\w*|wages?|ctc|payslip|hourly_pay|annual_income|monthly_income|pension\w*",
			r"palkka\w*|palkan|palkat|tuntipalk\w*|kuukausipalk\w*|eläke\w*|vuositulot|lön|löner|månadslön|timlön|årslön|årsinkomst",
		),
	),
	(
		Holds.JOB,
		TEXTS | DATES,
		_words(
			r"employee_(?:number|id|no|code)|date_of_joining|joining_date|hire_date|relieving_date|date_of_retirement|resignation\w*",
			r"retirement_date|employment_\w+|työsuhde\w*|työsuhteen\w*|anställning\w*|anställningsnummer|henkilönumero",
		),
	),
	(
		Holds.JOB,
		TEXTS | frozenset(("Select", "Link")),
		_words(
			r"designation|job_title|jobtitle|occupation|profession|employer|job_position|titteli|ammatti|tehtävänimike|työnantaja",
			r"befattning|yrke|yrkestitel|arbetsgivare|education|koulutus|tutkinto|utbildning|examen|cv|resume",
		),
	),
	(
		Holds.OTHER,
		TEXTS | CHOICES,
		_words(
			r"gender|sex|marital_status|marriage|nationality|citizenship|mother_tongue|native_language|family_background",
			r"sukupuoli|siviilisääty|kansalaisuus|äidinkieli|kön|civilstånd|medborgarskap|nationalitet|modersmål",
		),
	),
)
# In a record that names or reaches a person these are a person's too.
_BESIDE_PERSON: tuple[tuple[Holds, frozenset[str], re.Pattern[str]], ...] = (
	(
		Holds.NAME,
		frozenset(("Data", "Small Text", "Read Only")),
		re.compile(r"^(?:name1|title|nimi|namn|display_name|customer|supplier|asiakas|kund)$"),
	),
	(
		Holds.ADDRESS,
		TEXTS | frozenset(("Link",)),
		_ending(
			r"city|town|county|state|country|kaupunki|paikkakunta|kunta|maakunta|maa|ort|stad|kommun|län|land|location"
		),
	),
	(
		Holds.BUSINESS_ID,
		TEXTS,
		_ending(
			r"tax_id|tax_no|vat|vat_id|vat_no|vat_number|business_id|gstin|y_tunnus|ytunnus|alv_tunnus|alv_numero",
			r"fo_nummer|org_nr|organisationsnummer|momsnummer|registration_details",
		),
	),
	(
		Holds.JOB,
		TEXTS | frozenset(("Link",)),
		_ending("department", "position", "osasto", "tehtävä", "avdelning", "company_name", "organization"),
	),
	(
		Holds.ONLINE_ID,
		TEXTS,
		_ending("website", "homepage", "kotisivu", "kotisivut", "hemsida", "blog", "user_id"),
	),
)
# What the house has of its own.
_OF_THE_HOUSE = re.compile(r"(?:^|_)(?:company|warehouse)_(?:\w+_)?(?:address|bank_account)")
# Where people write of people, whatever the record is about.
_REMARKS = _words(
	r"notes?|remarks?|user_remark|comments?|message|feedback|reason|complaint|conversation|transcript|minutes|testimonial",
	r"muistiinpano\w*|huomautu\w*|huomio|kommentti|kommentit|lisätie\w*|palaute|viesti|syy|muistio|pöytäkirja",
	r"anteckning\w*|anmärkning\w*|kommentar\w*|meddelande|återkoppling|orsak|protokoll",
)
_SUBJECTS = _words("subject", "aihe", "ämne", "summary", "headline")
_PICTURES = _words(
	r"image|photo\w*|picture|avatar|portrait|selfie|user_image|kuva|valokuva|kasvokuva|foto\w*|bild|porträtt"
)
# Names of what programs hold, whatever words they have in common with persons.
_OF_PROGRAMS = re.compile(
	r"(?:^|_)(?:template|format|fieldname|field|fields|doctype|doctypes|script|html|css|query|filters?|filters_json|condition|"
	r"header|subject|series|prefix|server|port|password|secret|token|settings?|series_value|company_address\w*|company_tax_id|"
	r"company_email|company_phone|warehouse_address|email_footer|print|help|placeholder|regex|json|path|url|uri|folder|uid|message_id|"
	r"account_head|key|label|labels|schema|scopes?|callback|options|traceback|module|modules)$"
	r"|^(?:is|has|allow|allowed|show|hide|send|enable|disable|no_of|number_of|default|append|use|create|auto|max|min|total|"
	r"item|naming|rename|print|company(?!_name)|warehouse|bom|serial|batch|currency|uom|sms|server|smtp|imap|ldap|oauth)_"
	r"|(?:in_words|(?:success|error|greeting|reply|callback|welcome)_message|serial_nos?|pricing_rules|item_wise_tax_detail|item_name|item_code|naming_series|charges_calculation|"
	r"against_income_account|against_expense_account)$"
)
# Long texts that come from settings, or that programs write.
_NO_FREE_TEXT = re.compile(
	r"(?:^|_)(?:terms|terms_and_conditions|tc|items?|item_description|code|data|log|error|output|defaults?|permissions?|rules?|"
	r"values?|formula|instructions?|introduction|copyright|config|configuration|tags?|keywords?|cron|row|table|versions|status|subtype|history)$"
)


def fold(text: str) -> str:
	"""`text` as the words of this module are written: lower case, words joined by underscores."""
	return re.sub(r"[\W_]+", "_", re.sub(r"(?<=[a-zäöå])(?=[A-ZÄÖÅ])", "_", text).lower()).strip("_")


def guess_table(table: Table) -> dict[str, Guess]:
	"""What each field of `table` seems to hold, by field name; what seems to say nothing of a person is left out."""
	guesses = {
		one.fieldname: found for one in table.fields if (found := guess_alone(one, table.fields)) is not None
	}
	beside = _who_is_there(table, guesses)
	if beside:
		for one in table.fields:
			if one.fieldname not in guesses and (found := _guess_beside(one, beside)):
				guesses[one.fieldname] = found
	return {one.fieldname: guesses[one.fieldname] for one in table.fields if one.fieldname in guesses}


def guess_alone(one: Field, fields: Iterable[Field] = ()) -> Guess | None:
	"""What `one` seems to hold by itself; `fields` are its DocType's, among which a dynamic link finds its type."""
	if one.fieldtype in WITHOUT_CONTENT or one.fieldname.startswith("_"):
		return None
	options = one.options.strip()
	if holds := _BY_TYPE.get(one.fieldtype):
		return Guess(holds, BY_TYPE, (one.fieldtype,))
	if one.fieldtype == "Dynamic Link":
		return _guess_dynamic(options, fields)
	if one.fieldtype == "Data" and (kind := _type_beside(one.fieldname, fields)):
		return _guess_dynamic(kind, fields)
	if one.fieldtype in ("Link", "Table MultiSelect"):
		return _guess_link(one) if one.fieldtype == "Link" else None
	if one.fieldtype in TEXTS and (holds := _BY_OPTIONS.get(options)):
		return Guess(holds, BY_OPTIONS, (options,))
	if found := _guess_named(one, _NAMED):
		return found
	if one.fieldtype in FREE_TEXTS and (found := _guess_named(one, ((Holds.TEXT, FREE_TEXTS, _REMARKS),))):
		return found
	return None


def _type_beside(fieldname: str, fields: Iterable[Field]) -> str:
	"""The field that names the DocType of the record that `fieldname` names, where no Dynamic Link says so."""
	if not (stem := re.match(r"(.*?)_?(?:doc)?name$", fieldname)):
		return ""
	names = {f"{stem[1]}_{word}".lstrip("_") for word in ("doctype", "document_type")} | {
		f"{stem[1]}_to_doctype"
	}
	if fieldname == "docname":
		names.add("ref_doctype")
	kinds = (one.fieldname for one in fields if one.fieldname in names and one.options == "DocType")
	return next(kinds, "")


def _guess_link(one: Field) -> Guess | None:
	target = one.options.strip()
	holds = _BY_TARGET.get(target)
	if holds in (Holds.ADDRESS, Holds.BANK_ACCOUNT) and _OF_THE_HOUSE.search(one.fieldname):
		return None
	if holds is None and _PERSONS.search(target):
		holds = Holds.PERSON
	return Guess(holds, BY_LINK, (target,), target=target) if holds else None


def _guess_dynamic(type_field: str, fields: Iterable[Field]) -> Guess | None:
	kind = next((one for one in fields if one.fieldname == type_field), None)
	if kind and kind.fieldtype == "Select":
		named = {line.strip() for line in kind.options.split("\n")} - {""}
		# Without options a program fills them in.
		if named and not any(name in PERSON_DOCTYPES or _PERSONS.search(name) for name in named):
			return None
	elif _NO_PARTIES.search(type_field):
		return None
	return Guess(Holds.PERSON, BY_DYNAMIC_LINK, (type_field,), type_field=type_field)


def _guess_named(one: Field, rules: Iterable[tuple[Holds, frozenset[str], re.Pattern[str]]]) -> Guess | None:
	name, label = fold(one.fieldname), fold(one.label)
	if _OF_PROGRAMS.search(name):
		return None
	for holds, types, pattern in rules:
		if one.fieldtype not in types:
			continue
		if found := pattern.search(name):
			return Guess(holds, BY_NAME, (found[1] if pattern.groups else name,), target=_target(one))
		if label and not _OF_PROGRAMS.search(label) and (found := pattern.search(label)):
			return Guess(holds, BY_LABEL, (one.label,), target=_target(one))
	return None


def _target(one: Field) -> str:
	return one.options if one.fieldtype == "Link" else ""


# A mail address, a telephone or one of these: the record is about somebody.
_TELLING = frozenset(
	(
		Holds.NAME,
		Holds.EMAIL,
		Holds.PHONE,
		Holds.BIRTH_DATE,
		Holds.IDENTITY_CODE,
		Holds.SPECIAL,
		Holds.SIGNATURE,
	)
)
# Staff who handle a record do not make it one about a person.
_HANDLING = frozenset(("User", "Employee", "Sales Person", "Sales Partner"))


def _who_is_there(table: Table, guesses: Mapping[str, Guess]) -> str:
	"""The first field that makes `table` one about persons, "" if there is none."""
	if table.is_single:
		return ""
	for fieldname, found in guesses.items():
		if found.holds in _TELLING:
			return fieldname
		if found.holds is Holds.PERSON and found.target not in _HANDLING:
			# What can be about anything (a file, a log) is not about a person yet.
			if found.target or _is_party(found.type_field):
				return fieldname
	return ""


def _is_party(type_field: str) -> bool:
	return bool(
		re.search(r"party|customer|quotation_to|opportunity_from|appointment_with|recipient", type_field)
	)


def _guess_beside(one: Field, beside: str) -> Guess | None:
	if one.fieldname.startswith("_"):
		return None
	name = fold(one.fieldname)
	if one.fieldtype in TEXTS and _SUBJECTS.search(name):
		return Guess(Holds.TEXT, BY_NEIGHBOURS, (beside,))
	if _OF_PROGRAMS.search(name):
		return None
	if found := _guess_named(one, _BESIDE_PERSON):
		return Guess(found.holds, BY_NEIGHBOURS, (beside,), target=found.target)
	if one.fieldtype in FREE_TEXTS and not _NO_FREE_TEXT.search(name):
		return Guess(Holds.TEXT, BY_NEIGHBOURS, (beside,))
	if one.fieldtype == "Data" and (_REMARKS.search(name) or _REMARKS.search(fold(one.label))):
		return Guess(Holds.TEXT, BY_NEIGHBOURS, (beside,))
	if one.fieldtype in FILES:
		holds = Holds.IMAGE if _PICTURES.search(name) or _PICTURES.search(fold(one.label)) else Holds.FILE
		return Guess(holds, BY_NEIGHBOURS, (beside,))
	return None
