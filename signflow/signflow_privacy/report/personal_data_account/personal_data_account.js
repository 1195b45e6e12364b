frappe.query_reports["Personal Data Account"] = {
	filters: [
		{
			fieldname: "from_date",
			label: __("From Day"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -3),
			reqd: 1,
		},
		{ fieldname: "to_date", label: __("To Day"), fieldtype: "Date", default: frappe.datetime.get_today(), reqd: 1 },
		{ fieldname: "company", label: __("Controller"), fieldtype: "Link", options: "Company" },
	],
};
