"""Helpdesk: the privacy notice in the menu of a ticket on the customer portal, by Helpdesk's own HD Form Script.

The portal is an application of its own without a footer to put a link into; its scripts may add an action to a ticket.
"""

import frappe

from signflow.core.errors import _  # marks: the portal's reader decides the language, in the browser
from signflow.integrations.helpdesk import form_scripts
from signflow.services.guests import LANGUAGES
from signflow.services.privacy.activities import translated

SCRIPT = "Signflow Privacy Notice"
LABEL = _("Privacy Notice")
# In the menu "…": a button of its own pushes Helpdesk's own off a telephone's screen, and 1.28 opens it twice for a click.
_TEXT = """function setupForm() {
	const labels = %s;
	// Helpdesk's page says "en" whatever its reader speaks.
	const spoken = [document.documentElement.lang.replace(/^en.*/, ""), ...navigator.languages];
	const language = spoken.map((one) => one.split("-")[0]).find((one) => labels[one]);
	const label = labels[language || "en"];
	const onClick = () => window.open("/privacy/notice", "_blank", "noopener");
	return { actions: [{ group: label, hideLabel: true, items: [{ label, onClick }] }] };
}
"""


def offer() -> None:
	"""Put the link there when a notice is published (hook signflow_notice_published)."""
	labels = {language: translated(LABEL, language) for language in LANGUAGES}
	form_scripts.keep(SCRIPT, _TEXT % frappe.as_json(labels, indent=None), portal=True)


def bring_up_to_date() -> None:
	"""The link as a new version makes it, where it stands (after migrate)."""
	if form_scripts.is_there(SCRIPT):
		offer()


def take_away() -> None:
	"""Remove the link (before uninstall)."""
	form_scripts.take_away(SCRIPT)
