// "Add a Ready Form" in the list of Signable Forms: choose one, and it is made in the site to be edited.

export async function add_ready_form() {
	const forms = await frappe.xcall("signflow.api.ready_forms.available");
	const dialog = new frappe.ui.Dialog({
		title: __("Add a Ready Form"),
		fields: [
			{
				fieldname: "key",
				fieldtype: "Select",
				label: __("Form"),
				reqd: 1,
				options: forms.filter((form) => form.possible).map((form) => ({ value: form.key, label: form.title })),
				onchange: () => describe(dialog, forms),
			},
			{ fieldname: "about", fieldtype: "HTML" },
		],
		primary_action_label: __("Add"),
		primary_action: ({ key }) => add(dialog, key),
	});
	dialog.show();
	describe(dialog, forms);
}

function describe(dialog, forms) {
	const form = forms.find((one) => one.key === dialog.get_value("key"));
	const escape = frappe.utils.escape_html;
	const made = form?.made ? `<p class="text-muted">${escape(__("It is there already and stays as it is."))}</p>` : "";
	dialog
		.get_field("about")
		.$wrapper.html(form ? `<p>${escape(form.description)}</p>${made}` : "");
	dialog.get_primary_btn().text(form?.made ? __("Open the Form") : __("Add"));
}

async function add(dialog, key) {
	const { message } = await frappe.call({
		method: "signflow.api.ready_forms.add",
		args: { key },
		btn: dialog.get_primary_btn(),
	});
	if (!message) {
		return;
	}
	dialog.hide();
	if (message.form) {
		frappe.show_alert({
			message: __("Read the text, publish the web form, then open the form."),
			indicator: "green",
		});
		frappe.set_route("Form", "Signable Form", message.form);
	} else {
		frappe.set_route("Form", "Web Form", message.web_form);
	}
}
