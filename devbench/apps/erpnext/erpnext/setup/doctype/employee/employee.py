from frappe.utils.nestedset import NestedSet


class Employee(NestedSet):
	nsm_parent_field = "reports_to"

	def validate(self):
		self.employee = self.name
		self.employee_name = " ".join(filter(None, (self.first_name, self.middle_name, self.last_name)))
