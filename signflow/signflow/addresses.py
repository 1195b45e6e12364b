"""Lists of mail addresses that somebody typed into one field."""

import re

import frappe
from frappe import _
from frappe.utils import validate_email_address

MOST = 20


def addresses_in(text: str | None) -> list[str]:
	"""The addresses of `text`, one a line or with commas between, each once, in order; not checked."""
	found: dict[str, str] = {}
	for address in re.split(r"[\n,;]", text or ""):
		if address.strip():
			found.setdefault(address.strip().lower(), address.strip())
	return list(found.values())


def checked_addresses(text: str | None) -> str:
	"""`text` with one address a line. Raises ValidationError for what is no mail address, and for too many."""
	addresses = addresses_in(text)
	for address in addresses:
		if not validate_email_address(address):
			frappe.throw(_("{0} is not a mail address.").format(frappe.utils.escape_html(address)))
	if len(addresses) > MOST:
		frappe.throw(_("At most {0} delivery addresses are possible.").format(MOST))
	return "\n".join(addresses)
