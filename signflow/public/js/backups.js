// The backups from before an erasure, on the request and on the plan: until when each holds the person.

const SHOWN = { "Data Subject Request": "request", "Erasure Plan": "plan" };

export async function show_backups(frm) {
	const by = SHOWN[frm.doctype];
	if (!by || !frappe.user.has_role("Data Protection Officer") || (by === "request" && frm.doc.request_type !== "Erasure")) {
		return;
	}
	const name = frm.doc.name;
	const rows = await frappe.xcall("signflow.api.erasure.backups", { [by]: name });
	if (frm.doc.name !== name) {
		return;
	}
	frm.dashboard.parent?.find(".erasure-backups").closest(".form-dashboard-section").remove();
	if (!rows.length) {
		return;
	}
	const section = frm.dashboard.add_section(
		`<div class="erasure-backups table-responsive"><table class="table table-bordered">
		<thead><tr>${[__("Backup"), __("Made On"), __("Gone By"), __("Rests On"), __("Status")].map((head) => `<th>${head}</th>`).join("")}<th></th></tr></thead>
		<tbody>${rows.map(written).join("")}</tbody></table></div>`,
		__("Backups From Before")
	);
	section.find("[data-backup]").on("click", (event) => note_gone(frm, event.currentTarget.dataset.backup));
	frm.dashboard.show();
}

function written(row) {
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));
	const day = (value) => (value ? text(frappe.datetime.str_to_user(value)) : "");
	const late = row.status === "There" && row.goes_by && row.goes_by < frappe.datetime.get_today();
	const colour = row.status !== "There" ? "green" : late ? "red" : row.goes_by ? "blue" : "orange";
	const ended = row.gone_on ? ` ${day(row.gone_on)}` : "";
	return `<tr><td style="overflow-wrap: anywhere">${text(row.file_name || row.place)}</td><td>${day(row.made_on)}</td>
		<td>${day(row.goes_by) || text(__("Not Known"))}</td><td>${text(__(row.how))}</td>
		<td><span class="indicator-pill ${colour} no-indicator-dot">${text(__(row.status))}${ended}</span>${row.note ? `<div class="text-muted">${text(row.note)}</div>` : ""}</td>
		<td>${row.status === "Gone" ? "" : `<button class="btn btn-xs btn-default" data-backup="${text(row.name)}">${text(__("Is Gone"))}</button>`}</td></tr>`;
}

function note_gone(frm, name) {
	frappe.prompt(
		{ fieldname: "words", fieldtype: "Small Text", label: __("How do you know that it is gone?"), reqd: 1 },
		async (values) => {
			await frappe.xcall("signflow.api.erasure.backup_gone", { name, ...values });
			frm.reload_doc();
		},
		__("Is Gone")
	);
}
