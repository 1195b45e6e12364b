import frappe
from frappe.core.doctype.sms_settings import sms_settings
from frappe.model.document import Document


class SMSCenter(Document):
	@frappe.whitelist()
	def create_receiver_list(self):
		"""One line a Contact, "name - number"; the stand-in knows no other lists."""
		rows = frappe.get_all(
			"Contact", {"mobile_no": ["is", "set"]}, ["first_name", "mobile_no"], order_by="name asc"
		)
		self.receiver_list = "".join(f"{row.first_name} - {row.mobile_no}\n" for row in rows)

	@frappe.whitelist()
	def send_sms(self):
		lines = (self.receiver_list or "").split("\n")
		numbers = [line.split("-")[1] if "-" in line else line for line in lines if line.strip()]
		if numbers:
			sms_settings.send_sms([number.strip() for number in numbers], self.message)
