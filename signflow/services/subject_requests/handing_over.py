"""A copy that could be mailed to nobody: an officer hands it over on a medium, and tells the passphrase apart from it.

The encrypted package can be fetched as long as it is there, its passphrase is shown once.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from signflow.services.privacy import accesses
from signflow.services.privacy.approvals import require_officer
from signflow.services.subject_requests import access, access_page, matching, records
from signflow.services.subject_requests.access import EXPORT
from signflow.services.transaction import one_transaction
from signflow.signflow.stored_words import N_, kept


def package(export: str) -> tuple[str, bytes]:
	"""File name and bytes of the encrypted package, counted as fetched. For an officer.

	Raises ValidationError for a copy that the person fetches herself.
	"""
	doc = _by_hand(export)
	data, _passphrase = access.bytes_of(doc)
	access_page.count(export)
	return f"{doc.request}.zip", data


@one_transaction
def hand_over(export: str) -> str:
	"""The passphrase, this once: the copy is handed over on a medium, and its request is done. For an officer.

	Raises ValidationError for a copy that the person fetches herself, and for one that was handed over.
	"""
	doc = _by_hand(export)
	if doc.handed_over_on:
		frappe.throw(_("This copy was handed over, and its passphrase is shown once. Make the copy anew."))
	_path, passphrase = access.package(doc)
	request = records.for_change(doc.request)
	frappe.db.set_value(EXPORT, export, "handed_over_on", now_datetime(), update_modified=False)
	accesses.record_access(
		"Export",
		matching.start_of(request),
		purpose=kept(N_("Copy of the data for {0}, handed over on a medium"), doc.request),
		record=(records.REQUEST, doc.request),
		counts={"File": doc.file_count},
		company=doc.company,
	)
	records.step(request, "Handed to the Person", kept(N_("The copy of the data, on a medium")))
	if request.status in records.OPEN:
		records.finish(doc.request, access.outcome(doc.answer))
	return passphrase


def _by_hand(export: str) -> Any:
	"""The copy, locked, that an officer of its company hands over."""
	require_officer()
	doc = frappe.get_doc(EXPORT, export, for_update=True)
	doc.check_permission("read")
	if doc.status != "Ready" or not access.is_by_hand(doc):
		frappe.throw(_("This copy is not there to be handed over: the person fetches it herself."))
	return doc
