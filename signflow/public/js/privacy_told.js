// On a contact, lead or customer: verified today; on the first two also whether they were told of the privacy notice.

const ON = ["Contact", "Lead", "Customer"];

export function show_what_was_told(frm) {
	if (!ON.includes(frm.doctype) || !frm.fields_dict.signflow_verified_on || !frm.perm[0]?.write) {
		return;
	}
	frm.add_custom_button(__("Data Verified Today"), () => verify(frm), __("Personal Data"));
	if (frm.doctype !== "Customer" && frappe.model.can_create("Signature Request")) {
		frm.add_custom_button(__("Tell of the Privacy Notice"), () => tell(frm), __("Personal Data"));
	}
}

async function verify(frm) {
	await frm.set_value("signflow_verified_on", frappe.datetime.get_today());
	frm.save();
}

async function tell(frm) {
	const record = { doctype: frm.doctype, name: frm.doc.name };
	const rows = await frappe.xcall("signflow.api.register.told_of", record);
	const escape = frappe.utils.escape_html;
	const told = rows.map((row) => {
		const day = row.sent_on ? frappe.datetime.str_to_user(row.sent_on.slice(0, 10)) : "";
		return `<li>${escape([row.company, __(row.status), day].filter(Boolean).join(" · "))}</li>`;
	});
	const dialog = new frappe.ui.Dialog({
		title: __("Tell of the Privacy Notice"),
		fields: [
			{
				fieldname: "told",
				fieldtype: "HTML",
				options: told.length ? `<ul>${told.join("")}</ul>` : `<p>${escape(__("Not told yet."))}</p>`,
			},
			{
				fieldname: "company",
				fieldtype: "Link",
				options: "Company",
				label: __("Controller"),
				reqd: 1,
				default: frm.doc.company || frappe.defaults.get_user_default("Company"),
			},
		],
		primary_action_label: __("Send"),
		async primary_action({ company }) {
			dialog.hide();
			const status = await frappe.xcall("signflow.api.register.inform_now", { ...record, company });
			frappe.show_alert({ message: __(status), indicator: status === "Sent" ? "green" : "blue" });
		},
	});
	dialog.show();
}
