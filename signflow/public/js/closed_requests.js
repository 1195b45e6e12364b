// A data request that was answered: a complaint keeps it as it is; once pseudonymised it says so.

import { prompt } from "./prompts";

/** The states that end a data request. */
export const CLOSED = ["Done", "Refused", "Withdrawn"];

export function offer_complaint(frm) {
	const doc = frm.doc;
	if (doc.pseudonymised_on) {
		const said = __("Pseudonymised on {0}: nobody can tell any more whose request this was.", [frappe.datetime.str_to_user(doc.pseudonymised_on)]);
		frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(said)}</div>`, "blue");
		return;
	}
	if (!CLOSED.includes(doc.status) || !frappe.user.has_role("Data Protection Officer")) {
		return;
	}
	if (doc.complaint_pending) {
		frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(__("A complaint is pending: this request stays as it is."))}</div>`, "orange");
	}
	const label = doc.complaint_pending ? __("Complaint Over") : __("Complaint Pending");
	frm.add_custom_button(
		label,
		() =>
			prompt(
				{
					fieldname: "words",
					fieldtype: "Small Text",
					label: doc.complaint_pending ? __("How it ended") : __("Where it was made"),
					reqd: 1,
				},
				async (values) => {
					const args = { name: doc.name, is_pending: doc.complaint_pending ? 0 : 1, ...values };
					await frappe.xcall("signflow.api.subject_requests.complaint", args);
					frm.reload_doc();
				},
				label,
				__("Put on Record")
			),
		__("Actions")
	);
}
