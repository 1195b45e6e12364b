"""Mail addresses that somebody typed, one or several in a field."""

import re

import frappe
from frappe import _
from frappe.utils import validate_email_address

MOST = 20
# Frappe's own check also takes a list of addresses, and a name before one: a code would go to each of them.
_ONE = re.compile(r"[^\s,;:<>()\[\]\"\\]{1,64}@[^\s,;:<>()\[\]\"\\@]{1,180}")
_LENGTH = 140


def one_address(text: str | None) -> str | None:
	"""The mail address that somebody typed, None when it is not exactly one that Frappe would send to.

	Frappe's pattern ignores capitals, by which four signs beyond ASCII pass for i, k and s. Lower case and the database
	take some of them for these too: whoever has proven the one mailbox would be shown what is the other's.
	"""
	text = (text or "").strip()
	if not text.isascii() or len(text) > _LENGTH or not _ONE.fullmatch(text):
		return None
	return text if validate_email_address(text) else None


def what_is_missing(typed: str | None) -> str:
	"""What is said to whoever typed something that is not one mail address; "" where nothing was typed."""
	if not (typed or "").strip():
		return ""
	return _("This is not a whole mail address. It looks like name@example.com.")


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
		if not one_address(address):
			frappe.throw(_("{0} is not a mail address.").format(frappe.utils.escape_html(address)))
	if len(addresses) > MOST:
		frappe.throw(_("At most {0} delivery addresses are possible.").format(MOST))
	return "\n".join(addresses)
