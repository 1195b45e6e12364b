// What keeps a record, asked for from its menu; and the filters of rules and holds, chosen as in a list.
export function offer_kept(frm) {
	if (!["Signflow Manager", "Signflow User", "Data Protection Officer"].some((role) => frappe.user.has_role(role))) {
		return;
	}
	frm.page.add_menu_item(__("How Long Is This Kept?"), () => show_kept(frm));
}

async function show_kept(frm) {
	const keeps = await frappe.xcall("signflow.api.retention.kept", { doctype: frm.doctype, name: frm.doc.name });
	frappe.msgprint({ title: __("How Long Is This Kept?"), message: keeps_html(keeps), wide: true });
}

function keeps_html(keeps) {
	if (!keeps.length) {
		return __("No rule and no hold keeps this record.");
	}
	const text = frappe.utils.escape_html;
	const rows = keeps.map((keep) => {
		const until = keep.until ? frappe.datetime.str_to_user(keep.until) : __("No end known");
		const why = [keep.title, keep.ground, keep.statute].filter(Boolean).map(text).join("<br>");
		return `<tr><td>${text(until)}</td><td>${why}</td><td>${text(__(keep.through[0]))} ${text(keep.through[1])}</td></tr>`;
	});
	const heads = [__("Until"), __("Why"), __("By")].map((head) => `<th>${head}</th>`).join("");
	return `<table class="table table-bordered"><thead><tr>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

export function choose_filters(frm) {
	const wrapper = frm.get_field("filter_area").$wrapper.empty();
	if (!frm.doc.document_type) {
		return;
	}
	wrapper.append(`<label class="control-label">${__("Only Those That Fit")}</label>`);
	frappe.model.with_doctype(frm.doc.document_type, () => {
		const group = new frappe.ui.FilterGroup({
			parent: wrapper,
			doctype: frm.doc.document_type,
			on_change: () => {
				const chosen = JSON.stringify(group.get_filters().map((row) => row.slice(0, 4)));
				if (chosen !== (frm.doc.filters_json || "[]")) {
					frm.set_value("filters_json", chosen);
				}
			},
		});
		group.add_filters_to_filter_group(JSON.parse(frm.doc.filters_json || "[]"));
	});
}

// What a saved hold covers is not changed any more.
export function show_filters(frm) {
	const wrapper = frm.get_field("filter_area").$wrapper.empty();
	const filters = JSON.parse(frm.doc.filters_json || "[]");
	if (!filters.length) {
		return;
	}
	frappe.model.with_doctype(frm.doc.document_type, () => {
		const lines = filters.map(([doctype, fieldname, operator, value]) => {
			const label = frappe.meta.get_label(doctype, fieldname);
			return `<li>${[__(label), operator, value].map((part) => frappe.utils.escape_html(String(part))).join(" ")}</li>`;
		});
		wrapper.append(`<label class="control-label">${__("Only Those That Fit")}</label><ul>${lines.join("")}</ul>`);
	});
}

export function date_fields_of(doctype) {
	const fields = frappe.get_meta(doctype)?.fields || [];
	const dates = fields.filter((field) => ["Date", "Datetime"].includes(field.fieldtype));
	return [
		{ value: "creation", label: __("Created On") },
		{ value: "modified", label: __("Last Updated On") },
		...dates.map((field) => ({ value: field.fieldname, label: __(field.label) })),
	];
}
