frappe.listview_settings["Data Processor"] = {
	add_fields: ["agreement_state", "disabled"],
	get_indicator(doc) {
		if (doc.disabled) {
			return [__("Not Used Any More"), "gray", "disabled,=,1"];
		}
		const colours = { None: "orange", Draft: "orange", Sent: "blue", Signed: "green", Expired: "red" };
		return [__(doc.agreement_state), colours[doc.agreement_state], `agreement_state,=,${doc.agreement_state}`];
	},
};
