"""The endpoint of the public page `/verify`."""

from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit

from signflow.api.guest import answers
from signflow.services import verification
from signflow.services.guests import Refused

MAX_BYTES = 40 * 2**20


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=20, seconds=60 * 10)
@answers
def verify_document(language: str | None = None) -> dict[str, Any]:
	"""Tell of an uploaded PDF (multipart field `file`) whether it is one of ours, who signed and whether it was altered."""
	upload = frappe.request.files.get("file") if frappe.request else None
	if not upload:
		raise Refused("invalid_input", _("Choose a PDF first."), 422)
	data = upload.stream.read(MAX_BYTES + 1)
	if len(data) > MAX_BYTES:
		raise Refused("invalid_input", _("The file is too large to check here."), 413)
	return verification.verify_document(data)
