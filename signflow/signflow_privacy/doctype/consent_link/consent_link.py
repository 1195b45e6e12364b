"""A personal link in a mail about consents; only the hash of its secret is kept."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class ConsentLink(KeepsSecrets):
	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Such links are made by the mails that hold them."), frappe.PermissionError)
