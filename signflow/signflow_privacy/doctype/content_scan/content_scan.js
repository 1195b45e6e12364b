frappe.ui.form.on("Content Scan", {
	refresh(frm) {
		clearTimeout(frm.scan_timer);
		frm.disable_save();
		if (!["Queued", "Running"].includes(frm.doc.status)) {
			frm.add_custom_button(__("Fields With Finds"), () =>
				frappe.set_route("List", "Personal Data Field", { rows_with_finds: [">", 0] }),
			);
			return;
		}
		if (frm.doc.at_doctype) {
			frm.dashboard.set_headline(__("Now searching: {0}", [__(frm.doc.at_doctype)]));
		}
		frm.add_custom_button(__("Stop"), async () => {
			await frappe.xcall("signflow.api.data_map.stop_scan", { scan: frm.doc.name });
			frm.reload_doc();
		});
		// While it runs and is looked at, the numbers go on.
		frm.scan_timer = setTimeout(() => {
			if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
		}, 3000);
	},
});
