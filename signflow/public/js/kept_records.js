// A record that stays after an erasure says so: why, until when, and that it is used for nothing else.

export function show_kept(frm) {
	const kept = frm.doc.__onload?.signflow_kept;
	if (!kept) {
		return;
	}
	const escape = frappe.utils.escape_html;
	const link = kept.plan ? ` <a style="text-decoration: underline" href="/app/erasure-plan/${encodeURIComponent(kept.plan)}">${escape(__("Erasure Plan"))}</a>` : "";
	frm.dashboard.set_headline(`<div class="signflow-kept">${escape(kept.told)}${link}</div>`, "blue");
}
