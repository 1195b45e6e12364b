"""Whose form it is: the signer's Contact, Lead and Customer, as far as they are there (rules: `parties`)."""

from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr

from signflow.core.identity.levels import Level, level_named
from signflow.integrations.erpnext import matching
from signflow.integrations.erpnext.answers import Answers, answers_of, plain


class Finding:
	"""What is known of the parties of one signed form, and the lines to read about what only looks like them.

	`contact`, `lead`, `customer` are names or None. The flags `knows_…` say which were found as the signer's own and may
	be changed; `is_newcomer` that the signer is linked to a Customer but new there; `claimed` are the Customers of a
	business ID that the signer gave without being known there. `mail` is the proven address, else empty.
	"""

	def __init__(self, form: Any, submission: Any, doc: Any, signer: Any):
		self.form, self.submission, self.doc, self.signer = form, submission, doc, signer
		self.answers: Answers = answers_of(form, doc)
		self.lines: list[str] = []
		self.listed: set[tuple[str, str]] = set()
		self.contact = self.lead = self.customer = None
		self.knows_contact = self.knows_lead = self.knows_customer = self.is_newcomer = False
		self.claimed: list[str] = []
		self.level = level_named(signer.get("identified_level") or Level.NONE.value)
		self.mail = cstr(signer.email).strip().lower() if self.level is Level.MAIL_CODE else ""
		words = plain(signer.signer_name).split()
		self.first_name = self.answers.first(("Contact", "first_name"), ("Lead", "first_name"))
		self.last_name = self.answers.first(("Contact", "last_name"), ("Lead", "last_name"))
		if not self.first_name:
			self.first_name = (words or [self.mail.partition("@")[0] or "?"])[0]
			self.last_name = self.last_name or " ".join(words[1:])
		self.full_name = " ".join(filter(None, (self.first_name, self.last_name)))
		self.company = self.answers.first(
			("Customer", "customer_name"), ("Lead", "company_name"), ("Contact", "company_name")
		)
		typed_id = self.answers.first(("Customer", "tax_id"))
		self.tax_id = matching.normal_tax_id(typed_id)
		if typed_id and not self.tax_id:
			self.lines.append(
				_("{0} is not a valid business ID; nobody was looked for by it.").format(typed_id)
			)

	def find(self) -> None:
		self._find_contact()
		self._find_lead()
		self._find_customer()

	def own(self, doctype: str) -> str | None:
		"""The form's own record when it is one of the parties, else what an earlier run left on the submission."""
		if self.doc.doctype == doctype:
			return self.doc.name
		before = self.submission.get(doctype.lower())
		return before if before and frappe.db.exists(doctype, before) else None

	def _find_contact(self) -> None:
		identity = self.signer.get("identity_hmac")
		found = matching.contacts_of_mail(self.mail) if self.mail else []
		others = [row for row in found if identity and (row.signflow_identity_hmac or identity) != identity]
		own = [row for row in found if row not in others]
		# One mailbox may serve several people: the one of this name, then one whom we sell to, then the oldest.
		own.sort(
			key=lambda row: (
				not self._is_signers_name(row.full_name),
				not matching.linked_to(row.name, "Customer"),
			)
		)
		names = [self.own("Contact"), matching.contact_of_identity(identity), *(row.name for row in own)]
		names = list(dict.fromkeys(filter(None, names)))
		if names:
			self.contact, self.knows_contact = names[0], True
			full_name = frappe.db.get_value("Contact", self.contact, "full_name")
			if not self._is_signers_name(full_name):
				self.line("Contact", self.contact, _("found by the mail address, but has another name"))
		for name in names[1:]:
			self.line("Contact", name, _("has the same mail address"))
		for row in others:
			self.line("Contact", row.name, _("has the same mail address, but is another identified person"))
		if not self.mail:
			for row in matching.contacts_of_mail(cstr(self.signer.email).strip()):
				self.line("Contact", row.name, _("has the mail address that was typed, but not proven"))

	def _is_signers_name(self, name: str | None) -> bool:
		key = matching.name_key(name)
		return key in (matching.name_key(self.full_name), matching.name_key(self.signer.signer_name))

	def _find_lead(self) -> None:
		names = [self.own("Lead")]
		if self.contact:
			names += matching.linked_to(self.contact, "Lead")
		if self.mail:
			names += matching.leads_of_mail(self.mail)
		names = list(dict.fromkeys(filter(None, names)))
		if names:
			self.lead, self.knows_lead = names[0], True
		for name in names[1:]:
			self.line("Lead", name, _("is of the same person"))

	def _find_customer(self) -> None:
		own = [self.own("Customer")]
		if self.contact:
			own += matching.linked_to(self.contact, "Customer")
		if self.lead:
			own.append(matching.customer_of_lead(self.lead))
		own = list(dict.fromkeys(filter(None, own)))
		holders = matching.customers_of_tax_id(self.tax_id) if self.tax_id else []
		chosen = self._chosen(own, holders)
		if chosen and self._is_new_at(chosen):
			self._link_newcomer(chosen)
		elif chosen:
			self.customer, self.knows_customer = chosen, True
		elif holders:
			self._newcomer(holders)
		for name in holders:
			if name != self.customer and name not in self.claimed:
				self.line("Customer", name, _("has the same business ID"))

	def _chosen(self, own: list[str], holders: list[str]) -> str | None:
		"""Of the Customers that the signer is known at the one that the form is about; None when it is another."""
		rows = [
			frappe.db.get_value(
				"Customer", name, ["name", "customer_name", "customer_type", "tax_id"], as_dict=True
			)
			for name in own
		]
		made = [row for row in rows if row.name == self.own("Customer")]
		if made:
			return made[0].name
		if self.tax_id:
			fits = [row for row in rows if row.name in holders]
			# One whose business ID nobody has written down yet.
			fits += [row for row in rows if not row.tax_id and not holders and self._may_be_company(row)]
		else:
			fits = sorted(rows, key=lambda row: not self._is_company(row))
			for row in fits[1:]:
				self.line("Customer", row.name, _("the signer is a contact of this one too"))
		if fits and self.company and not self._is_company(fits[0]):
			self.line(
				"Customer", fits[0].name, _("the signer is its contact, but named {0}").format(self.company)
			)
		return fits[0].name if fits else None

	def _is_company(self, row: Any) -> bool:
		"""Whether a Customer bears the name of the form's company."""
		return bool(self.company) and matching.name_key(row.customer_name) == matching.name_key(self.company)

	def _may_be_company(self, row: Any) -> bool:
		return self._is_company(row) if self.company else row.customer_type != "Individual"

	def _is_new_at(self, customer: str) -> bool:
		"""Whether the signer's Contact was linked to an older Customer only after the form was sent to be signed.

		Then an earlier run of this submission did it, or a person who looked: neither makes the answers the company's.
		"""
		if self.doc.doctype == "Customer" or (self.lead and matching.customer_of_lead(self.lead) == customer):
			return False
		link = {"parenttype": "Contact", "parent": self.contact}
		linked = frappe.db.get_value(
			"Dynamic Link", {**link, "link_doctype": "Customer", "link_name": customer}, "creation"
		)
		began = frappe.db.get_value("Signature Request", self.signer.request, "creation")
		made = frappe.db.get_value("Customer", customer, "creation")
		return bool(linked and began) and made < began < linked

	def _newcomer(self, holders: list[str]) -> None:
		"""The company is a Customer already, and the signer is not known there."""
		ours = [name for name in holders if self.mail and matching.is_companys_mail(name, self.mail)]
		if ours:
			self._link_newcomer(ours[0])
			return
		self.claimed = holders
		for name in holders:
			self.line(
				"Customer",
				name,
				_("has the same business ID, but does not know the signer: nothing was changed or linked"),
			)

	def _link_newcomer(self, customer: str) -> None:
		self.customer, self.is_newcomer = customer, True
		self.line(
			"Customer", customer, _("the person was linked to it, is new there, and changed nothing else")
		)

	def line(self, doctype: str, name: str, why: str) -> None:
		if (doctype, name) not in self.listed:
			self.listed.add((doctype, name))
			self.tell(f"{_(doctype)} {name}: {why}")

	def tell(self, text: str) -> None:
		if text not in self.lines:
			self.lines.append(text)

	def list_namesakes(self) -> None:
		own = {("Contact", self.contact), ("Lead", self.lead), ("Customer", self.customer)}
		alike = [("Contact", name) for name in matching.namesakes("Contact", "full_name", self.full_name)]
		alike += [("Lead", name) for name in matching.namesakes("Lead", "lead_name", self.full_name)]
		for party in {self.company, self.full_name} - {None}:
			alike += [("Customer", name) for name in matching.namesakes("Customer", "customer_name", party)]
		if self.company:
			alike += [("Lead", name) for name in matching.namesakes("Lead", "company_name", self.company)]
		for doctype, name in sorted(set(alike) - own):
			self.line(doctype, name, _("has the same name"))
		for field in ("phone", "mobile_no"):
			for name in matching.contacts_of_phone(self.answers.first(("Contact", field), ("Lead", field))):
				if name != self.contact:
					self.line("Contact", name, _("has the same telephone number"))
