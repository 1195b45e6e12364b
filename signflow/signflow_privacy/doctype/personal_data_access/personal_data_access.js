// The log keeps no names: which record it was is told as long as the record is there and the reader may see it.
frappe.ui.form.on("Personal Data Access", {
	refresh(frm) {
		if (!frm.doc.record_doctype) {
			return;
		}
		frm.add_custom_button(__("Show the Record"), async () => {
			const record = await frappe.xcall("signflow.api.lookup.record_of", { access: frm.doc.name });
			if (record) {
				frappe.set_route("Form", record.doctype, record.name);
			} else {
				frappe.msgprint(__("The record is no longer there under that name, or you may not read it."));
			}
		});
	},
});
