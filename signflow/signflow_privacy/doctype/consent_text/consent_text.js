frappe.ui.form.on("Consent Text", {
	refresh(frm) {
		if (frm.is_new()) {
			return;
		}
		const label = frm.doc.current_version ? __("New Wording") : __("Write the Wording");
		if (frappe.model.can_write("Consent Text Version")) {
			frm.add_custom_button(label, async () => {
				const name = await frappe.xcall("signflow.api.consents.new_version", { text: frm.doc.name });
				frappe.set_route("Form", "Consent Text Version", name);
			});
		}
		if (!frm.doc.current_version) {
			frm.dashboard.set_headline(__("Nobody sees this text before a wording is published."), "orange");
			return;
		}
		frm.add_custom_button(__("Consents"), () =>
			frappe.set_route("List", "Consent", { consent_text: frm.doc.name })
		);
	},
});
