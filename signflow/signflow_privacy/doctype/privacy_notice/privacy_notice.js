frappe.ui.form.on("Privacy Notice", {
	refresh(frm) {
		if (frm.is_new()) {
			return;
		}
		const escape = frappe.utils.escape_html;
		if (frm.doc.drift_note) {
			frm.dashboard.set_headline_alert(escape(__("The site holds what this notice does not say: see below.")), "orange");
		}
		if (frm.doc.status === "Draft") {
			if (frm.perm[0]?.write) {
				frm.add_custom_button(__("Publish"), () => publish(frm)).addClass("btn-primary");
				frm.add_custom_button(__("Write Anew from the Record"), () => write_anew(frm));
			}
			return;
		}
		frm.disable_form();
		const query = new URLSearchParams({ company: frm.doc.company, version: frm.doc.version });
		frm.add_custom_button(__("Read on the Web"), () => window.open(`/privacy/notice?${query}`));
		if (frappe.model.can_create("Privacy Notice")) {
			frm.add_custom_button(__("New Version"), () => new_version(frm));
		}
		if (frm.doc.status === "Published" && frm.perm[0]?.write) {
			frm.add_custom_button(__("Compare with the Site"), () => compare(frm));
		}
	},
});

function lines(heading, rows) {
	const escape = frappe.utils.escape_html;
	return `<p>${escape(heading)}</p><ul>${rows.map((row) => `<li>${escape(row)}</li>`).join("")}</ul>`;
}

async function publish(frm) {
	const left = await frappe.xcall("signflow.api.register.left_out_of_notice", { name: frm.doc.name });
	const question = __("Have you read the notice in every language? Once published, a version stays as it is.");
	frappe.confirm(
		(left.length ? lines(__("The notice leaves out what is not in force:"), left) : "") +
			`<p>${frappe.utils.escape_html(question)}</p>`,
		async () => {
			if (frm.is_dirty()) {
				await frm.save();
			}
			const { version, lacking } = await frappe.xcall("signflow.api.register.publish_notice", { name: frm.doc.name });
			await frm.reload_doc();
			if (lacking.length) {
				frappe.msgprint({
					title: __("Published as version {0}", [version]),
					message: lines(__("The notice does not say this yet:"), lacking),
					indicator: "orange",
				});
			} else {
				frappe.show_alert({ message: __("Published as version {0}", [version]), indicator: "green" });
			}
		},
	);
}

function write_anew(frm) {
	frappe.confirm(
		frappe.utils.escape_html(__("The texts of this draft are replaced by what the record of processing activities says now.")),
		async () => {
			await frappe.xcall("signflow.api.register.write_notice_anew", { name: frm.doc.name });
			frm.reload_doc();
		},
	);
}

async function new_version(frm) {
	const name = await frappe.xcall("signflow.api.register.new_notice_version", { name: frm.doc.name });
	frappe.set_route("Form", "Privacy Notice", name);
}

async function compare(frm) {
	const lacking = await frappe.xcall("signflow.api.register.compare_notice", { name: frm.doc.name });
	await frm.reload_doc();
	if (!lacking.length) {
		frappe.show_alert({ message: __("The notice says all that the site holds."), indicator: "green" });
	}
}
