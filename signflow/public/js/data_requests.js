// Data requests in Desk: taken in by staff, from a mail or a person's record; and what a restriction says on the record.

import { language_field } from "./language_field";
import { on_button, prompt } from "./prompts";

const ON = ["Customer", "Contact", "Lead"];
const BY_STAFF = ["Identity Document Shown", "Known to Staff", "Other"];
const TYPES = ["Access", "Portability", "Rectification", "Erasure", "Restriction", "Objection"];

/** What a person may ask for, as options of a field. */
export function kinds() {
	return TYPES.map((value) => ({ value, label: __(value) }));
}

/** Whether the user may take requests in. Frappe keeps apart what is made by other ways than its form. */
export function may_take_in() {
	return (frappe.boot.user.in_create || []).includes("Data Subject Request");
}

/** A button on people's records and on a mail that came in, for whoever may take requests in. */
export function offer_data_request(frm) {
	if (!may_take_in()) {
		return;
	}
	if (ON.includes(frm.doctype)) {
		frm.add_custom_button(__("Data Request"), () => new_data_request(start_of(frm)), __("Personal Data"));
	} else if (frm.doctype === "Communication" && frm.doc.sent_or_received === "Received") {
		frm.add_custom_button(__("Make a Data Request"), () => from_mail(frm.doc.name));
		frm.add_custom_button(__("Add to a Data Request"), () => add_mail(frm));
	}
}

/** The dialog for a mail, the reply to which then belongs to the request. */
export async function from_mail(name) {
	new_data_request(await frappe.xcall("signflow.api.subject_requests.from_communication", { name }));
}

/** What came with a later mail lies with the request from then on: a mandate, an answer. */
async function add_mail(frm) {
	const known = await frappe.xcall("signflow.api.subject_requests.open_requests_of", { mail: frm.doc.name });
	const field = { fieldname: "name", fieldtype: "Link", options: "Data Subject Request", label: __("Data Request"), reqd: 1, default: known[0] };
	prompt(
		[field],
		async ({ name }) => {
			const done = await frappe.xcall("signflow.api.subject_requests.add_mail", { name, mail: frm.doc.name });
			const refused = done.refused.map((text) => frappe.utils.escape_html(text)).join("<br>");
			if (refused) frappe.msgprint({ title: __("Not Taken"), message: refused });
			frappe.set_route("Form", "Data Subject Request", name);
		},
		__("Add to a Data Request"),
		__("Add")
	);
}

function start_of(frm) {
	const doc = frm.doc;
	const language = (doc.language || "").slice(0, 2);
	return {
		person_name: doc.lead_name || (doc.doctype === "Customer" ? doc.customer_name : [doc.first_name, doc.last_name].filter(Boolean).join(" ")),
		email: doc.email_id || "",
		company: doc.company,
		language: ["fi", "sv", "en"].includes(language) ? language : undefined,
	};
}

/** Take in what came by letter, telephone, visit or mail. */
export function new_data_request(values = {}) {
	const from_record = Boolean(values.reference_name);
	const dialog = new frappe.ui.Dialog({
		title: __("New Data Request"),
		fields: [
			{
				fieldname: "request_type",
				fieldtype: "Select",
				label: __("Asks For"),
				options: [{ value: "", label: "" }, ...kinds()],
				reqd: 1,
			},
			{
				fieldname: "objection_scope",
				fieldtype: "Select",
				label: __("Objects To"),
				options: ["Direct Marketing", "Other Processing"].map((value) => ({ value, label: __(value) })),
				default: "Direct Marketing",
				depends_on: "eval:doc.request_type === 'Objection'",
			},
			{
				fieldname: "received_on",
				fieldtype: "Datetime",
				label: __("Received On"),
				description: __("When it reached you: the month runs from there."),
				default: values.received_on || frappe.datetime.now_datetime(),
				read_only: from_record,
				reqd: 1,
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: "company",
				fieldtype: "Link",
				options: "Company",
				label: __("Company"),
				default: values.company || frappe.defaults.get_user_default("Company") || frappe.defaults.get_default("company"),
				reqd: 1,
			},
			{ ...language_field(), default: values.language || "fi" },
			{ fieldtype: "Section Break", label: __("Person") },
			{ fieldname: "person_name", fieldtype: "Data", label: __("Name"), default: values.person_name, reqd: 1 },
			{ fieldname: "email", fieldtype: "Data", label: __("Mail Address"), default: values.email },
			{ fieldtype: "Column Break" },
			{ fieldname: "phone", fieldtype: "Data", label: __("Telephone") },
			{ fieldname: "has_protected_address", fieldtype: "Check", label: __("Address Is Protected") },
			{ fieldname: "is_representative", fieldtype: "Check", label: __("Asks for Somebody Else") },
			{ fieldtype: "Section Break" },
			{
				fieldname: "represents",
				fieldtype: "Small Text",
				label: __("For Whom, and by What Right"),
				depends_on: "is_representative",
				mandatory_depends_on: "is_representative",
			},
			{
				fieldname: "details",
				fieldtype: "Small Text",
				label: __("In the Person's Own Words"),
				default: values.details,
			},
			{ fieldtype: "Section Break", label: __("Proof of Person") },
			{
				fieldname: "proof_method",
				fieldtype: "Select",
				label: __("Proven By"),
				options: ["", ...BY_STAFF].map((value) => ({ value, label: value ? __(value) : __("Not yet: mail a link") })),
				description: __("Ask for no more than is needed. Without proof a mail asks the person whether the request is his."),
			},
			{
				fieldname: "proof_note",
				fieldtype: "Small Text",
				label: __("How, More Exactly"),
				depends_on: "proof_method",
				mandatory_depends_on: "proof_method",
			},
		],
	});
	on_button(dialog, __("Take In"), async (given) => {
		const { reference_doctype, reference_name } = values;
		const name = await frappe.xcall("signflow.api.subject_requests.record", {
			...given,
			reference_doctype,
			reference_name,
		});
		dialog.hide();
		frappe.set_route("Form", "Data Subject Request", name);
	});
	dialog.show();
}

/** A person's record whose processing is restricted says so. */
export function show_restricted(frm) {
	const companies = (frm.doc.signflow_restricted_for || "").split("\n").filter(Boolean);
	// What law or a hold keeps after an erasure says so itself.
	const is_kept = companies.length === 1 && frm.doc.__onload?.signflow_kept;
	if (!companies.length || is_kept) {
		return;
	}
	const said = __("Processing is restricted (GDPR 18): keep this person's data, use it for nothing else. {0}", [companies.join(", ")]);
	// Frappe 16 escapes what is no HTML, 15 does not.
	frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(said)}</div>`, "red");
}
