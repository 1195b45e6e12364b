"""The evidence report: a second sealed PDF that names every revision and the head of the chain."""

from typing import Any

import frappe
from frappe import _
from frappe.translate import print_language

from signflow.core.identity.levels import level_named, statement
from signflow.core.identity.masking import mask_mail
from signflow.core.pdf.report import LABELS, render_report
from signflow.core.pdf.seal import seal_report
from signflow.services import evidence
from signflow.services.keys import current_key, load_key
from signflow.services.requests import all_signers_of, fresh, lock_request, signers_of
from signflow.services.revisions import REPORT, add_revision
from signflow.services.times import utc_time
from signflow.services.transaction import one_transaction


def make_report(name: str) -> None:
	"""Render and seal the evidence report, which names the SHA-256 of every revision and the head of the chain."""
	request = fresh(name)
	key = load_key(current_key(name))
	with print_language(request.language):
		model = _report_model(request, key)
		rendered = render_report(model, _report_labels(), language=request.language)
		reason = _("Evidence report of {0}, sealed by {1}").format(name, request.company)
		title = _("Evidence report")
	_keep_report(name, title, seal_report(rendered, key, reason=reason), model["head"])


@one_transaction
def _keep_report(name: str, title: str, data: bytes, chain_head: str) -> None:
	request = lock_request(name)
	if frappe.db.exists("Sealed Revision", {"request": name, "document": REPORT}):
		return
	revision = add_revision(
		request,
		document=REPORT,
		title=title,
		seq=0,
		kind="Report",
		data=data,
		parent=None,
		key_name=request.sealing_key,
	)
	evidence.record(name, "evidence_reported", public={"sha256": revision.sha256, "head": chain_head})


def _report_model(request: Any, key: Any) -> dict[str, Any]:
	signers = signers_of(request.name)
	names = {row.name: row.signer_name for row in all_signers_of(request.name)}
	what = {"Certified": _("Sealed original"), "Received": _("As received"), "Closed": _("Closed")}
	events = frappe.get_all(
		"Signature Event",
		filters={"request": request.name},
		fields=["seq", "time", "kind", "signer", "hash"],
		order_by="seq asc",
	)
	return {
		"title": request.title,
		"reference": request.name,
		"house": request.company,
		"seal": f"{key.subject} · SHA-256 {key.fingerprint}",
		"test_seal": key.self_signed,
		"documents": [
			{
				"title": document["title"],
				"revisions": [
					{
						"seq": revision["revision"],
						"sha256": revision["sha256"],
						"what": what.get(revision["kind"])
						or _("Signed by {0}").format(names.get(revision["signer"], "")),
					}
					for revision in document["revisions"]
				],
			}
			for document in evidence.document_revisions(request.name)
		],
		"signers": [
			{
				"name": f"{row.signed_name} ({row.represents})" if row.represents else row.signed_name,
				"identified_by": f"{_('a code sent by mail')} ({mask_mail(row.email)})",
				"signed_on": utc_time(row.signed_on).strftime("%Y-%m-%d %H:%M:%S UTC"),
				"statement": _(statement(level_named(row.identified_level))),
			}
			for row in signers
		],
		"events": [
			{
				"seq": row.seq,
				"time": utc_time(row.time).strftime("%Y-%m-%d %H:%M:%S UTC"),
				"kind": _(row.kind.replace("_", " ").capitalize()),
				"who": names.get(row.signer, ""),
			}
			for row in events
		],
		"head": events[-1].hash,
	}


def _report_labels() -> dict[str, str]:
	return {label: _(label) for label in LABELS}
