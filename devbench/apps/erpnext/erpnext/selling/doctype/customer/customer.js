frappe.ui.form.on("Customer", {
	refresh(frm) {
		frappe.dynamic_link = { doc: frm.doc, fieldname: "name", doctype: "Customer" };
		if (frm.is_new()) frappe.contacts.clear_address_and_contact(frm);
		else frappe.contacts.render_address_and_contact(frm);
	},
});
