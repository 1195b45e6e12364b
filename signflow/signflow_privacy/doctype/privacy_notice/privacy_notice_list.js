frappe.listview_settings["Privacy Notice"] = {
	add_fields: ["status", "drift_note"],
	get_indicator(doc) {
		if (doc.status === "Published" && doc.drift_note) {
			return [__("Not All Said"), "orange", "status,=,Published|drift_note,is,set"];
		}
		const colours = { Draft: "orange", Published: "green", Replaced: "gray" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	onload(listview) {
		if (!frappe.model.can_create("Privacy Notice")) {
			return;
		}
		listview.page.add_inner_button(__("Draft from the Record"), () =>
			signflow.prompt(
				[
					{
						fieldname: "company",
						fieldtype: "Link",
						options: "Company",
						label: __("Controller"),
						reqd: 1,
						default: frappe.defaults.get_user_default("Company"),
					},
				],
				async ({ company }) => {
					const name = await frappe.xcall("signflow.api.register.draft_notice", { company });
					frappe.set_route("Form", "Privacy Notice", name);
				},
				__("Draft from the Record"),
				__("Draft"),
			),
		);
	},
};
