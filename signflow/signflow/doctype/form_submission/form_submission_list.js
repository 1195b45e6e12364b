frappe.listview_settings["Form Submission"] = {
	add_fields: ["status"],
	hide_name_column: false,
	get_indicator(doc) {
		const colours = {
			Draft: "gray",
			Signing: "orange",
			Signed: "blue",
			Completed: "green",
			Failed: "red",
			Expired: "darkgrey",
			Cancelled: "darkgrey",
		};
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
