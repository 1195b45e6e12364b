// The ways in which staff ends a customer's agreements: a request to sign, and a notice that has come already.
import { language_field } from "./language_field";

const ON = ["Customer", "Contract", "Subscription"];

/** Buttons on a customer and on agreements; a line on an agreement of which notice was given. */
export function offer_termination(frm) {
	if (!ON.includes(frm.doctype) || !frappe.model.can_read("Contract Termination")) {
		return;
	}
	if (frm.doctype === "Contract" && frm.doc.party_type !== "Customer") {
		return;
	}
	if (frm.doctype === "Subscription" && frm.doc.party_type !== "Customer") {
		return;
	}
	const group = __("Termination");
	frm.add_custom_button(__("Start Termination"), () => open_dialog(frm, start_dialog), group);
	frm.add_custom_button(__("Record Termination"), () => open_dialog(frm, record_dialog), group);
	if (frm.doctype !== "Customer") {
		say_when_it_ends(frm);
	}
}

async function start_of(frm) {
	return frappe.xcall("signflow.api.terminations.of_record", { doctype: frm.doctype, name: frm.doc.name });
}

async function say_when_it_ends(frm) {
	const { agreements } = await start_of(frm);
	const mine = agreements.find((one) => one.doctype === frm.doctype && one.name === frm.doc.name);
	if (mine?.under_notice) {
		const day = frappe.datetime.str_to_user(mine.ends_on);
		frm.dashboard.set_headline(__("Notice was given. It ends with {0}.", [day]), "orange");
	}
}

async function open_dialog(frm, make) {
	const start = await start_of(frm);
	const free = start.agreements.filter((one) => !one.under_notice);
	if (!free.length) {
		frappe.msgprint(__("There is no agreement in force of which notice was not given yet."));
		return;
	}
	make(frm, start, free);
}

function choice(frm, free) {
	return [
		{ fieldtype: "Section Break", label: __("Agreements") },
		...free.map((one, place) => ({
			fieldname: `agreement_${place}`,
			fieldtype: "Check",
			label: frappe.utils.escape_html(`${one.title} (${one.name})`),
			description: frappe.utils.escape_html(
				`${one.notice}: ${__("if given today, it ends with {0}", [frappe.datetime.str_to_user(one.ends_on)])}`
			),
			default: free.length === 1 || (one.doctype === frm.doctype && one.name === frm.doc.name) ? 1 : 0,
		})),
	];
}

function person(start) {
	const first = start.people[0] || {};
	return [
		{ fieldtype: "Section Break", label: __("Given by") },
		{
			fieldname: "person_name",
			fieldtype: "Data",
			label: __("Name"),
			reqd: 1,
			default: first.person_name,
		},
		{ fieldtype: "Column Break" },
		{ fieldname: "email", fieldtype: "Data", options: "Email", label: __("Mail Address"), default: first.email },
		language_field(),
	];
}

function chosen(values, free) {
	return free.filter((_one, place) => values[`agreement_${place}`]).map((one) => [one.doctype, one.name]);
}

function start_dialog(frm, start, free) {
	const dialog = new frappe.ui.Dialog({
		title: __("Start Termination"),
		fields: [
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__("The customer gets a mail with the notice to sign. Notice is given when it is signed.")}</p>`,
			},
			...choice(frm, free),
			...person(start),
			{ fieldtype: "Section Break" },
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason") },
		],
		primary_action_label: __("Send for Signing"),
		primary_action: (values) =>
			send(dialog, "start", {
				chosen: chosen(values, free),
				person_name: values.person_name,
				email: values.email,
				reason: values.reason || "",
				language: values.language,
			}),
	});
	dialog.set_df_property("email", "reqd", 1);
	dialog.show();
}

function record_dialog(frm, start, free) {
	const dialog = new frappe.ui.Dialog({
		title: __("Record Termination"),
		fields: [
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__("A notice in the customer's own words counts from its arrival and needs no signature. The customer gets a confirmation.")}</p>`,
			},
			{ fieldtype: "Section Break" },
			{
				fieldname: "channel",
				fieldtype: "Select",
				label: __("How It Was Given"),
				options: [
					{ value: "In Writing", label: __("In Writing") },
					{ value: "Said to Staff", label: __("Said to Staff") },
				],
				default: "In Writing",
				reqd: 1,
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: "received_on",
				fieldtype: "Datetime",
				label: __("Notice Received on"),
				default: frappe.datetime.now_datetime(),
				reqd: 1,
			},
			...choice(frm, free),
			...person(start),
			{ fieldtype: "Section Break" },
			{
				fieldname: "communication",
				fieldtype: "Link",
				options: "Communication",
				label: __("Message"),
				get_query: () => ({ filters: { communication_type: "Communication", sent_or_received: "Received" } }),
				depends_on: "eval:doc.channel == 'In Writing'",
			},
			{ fieldname: "note", fieldtype: "Small Text", label: __("Note") },
		],
		primary_action_label: __("Record Termination"),
		primary_action: (values) =>
			send(dialog, "record", {
				chosen: chosen(values, free),
				channel: values.channel,
				received_on: values.received_on,
				person_name: values.person_name,
				email: values.email || "",
				communication: values.communication || null,
				note: values.note || "",
				language: values.language,
			}),
	});
	dialog.show();
}

async function send(dialog, verb, values) {
	if (!values.chosen.length) {
		frappe.msgprint(__("Choose at least one agreement."));
		return;
	}
	dialog.disable_primary_action();
	try {
		const made = await frappe.xcall(`signflow.api.terminations.${verb}`, values);
		dialog.hide();
		frappe.set_route("Form", "Contract Termination", made.name);
	} finally {
		dialog.enable_primary_action();
	}
}
