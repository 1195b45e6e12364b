"""A stranger who signed a form becomes a Lead or a Customer with Contact, Address and Contract in ERPNext.

Who is found and what may be changed
====================================

- A **person** is found by the keyed hash of a proven identity, else by the mail address, in any case, and by that only
  once the signer proved control of the mailbox: by a mailed code. (An electronic identity proves who somebody is, not
  whose mailbox was typed.) What was merely typed finds nobody and is put on no Contact: whoever signs from that mailbox
  one day would otherwise be taken for the one who typed it.
- A found person's Contact, and the Customer or Lead that it hangs under, are **known**: empty fields are filled, fields
  of rows with "Replace" are replaced, "Keep" keeps what is there. A Contact of another proven identity is never taken.
- A **company** is found by its business ID. Whoever knows that public number is not the company: unless the person's
  Contact hangs under that Customer already, nothing of the Customer is changed and no second one is made. If the mailbox
  is of the company's own domain (`matching.is_companys_mail`), the person is linked to it as a Contact; otherwise the
  Contact (or Lead) stands by itself and the Customer is listed for a person to look at, who links them or does not and
  has the submission settled again.
  A person who is linked that way is the company's contact from the next form on, as the listed line says.
- Nobody is joined by **name or telephone**: namesakes are listed in `duplicates`.
- A Lead that became a Customer is followed to it.
"""

from typing import Any

import frappe
from frappe import _
from frappe.contacts.doctype.address import address as framework
from frappe.model.naming import append_number_if_name_exists, getseries
from frappe.model.workflow import get_workflow_name
from frappe.utils import cint, cstr, escape_html, get_datetime, getdate

from signflow.core.identity.levels import Level, level_named
from signflow.integrations.erpnext import matching
from signflow.integrations.erpnext.answers import Answers, plain, refuse
from signflow.integrations.erpnext.contract import signatures_of
from signflow.integrations.erpnext.finding import Finding

TURN = "signflow-parties"
NAME_LENGTH = 130
MOST_LINES = 40
KEPT_ON_CONTACT = ("signflow_identified_level", "signflow_identified_on", "signflow_identity_hmac")


def settle_parties(form: Any, submission: Any, doc: Any, signer: Any) -> dict[str, Any]:
	"""Find or make the parties of a signed form, as the module's docstring rules.

	`form` is the Signable Form, `submission` the Form Submission (only read), `doc` the record made from the answers,
	`signer` the row of the person who filled it in. Runs as Administrator in the caller's transaction, which should be a
	`one_transaction`: of two that settle at the same moment the second is told to begin again (QueryDeadlockError).
	A second run finds what the first made.

	Returns {lead, customer, contact, address, contract: name or None, duplicates: lines to read}. Raises
	frappe.ValidationError naming the field whose value ERPNext refuses.
	"""
	if not form.creates:
		return {**dict.fromkeys(("lead", "customer", "contact", "address", "contract")), "duplicates": []}
	take_turn()
	return _Settlement(form, submission, doc, signer).settle()


def take_turn() -> None:
	"""Let one transaction after the other settle parties, each seeing what those before it made.

	Two strangers of one company would otherwise each find no such Customer and make one. Frappe's counter row is lock and
	clock: held until the transaction ends, and if it moved since this transaction began to read, what was read is old.
	SQLite refuses a write after such a read by itself.
	"""
	series = frappe.qb.Table("tabSeries")
	seen = frappe.qb.from_(series).where(series.name == TURN).select(series.current).run()
	if cint(getseries(TURN, 1)) != (cint(seen[0][0]) if seen else 0) + 1:
		raise frappe.QueryDeadlockError("other parties were settled meanwhile")


def guard_contact(doc, method: str | None = None) -> None:
	"""Keep other hands off what says how a Contact was identified (Contact.before_validate)."""
	if doc.flags.signflow:
		return
	before = doc.get_doc_before_save()
	for field in KEPT_ON_CONTACT:
		doc.set(field, before.get(field) if before else None)


