frappe.ui.form.on("Retention Run", {
	refresh(frm) {
		frm.disable_save();
		frm.page.set_indicator(...frappe.listview_settings["Retention Run"].get_indicator(frm.doc));
		if (frm.doc.status === "Running" && frappe.model.can_write("Retention Rule")) {
			frm.add_custom_button(__("Stop"), async () => {
				await frappe.xcall("signflow.api.retention.stop", { run: frm.doc.name });
				setTimeout(() => frm.reload_doc(), 2000);
			});
		}
	},
});
