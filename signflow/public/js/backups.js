// The backups from before an erasure, on the request and on the plan: until when each holds the person.

import { prompt } from "./prompts";

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
		`<ul class="erasure-backups list-unstyled" style="margin: 0">${rows.map(written).join("")}</ul>`,
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
	const until = row.goes_by ? __("Gone by {0}", [day(row.goes_by)]) : text(__("Not known by when"));
	const said = [row.made_on && __("Made on {0}", [day(row.made_on)]), row.gone_on && __("Gone on {0}", [day(row.gone_on)]), text(row.note)];
	const button = `<button class="btn btn-xs btn-default" data-backup="${text(row.name)}">${text(__("Is Gone"))}</button>`;
	// Side by side where there is room, else one below the other.
	return `<li style="display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; padding: 6px 0; border-bottom: 1px solid var(--border-color)">
		<div style="flex: 2 1 220px; overflow-wrap: anywhere">${text(row.file_name || row.place)}
			<div class="text-muted">${said.filter(Boolean).join(" · ")}</div></div>
		<div style="flex: 1 1 180px">${until}<div class="text-muted">${text(__(row.how))}</div></div>
		<div style="flex: 0 1 auto; display: flex; gap: 8px; align-items: center">
			<span class="indicator-pill ${colour} no-indicator-dot">${text(__(row.status))}</span>${row.status === "Gone" ? "" : button}</div></li>`;
}

function note_gone(frm, name) {
	prompt(
		{ fieldname: "words", fieldtype: "Small Text", label: __("How do you know that it is gone?"), reqd: 1 },
		async (values) => {
			await frappe.xcall("signflow.api.erasure.backup_gone", { name, ...values });
			frm.reload_doc();
		},
		__("Is Gone"),
		__("Put on Record")
	);
}