class _Settlement(Finding):
	"""One run of settle_parties."""

	address = contract = None

	def settle(self) -> dict[str, Any]:
		self.find()
		if self.form.creates == "Customer" and not self.customer and not self.claimed:
			self._make_customer()
		elif self.form.creates == "Lead" and not self.customer and not self.lead:
			self._make_lead()
		self._settle_contact()
		if self.knows_lead:
			self._merge("Lead", self.lead, self.answers.of("Lead", "email_id"))
		if self.knows_customer:
			self._merge("Customer", self.customer, self.answers.of("Customer"))
		self._settle_address()
		self._settle_primary()
		if self.form.creates_contract and self.form.creates == "Customer":
			self._settle_contract()
		self.list_namesakes()
		return {
			"lead": self.lead,
			"customer": self.customer,
			"contact": self.contact,
			"address": self.address,
			"contract": self.contract,
			"duplicates": self.lines[:MOST_LINES],
		}

	def _make_customer(self) -> None:
		values = {
			"customer_name": self.company or self.full_name,
			"customer_type": "Company" if self.company or self.tax_id else "Individual",
			"customer_group": frappe.defaults.get_global_default("customer_group"),
			"territory": frappe.defaults.get_global_default("territory"),
			**self.answers.of("Customer"),
		}
		if len(values["customer_name"]) > NAME_LENGTH:
			too_long = _("{0} characters, at most {1} fit").format(len(values["customer_name"]), NAME_LENGTH)
			refuse("Customer", "customer_name", too_long)
		customer = frappe.new_doc("Customer", **values)
		if self.lead and not matching.customer_of_lead(self.lead):
			customer.lead_name = self.lead
		self.customer = _written(customer, insert=True)

	def _make_lead(self) -> None:
		values = {
			"first_name": self.first_name,
			"last_name": self.last_name,
			"company_name": self.company,
			"company": self.form.company,
			"territory": frappe.defaults.get_global_default("territory"),
			**self.answers.of("Lead", "email_id"),
		}
		lead = frappe.new_doc("Lead", **values)
		lead.email_id = self.mail or None
		# ERPNext forbids that a lead owns itself.
		responsible = self.form.responsible
		lead.lead_owner = responsible if cstr(responsible).lower() != self.mail else None
		if not self.contact:
			self._make_contact([])
		self.lead = self._written_with_our_contact(lead)

	def _written_with_our_contact(self, record: Any) -> str:
		"""ERPNext makes a new Contact for every Lead, as its settings say; the one to use is here already."""
		record.create_contact = lambda: frappe.get_doc("Contact", self.contact, for_update=True)
		try:
			return _written(record, insert=True)
		finally:
			# Documents may be pickled later on, for a webhook; a function cannot.
			del record.create_contact

	def _links(self) -> list[tuple[str, str]]:
		found = (("Customer", self.customer), ("Lead", self.lead))
		return [(doctype, name) for doctype, name in found if name]

	def _settle_contact(self) -> None:
		if not self.contact:
			self._make_contact(self._links())
			return
		contact = frappe.get_doc("Contact", self.contact, for_update=True)
		before = contact.as_dict(no_nulls=True)
		if self.knows_contact:
			_fill(contact, self.answers.of("Contact", "email_id", "phone", "mobile_no"), self.answers)
			self._add_phones(contact)
		self._add_mail(contact)
		for doctype, name in self._links():
			if not contact.has_link(doctype, name):
				contact.append("links", {"link_doctype": doctype, "link_name": name})
		self._mark_identified(contact)
		if contact.as_dict(no_nulls=True) != before:
			_written(contact)

	def _make_contact(self, links: list[tuple[str, str]]) -> None:
		contact = frappe.new_doc(
			"Contact",
			first_name=self.first_name,
			last_name=self.last_name,
			company_name=self.company,
			**{
				name: value
				for name, value in self.answers.of("Contact", "email_id", "phone", "mobile_no").items()
				if name not in ("first_name", "last_name", "company_name")
			},
		)
		for doctype, name in links:
			contact.append("links", {"link_doctype": doctype, "link_name": name})
		self._add_mail(contact)
		self._add_phones(contact)
		self._mark_identified(contact)
		# Frappe makes a name of person and first link, which may be longer than a name can be.
		name = "-".join([self.full_name, *(name for _doctype, name in links[:1])])
		short = append_number_if_name_exists("Contact", name[:NAME_LENGTH].strip())
		self.contact = _written(contact, insert=True, set_name=short if len(name) > NAME_LENGTH else None)

	def _add_mail(self, contact: Any) -> None:
		"""Put the proven address on the Contact; another one that was typed is only shown."""
		typed = self.answers.first(("Contact", "email_id"), ("Lead", "email_id"))
		if typed and typed.lower() != self.mail:
			self.tell(_("{0} was typed, but not proven, and is not on the Contact.").format(typed))
		known = {cstr(row.email_id).strip().lower() for row in contact.email_ids}
		held = self.mail and any(row.name != contact.name for row in matching.contacts_of_mail(self.mail))
		if self.mail and self.mail not in known and (contact.is_new() or not held):
			contact.append("email_ids", {"email_id": self.mail, "is_primary": int(not known)})

	def _add_phones(self, contact: Any) -> None:
		for field in ("phone", "mobile_no"):
			number = self.answers.first(("Contact", field))
			if not number:
				continue
			primary = f"is_primary_{field}"
			main = next((row for row in contact.phone_nos if row.get(primary)), None)
			same = next((row for row in contact.phone_nos if _digits(row.phone) == _digits(number)), None)
			if main and (main is same or not self.answers.replaces("Contact", field)):
				continue
			if main:
				main.set(primary, 0)
			if same:
				same.set(primary, 1)
			else:
				contact.append("phone_nos", {"phone": number, primary: 1})

	def _mark_identified(self, contact: Any) -> None:
		"""Say how surely and when the person was identified; a weaker or an older proof changes nothing."""
		level = self.level
		if level is Level.NONE:
			return
		on = get_datetime(self.signer.identified_on or self.signer.signed_on)
		before = Level.NONE
		if contact.get("signflow_identified_level"):
			before = level_named(contact.signflow_identified_level)
		since = contact.get("signflow_identified_on")
		if level > before or (level == before and (not since or get_datetime(since) < on)):
			contact.signflow_identified_level, contact.signflow_identified_on = level.value, on
		if self.signer.get("identity_hmac") and not contact.get("signflow_identity_hmac"):
			contact.signflow_identity_hmac = self.signer.identity_hmac

	def _merge(self, doctype: str, name: str, values: dict[str, Any]) -> None:
		"""Fill and replace the fields of a record that is known to be the signer's."""
		record = frappe.get_doc(doctype, name, for_update=True)
		if _fill(record, values, self.answers):
			_written(record)

	def _settle_address(self) -> None:
		"""The party's Address: the same one again, one changed where rows replace, or a new one if there is none."""
		parties, values = self._links(), self.answers.of("Address")
		if not parties or not any(values.get(field) for field in _PLACE):
			return
		there = [row for party in parties for row in _addresses_of(*party)]
		same = [row for row in there if all(_same(row.get(field), values.get(field)) for field in _PLACE)]
		if same:
			self.address = same[0].name
			if not self.is_newcomer:
				self._link_address(*parties[0])
			return
		if self.is_newcomer:
			self.tell(_("The address of the form was not added to {0}.").format(self.customer))
			return
		if there:
			kind = values.get("address_type")
			self.address = next((row.name for row in there if row.address_type == kind), there[0].name)
			address = frappe.get_doc("Address", self.address, for_update=True)
			if _fill(address, values, self.answers):
				_written(address)
			if any(not _same(address.get(field), values[field]) for field in _PLACE if values.get(field)):
				self.line("Address", self.address, _("is kept, but the form says another address"))
			return
		self._make_address(parties[0], values)

	def _link_address(self, doctype: str, name: str) -> None:
		"""Let a Lead's Address be the Customer's as well that the Lead became."""
		address = frappe.get_doc("Address", self.address, for_update=True)
		if not address.has_link(doctype, name):
			address.append("links", {"link_doctype": doctype, "link_name": name})
			_written(address)

	def _make_address(self, party: tuple[str, str], values: dict[str, Any]) -> None:
		country = frappe.get_cached_value(
			"Company", self.form.company, "country"
		) or frappe.defaults.get_global_default("country")
		values = {"address_type": "Billing", "country": country, **values}
		missing = [field for field in ("address_line1", "city", "country") if not values.get(field)]
		if missing:
			labels = ", ".join(_(frappe.get_meta("Address").get_label(field)) for field in missing)
			self.tell(_("No Address was made: {0} is missing.").format(labels))
			return
		address = frappe.new_doc("Address", **values)
		address.address_title = (values.get("address_title") or self.company or self.full_name)[:100]
		address.append("links", {"link_doctype": party[0], "link_name": party[1]})
		self.address = _written(address, insert=True)

	def _settle_primary(self) -> None:
		"""A Customer that has no primary contact or address, and is the signer's own, gets them."""
		if not self.customer or self.is_newcomer:
			return
		customer = frappe.get_doc("Customer", self.customer, for_update=True)
		changed = False
		if not customer.customer_primary_contact:
			customer.customer_primary_contact, changed = self.contact, True
		if self.address and not customer.customer_primary_address:
			customer.customer_primary_address, changed = self.address, True
			# How it is shown is Frappe's affair, for which a template must be there.
			if frappe.db.exists("Address Template", {"is_default": 1}):
				customer.primary_address = framework.get_address_display(self.address)
		if changed:
			_written(customer)

	def _settle_contract(self) -> None:
		if not self.customer:
			self.tell(_("No Contract was made, since there is no Customer to make it with."))
			return
		signed = signatures_of(self.signer.request)
		signed["signed_on"] = signed["signed_on"] or self.signer.signed_on
		found = self.own("Contract") or frappe.db.get_value(
			"Contract",
			{"party_type": "Customer", "party_name": self.customer, "signed_on": signed["signed_on"]},
			"name",
			order_by="creation asc",
		)
		if found:
			self.contract = found
			return
		titles = frappe.get_all(
			"Signature Request Document",
			filters={"parent": self.signer.request},
			pluck="title",
			order_by="idx asc",
		)
		contract = frappe.new_doc(
			"Contract",
			**{
				"contract_terms": "<br>".join(escape_html(cstr(title)) for title in titles)
				or escape_html(self.form.title),
				"start_date": getdate(signed["signed_on"]),
				**self.answers.of("Contract"),
			},
		)
		contract.update({"party_type": "Customer", "party_name": self.customer, **signed})
		kinds = frappe.get_meta("Contract").get_field("document_type").options.split("\n")
		if self.doc.doctype in kinds:
			contract.update({"document_type": self.doc.doctype, "document_name": self.doc.name})
		self.contract = _written(contract, insert=True)
		# Only a submitted Contract's status follows its dates; a house with a workflow of its own decides itself.
		if not get_workflow_name("Contract"):
			contract.flags.ignore_permissions = True
			contract.submit()
			contract.db_set("signed_by_company", self.form.responsible)


