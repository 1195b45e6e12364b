const COLOURS = { Draft: "orange", Approved: "blue", Running: "orange", Done: "green", Failed: "red", Superseded: "gray" };

frappe.listview_settings["Erasure Plan"] = {
	add_fields: ["status", "undecided"],
	refresh(list) {
		if (!list.data.length && !list.filter_area.get().length) {
			list.$no_result.find("p").first().text(__("No erasure was planned yet: it is planned from its data request."));
		}
	},
	get_indicator(doc) {
		const filter = `status,=,${doc.status}`;
		if (doc.status === "Draft" && doc.undecided) {
			return [__("{0} to Decide", [doc.undecided]), "orange", filter];
		}
		// The form says so too.
		return [doc.status === "Draft" ? __("To Be Approved") : __(doc.status), COLOURS[doc.status], filter];
	},
};
