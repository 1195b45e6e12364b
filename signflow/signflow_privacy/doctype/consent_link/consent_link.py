"""A personal link in a mail about consents; only the hash of its secret is kept."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class ConsentLink(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		campaign_person: DF.Data | None
		consent: DF.Link | None
		consent_text: DF.Link | None
		email: DF.Data | None
		expires_on: DF.Datetime | None
		opened_on: DF.Datetime | None
		secret_hash: DF.Data | None

	# end: auto-generated types

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("Such links are made by the mails that hold them."), frappe.PermissionError)
