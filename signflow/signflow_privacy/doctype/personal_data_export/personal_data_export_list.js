frappe.listview_settings["Personal Data Export"] = {
	add_fields: ["status"],
	hide_name_column: true,
	get_indicator(doc) {
		const colours = { Ready: "green", "To Review": "orange", Failed: "red", Collecting: "blue", Packing: "blue" };
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
