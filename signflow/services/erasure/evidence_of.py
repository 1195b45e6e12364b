"""A person's part in a signature request: erased where no ground keeps it, so that the chain still verifies."""

from typing import Any

import frappe

from signflow.services import evidence
from signflow.services.privacy import data_map

SIGNER = "Signature Request Signer"


def mask(erasing: Any, request: str) -> None:
	"""Erase the personal values behind her events, and what her signer's rows say of her, in the caller's transaction."""
	rows = frappe.get_all(SIGNER, {"request": request}, ["*"], order_by="idx_in_request asc, name asc")
	hers = [row for row in rows if _is_hers(erasing, row)]
	if not hers:
		return
	events = frappe.get_all(
		"Signature Event",
		{"request": request, "signer": ["in", [row.name for row in hers]]},
		pluck="seq",
		order_by="seq asc",
	)
	evidence.erase_payloads(request, events, reason="data subject request")
	personal = data_map.load()[SIGNER].fields
	for row in hers:
		values = {name: None for name in personal if row.get(name) and name not in ("contact",)}
		values |= {"signer_name": erasing.neutral.name, "email": erasing.neutral.mail}
		frappe.db.set_value(SIGNER, row.name, values, update_modified=False)


def _is_hers(erasing: Any, row: Any) -> bool:
	mail = str(row.get("email") or "").lower()
	return mail in erasing.words.mails or (
		mail in erasing.told.get("all_mails", ()) and row.get("signer_name") in erasing.told["all_names"]
	)
