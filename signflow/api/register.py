"""Endpoints of the record of processing activities, its processors and its notices, for Desk."""

from typing import Any

import frappe

from signflow.services.company import companies_of, require_company
from signflow.services.guests import LANGUAGES
from signflow.services.privacy import activities, informing, notices, processors


def _language() -> str:
	language = (frappe.local.lang or "en").split("-")[0]
	return language if language in LANGUAGES else "en"


@frappe.whitelist(methods=["POST"])
def add_usual_activities(company: str) -> list[str]:
	"""Add the usual processing activities that a company has not yet, as drafts: their names."""
	frappe.has_permission("Processing Activity", "create", throw=True)
	require_company(company, "Processing Activity")
	return activities.add_usual(company)


@frappe.whitelist(methods=["GET"])
def print_register(company: str, language: str | None = None) -> None:
	"""The record of processing activities of a company as a PDF to download, by default in the user's language."""
	frappe.has_permission("Processing Activity", "print", throw=True)
	require_company(company, "Processing Activity")
	language = language if language in LANGUAGES else _language()
	title, pdf = activities.print_register(company, language)
	frappe.local.response.update(
		filename=f"{title} {company}.pdf".replace("/", "-"), filecontent=pdf, type="pdf"
	)


@frappe.whitelist(methods=["POST"])
def send_agreement(name: str, language: str | None = None) -> str:
	"""Send the data processing agreement of a Data Processor for signature: the Signature Request's name."""
	doc = checked("Data Processor", name)
	language = language if language in LANGUAGES else _language()
	return processors.send_agreement(doc, language=language).name


@frappe.whitelist(methods=["POST"])
def draft_notice(company: str) -> str:
	"""Make a draft of a company's privacy notice, written from its register: its name."""
	frappe.has_permission("Privacy Notice", "create", throw=True)
	require_company(company, "Privacy Notice")
	return notices.draft(company).name


@frappe.whitelist(methods=["POST"])
def new_notice_version(name: str) -> str:
	"""Make a draft with the texts of a published notice: its name."""
	frappe.has_permission("Privacy Notice", "create", throw=True)
	return notices.new_version(checked("Privacy Notice", name, "read")).name


@frappe.whitelist(methods=["POST"])
def write_notice_anew(name: str) -> None:
	"""Replace the texts of a draft by what the register says now."""
	notices.write_anew(checked("Privacy Notice", name))


@frappe.whitelist(methods=["POST"])
def left_out_of_notice(name: str) -> list[str]:
	"""What the register has and this notice's company does not tell of: a line on each draft and missing agreement."""
	return notices.left_out(checked("Privacy Notice", name, "read").company)


@frappe.whitelist(methods=["POST"])
def publish_notice(name: str) -> dict[str, Any]:
	"""Publish a draft: {version, address, lacking}; `lacking` are lines on what the site holds and the notice does not say."""
	checked("Privacy Notice", name)
	doc = notices.publish(name)
	found = notices.look_for_drift(name)
	return {
		"version": doc.version,
		"address": notices.link(doc.company),
		"lacking": notices.described(found),
	}


@frappe.whitelist(methods=["POST"])
def compare_notice(name: str) -> list[str]:
	"""Compare a published notice with the site now: a line on each thing that it does not say."""
	checked("Privacy Notice", name)
	return notices.described(notices.look_for_drift(name))


@frappe.whitelist(methods=["POST"])
def told_of(doctype: str, name: str) -> list[dict[str, Any]]:
	"""What a person was told of privacy notices: [{company, status, sent_on, due_on, notice}], of the user's companies."""
	checked(doctype, name, "read")
	told = informing.told_of(doctype, name)
	companies = companies_of("Notice Delivery")
	return [row for row in told if not row.company or row.company in companies]


@frappe.whitelist(methods=["POST"])
def inform_now(doctype: str, name: str, company: str) -> str:
	"""Tell a Contact or Lead of a company's notice by mail, unless that was done before: the status now."""
	checked(doctype, name)
	frappe.has_permission("Signature Request", "create", throw=True)  # whoever writes to persons in our name
	require_company(company, "Notice Delivery")
	return informing.inform_now(doctype, name, company)


def checked(doctype: str, name: str, ptype: str = "write") -> Any:
	"""A record that the user may open with `ptype`; raises PermissionError otherwise."""
	doc = frappe.get_doc(doctype, name)
	doc.check_permission(ptype)
	return doc
