frappe.query_reports["Data Subject Requests in Figures"] = {
	filters: [
		{ fieldname: "company", label: __("Controller"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "from_date",
			label: __("From Day"),
			fieldtype: "Date",
			default: frappe.datetime.year_start(),
			reqd: 1,
		},
		{ fieldname: "to_date", label: __("To Day"), fieldtype: "Date", default: frappe.datetime.get_today(), reqd: 1 },
	],
	formatter(value, row, column, data, standard) {
		const shown = standard(value, row, column, data);
		return data?.is_total ? `<b>${shown}</b>` : shown;
	},
};
