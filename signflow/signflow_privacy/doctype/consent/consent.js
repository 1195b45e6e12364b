frappe.ui.form.on("Consent", {
	refresh(frm) {
		frm.disable_save();
	},
});
