"""The house seal: which key of the organisation seals, loaded once per process."""

import base64
from typing import Any

import frappe
from frappe.utils import get_datetime

from signflow.core.flow import OPEN
from signflow.core.pdf.keys import SealKey, make_test_key
from signflow.services.times import utc_now
from signflow.services.transaction import throw
from signflow.signflow.doctype.sealing_key.sealing_key import open_token

from signflow.core.errors import SignflowError  # isort: skip

_loaded: dict[tuple[str, str], SealKey] = {}


def load_key(name: str) -> SealKey:
	"""The parsed key of Sealing Key `name`, in its file or its token; opened and checked once per process."""
	fingerprint = frappe.db.get_value("Sealing Key", name, "fingerprint")
	known = _loaded.get((frappe.local.site, fingerprint))
	if known:
		return known
	doc = frappe.get_doc("Sealing Key", name)
	doc.flags.for_sealing = True
	try:
		if doc.kind == "PKCS#11 token":
			key = open_token(doc, doc.get_password("pin", raise_exception=False) or "")
		else:
			key = SealKey.from_pkcs12(
				base64.b64decode(doc.get_password("pkcs12")),
				doc.get_password("passphrase", raise_exception=False),
			)
	except SignflowError as refusal:
		throw(refusal)
	if len(_loaded) > 50:
		_loaded.clear()
	_loaded[(frappe.local.site, fingerprint)] = key
	return key


def house_key(company: str) -> str:
	"""Name of the Sealing Key that seals for `company`; a self-signed test key is made when there is none.

	The newest enabled key that is valid now and that a trust service issued comes before any test key.
	"""
	now = utc_now().replace(tzinfo=None)
	rows = frappe.get_all(
		"Sealing Key",
		filters={"company": company, "enabled": 1, "not_after": [">", now], "not_before": ["<=", now]},
		fields=["name", "is_test"],
		order_by="is_test asc, creation desc",
	)
	if rows:
		return rows[0].name
	data, passphrase = make_test_key(company)
	key = frappe.get_doc({"doctype": "Sealing Key", "company": company, "enabled": 1, "is_test": 1})
	key.flags.pkcs12 = data
	key.passphrase = passphrase
	return key.insert(ignore_permissions=True).name


def current_key(request: str) -> str:
	"""Name of the Sealing Key that makes a request's next seal: the one that it was sent with or, once that one's
	time is over, the company's present one. What the old key sealed keeps its certificate chain.
	"""
	name, company, status = frappe.db.get_value(
		"Signature Request", request, ["sealing_key", "company", "status"]
	)
	if get_datetime(frappe.db.get_value("Sealing Key", name, "not_after")) > utc_now().replace(tzinfo=None):
		return name
	name = house_key(company)
	if status in OPEN:
		frappe.db.set_value("Signature Request", request, "sealing_key", name, update_modified=False)
		frappe.db.commit()
	return name


def seals_of(request: str) -> list[Any]:
	"""`certificate_pem` and `chain_pem` of the keys that sealed a request's documents, the oldest first."""
	return frappe.get_all(
		"Sealing Key",
		{"name": ["in", keys_used(request)]},
		["certificate_pem", "chain_pem"],
		order_by="creation asc",
	)


def keys_used(request: str) -> list[str]:
	"""Names of the Sealing Keys that sealed a request's documents, the present one included."""
	used = frappe.get_all(
		"Sealed Revision", {"request": request}, pluck="sealing_key", order_by="creation asc"
	)
	return list(dict.fromkeys([*used, frappe.db.get_value("Signature Request", request, "sealing_key")]))
