// What an officer does to answer a data request: a copy of the data, corrections, and those who have to be told.

import { CLOSED } from "./closed_requests";
import { prompt } from "./prompts";

const COPIES = ["Access", "Portability"];
const TO_TELL = ["Rectification", "Erasure", "Restriction"];

const call = (verb, args) => frappe.xcall(`signflow.api.recipients.${verb}`, args);

/** The one step that is next, as the form's first button. A phone has no room for many letters: there the headline says what it is. */
export function set_next_step(frm, label, action) {
	const is_short = label.length <= 9 || !window.matchMedia("(max-width: 575px)").matches;
	frm.page.set_primary_action(is_short ? label : __("Next"), action);
	frm.page.btn_primary.attr("aria-label", label);
}

let at_work = false;

/** Run `action` with the page frozen. A second click while one is in flight does nothing. */
export async function once(action) {
	if (at_work) return;
	at_work = true;
	frappe.dom.freeze();
	try {
		await action();
	} finally {
		at_work = false;
		frappe.dom.unfreeze();
	}
}

/** Have the browser keep `blob` as a file. */
export function save_file(name, blob) {
	const link = $("<a>").attr({ href: URL.createObjectURL(blob), download: name });
	link[0].click();
	setTimeout(() => URL.revokeObjectURL(link.attr("href")), 60000);
}

/** Buttons and, where somebody has to be told, a list on a Data Subject Request. */
export async function offer_answers(frm) {
	if (frm.is_new() || !frm.doc.verified_on || frm.doc.joined_to) return;
	const open = !["Unverified", ...CLOSED].includes(frm.doc.status);
	const officer = frappe.user.has_role("Data Protection Officer") || frappe.session.user === "Administrator";
	if (COPIES.includes(frm.doc.request_type) && officer) await offer_copy(frm, open);
	if (frm.doc.request_type === "Rectification" && officer && open) {
		frm.add_custom_button(__("Correct"), () => correct(frm), __("Actions"));
	}
	if (TO_TELL.includes(frm.doc.request_type)) await show_recipients(frm, officer && open);
}

async function offer_copy(frm, open) {
	const made = await frappe.db.get_list("Personal Data Export", {
		filters: { request: frm.doc.name, status: ["not in", ["Cancelled", "Expired"]] },
		fields: ["name", "status"],
		limit: 1,
	});
	if (made.length) {
		const go = () => frappe.set_route("Form", "Personal Data Export", made[0].name);
		frm.add_custom_button(__("Open the Copy"), go, __("Actions"));
	}
	if (open) {
		frm.add_custom_button(
			made.length ? __("Make the Copy Anew") : __("Prepare the Copy"),
			() => prepare_copy(frm),
			__("Actions")
		);
	}
}

export async function prepare_copy(frm) {
	await once(async () => {
		const name = await frappe.xcall("signflow.api.subject_access.prepare", { request: frm.doc.name });
		frappe.set_route("Form", "Personal Data Export", name);
	});
}

// Corrections

export function correct(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Correct"),
		size: "extra-large",
		fields: [
			{
				fieldname: "corrections",
				fieldtype: "Table",
				label: __("What is wrong, and what is right"),
				description: __(
					"A date is written as in other fields ({0}), a choice (such as a gender or a country) as it is called there. Leave Wrong empty to fill in what the person's own records lack.",
					[frappe.datetime.get_user_date_fmt()]
				),
				cannot_delete_rows: false,
				in_place_edit: true,
				data: [],
				fields: [
					{
						fieldname: "kind",
						fieldtype: "Select",
						label: __("What It Is"),
						options: [
							...["Email", "Phone", "Name", "Date"].map((value) => ({ value, label: __(value) })),
							{ value: "Choice", label: __("Choice") },
							{ value: "Other", label: __("Other") },
						],
						in_list_view: 1,
						columns: 2,
						reqd: 1,
					},
					{ fieldname: "old", fieldtype: "Data", label: __("Wrong"), in_list_view: 1, columns: 4 },
					{ fieldname: "new", fieldtype: "Data", label: __("Right"), in_list_view: 1, columns: 4 },
				],
			},
			{ fieldname: "find", fieldtype: "Button", label: __("Find Where It Stands"), click: () => find(frm, dialog) },
			{ fieldname: "places", fieldtype: "HTML" },
		],
		primary_action_label: __("Correct What Is Ticked"),
		primary_action: () => apply(frm, dialog),
	});
	dialog.get_primary_btn().prop("disabled", true);
	dialog.show();
}

const ISO = /^\d{4}-\d\d-\d\d$/;

/** A day as the site keeps it. What is none in the user's way of writing stays as it is, and is refused: the framework guesses. */
function as_day(text) {
	const plain = (words) => words.trim().replace(/\b0(?=\d)/g, "");
	const day = frappe.datetime.user_to_str(text.trim());
	return ISO.test(day) && plain(frappe.datetime.str_to_user(day)) === plain(text) ? day : text;
}

/** What the officer typed. */
function said(dialog) {
	const day = (kind, text = "") => (kind === "Date" && text && !ISO.test(text) ? as_day(text) : text);
	return (dialog.get_value("corrections") || []).map((row) => ({ kind: row.kind, old: day(row.kind, row.old), new: day(row.kind, row.new) }));
}

