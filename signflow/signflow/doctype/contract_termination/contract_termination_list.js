frappe.listview_settings["Contract Termination"] = {
	add_fields: ["status", "failure"],
	get_indicator(doc) {
		if (doc.failure) {
			return [__("Needs Attention"), "red", "failure,is,set"];
		}
		const colours = {
			Draft: "gray",
			"Waiting for Signature": "blue",
			"Notice Given": "orange",
			Ended: "green",
			Cancelled: "darkgrey",
		};
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
