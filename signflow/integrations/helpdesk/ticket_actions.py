"""Our HD Form Script: the actions in a ticket, on the agents' side."""

from pathlib import Path

from signflow.integrations.helpdesk import form_scripts

SCRIPT = "Signflow Ticket Actions"
_FILE = Path(__file__).with_suffix(".js")


def offer(*_args: object) -> None:
	"""Make the script, or bring it up to date, where Helpdesk is installed.

	After install and migrate of ours, and after any app's installation.
	"""
	form_scripts.keep(SCRIPT, _FILE.read_text(encoding="utf-8"))


def take_away() -> None:
	"""Remove the script (before uninstall)."""
	form_scripts.take_away(SCRIPT)
