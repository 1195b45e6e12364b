"""The page /privacy/data: a person fetches the copy of her data by the link of our mail and a code to the same mailbox."""

import io
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from signflow.core.identity.tokens import parse
from signflow.core.privacy.export_package import open_package
from signflow.services import visits
from signflow.services.company import house
from signflow.services.guests import Refused
from signflow.services.subject_requests import access, records
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction
from signflow.signflow.addresses import one_address

PAGE = "data"
# A package opened in memory; larger ones come encrypted alone.
MOST_OPEN_BYTES = 100 * 2**20


def begin(token: str, language: str) -> tuple[str, dict[str, Any]]:
	"""Begin a visit for a link of ours and mail its code; as `visits.begin`. Raises Refused `old_link` for any other."""
	export = _of_link(token)
	# Her second browser within a minute waits for the same code.
	return visits.begin(export.email, language, PAGE, shared=export.name, export=export.name)


def _of_link(token: str) -> Any:
	parsed = parse(token)
	row = parsed and frappe.db.get_value(
		access.EXPORT, {"name": parsed.signer_id, "link_hash": parsed.secret_hash}, ["*"], as_dict=True
	)
	if not row or not _is_open(row):
		raise Refused("old_link", _("This link has ended. Ask the company for a new copy."), 401)
	return row


def ready_for(request: str, mail: str) -> Any:
	"""The copy that `mail` can fetch now for `request`: {name, email, expires_on}, or None."""
	rows = frappe.get_all(
		access.EXPORT,
		{"request": request, "status": "Ready"},
		["name", "status", "email", "expires_on"],
		order_by="creation desc",
	)
	return next((row for row in rows if _is_open(row) and row.email.lower() == mail.lower()), None)


def open_for(request: str, mail: str, language: str) -> str:
	"""A session of this page for whoever has just shown by a code that `mail` is his, as he would by the code of the link.

	Raises Refused `old_link` where there is nothing to fetch."""
	row = ready_for(request, mail)
	if not row:
		raise Refused("old_link", _("This link has ended. Ask the company for a new copy."), 401)
	return visits.open_by_link(row.email, language, PAGE, by="Code", export=row.name)


def _is_open(row: Any) -> bool:
	# Erasure takes the address: then nobody can be sent a code any more.
	return (
		row.status == "Ready"
		and get_datetime(row.expires_on) > now_datetime()
		and bool(one_address(row.email or ""))
	)


def letter(visit: dict[str, Any]) -> visits.Letter | None:
	"""The words around a visitor's code; None where the copy has ended meanwhile."""
	fields = ["status", "expires_on", "email", "company"]
	row = frappe.db.get_value(access.EXPORT, visit["export"], fields, as_dict=True)
	if not row or not _is_open(row):
		return None
	return visits.Letter(
		_("Your code for fetching your data"), "signflow_data_code", house(row.company)["name"]
	)


def view(visit: dict[str, Any]) -> dict[str, Any]:
	"""What lies ready: {company, number, records, files, size, until, passphrase, opens}; `opens`: also without a passphrase."""
	row = _of_visit(visit)
	_path, passphrase = access.package(row)
	return {
		"company": row.company,
		"number": row.request,
		"records": row.record_count,
		"files": row.file_count,
		"size": row.size,
		"until": utc_time(get_datetime(row.expires_on)),
		"passphrase": passphrase,
		"opens": row.size <= MOST_OPEN_BYTES,
	}


def download(visit: dict[str, Any], *, opened: bool = False) -> tuple[str, bytes]:
	"""File name and bytes of the package, without encryption if `opened`. Each one is counted."""
	row = _of_visit(visit)
	if opened and row.size > MOST_OPEN_BYTES:
		raise Refused("too_large", _("This copy is too large to be opened here. Fetch it encrypted."), 422)
	data, passphrase = access.bytes_of(row)
	if opened:
		plain = io.BytesIO()
		open_package(io.BytesIO(data), passphrase, plain)
		data = plain.getvalue()
	count(row.name)
	# Of two files in one folder one can be opened without the passphrase.
	return f"{row.request}{'-' + _('unencrypted') if opened else ''}.zip", data


@one_transaction
def count(export: str) -> None:
	"""Count that a package was fetched, and by whom of the house, if it was not the person."""
	row = frappe.db.get_value(access.EXPORT, export, ["downloads", "request"], as_dict=True, for_update=True)
	frappe.db.set_value(
		access.EXPORT,
		export,
		{"downloads": row.downloads + 1, "last_download_on": now_datetime()},
		update_modified=False,
	)
	records.step(frappe.get_doc(records.REQUEST, row.request), "Download")


def _of_visit(visit: dict[str, Any]) -> Any:
	row = frappe.db.get_value(access.EXPORT, visit["export"], ["*"], as_dict=True)
	if not row or not _is_open(row):
		raise Refused("old_link", _("This link has ended. Ask the company for a new copy."), 401)
	return row
