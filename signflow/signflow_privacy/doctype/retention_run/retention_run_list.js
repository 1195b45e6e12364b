frappe.listview_settings["Retention Run"] = {
	add_fields: ["status", "dry_run"],
	hide_name_column: true,
	get_indicator(doc) {
		if (doc.dry_run && doc.status === "Finished") {
			return [__("Dry Run"), "gray", "dry_run,=,1"];
		}
		const colours = { Running: "blue", Finished: "green", Stopped: "orange", Failed: "red" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	onload(list) {
		if (frappe.user.has_role("Data Protection Officer")) {
			list.page.add_inner_button(__("Run Now"), async () => {
				const run = await frappe.xcall("signflow.api.retention.run_now");
				frappe.set_route("Form", "Retention Run", run);
			});
		}
	},
};
