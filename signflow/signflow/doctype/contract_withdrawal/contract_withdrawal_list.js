frappe.listview_settings["Contract Withdrawal"] = {
	add_fields: ["status", "timeliness"],
	get_indicator(doc) {
		const colours = { New: "red", Matched: "orange", Accepted: "green", "Too Late": "darkgrey", Handled: "darkgrey" };
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
