// From paper: a PDF or a Word file is read, what was found is corrected in a table, and drafts are made of it.

const TYPES = ["Data", "Small Text", "Date", "Time", "Int", "Float", "Currency", "Check", "Select"];

export function from_paper() {
	const dialog = new frappe.ui.Dialog({
		title: __("From Paper"),
		fields: [
			{
				fieldname: "file",
				fieldtype: "Attach",
				label: __("PDF or Word File"),
				reqd: 1,
				options: { restrictions: { allowed_file_types: [".pdf", ".docx"] } },
				description: __("A PDF with form fields or printed blanks, or a .docx with places to fill in"),
			},
			{
				fieldname: "doctype",
				fieldtype: "Link",
				options: "DocType",
				label: __("Fills In"),
				get_query: () => ({ filters: { istable: 0, issingle: 0 } }),
				description: __("A kind of record that exists, such as Lead. Empty: a new kind is made"),
			},
		],
		primary_action_label: __("Read"),
		primary_action: async (values) => {
			const found = await call(dialog, "inspect_paper", values, __("Reading the paper …"));
			if (found) {
				dialog.hide();
				review(values, found);
			}
		},
	});
	dialog.show();
	return dialog;
}

async function call(dialog, verb, args, freeze_message) {
	const answer = await frappe.call({
		method: `signflow.api.paper.${verb}`,
		args,
		btn: dialog.get_primary_btn(),
		freeze: true,
		freeze_message,
	});
	return answer.message;
}

function review(start, found) {
	const dialog = new frappe.ui.Dialog({
		title: __("What the Paper Asks For"),
		size: "extra-large",
		fields: [
			{ fieldname: "warnings", fieldtype: "HTML", options: listed(found.warnings) },
			{ fieldtype: "Section Break" },
			{
				fieldname: "title",
				fieldtype: "Data",
				label: __("Title"),
				reqd: 1,
				default: found.title,
				description: __("Of the web form and the template"),
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: "doctype_name",
				fieldtype: "Data",
				label: __("New Kind of Record"),
				default: found.doctype_name,
				hidden: start.doctype ? 1 : 0,
				reqd: start.doctype ? 0 : 1,
				description: __("English letters, digits and spaces; it cannot be changed later"),
			},
			{
				fieldname: "company",
				fieldtype: "Link",
				options: "Company",
				label: __("Company"),
				default: found.company,
			},
			{ fieldtype: "Section Break" },
			{
				fieldname: "fields",
				fieldtype: "Table",
				label: __("Fields"),
				in_place_edit: true,
				cannot_add_rows: true,
				cannot_delete_rows: true,
				data: found.fields.map((row, index) => ({ ...row, idx: index + 1 })),
				fields: columns(start.doctype),
			},
		],
		primary_action_label: __("Make Drafts"),
		primary_action: (values) => make(dialog, start, values),
	});
	dialog.show();
	return dialog;
}

function columns(doctype) {
	const column = (fieldname, fieldtype, label, width, more) => ({
		fieldname,
		fieldtype,
		label,
		columns: width,
		in_list_view: 1,
		...more,
	});
	const locked = doctype ? { read_only: 1 } : {};
	return [
		column("keep", "Check", __("Keep"), 1),
		column("label", "Data", __("Label"), 3),
		column("fieldname", "Data", __("Fieldname"), 2),
		column("fieldtype", "Select", __("Type"), 1, { options: TYPES.join("\n"), ...locked }),
		column("options", "Small Text", __("Options"), 2, locked),
		column("reqd", "Check", __("Required"), 1),
	];
}

const listed = (warnings) =>
	warnings.length
		? `<ul class="text-muted small">${warnings
				.map((text) => `<li>${frappe.utils.escape_html(text)}</li>`)
				.join("")}</ul>`
		: "";

async function make(dialog, start, values) {
	const wanted = ["paper_field", "label", "fieldname", "fieldtype", "options", "reqd", "keep"];
	const fields = (values.fields || []).map((row) =>
		Object.fromEntries(wanted.map((key) => [key, row[key] ?? ""])),
	);
	const made = await call(
		dialog,
		"make_drafts",
		{
			file: start.file,
			doctype: start.doctype,
			title: values.title,
			doctype_name: values.doctype_name,
			company: values.company,
			fields,
		},
		__("Making the drafts …"),
	);
	if (!made) {
		return;
	}
	dialog.hide();
	frappe.set_route("Form", "Web Form", made.web_form);
	frappe.show_alert({ message: __("Drafts were made. Finish them and publish the web form."), indicator: "green" }, 10);
	if (made.warnings.length) {
		frappe.msgprint({ title: __("From Paper"), message: listed(made.warnings), indicator: "orange" });
	}
}