async function find(frm, dialog) {
	const places = await call("propose_corrections", { request: frm.doc.name, corrections: said(dialog) });
	const wrapper = dialog.fields_dict.places.$wrapper.empty();
	if (!places.length) {
		wrapper.append($("<p class='text-muted'>").text(__("It stands nowhere in this person's records.")));
	}
	const body = $("<table class='table table-sm'><thead><tr></tr></thead><tbody></tbody></table>");
	if (places.length) {
		$("<div class='table-responsive'>").append(body).appendTo(wrapper);
	}
	for (const head of ["", __("Record"), __("Field"), __("Present"), __("Proposed"), ""]) {
		body.find("thead tr").append($("<th>").text(head));
	}
	for (const one of places) {
		const keep = one.advice === "Keep";
		const box = $("<input type='checkbox'>").attr("data-id", one.id).attr("aria-label", `${one.label} ${one.name}`);
		box.prop({ checked: one.advice === "Change", disabled: keep });
		body.find("tbody").append(
			$("<tr>").append(
				$("<td>").append(box),
				$("<td>").text(`${one.label} ${one.name}`),
				$("<td>").text(one.field),
				$("<td style='overflow-wrap:anywhere'>").text(one.present),
				$("<td style='overflow-wrap:anywhere'>").text(keep ? "" : one.proposed),
				$("<td class='text-muted'>").text(one.because)
			)
		);
	}
	dialog.get_primary_btn().prop("disabled", !places.some((one) => one.advice !== "Keep"));
}

async function apply(frm, dialog) {
	const chosen = dialog.$wrapper.find("[data-id]:checked").get().map((box) => box.dataset.id);
	if (!chosen.length) return frappe.show_alert({ message: __("Tick what is to be corrected."), indicator: "orange" });
	const answer = await call("apply_corrections", { request: frm.doc.name, corrections: said(dialog), chosen });
	const lines = [__("{0} places in {1} records are corrected.", [answer.done, answer.records])];
	if (answer.changed) lines.push(__("{0} places had changed meanwhile and stayed as they are.", [answer.changed]));
	for (const one of answer.refused) lines.push(`${one.doctype} ${one.name}: ${one.text}`);
	frappe.msgprint({ title: __("Correct"), message: lines.map((line) => frappe.utils.escape_html(line)).join("<br>") });
	dialog.hide();
	frm.reload_doc();
}

// Recipients

async function show_recipients(frm, may_write) {
	const rows = await call("of_request", { request: frm.doc.name });
	if (may_write) {
		frm.add_custom_button(__("List Processors"), () => list_processors(frm), __("Actions"));
		frm.add_custom_button(__("Add a Recipient"), () => add(frm), __("Actions"));
	}
	if (!rows.length) return;
	const colours = { "To Tell": "orange", Told: "blue", Answered: "green", Waived: "gray" };
	const table = $("<table class='table table-sm mb-0'><tbody></tbody></table>");
	for (const one of rows) {
		const actions = $("<td class='text-right'>");
		if (may_write && !["Answered", "Waived"].includes(one.status)) {
			for (const [label, verb] of [
				[__("Tell by Mail"), tell],
				[__("Told Otherwise"), told],
				[__("Answered"), answered],
				[__("Waive"), waive],
			]) {
				if (verb === tell && !one.email) continue;
				$("<button class='btn btn-xs btn-default ml-1'>").text(label).on("click", () => verb(frm, one)).appendTo(actions);
			}
		}
		table.find("tbody").append(
			$("<tr>").append(
				$("<td>").text(one.recipient),
				$("<td>").append($(`<span class="indicator-pill ${colours[one.status]}">`).text(__(one.status))),
				$("<td class='text-muted'>").text(one.answer || one.waived_reason || one.email || ""),
				actions
			)
		);
	}
	const waiting = rows.filter((one) => !["Answered", "Waived"].includes(one.status)).length;
	const title = waiting ? __("Recipients: {0} not settled yet", [waiting]) : __("Recipients: all settled");
	frm.dashboard.add_section(table, title);
}

export async function list_processors(frm) {
	const made = await call("list_up", { request: frm.doc.name });
	frappe.show_alert(made.length ? __("{0} are to be told.", [made.length]) : __("All processors are listed."));
	frm.refresh();
}

function add(frm) {
	prompt(
		[
			{ fieldname: "recipient", fieldtype: "Data", label: __("Recipient"), reqd: 1 },
			{ fieldname: "email", fieldtype: "Data", options: "Email", label: __("Mail Address") },
		],
		async (values) => {
			await call("add", { request: frm.doc.name, ...values });
			frm.refresh();
		},
		__("Add a Recipient"),
		__("Add")
	);
}

function tell(frm, one) {
	const what = {
		Erasure: __("Please erase the personal data of this person that you have from us:"),
		Rectification: __("Please correct the personal data of this person that you have from us:"),
		Restriction: __("Please only keep, and do not use otherwise, the personal data of this person that you have from us:"),
	}[frm.doc.request_type];
	const who = [frm.doc.person_name, frm.doc.email].filter(Boolean).join(", ");
	prompt(
		[{ fieldname: "words", fieldtype: "Text", label: __("What the recipient is told"), reqd: 1, default: `${what}\n\n${who}` }],
		async ({ words }) => {
			await call("tell", { notice: one.name, words });
			frm.refresh();
		},
		one.recipient,
		__("Tell by Mail")
	);
}

async function told(frm, one) {
	await call("told", { notice: one.name });
	frm.refresh();
}

function answered(frm, one) {
	ask(frm, one, "answered", "words", __("What the recipient answered"));
}

function waive(frm, one) {
	ask(frm, one, "waive", "reason", __("Why the recipient is not told"));
}

function ask(frm, one, verb, name, label) {
	prompt(
		[{ fieldname: name, fieldtype: "Small Text", label, reqd: 1 }],
		async (values) => {
			await call(verb, { notice: one.name, ...values });
			frm.refresh();
		},
		one.recipient,
		__("Put on Record")
	);
}
