"""Helpdesk: a ticket for what is left to do when a customer has terminated."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html, getdate

from signflow.services.endings import left_to_do
from signflow.services.times import written_day
from signflow.services.transaction import is_conflict


def open_ticket(termination: Any) -> None:
	"""Open an HD Ticket in the customer's name (hook signflow_notice_given); nothing where Helpdesk is not installed.

	A helpdesk that does not take the ticket must not hold up the end of an agreement: the error is logged, the ToDo stands.
	"""
	if "helpdesk" not in frappe.get_installed_apps() or not frappe.db.exists("DocType", "HD Ticket"):
		return
	ends = "".join(
		f"<li>{escape_html(row.title)}: {written_day(getdate(row.ends_on), termination.language)}</li>"
		for row in termination.agreements
	)
	lines = "".join(f"<li>{escape_html(line)}</li>" for line in left_to_do(termination))
	frappe.db.savepoint("signflow_ticket")
	try:
		frappe.get_doc(
			{
				"doctype": "HD Ticket",
				"subject": _("Terminated: {0}").format(
					", ".join(row.title for row in termination.agreements)
				)[:140],
				"raised_by": termination.email,
				"description": f"<ul>{ends}</ul><p>{_('Left to do')}</p><ul>{lines}</ul><p>{termination.name}</p>",
			}
		).insert(ignore_permissions=True)
	except Exception as error:
		if is_conflict(error):
			raise
		frappe.db.rollback(save_point="signflow_ticket")
		frappe.clear_messages()
		frappe.log_error(
			title=f"signflow: no ticket for {termination.name}",
			message=frappe.get_traceback(),
			reference_doctype=termination.doctype,
			reference_name=termination.name,
		)
