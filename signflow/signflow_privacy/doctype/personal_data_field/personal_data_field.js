frappe.ui.form.on("Personal Data Field", {
	refresh(frm) {
		if (frm.is_new()) return;
		if (frm.doc.mark === "To Decide") {
			frm.dashboard.set_headline(
				__("Nobody has decided yet: the field counts as personal. Choose a mark and save."),
			);
		}
		if (frm.doc.rows_with_finds && frappe.user.has_role("Data Protection Officer")) {
			frm.add_custom_button(__("Records With Finds"), () => show_records(frm));
		}
		if (frappe.user.has_role("System Manager")) {
			frm.add_custom_button(__("Customize Form"), () =>
				frappe.set_route("customize-form", { doc_type: frm.doc.document_type }),
			);
		}
	},
});

async function show_records(frm) {
	const found = await frappe.xcall("signflow.api.data_map.rows_with_finds", { field: frm.doc.name });
	const escape = frappe.utils.escape_html;
	const lines = found.rows.map(
		(row) =>
			`<tr><td>${frappe.utils.get_form_link(row.doctype, row.name, true, escape(row.name))}</td>
			<td>${escape(row.kinds.join(", "))}</td></tr>`,
	);
	const notes = [];
	if (found.unreadable) {
		notes.push(__("{0} more records may not be read by you.", [found.unreadable]));
	}
	if (!found.is_all) {
		notes.push(__("There may be more: the newest are shown."));
	}
	const dialog = new frappe.ui.Dialog({ title: __("Records With Finds"), size: "large" });
	dialog.$body.html(
		(lines.length
			? `<table class="table table-bordered"><thead><tr><th>${__(frm.doc.document_type)}</th>
				<th>${__("Holds")}</th></tr></thead><tbody>${lines.join("")}</tbody></table>`
			: `<p>${__("No record that you may read has any now.")}</p>`) +
			notes.map((note) => `<p class="text-muted">${note}</p>`).join(""),
	);
	dialog.show();
}
