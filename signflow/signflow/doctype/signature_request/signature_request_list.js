frappe.listview_settings["Signature Request"] = {
	add_fields: ["status", "confidential"],
	get_indicator(doc) {
		const colours = {
			Draft: "gray",
			Sent: "blue",
			"In Progress": "orange",
			Completed: "green",
			Declined: "red",
			Expired: "darkgrey",
			Cancelled: "darkgrey",
		};
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
