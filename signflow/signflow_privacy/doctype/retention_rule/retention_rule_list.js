frappe.listview_settings["Retention Rule"] = {
	add_fields: ["kind", "enabled", "approved"],
	get_indicator(doc) {
		if (!doc.enabled) {
			return [__("Draft"), "gray", "enabled,=,0"];
		}
		if (doc.kind === "Keep at Least") {
			return [__("Keeps"), "blue", "enabled,=,1|kind,=,Keep at Least"];
		}
		return doc.approved
			? [__("Acts"), "green", "enabled,=,1|approved,=,1"]
			: [__("Only Counts"), "orange", "enabled,=,1|approved,=,0"];
	},
	onload(list) {
		if (frappe.model.can_create("Retention Rule")) {
			list.page.add_inner_button(__("Add the Usual Rules"), () => {
				signflow.prompt(
					{
						fieldname: "company",
						fieldtype: "Link",
						options: "Company",
						label: __("Company"),
						default: frappe.defaults.get_user_default("Company"),
						description: __("Empty: all companies. The rules are drafts: read them, then enable what fits."),
					},
					async ({ company }) => {
						const made = await frappe.xcall("signflow.api.retention.add_usual_rules", { company });
						frappe.show_alert(__("{0} rules were added.", [made.length]));
						list.refresh();
					},
					__("Add the Usual Rules")
				);
			});
			list.page.add_inner_button(__("Dry Run"), async () => {
				const run = await frappe.xcall("signflow.api.retention.dry_run");
				frappe.set_route("Form", "Retention Run", run);
			});
		}
	},
};
