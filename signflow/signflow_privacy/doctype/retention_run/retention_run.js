frappe.ui.form.on("Retention Run", {
	refresh(frm) {
		clearTimeout(frm.run_timer);
		frm.disable_save();
		frm.page.set_indicator(...frappe.listview_settings["Retention Run"].get_indicator(frm.doc));
		if (frm.doc.status === "Running" && frappe.model.can_write("Retention Rule")) {
			frm.add_custom_button(__("Stop"), async () => {
				await frappe.xcall("signflow.api.retention.stop", { run: frm.doc.name });
				setTimeout(() => frm.reload_doc(), 2000);
			});
		}
		if (frm.doc.status === "Running") {
			// While it runs and is looked at, the numbers go on.
			frm.run_timer = setTimeout(() => {
				if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
			}, 3000);
		}
	},
});
