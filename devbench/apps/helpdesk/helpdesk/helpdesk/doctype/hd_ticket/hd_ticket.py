import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime


class HDTicket(Document):
	"""What a ticket does that signflow has to get along with: numbers, the first words, what a mail changes."""

	def before_validate(self):
		self.raised_by = self.raised_by or frappe.session.user
		self.priority = self.priority or "Medium"

	def before_insert(self):
		# On SQLite the framework has no sequences.
		if frappe.db.db_type == "sqlite" and not self.flags.name_set:
			(last,) = frappe.db.sql("select max(cast(name as integer)) from `tabHD Ticket`")[0]
			self.name = (last or 0) + 1
			self.flags.name_set = True

	def after_insert(self):
		if self.description:
			frappe.get_doc(
				{
					"doctype": "Communication",
					"communication_medium": "Email",
					"sent_or_received": "Received",
					"subject": f"Re: {self.subject}",
					"sender": frappe.session.user,
					"content": self.description,
					"reference_doctype": self.doctype,
					"reference_name": self.name,
				}
			).insert(ignore_permissions=True)

	def on_communication_update(self, communication):
		"""As upstream: with the rights of whoever made the communication, which a guest has none of."""
		if communication.sent_or_received == "Received":
			self.status = "Open"
		else:
			self.first_responded_on = self.first_responded_on or now_datetime()
			self.status = "Replied"
		self.save()
