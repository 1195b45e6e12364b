"""Helpdesk: the privacy notice in the menu of a ticket on the customer portal, by Helpdesk's own HD Form Script.

The portal is an application of its own without a footer to put a link into; its scripts may add an action to a ticket.
"""

import frappe

from signflow.core.errors import _  # marks: the portal's reader decides the language, in the browser
from signflow.services.guests import LANGUAGES
from signflow.services.privacy.activities import translated

SCRIPT = "Signflow Privacy Notice"
LABEL = _("Privacy Notice")
_TEXT = """function setupForm() {
	const labels = %s;
	// Helpdesk's page says "en" whatever its reader speaks.
	const spoken = [document.documentElement.lang.replace(/^en.*/, ""), ...navigator.languages];
	const language = spoken.map((one) => one.split("-")[0]).find((one) => labels[one]);
	const label = labels[language || "en"];
	return { actions: [{ label, onClick: () => window.open("/privacy/notice", "_blank", "noopener") }] };
}
"""


def offer() -> None:
	"""Put the link there when a notice is published (hook signflow_notice_published), once: what was edited stays."""
	if "helpdesk" not in frappe.get_installed_apps() or not frappe.db.exists("DocType", "HD Form Script"):
		return
	if frappe.db.exists("HD Form Script", SCRIPT):
		return
	labels = {language: translated(LABEL, language) for language in LANGUAGES}
	frappe.get_doc(
		{
			"doctype": "HD Form Script",
			"dt": "HD Ticket",
			"apply_to": "Form",
			"enabled": 1,
			"apply_to_customer_portal": 1,
			"script": _TEXT % frappe.as_json(labels, indent=None),
		}
	).insert(ignore_permissions=True, set_name=SCRIPT)


def take_away() -> None:
	"""Remove the link (before uninstall)."""
	if frappe.db.exists("DocType", "HD Form Script") and frappe.db.exists("HD Form Script", SCRIPT):
		frappe.delete_doc("HD Form Script", SCRIPT, force=True, ignore_permissions=True)
