"""What a company tells persons about their data (GDPR 13 and 14), one version of it."""

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.signflow.kept_fields import keep


class PrivacyNotice(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow_privacy.doctype.privacy_notice_text.privacy_notice_text import (
			PrivacyNoticeText,
		)

		changes: DF.SmallText | None
		company: DF.Link
		covers: DF.JSON | None
		digest: DF.Data | None
		drift_found_on: DF.Datetime | None
		drift_note: DF.SmallText | None
		drift_told: DF.JSON | None
		published_by: DF.Link | None
		published_on: DF.Datetime | None
		status: DF.Literal["Draft", "Published", "Replaced"]
		texts: DF.Table[PrivacyNoticeText]
		version: DF.Int

	# end: auto-generated types
	def validate(self):
		before = self.get_doc_before_save()
		if before and before.status != "Draft":
			frappe.throw(_("A published notice stays as it was read: make a new version of it."))
		keep(self, before)
		spoken = [row.language for row in self.texts]
		if len(set(spoken)) != len(spoken):
			frappe.throw(_("One text for each language."))

	def on_trash(self):
		if self.status != "Draft":
			frappe.throw(_("A notice that was published is kept: it shows what persons were told."))
