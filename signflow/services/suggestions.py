"""Which answer of a form goes where: guessed from names and labels, for empty tables and for the button "Suggest"."""

import re
from typing import Any

import frappe
from frappe.utils import cstr

from signflow.signflow.mapping import can_be_mapped

# What people call a thing: the field's name or its label, folded, in English, Finnish and Swedish.
_CALLED = {
	"first_name": "first_name|given_name|firstname|etunimi|etunimet|förnamn|tilltalsnamn",
	"last_name": "last_name|surname|family_name|lastname|sukunimi|efternamn",
	"email": "email|email_id|e_mail|email_address|mail|sähköposti|sähköpostiosoite|e_post|e_postadress|epost",
	"mobile": "mobile|mobile_no|mobile_number|mobile_phone|matkapuhelin|matkapuhelinnumero|kännykkä|mobil"
	"|mobilnummer|mobiltelefon",
	"phone": "phone|phone_no|phone_number|telephone|tel|puhelin|puhelinnumero|puh|telefon|telefonnummer|tfn",
	"company": "company_name|organization_name|organisation_name|organization|organisation|business_name"
	"|customer_name|company|yritys|yrityksen_nimi|organisaatio|yhteisö|yhteisön_nimi|toiminimi|företag"
	"|företagets_namn|företagsnamn|organisationens_namn|bolag",
	"tax_id": "tax_id|business_id|business_identity_code|vat|vat_id|vat_number|y_tunnus|ytunnus|yrityksen_y_tunnus|alv_tunnus"
	"|alv_numero|yritystunnus|fo_nummer|fo_nr|organisationsnummer|moms_nummer|momsnummer",
	"street": "address_line1|address_line_1|address|street|street_address|osoite|katuosoite|lähiosoite|postiosoite"
	"|adress|gatuadress|näradress|postadress",
	"street2": "address_line2|address_line_2|osoite_2|osoiterivi_2|adressrad_2",
	"pincode": "pincode|postal_code|postcode|post_code|zip|zip_code|postinumero|postnummer",
	"city": "city|town|kaupunki|paikkakunta|postitoimipaikka|kunta|ort|stad|postort|postanstalt|kommun",
	"state": "state|region|province|maakunta|landskap|län",
	"country": "country|maa|land",
	"designation": "designation|job_title|titteli|tehtävä|tehtävänimike|asema|befattning",
	"website": "website|web_site|homepage|verkkosivut|verkkosivu|kotisivut|kotisivu|webbplats|hemsida",
}
_KIND = {name: kind for kind, names in _CALLED.items() for name in names.split("|")}
_GOES_TO = {
	"first_name": (("Contact", "first_name"), ("Lead", "first_name")),
	"last_name": (("Contact", "last_name"), ("Lead", "last_name")),
	"email": (("Contact", "email_id"), ("Lead", "email_id")),
	"mobile": (("Contact", "mobile_no"), ("Lead", "mobile_no")),
	"phone": (("Contact", "phone"), ("Lead", "phone")),
	"company": (("Customer", "customer_name"), ("Lead", "company_name"), ("Contact", "company_name")),
	"tax_id": (("Customer", "tax_id"),),
	"street": (("Address", "address_line1"),),
	"street2": (("Address", "address_line2"),),
	"pincode": (("Address", "pincode"),),
	"city": (("Address", "city"), ("Lead", "city")),
	"state": (("Address", "state"), ("Lead", "state")),
	"country": (("Address", "country"), ("Lead", "country")),
	"designation": (("Contact", "designation"), ("Lead", "job_title")),
	"website": (("Customer", "website"), ("Lead", "website")),
}


def suggest_mapping(form: Any) -> list[dict[str, str]]:
	"""Rows {target, target_field, value, merge} guessed from the names and labels of the Web Form's fields."""
	web_form = frappe.get_cached_doc("Web Form", form.web_form)
	meta = frappe.get_meta(web_form.doc_type)
	targets = ("Lead", "Contact", "Address", "Customer")
	if form.creates != "Lead":
		targets = targets[1:]
	rows, taken = [], set()
	for asked in web_form.web_form_fields:
		source = meta.get_field(asked.fieldname) if asked.fieldname else None
		if not source or not _is_typed(source):
			continue
		kind = next(
			(
				_KIND[name]
				for name in map(_folded, (source.fieldname, asked.label, source.label))
				if name in _KIND
			),
			None,
		)
		for target, name in _GOES_TO.get(kind, ()):
			if target in targets and (target, name) not in taken and can_be_mapped(target, name):
				taken.add((target, name))
				rows.append(
					{"target": target, "target_field": name, "value": source.fieldname, "merge": "Keep"}
				)
	return rows


def _is_typed(source: Any) -> bool:
	# A Link names a record of the house's own: "company" is then not the customer's.
	if source.fieldtype == "Link":
		return source.options == "Country"
	return source.fieldtype in ("Data", "Small Text", "Text", "Phone", "Select", "Autocomplete")


def _folded(text: str | None) -> str:
	return re.sub(r"[\W_]+", "_", cstr(text).casefold()).strip("_")