_PLACE = ("address_line1", "pincode", "city")


def _same(one: Any, other: Any) -> bool:
	return plain(one).casefold() == plain(other).casefold()


def _digits(number: str) -> str:
	return "".join(c for c in cstr(number) if c.isdigit())


def _addresses_of(doctype: str, name: str) -> list[Any]:
	links = frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": "Address", "link_doctype": doctype, "link_name": name},
		pluck="parent",
		order_by="creation asc, name asc",
	)
	return frappe.get_all(
		"Address",
		filters={"name": ["in", links], "disabled": 0},
		fields=["name", "address_type", *_PLACE],
		order_by="is_primary_address desc, creation asc, name asc",
	)


def _fill(record: Any, values: dict[str, Any], answers: Answers) -> bool:
	"""Fill what is empty and replace what its row lets; tells whether anything changed."""
	changed = False
	for field, value in values.items():
		before = record.get(field)
		if cstr(before) == cstr(value) or (before and not answers.replaces(record.doctype, field)):
			continue
		record.set(field, value)
		changed = True
	return changed


def _written(record: Any, *, insert: bool = False, **options: Any) -> str:
	"""Save `record` and return its name; what ERPNext refuses is said with the kind of record.

	A lost race stays what it is, so that the caller's transaction is tried again.
	"""
	record.flags.signflow = True
	record.flags.ignore_permissions = True
	try:
		if insert:
			record.insert(ignore_permissions=True, **options)
		else:
			record.save(ignore_permissions=True)
	except (frappe.ValidationError, frappe.NameError) as error:
		if insert and isinstance(error, frappe.DuplicateEntryError):
			raise
		frappe.clear_last_message()
		frappe.throw(
			_("ERPNext refuses the {0} made from the answers: {1}").format(
				_(record.doctype), frappe.utils.strip_html(cstr(error))
			)
		)
	return record.name
