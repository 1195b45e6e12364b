"""What one person said to one wording. `services.privacy.consents` alone writes rows, and none is ever changed."""

import frappe
from frappe import _
from frappe.model.document import Document


class Consent(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		action: DF.Literal["", "Pending", "Given", "Withdrawn", "Refused", "Objected", "Objection Lifted"]
		channel: DF.Literal["", "Email", "SMS", "Phone", "Post"]
		company: DF.Link | None
		consent_text: DF.Link | None
		email: DF.Data | None
		expires_on: DF.Date | None
		how: DF.Literal[
			"",
			"Page",
			"Mail Link",
			"Form Checkbox",
			"Signing Ceremony",
			"Paper",
			"Mail Reply",
			"Said to Staff",
			"Unsubscribed",
			"Import",
		]
		language: DF.Data | None
		party: DF.DynamicLink | None
		party_type: DF.Link | None
		previous: DF.Link | None
		proof: DF.LongText | None
		proof_sha256: DF.Data | None
		recorded_by: DF.Link | None
		said_on: DF.Datetime | None
		source_doctype: DF.Link | None
		source_name: DF.DynamicLink | None
		text_sha256: DF.Data | None
		version: DF.Link | None

	# end: auto-generated types

	def validate(self):
		if not self.flags.signflow or not self.is_new():
			frappe.throw(
				_("What a person said about a consent is kept as it was; a change of mind is a new row."),
				frappe.PermissionError,
			)

	def on_trash(self):
		# Erasure (GDPR 17) is the one path that may delete, and says so.
		if not self.flags.signflow_retention:
			frappe.throw(_("What a person said about a consent is kept as it was."), frappe.PermissionError)
