"""One search for a person inside the site's files; only `services.privacy.file_search` writes it."""

import frappe
from frappe import _

from signflow.signflow.kept_fields import KeepsSecrets


class PersonFileSearch(KeepsSecrets):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		at_file: DF.Data | None
		company: DF.Link | None
		ended_on: DF.Datetime | None
		failure: DF.SmallText | None
		files_found: DF.Int
		files_hidden: DF.Int
		files_read: DF.Int
		files_total: DF.Int
		files_unread: DF.Int
		found: DF.JSON | None
		is_all: DF.Check
		lease_until: DF.Datetime | None
		look_up: DF.Link
		sought: DF.LongText | None
		started_on: DF.Datetime | None
		status: DF.Literal["Queued", "Running", "Done", "Failed"]
		user: DF.Link
		work_due: DF.Check

	# end: auto-generated types

	def validate(self):
		if not self.flags.signflow:
			frappe.throw(_("A search inside files is started from a look-up."), frappe.PermissionError)
