frappe.ui.form.on("Contract Termination", {
	refresh(frm) {
		frm.disable_save();
		const settings = frappe.listview_settings["Contract Termination"];
		if (settings) {
			frm.page.set_indicator(...settings.get_indicator(frm.doc));
		}
		if (frm.doc.failure) {
			frm.dashboard.set_headline(frappe.utils.escape_html(frm.doc.failure), "red");
			frm.add_custom_button(__("Try Again"), async () => {
				await frappe.xcall("signflow.api.terminations.retry", { name: frm.doc.name });
				frappe.show_alert(__("It is tried again now."));
				setTimeout(() => frm.reload_doc(), 3000);
			});
		}
	},
});
