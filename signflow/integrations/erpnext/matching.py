"""Who is who in ERPNext: contacts by mail or proven identity, companies by business ID; namesakes only to look at."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

import frappe
from frappe.query_builder import Order
from frappe.query_builder.functions import Lower
from frappe.utils import cstr
from stdnum.eu import vat
from stdnum.fi import alv

from signflow.services.privacy.matching import equals

MOST_CANDIDATES = 200
# Everybody gets a mailbox there: such a domain says nothing about a company.
MAIL_PROVIDERS = frozenset(
	"""aol.com dnainternet.net elisanet.fi email.com fastmail.com gmail.com gmx.com gmx.de gmx.net googlemail.com
	hotmail.com hotmail.fi hotmail.se hushmail.com icloud.com inbox.com inet.fi jippii.fi kolumbus.fi live.com live.fi
	live.se luukku.com mac.com mail.com mail.ru mailbox.org mbnet.fi me.com msn.com netikka.fi netti.fi nic.fi
	outlook.com phnet.fi pm.me posteo.de pp.inet.fi pp1.inet.fi proton.me protonmail.com saunalahti.fi spray.se
	suomi24.fi surffi.fi telia.com tele2.se tuta.com tutanota.com web.de welho.com windowslive.com wippies.fi
	yahoo.com yahoo.se yandex.com zoho.com""".split()
)
_COMPANY_FORMS = frozenset(
	"""ab abp as asa avoin ay bv co corp gmbh inc kb ky limited llc ltd nv oy oyj osk ov plc ry rf sa sarl tmi
	toiminimi yhtiö""".split()
)


def normal_tax_id(text: str | None) -> str | None:
	"""A business ID or VAT number in one form, "FI12345678" for a Finnish one; None for what is none.

	Finnish numbers are checked by their check digit (1234567-1 and FI12345671 are the same company); others are taken
	as they are when they look like a number.
	"""
	compact = re.sub(r"[^0-9A-Z]", "", cstr(text).upper())
	if re.fullmatch(r"(FI)?\d{8}", compact):
		return f"FI{alv.compact(compact)}" if alv.is_valid(compact) else None
	if vat.is_valid(compact):
		return vat.compact(compact)
	return compact if len(compact) >= 6 and sum(c.isdigit() for c in compact) >= 5 else None


def customers_of_tax_id(tax_id: str) -> list[str]:
	"""The Customers whose tax_id, however it is written, is this normal one; the oldest first."""
	rows = frappe.get_all(
		"Customer",
		filters={"tax_id": ["like", "%" + "%".join(tax_id.removeprefix("FI")) + "%"]},
		fields=["name", "tax_id"],
		order_by="creation asc, name asc",
	)
	return [row.name for row in rows if normal_tax_id(row.tax_id) == tax_id]


def contact_of_identity(identity_hmac: str | None) -> str | None:
	"""The Contact of a person who was identified before, by the keyed hash of that identity."""
	if not identity_hmac:
		return None
	return frappe.db.get_value(
		"Contact", {"signflow_identity_hmac": identity_hmac}, "name", order_by="creation asc"
	)


def contacts_of_mail(mail: str) -> list[Any]:
	"""The Contacts that have this mail address, in any case, the oldest first: name, full_name, identity."""
	contact, row = frappe.qb.DocType("Contact"), frappe.qb.DocType("Contact Email")
	return (
		frappe.qb.from_(row)
		.inner_join(contact)
		.on((row.parent == contact.name) & (row.parenttype == "Contact"))
		.select(contact.name, contact.full_name, contact.signflow_identity_hmac)
		.distinct()
		.where(equals(row.email_id, [mail]))
		.orderby(contact.creation, order=Order.asc)
		.orderby(contact.name, order=Order.asc)
		.run(as_dict=True)
	)


def leads_of_mail(mail: str) -> list[str]:
	"""The Leads with this mail address, in any case, the oldest first."""
	lead = frappe.qb.DocType("Lead")
	return (
		frappe.qb.from_(lead)
		.select(lead.name)
		.where(equals(lead.email_id, [mail]))
		.orderby(lead.creation, order=Order.asc)
		.orderby(lead.name, order=Order.asc)
		.run(pluck=True)
	)


def linked_to(contact: str, doctype: str) -> list[str]:
	"""The records of `doctype` that a Contact hangs under, as its rows stand, as far as they still exist."""
	names = frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": "Contact", "parent": contact, "link_doctype": doctype},
		pluck="link_name",
		order_by="idx asc",
	)
	return [name for name in dict.fromkeys(names) if frappe.db.exists(doctype, name)]


def customer_of_lead(lead: str) -> str | None:
	"""The Customer that a Lead became."""
	became = frappe.db.get_value("Customer", {"lead_name": lead}, "name", order_by="creation asc")
	came_from = frappe.db.get_value("Lead", lead, "customer")
	return became or (came_from if came_from and frappe.db.exists("Customer", came_from) else None)


def is_companys_mail(customer: str, mail: str) -> bool:
	"""Whether a mailbox is one of a company's own: its website's domain, or a domain that only its contacts have."""
	domain = mail.rpartition("@")[2].lower()
	if domain in MAIL_PROVIDERS or not re.fullmatch(r"[^\W_](?:[^\W_]|[.-])*", domain):
		return False
	site = cstr(frappe.db.get_value("Customer", customer, "website")).lower()
	host = urlsplit(site if "//" in site else f"//{site}").hostname or ""
	if host.removeprefix("www.") == domain:
		return True
	link, row = frappe.qb.DocType("Dynamic Link"), frappe.qb.DocType("Contact Email")
	holders = (
		frappe.qb.from_(row)
		.inner_join(link)
		.on((link.parent == row.parent) & (link.parenttype == "Contact"))
		.select(link.link_name)
		.distinct()
		.where((link.link_doctype == "Customer") & Lower(row.email_id).like(f"%@{domain}"))
		.orderby(link.link_name, order=Order.asc)
		.run(pluck=True)
	)
	return holders == [customer]


def name_key(name: str | None) -> frozenset[str]:
	"""The words of a person's or company's name without their order, case and the company's form."""
	words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", cstr(name)).casefold())
	return frozenset(word for word in words if word not in _COMPANY_FORMS)


def namesakes(doctype: str, field: str, name: str | None) -> list[str]:
	"""Records whose `field` holds the same name, in any order of its words and without the company's form."""
	key = name_key(name)
	words = sorted(re.findall(r"[^\W_]+", cstr(name)), key=lambda word: (-len(word), word))
	words = [word for word in words if word.casefold() in key]
	if not words:
		return []
	rows = frappe.get_all(
		doctype,
		filters={field: ["like", f"%{words[0]}%"]},
		fields=["name", f"{field} as called"],
		order_by="creation asc, name asc",
		limit=MOST_CANDIDATES,
	)
	return [row.name for row in rows if name_key(row.called) == key]


def contacts_of_phone(phone: str | None) -> list[str]:
	"""The Contacts with the same last eight digits in a telephone number."""
	digits = re.sub(r"\D", "", cstr(phone))[-8:]
	if len(digits) < 6:
		return []
	rows = frappe.get_all(
		"Contact Phone",
		filters={"parenttype": "Contact", "phone": ["like", "%" + "%".join(digits) + "%"]},
		fields=["parent", "phone"],
		order_by="creation asc, name asc",
		limit=MOST_CANDIDATES,
	)
	return list(
		dict.fromkeys(row.parent for row in rows if re.sub(r"\D", "", cstr(row.phone)).endswith(digits))
	)
