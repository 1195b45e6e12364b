"""The certificate that a person gets of her erasure: what was erased, what is kept, why and until when, sealed by the house.

It is made when the request is answered, goes out with the answer once, or to the officer who hands it over, and is kept nowhere: its SHA-256 alone stays, by
which a copy of hers is known again (GDPR 5(2), 12(3)).
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language
from frappe.utils import getdate, now_datetime

from signflow.core.pdf.seal import seal_report
from signflow.services.company import house, public_file
from signflow.services.erasure import backups, telling
from signflow.services.erasure.planning import PLAN
from signflow.services.keys import house_key, load_key
from signflow.services.printing import from_html
from signflow.services.subject_requests import letters
from signflow.services.times import written_day

_PRINT = "signflow/templates/privacy/erasure_certificate.html"


def for_answer(request: Any, recipients: list[Any]) -> dict[str, Any] | None:
	"""The certificate as an attachment {"fname", "fcontent"} of the answer; None where nothing was carried out.

	`recipients` are those who were told (GDPR 19). Writes its hash in the caller's transaction; one made before stays known by its own.
	"""
	plans = frappe.get_all(
		PLAN,
		filters={"request": request.name, "status": "Done"},
		fields=["name", "finished_on", "digest", "certificate_sha256", "certificates_replaced"],
		order_by="finished_on asc",
	)
	if not plans:
		return None
	with print_language(request.language or "en"):
		data = _sealed(request, plans, recipients)
		name = _("Certificate of erasure {0}").format(request.name)
	before = (plans[-1].certificates_replaced, plans[-1].certificate_sha256)
	frappe.db.set_value(
		PLAN,
		plans[-1].name,
		{
			"certificate_sha256": hashlib.sha256(data).hexdigest(),
			"certificate_made_on": now_datetime(),
			"certificates_replaced": "\n".join(filter(None, before)),
		},
		update_modified=False,
	)
	return {"fname": f"{name}.pdf", "fcontent": data}


def _parts(lines: Iterable[str]) -> list[tuple[str, list[str]]]:
	"""What a person was told, line by line, as (heading or sentence, its items)."""
	parts: list[tuple[str, list[str]]] = []
	for line in lines:
		if line.startswith("- ") and parts:
			parts[-1][1].append(line.removeprefix("- "))
		elif line.strip():
			parts.append((line, []))
	return parts


def _sealed(request: Any, plans: list[Any], recipients: list[Any]) -> bytes:
	lang = request.language or "en"
	said = telling.what_was_done(plans, lang)
	key = load_key(house_key(request.company))
	html = (
		frappe.get_jenv()
		.get_template(_PRINT)
		.render(
			title=_("Certificate of Erasure"),
			language=lang,
			house=house(request.company)["name"],
			logo=public_file(house(request.company)["logo"]),
			number=request.name,
			person=request.person_name,
			received_on=written_day(getdate(request.received_on), lang),
			erased_on=written_day(getdate(plans[-1].finished_on), lang),
			test_seal=key.self_signed,
			told=_parts(said.splitlines()),
			keeps=telling.keeps([plan.name for plan in plans]),
			recipients=[(row.recipient, _(row.status)) for row in recipients],
			backups=backups.what_is_told(request.name, lang),
			complaint=letters.complaint_route(request.company),
			digests=[plan.digest for plan in plans if plan.digest],
		)
	)
	reason = _("Certificate of erasure {0}, sealed by {1}").format(request.name, request.company)
	return seal_report(from_html(html), key, reason=reason)
