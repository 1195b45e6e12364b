// Written by services only: the form shows, and answers are fetched when somebody asks for them.
frappe.ui.form.on("Form Submission", {
	refresh(frm) {
		frm.disable_save();
		const settings = frappe.listview_settings["Form Submission"];
		if (settings) {
			const [label, colour] = settings.get_indicator(frm.doc);
			frm.page.set_indicator(label, colour);
		}
		frm.set_intro("");
		if (frm.doc.failure) {
			frm.set_intro(frappe.utils.escape_html(frm.doc.failure), "red");
		}
		if (frm.doc.duplicates) {
			frm.set_intro(__("Records that may be the same person or company; look at them"), "orange");
		}
		buttons(frm);
	},
});

async function buttons(frm) {
	const links = [
		["Signature Request", frm.doc.request],
		[frm.doc.record_doctype, frm.doc.record_name],
		["Customer", frm.doc.customer],
	];
	links
		.filter(([doctype, name]) => doctype && name)
		.forEach(([doctype, name]) =>
			frm.add_custom_button(__(doctype), () => frappe.set_route("Form", doctype, name), __("Go To"))
		);
	const manages = frappe.user.has_role(["Signflow Manager", "System Manager"]);
	if (frm.doc.status === "Failed" && manages) {
		frm.add_custom_button(__("Try Again"), async () => {
			await frappe.call({ method: "signflow.api.forms.retry", args: { name: frm.doc.name } });
			frm.reload_doc();
		});
	}
	if (frm.doc.status === "Completed" && frm.doc.duplicates && !frm.doc.customer && manages) {
		frm.add_custom_button(__("Settle Again"), () => settle_again(frm));
	}
	const shown = await frappe.xcall("signflow.api.signable_forms.overview", { form: frm.doc.form });
	if (shown.may_export) {
		frm.add_custom_button(__("Show Answers"), () => show_answers(frm));
	}
}

// For whoever linked the Contact to the Customer that the answers name.
async function settle_again(frm) {
	const { message } = await frappe.call({
		method: "signflow.api.forms.settle_again",
		args: { name: frm.doc.name },
		freeze: true,
	});
	await frm.reload_doc();
	frappe.show_alert(
		message.customer
			? { message: __("Settled: {0}", [frappe.utils.escape_html(message.customer)]), indicator: "green" }
			: {
					message: __("Still no Customer is known. Link the Contact to the Customer first."),
					indicator: "orange",
			  }
	);
}

async function show_answers(frm) {
	const { message } = await frappe.call({
		method: "signflow.api.exports.answers",
		args: { submission: frm.doc.name },
		freeze: true,
	});
	const escape = frappe.utils.escape_html;
	const states = {
		Erased: __("The answers were erased. The record and the signed document are kept."),
		Unreadable: __("The answers cannot be read: this site's encryption key has changed since."),
	};
	const rows = message.answers
		.map(
			({ label, text }) =>
				`<tr><th scope="row" style="width: 35%">${escape(label)}</th>` +
				`<td style="white-space: pre-wrap; overflow-wrap: anywhere">${escape(text)}</td></tr>`
		)
		.join("");
	const dialog = new frappe.ui.Dialog({
		title: __("Answers"),
		size: "large",
		fields: [{ fieldname: "answers", fieldtype: "HTML" }],
	});
	dialog.get_field("answers").$wrapper.html(
		states[message.state]
			? `<p>${states[message.state]}</p>`
			: `<table class="table table-bordered"><tbody>${rows}</tbody></table>
				<p class="text-muted">${__("It is written down that you looked at them.")}</p>`
	);
	dialog.show();
}
