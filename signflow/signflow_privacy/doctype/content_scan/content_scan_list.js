frappe.listview_settings["Content Scan"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colours = { Queued: "gray", Running: "blue", Done: "green", Stopped: "darkgrey", Failed: "red" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
