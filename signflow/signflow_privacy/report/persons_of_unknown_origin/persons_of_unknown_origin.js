frappe.query_reports["Persons of Unknown Origin"] = {
	filters: [{ fieldname: "company", label: __("Controller"), fieldtype: "Link", options: "Company" }],
};
