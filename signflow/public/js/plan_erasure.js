// From a request for erasure to its plan: a dry run is made, or the one that stands is opened.
frappe.ui.form.on("Data Subject Request", {
	refresh(frm) {
		const open = ["Open", "Waiting for Person", "Planned", "Approved", "Running"].includes(frm.doc.status);
		if (frm.doc.request_type !== "Erasure" || !frappe.user.has_role("Data Protection Officer")) {
			return;
		}
		if (open && frm.doc.status !== "Running" && frm.doc.persons?.some((row) => row.confirmed)) {
			frm.add_custom_button(
				__("Plan the Erasure"),
				async () => {
					const plan = await frappe.xcall("signflow.api.erasure.plan", { request: frm.doc.name });
					frappe.set_route("Form", "Erasure Plan", plan);
				},
				__("Erasure")
			);
		}
		frm.add_custom_button(
			__("Plans"),
			() => frappe.set_route("List", "Erasure Plan", { request: frm.doc.name }),
			__("Erasure")
		);
	},
});
