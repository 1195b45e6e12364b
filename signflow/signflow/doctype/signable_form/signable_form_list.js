frappe.listview_settings["Signable Form"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colours = { Open: "green", Closed: "darkgrey" };
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
	onload(list) {
		// public/js/ready_forms.js, of the bundle.
		if (signflow.add_ready_form && frappe.model.can_create("Signable Form")) {
			list.page.add_inner_button(__("Add a Ready Form"), () => signflow.add_ready_form(list));
		}
	},
};
