const API = "signflow.api.erasure.";
const COLOURS = { Draft: "gray", Approved: "blue", Running: "orange", Done: "green", Failed: "red", Superseded: "gray" };

frappe.ui.form.on("Erasure Plan", {
	refresh(frm) {
		clearTimeout(frm.run_timer);
		frm.disable_save();
		frm.page.set_indicator(__(frm.doc.status), COLOURS[frm.doc.status]);
		offer(frm);
		show_lines(frm);
		if (frm.doc.status === "Running") {
			frm.run_timer = setTimeout(() => {
				if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
			}, 3000);
		}
	},
});

function offer(frm) {
	const doc = frm.doc;
	if (!frappe.user.has_role("Data Protection Officer")) {
		return;
	}
	if (doc.status === "Draft" && doc.undecided) {
		frm.add_custom_button(__("Decide"), () => decide(frm)).addClass("btn-primary");
	} else if (doc.status === "Draft") {
		frm.add_custom_button(__("Approve"), () =>
			frappe.confirm(__("What is erased cannot be brought back. Approve this plan?"), () => call(frm, "approve"))
		).addClass("btn-primary");
	}
	if (["Approved", "Failed"].includes(doc.status) && doc.approved_by) {
		frm.add_custom_button(__("Carry Out"), () =>
			frappe.confirm(__("The erasure begins now and cannot be undone. Carry it out?"), () => call(frm, "run"))
		).addClass("btn-primary");
	}
}

async function call(frm, verb) {
	await frappe.xcall(API + verb, { plan: frm.doc.name });
	frm.reload_doc();
}

async function decide(frm) {
	const lines = await frappe.xcall(`${API}lines`, { plan: frm.doc.name, action: "Decide" });
	const dialog = new frappe.ui.Dialog({
		title: __("Decide"),
		size: "large",
		fields: lines.map((line) => ({
			fieldname: line.name,
			fieldtype: "Select",
			label: `${__(line.record_doctype)} ${line.record_name}`,
			description: frappe.utils.escape_html(line.because),
			options: [
				{ value: "", label: "" },
				{ value: "Hers", label: __("Erase: It Is This Person's") },
				{ value: "Not Hers", label: __("Leave: It Is Somebody Else's") },
				{ value: "Keep", label: __("Keep") },
			],
		})),
		primary_action_label: __("Decide"),
		async primary_action(values) {
			const decisions = Object.fromEntries(Object.entries(values).filter(([, decision]) => decision));
			const plan = await frappe.xcall(`${API}decide`, { plan: frm.doc.name, decisions });
			dialog.hide();
			frappe.set_route("Form", "Erasure Plan", plan);
		},
	});
	dialog.show();
}

async function show_lines(frm) {
	const lines = await frappe.xcall(`${API}lines`, { plan: frm.doc.name });
	const text = (value) => frappe.utils.escape_html(String(value ?? ""));
	const until = (line) => [line.keep_until && frappe.datetime.str_to_user(line.keep_until), line.statute || line.ground];
	const row = (line) =>
		`<tr><td>${text(__(line.action))}</td><td>${text(__(line.record_doctype))}</td>
		<td>${text(line.record_name || (line.row_count > 1 ? __("{0} rows", [line.row_count]) : ""))}</td>
		<td>${text(line.because)} ${until(line).filter(Boolean).map(text).join(", ")}</td><td>${text(__(line.status))}</td></tr>`;
	const heads = [__("Action"), __("Document Type"), __("Record"), __("Because"), __("Status")];
	frm.dashboard.parent?.find(".erasure-lines").closest(".form-dashboard-section").remove();
	frm.dashboard.add_section(
		`<div class="erasure-lines table-responsive"><table class="table table-bordered">
		<thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead>
		<tbody>${lines.map(row).join("")}</tbody></table></div>`,
		__("Lines")
	);
	frm.dashboard.show();
}
