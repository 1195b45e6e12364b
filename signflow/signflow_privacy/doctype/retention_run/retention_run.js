frappe.ui.form.on("Retention Run", {
	refresh(frm) {
		clearTimeout(frm.run_timer);
		frm.disable_save();
		frm.get_field("summary_area").$wrapper.html(summary_of(frm.doc));
		frm.page.set_indicator(...frappe.listview_settings["Retention Run"].get_indicator(frm.doc));
		if (frm.doc.status === "Running" && frappe.model.can_write("Retention Rule")) {
			frm.add_custom_button(__("Stop"), async () => {
				await frappe.xcall("signflow.api.retention.stop", { run: frm.doc.name });
				setTimeout(() => frm.reload_doc(), 2000);
			});
		}
		if (frm.doc.status === "Running") {
			// While it runs and is looked at, the numbers go on.
			frm.run_timer = setTimeout(() => {
				if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
			}, 3000);
		}
	},
});

// The run in words: its table has more numbers than a telephone has room for, and calls what a dry run counted "deleted".
function summary_of(run) {
	const text = frappe.utils.escape_html;
	const rules = (run.rules || []).map((row) => {
		const title = frappe.utils.get_link_title("Retention Rule", row.rule) || __(row.document_type);
		const lines = lines_of(run, row).map((line) => `<li>${text(line)}</li>`);
		return `<p><b>${text(title)}</b></p><ul>${lines.join("")}</ul>`;
	});
	const lead = run.dry_run ? `<p>${__("A dry run: nothing was deleted or marked.")}</p>` : "";
	return lead + rules.join("");
}

function lines_of(run, row) {
	const only_counted = run.dry_run || !row.acts;
	const lines = [__("Past their time: {0}", [row.due])];
	if (row.deleted) {
		lines.push(only_counted ? __("Would be deleted: {0}", [row.deleted]) : __("Deleted: {0}", [row.deleted]));
	}
	if (row.marked) {
		lines.push(
			only_counted ? __("Would be marked for review: {0}", [row.marked]) : __("Marked for review: {0}", [row.marked])
		);
	}
	if (row.protected) {
		lines.push(__("Kept by another rule or a hold: {0}", [row.protected]));
	}
	if (row.refused) {
		const why = [row.refused, row.submitted, row.linked];
		lines.push(__("Refused: {0} (submitted: {1}, others point to them: {2})", why));
	}
	if (row.more_left) {
		lines.push(__("The rule's limit for one run was reached: the rest follows in the next."));
	}
	if (!run.dry_run && !row.acts) {
		lines.push(__("The rule only counts: it was not approved, or reports only."));
	}
	if (row.note) {
		lines.push(row.note);
	}
	return lines;
}
