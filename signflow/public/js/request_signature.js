// The dialog that makes a Signature Request from any record: prefilled, checked, sent in one go or kept as a draft.

export async function request_signature(frm) {
	const record = { doctype: frm.doctype, name: frm.doc.name };
	const [start, templates] = await Promise.all([
		frappe.xcall("signflow.api.requests.prefill", record),
		frappe.xcall("signflow.api.templates.for_record", record),
	]);
	const dialog = new frappe.ui.Dialog({
		title: __("Request Signature"),
		size: "large",
		fields: [
			...template_field(templates, () => use_template(dialog, frm, start)),
			...fields(frm, start, templates.length > 0),
		],
		primary_action_label: __("Send for Signing"),
		primary_action: () => make(dialog, frm, start, true),
		secondary_action_label: __("Save as Draft"),
		secondary_action: () => make(dialog, frm, start, false),
	});
	dialog.show();
	return dialog;
}

function template_field(templates, onchange) {
	if (!templates.length) {
		return [];
	}
	return [
		{
			fieldname: "template",
			fieldtype: "Select",
			label: __("Template"),
			options: ["", ...templates.map((row) => row.name)],
			description: __("Makes the document and fills in the rest"),
			onchange,
		},
	];
}

// Roles stand in place of persons: what the template does not know of them is left to be filled in.
async function use_template(dialog, frm, start) {
	const template = dialog.get_value("template");
	if (template === (dialog.signflow_template || "")) {
		return;
	}
	dialog.signflow_template = template;
	if (!template) {
		show_signers(dialog, start.contacts);
		return;
	}
	const filled = await frappe.xcall("signflow.api.templates.filled", {
		template,
		doctype: frm.doctype,
		name: frm.doc.name,
	});
	await dialog.set_values({
		title: filled.title,
		message: filled.message,
		language: filled.language,
		confidential: filled.confidential,
		print_format: "",
		...Object.fromEntries(start.attachments.map((_file, index) => [`attachment_${index}`, 0])),
	});
	show_signers(dialog, filled.people);
}

function show_signers(dialog, people) {
	const { df, grid } = dialog.fields_dict.signers;
	df.data = people.map((person, index) => ({ signing_order: 1, ...person, idx: index + 1 }));
	grid.df.data = df.data;
	grid.refresh();
}

function fields(frm, start, roles) {
	const prints = start.print_formats.length > 0;
	return [
		{
			fieldname: "title",
			fieldtype: "Data",
			label: __("Title"),
			reqd: 1,
			default: start.title || document_title(start.attachments[0]?.file_name),
			description: __("The signers see it"),
		},
		{ fieldtype: "Section Break" },
		{
			fieldname: "signers",
			fieldtype: "Table",
			label: __("Signers"),
			reqd: 1,
			cannot_add_rows: false,
			in_place_edit: true,
			data: start.contacts.map((contact, index) => ({ ...contact, idx: index + 1, signing_order: 1 })),
			fields: [
				...(roles
					? [
							{
								fieldname: "role",
								fieldtype: "Data",
								label: __("Role"),
								in_list_view: 1,
								read_only: 1,
								columns: 2,
							},
						]
					: []),
				{
					fieldname: "signer_name",
					fieldtype: "Data",
					label: __("Name"),
					in_list_view: 1,
					reqd: 1,
					columns: roles ? 3 : 4,
				},
				{
					fieldname: "email",
					fieldtype: "Data",
					options: "Email",
					label: __("Email"),
					in_list_view: 1,
					reqd: 1,
					columns: roles ? 3 : 4,
				},
				{
					fieldname: "signing_order",
					fieldtype: "Int",
					label: __("Signing Order"),
					in_list_view: 1,
					default: 1,
					columns: 2,
				},
			],
		},
		{ fieldtype: "Section Break", label: __("Documents") },
		...start.attachments.map((file, index) => ({
			fieldname: `attachment_${index}`,
			fieldtype: "Check",
			label: frappe.utils.escape_html(file.file_name),
			default: index === 0 ? 1 : 0,
		})),
		{
			fieldname: "print_format",
			fieldtype: "Select",
			label: __("Print This {0} as", [__(frm.doctype)]),
			options: ["", ...start.print_formats],
			default: prints && !start.attachments.length ? start.print_formats[0] : "",
			hidden: prints ? 0 : 1,
		},
		{ fieldname: "upload", fieldtype: "Attach", label: __("Another PDF") },
		{ fieldtype: "Section Break", label: __("Invitation") },
		{ fieldname: "message", fieldtype: "Small Text", label: __("Message to Signers") },
		{ fieldtype: "Column Break" },
		{
			fieldname: "language",
			fieldtype: "Select",
			label: __("Language"),
			options: [
				{ value: "fi", label: "Suomi" },
				{ value: "sv", label: "Svenska" },
				{ value: "en", label: "English" },
			],
			default: start.language,
		},
		{
			fieldname: "company",
			fieldtype: "Link",
			options: "Company",
			label: __("Company"),
			reqd: 1,
			default: start.company,
		},
		{
			fieldname: "confidential",
			fieldtype: "Check",
			label: __("Confidential"),
			description: __("Shown only after identification; no copy on the customer"),
		},
	];
}

const document_title = (file_name) => (file_name || "").replace(/\.pdf$/i, "");

function documents(values, start) {
	const chosen = start.attachments
		.filter((_file, index) => values[`attachment_${index}`])
		.map((file) => ({ title: document_title(file.file_name), file: file.file_url }));
	if (values.print_format) {
		chosen.unshift({ title: values.title, print_format: values.print_format });
	}
	if (values.upload) {
		const name = document_title(decodeURIComponent(values.upload.split("/").pop()));
		chosen.push({ title: name || values.title, file: values.upload });
	}
	return chosen;
}

async function make(dialog, frm, start, send) {
	const values = dialog.get_values();
	if (!values) {
		return;
	}
	const chosen = documents(values, start);
	if (!chosen.length && !values.template) {
		frappe.msgprint(__("Choose at least one document."));
		return;
	}
	const rows = values.signers || [];
	const person = ({ signer_name, email, contact, signing_order }) => ({ signer_name, email, contact, signing_order });
	const signers = rows.filter((row) => !row.role).map(person);
	const people = Object.fromEntries(rows.filter((row) => row.role).map((row) => [row.role, person(row)]));
	if (!rows.length) {
		frappe.msgprint(__("Add at least one signer."));
		return;
	}
	const made = await frappe.call({
		method: "signflow.api.requests.create_request",
		args: {
			title: values.title,
			documents: chosen,
			signers,
			template: values.template,
			people,
			company: values.company,
			customer: start.customer,
			reference_doctype: frm.doctype,
			reference_name: frm.doc.name,
			message: values.message,
			language: values.language,
			confidential: values.confidential ? 1 : 0,
			send: send ? 1 : 0,
		},
		btn: dialog.get_primary_btn(),
		freeze: true,
		freeze_message: send ? __("Sealing the documents …") : undefined,
	});
	if (!made.message) {
		return;
	}
	dialog.hide();
	frappe.show_alert({
		message: send ? __("Sent: the signers get a mail now.") : __("Kept as a draft."),
		indicator: "green",
	});
	frappe.set_route("Form", "Signature Request", made.message.name);
}
