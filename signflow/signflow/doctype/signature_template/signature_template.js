// A template's form: fields of the record to put into the text, and how the document looks for a record.

frappe.ui.form.on("Signature Template", {
	setup(frm) {
		frm.set_query("reference_doctype", () => ({ filters: { istable: 0, issingle: 0 } }));
		frm.set_query("print_format", () => ({
			filters: { doc_type: frm.doc.reference_doctype || "", disabled: 0 },
		}));
	},

	refresh(frm) {
		if (!frm.is_new()) {
			frm.add_custom_button(__("Preview"), () => preview(frm));
		}
		if (frm.doc.source === "Text") {
			frm.add_custom_button(__("Insert a Field"), () => insert_field(frm));
		}
	},

	source(frm) {
		frm.trigger("refresh");
	},

	reference_doctype(frm) {
		if (frm.doc.print_format) {
			frm.set_value("print_format", "");
		}
	},
});

async function preview(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	if (!frm.doc.reference_doctype) {
		open_preview(frm, {});
		return;
	}
	signflow.prompt(
		{
			fieldname: "name",
			fieldtype: "Link",
			options: frm.doc.reference_doctype,
			label: __(frm.doc.reference_doctype),
			reqd: 1,
		},
		({ name }) => open_preview(frm, { doctype: frm.doc.reference_doctype, name }),
		__("Preview"),
		__("Show")
	);
}

function open_preview(frm, record) {
	const query = new URLSearchParams({ template: frm.doc.name, ...record });
	window.open(`/api/method/signflow.api.templates.preview?${query}`);
}

const WITHOUT_VALUE = [...frappe.model.no_value_type, "Password"];
const FORMATTED = ["Date", "Datetime", "Time", "Currency", "Float", "Percent", "Check", "Select", "Link", "Text Editor"];

async function insert_field(frm) {
	if (!frm.doc.reference_doctype) {
		frappe.msgprint(__("Say from which kind of record the document is made."));
		return;
	}
	await frappe.model.with_doctype(frm.doc.reference_doctype);
	const fields = frappe
		.get_meta(frm.doc.reference_doctype)
		.fields.filter((field) => field.label && !WITHOUT_VALUE.includes(field.fieldtype));
	signflow.prompt(
		{
			fieldname: "field",
			fieldtype: "Autocomplete",
			label: __("Field"),
			reqd: 1,
			options: fields.map((field) => ({
				value: field.fieldname,
				label: __(field.label),
				description: field.fieldname,
			})),
		},
		({ field }) => insert(frm, jinja(fields.find((one) => one.fieldname === field))),
		__("Insert a Field"),
		__("Insert")
	);
}

function jinja(field) {
	return FORMATTED.includes(field.fieldtype)
		? `{{ doc.get_formatted("${field.fieldname}") }}`
		: `{{ doc.${field.fieldname} }}`;
}

// Where the cursor stands in the editor; at the end of the text as long as it has not been opened.
function insert(frm, text) {
	const { editor } = frm.get_field("body");
	if (editor) {
		editor.insert(text);
		editor.focus();
	} else {
		frm.set_value("body", `${frm.doc.body || ""}${text}`);
	}
}
