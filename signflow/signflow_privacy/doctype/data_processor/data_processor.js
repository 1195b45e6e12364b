frappe.ui.form.on("Data Processor", {
	refresh(frm) {
		if (frm.is_new() || frm.doc.disabled) {
			return;
		}
		const notes = {
			None: [__("There is no data processing agreement with this processor yet (GDPR 28)."), "orange"],
			Expired: [__("The data processing agreement has ended."), "red"],
			Sent: [__("The data processing agreement is out for signature."), "blue"],
		};
		const [note, colour] = notes[frm.doc.agreement_state] || [];
		if (note) {
			frm.dashboard.set_headline_alert(frappe.utils.escape_html(note), colour);
		}
		if (frm.doc.agreement_state !== "Sent" && frm.perm[0]?.write && frappe.model.can_create("Signature Request")) {
			frm.add_custom_button(__("Send the Data Processing Agreement for Signature"), () => send(frm));
		}
	},
});

async function send(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	const dialog = new frappe.ui.Dialog({
		title: __("Send the Data Processing Agreement for Signature"),
		fields: [
			{ fieldname: "signatory_name", fieldtype: "Data", label: __("For the Controller"), reqd: 1, default: frm.doc.signatory_name || frappe.session.user_fullname },
			{ fieldname: "signatory_email", fieldtype: "Data", options: "Email", label: __("Email"), reqd: 1, default: frm.doc.signatory_email || frappe.session.user_email },
			{ fieldname: "column", fieldtype: "Column Break" },
			{ fieldname: "contact_name", fieldtype: "Data", label: __("For the Processor"), reqd: 1, default: frm.doc.contact_name },
			{ fieldname: "contact_email", fieldtype: "Data", options: "Email", label: __("Email"), reqd: 1, default: frm.doc.contact_email },
			{ fieldname: "section", fieldtype: "Section Break" },
			{
				fieldname: "language",
				fieldtype: "Select",
				label: __("Language"),
				default: ["fi", "sv"].includes(frappe.boot.lang) ? frappe.boot.lang : "en",
				options: [
					{ value: "fi", label: "Suomi" },
					{ value: "sv", label: "Svenska" },
					{ value: "en", label: "English" },
				],
			},
		],
		primary_action_label: __("Send"),
		async primary_action({ language, ...people }) {
			dialog.hide();
			await frm.set_value(people);
			if (frm.is_dirty()) {
				await frm.save();
			}
			const request = await frappe.xcall("signflow.api.register.send_agreement", { name: frm.doc.name, language });
			frappe.show_alert({ message: __("{0} was sent for signature.", [request]), indicator: "green" });
			frm.reload_doc();
		},
	});
	dialog.show();
}
