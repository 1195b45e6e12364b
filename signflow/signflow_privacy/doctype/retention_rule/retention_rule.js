frappe.ui.form.on("Retention Rule", {
	refresh(frm) {
		signflow.retention.choose_filters(frm);
		frm.trigger("offer_fields");
		if (frm.is_new() || frm.doc.kind !== "Erase After") {
			return;
		}
		frm.add_custom_button(__("What Would Go?"), () => frm.trigger("preview"));
		if (!frappe.user.has_role("Data Protection Officer")) {
			return;
		}
		if (frm.doc.approved) {
			frm.add_custom_button(__("Withdraw Approval"), () => frm.events.decide(frm, "withdraw_approval"));
		} else {
			frm.add_custom_button(__("Approve"), () =>
				frappe.confirm(__("From now on each daily run does what this rule says. Approve it?"), () =>
					frm.events.decide(frm, "approve")
				)
			);
		}
	},
	document_type(frm) {
		frm.set_value({ filters_json: "[]", date_field: "creation", date_in: null, date_link: null });
		signflow.retention.choose_filters(frm);
		frm.trigger("offer_fields");
	},
	date_in(frm) {
		frm.trigger("offer_fields");
	},
	offer_fields(frm) {
		const holder = frm.doc.date_in || frm.doc.document_type;
		if (!holder) {
			return;
		}
		frappe.model.with_doctype(holder, () => {
			frm.fields_dict.date_field.set_data(signflow.retention.date_fields_of(holder));
			const links = frappe.get_meta(holder).fields.filter(
				(field) => field.fieldtype === "Link" && field.options === frm.doc.document_type
			);
			frm.fields_dict.date_link.set_data(
				links.map((field) => ({ value: field.fieldname, label: __(field.label) }))
			);
		});
	},
	async decide(frm, verb) {
		const read = verb === "approve" ? { modified: frm.doc.modified } : {};
		await frappe.xcall(`signflow.api.retention.${verb}`, { rule: frm.doc.name, ...read });
		frm.reload_doc();
	},
	async preview(frm) {
		const found = await frappe.xcall("signflow.api.retention.preview", { rule: frm.doc.name });
		const text = frappe.utils.escape_html;
		const rows = found.rows.map((row) => {
			const link = frappe.utils.get_form_link(frm.doc.document_type, row.name, true);
			const keeps = row.kept_by.map((keep) => text(keep.title || "")).join(", ");
			return `<tr><td>${link}</td><td>${text(frappe.datetime.str_to_user(row.until))}</td><td>${keeps}</td></tr>`;
		});
		const heads = [__("Record"), __("Was to Be Kept Until"), __("Kept By")].map((head) => `<th>${head}</th>`);
		frappe.msgprint({
			title: __("{0} records are past their time", [found.due]),
			message: rows.length
				? `<table class="table table-bordered"><thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`
				: __("Nothing is past its time."),
			wide: true,
		});
	},
});
