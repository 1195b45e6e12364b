// "Person Look-up" on the records that a person may have: opens the look-up page with the record, not with its address.

const ON = ["Customer", "Contact", "Lead", "User"];

/** A button (a menu item on User, whose bar is full) for whoever may look persons up. */
export function offer_look_up(frm) {
	const roles = ["Data Protection Officer", "System Manager", "Signflow Manager", "Signflow User"];
	if (!ON.includes(frm.doctype) || !roles.some((role) => frappe.user.has_role(role))) {
		return;
	}
	const open = () => {
		frappe.route_options = { record_doctype: frm.doctype, record_name: frm.doc.name };
		frappe.set_route("person-lookup");
	};
	if (frm.doctype === "User") {
		frm.page.add_menu_item(__("Person Look-up"), open);
	} else {
		frm.add_custom_button(__("Person Look-up"), open, __("Personal Data"));
	}
}
