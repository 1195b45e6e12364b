frappe.ui.form.on("Consent Text Version", {
	refresh(frm) {
		if (frm.is_new()) {
			return;
		}
		if (frm.doc.status !== "Draft") {
			frm.disable_form();
			frm.dashboard.set_headline(
				frm.doc.status === "Published"
					? __("People are shown these words. To change them, make a new wording.")
					: __("Newer words have taken the place of these. Who consented to these is on record."),
				frm.doc.status === "Published" ? "green" : "blue"
			);
			return;
		}
		frm.add_custom_button(__("Publish"), () => publish(frm)).addClass("btn-primary");
	},
});

async function publish(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	frappe.confirm(__("People are shown these words from now on, and nobody can change them. Publish?"), async () => {
		await frappe.xcall("signflow.api.consents.publish", { version: frm.doc.name });
		frm.reload_doc();
	});
}
