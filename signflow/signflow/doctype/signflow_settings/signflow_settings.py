"""Settings of signing."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, nowdate, validate_url

from signflow.core.errors import SignflowError
from signflow.core.pdf.trust import read_anchors, read_trust_list
from signflow.signflow.refusals import message_of
from signflow.signflow.roles import OFFICER
from signflow.signflow.uploads import attached, bytes_of

# A complaint takes its time to be made, and three months until its maker hears of it (GDPR 78(2)).
LEAST_DAYS = 180
MOST_COPY_DAYS = 90


class SignflowSettings(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.core.doctype.has_role.has_role import HasRole
		from frappe.types import DF

		from signflow.signflow.doctype.backup_place.backup_place import BackupPlace
		from signflow.signflow.doctype.notice_period.notice_period import NoticePeriod
		from signflow.signflow.doctype.timestamp_authority.timestamp_authority import TimestampAuthority

		archive_years: DF.Int
		ask_consent: DF.Check
		backup_every_hours: DF.Int
		backup_places: DF.Table[BackupPlace]
		backup_places_complete: DF.Check
		brand_colour: DF.Color | None
		contact_form: DF.Link | None
		copy_keep_days: DF.Int
		data_protection_officer: DF.Link | None
		default_language: DF.Literal["fi", "sv", "en"]
		done_ticket_status: DF.Literal["", "Resolved", "Closed"]
		expire_after_days: DF.Int
		inform_after_days: DF.Int
		inform_from: DF.Date | None
		inform_people: DF.Check
		inform_per_hour: DF.Int
		kept_is_open: DF.Check
		kept_roles: DF.TableMultiSelect[HasRole]
		logo: DF.AttachImage | None
		max_file_mb: DF.Int
		notice_counted: DF.Literal[
			"From the Day",
			"From the End of the Month",
			"To the End of the Month",
			"To the End of the Billing Period",
		]
		notice_length: DF.Int
		notice_periods: DF.Table[NoticePeriod]
		notice_unit: DF.Literal["Days", "Months"]
		privacy_contact: DF.Data | None
		privacy_note: DF.SmallText | None
		privacy_url: DF.Data | None
		pseudonymise_after_days: DF.Int
		remind_every_days: DF.Int
		retention_stopped: DF.Check
		signature_level: DF.Literal["B-B", "B-T", "B-LT", "B-LTA"]
		termination_responsible: DF.Link | None
		termination_template: DF.Link | None
		terminations_open: DF.Check
		timestamp_authorities: DF.Table[TimestampAuthority]
		trust_list: DF.Attach | None
		trust_list_anchors: DF.LongText | None
		trust_list_note: DF.SmallText | None
		trust_list_signers: DF.LongText | None
		trusted_certificates: DF.LongText | None
		unanswered_days: DF.Int

	# end: auto-generated types
	def validate(self):
		for row in self.timestamp_authorities:
			if not validate_url(row.url, valid_schemes=("http", "https")):
				frappe.throw(_("{0} is not the address of a time-stamp authority.").format(row.url))
		self._validate_terminations()
		self._validate_informing()
		self._validate_after()
		try:
			if self.trusted_certificates:
				read_anchors(self.trusted_certificates)
			self._read_trust_list()
		except SignflowError as refusal:
			frappe.throw(message_of(refusal), title=_("Trust anchors"))

	def _validate_terminations(self):
		if not self.terminations_open:
			return
		if not self.termination_responsible:
			frappe.throw(
				_("Say who is responsible for terminations before customers can terminate by themselves.")
			)
		if not frappe.has_permission("Signature Request", "create", user=self.termination_responsible):
			frappe.throw(
				_("{0} may not make signature requests: choose somebody with the role Signflow User.").format(
					self.termination_responsible
				)
			)

	def _validate_informing(self):
		officer = self.data_protection_officer
		if officer and self.has_value_changed("data_protection_officer"):
			if OFFICER not in frappe.get_roles(officer):
				frappe.throw(_("{0} does not have the role {1}.").format(frappe.bold(officer), _(OFFICER)))
		if not self.inform_people:
			self.ask_consent = 0
			return
		before = self.get_doc_before_save()
		if self.ask_consent and not (before and before.ask_consent):
			frappe.only_for(OFFICER)
		if not (before and before.inform_people):
			# Mails to people leave because somebody who answers for it has decided so.
			frappe.only_for(OFFICER)
			if not frappe.db.exists("Privacy Notice", {"status": "Published"}):
				frappe.throw(_("Publish a privacy notice before persons are informed of it."))
		self.inform_from = self.inform_from or nowdate()
		if not 0 <= (self.inform_after_days or 0) <= 21:
			frappe.throw(_("Inform persons after 21 days at most: the law gives a month."))

	def _validate_after(self):
		self.copy_keep_days = cint(self.copy_keep_days) or 14
		if not 1 <= self.copy_keep_days <= MOST_COPY_DAYS:
			frappe.throw(
				_(
					"Copies of data can be fetched for {0} days at most: a package that lies there longer is a risk."
				).format(MOST_COPY_DAYS)
			)
		self.pseudonymise_after_days = cint(self.pseudonymise_after_days) or 365
		if self.pseudonymise_after_days < LEAST_DAYS:
			frappe.throw(
				_(
					"Keep answered data requests for {0} days at least: a person may complain of the answer, and the authority has three months to take that up (GDPR 77, 78)."
				).format(LEAST_DAYS)
			)

	def _read_trust_list(self):
		"""Keep what the list says beside it: reading one takes seconds, sealing does not wait for that."""
		before = self.get_doc_before_save()
		if not self.trust_list:
			self.trust_list_anchors = self.trust_list_note = None
			return
		if (
			before
			and before.trust_list_anchors
			and not (self.has_value_changed("trust_list") or self.has_value_changed("trust_list_signers"))
		):
			self.trust_list_anchors, self.trust_list_note = before.trust_list_anchors, before.trust_list_note
			return
		signers = [self.trust_list_signers] if self.trust_list_signers else []
		found = read_trust_list(bytes_of(attached(self.trust_list)), signers=signers)
		self.trust_list_anchors = "\n".join(anchor.pem for anchor in found.anchors)
		checked = (
			_("its signature was checked") if found.signature_checked else _("its signature was not checked")
		)
		until = found.next_update.date().isoformat() if found.next_update else "?"
		self.trust_list_note = _("{0}: {1} services; {2}; holds until {3}").format(
			found.territory, len(found.anchors), checked, until
		)
