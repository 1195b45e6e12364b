frappe.ui.form.on("Legal Hold", {
	refresh(frm) {
		if (frm.is_new()) {
			signflow.retention.choose_filters(frm);
			return;
		}
		signflow.retention.show_filters(frm);
		if (frm.doc.lifted) {
			frm.disable_save();
		} else if (frappe.user.has_role("Data Protection Officer")) {
			frm.add_custom_button(__("Lift"), () => {
				signflow.prompt(
					{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason for Lifting"), reqd: 1 },
					async ({ reason }) => {
						await frappe.xcall("signflow.api.retention.lift_hold", { hold: frm.doc.name, reason });
						frm.reload_doc();
					},
					__("Lift the Hold"),
					__("Lift")
				);
			});
		}
	},
	document_type(frm) {
		frm.set_value({ document_name: null, filters_json: "[]" });
		signflow.retention.choose_filters(frm);
	},
});
