frappe.listview_settings["Signature Template"] = {
	onload(listview) {
		if (frappe.user.has_role("Signflow Manager") || frappe.session.user === "Administrator") {
			listview.page.add_inner_button(__("From Paper"), () => signflow.from_paper());
		}
	},
};
