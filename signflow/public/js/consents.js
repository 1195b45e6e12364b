// Consents and marketing on a Customer, Contact or Lead: what holds and by which rule; asking, and recording what was said.
import { language_field } from "./language_field";

const ON = ["Customer", "Contact", "Lead"];
const API = "signflow.api.consents.";

/** The section with the states, and the buttons; on a mail that came in, the button that makes it a consent. */
export function show_consents(frm) {
	if (!frappe.model.can_read("Consent")) {
		return;
	}
	if (frm.doctype === "Communication" && frm.doc.sent_or_received === "Received") {
		frm.add_custom_button(__("Mark as Consent"), () => reply_dialog(frm), __("Actions"));
	}
	if (frm.doctype === "Email Group" && frappe.model.can_write("Consent Text")) {
		frm.add_custom_button(__("Record Earlier Consents"), () => members_dialog(frm), __("Actions"));
	}
	if (!ON.includes(frm.doctype)) {
		return;
	}
	const group = __("Consent");
	frm.add_custom_button(__("Ask for Consent"), () => ask_dialog(frm), group);
	if (frm.doctype !== "Customer") {
		frm.add_custom_button(__("Record Consent"), () => record_dialog(frm), group);
	}
	draw(frm);
}

async function draw(frm) {
	const name = frm.doc.name;
	const people = await frappe.xcall(`${API}of_record`, { doctype: frm.doctype, name });
	if (frm.doc.name !== name || !people.length) {
		return;
	}
	frm.layout.wrapper.find(".signflow-consents").closest(".form-dashboard-section").remove();
	frm.dashboard.add_section(`<div class="signflow-consents">${people.map((one) => person(one, people)).join("")}</div>`, __("Consents and Marketing"));
	frm.dashboard.show();
}

const escape = (text) => frappe.utils.escape_html(String(text ?? ""));

function person(one, people) {
	const heading =
		people.length > 1
			? `<h6 class="mt-3"><a href="/app/${frappe.router.slug(one.doctype)}/${encodeURIComponent(one.name)}">${escape(one.title)}</a> <span class="text-muted">${escape(one.email)}</span></h6>`
			: "";
	return heading + one.companies.map((company) => of_company(company, one.companies.length > 1)).join("");
}

function of_company(company, named) {
	const rows = alike(company.channels).map(
		({ channels, state }) => `<tr>
			<td style="width: 25%">${channels.map((channel) => __(channel)).join(", ")}</td>
			<td style="width: 20%"><span class="indicator-pill ${state.allowed ? "green" : "red"}">${state.allowed ? __("Allowed") : __("Not Allowed")}</span></td>
			<td>${linked(escape(state.rule_text), state.row)}${state.flag ? ` <span class="text-muted">${escape(said_by(state.flag))}</span>` : ""}</td>
			<td class="text-muted text-right text-nowrap">${state.since ? frappe.datetime.str_to_user(state.since) : ""}</td>
		</tr>`
	);
	const consents = company.consents.map(
		(one) => `<tr>
			<td colspan="2">${escape(one.purpose)}</td>
			<td>${linked(escape(one.action), one.row)}</td>
			<td class="text-muted text-right text-nowrap">${frappe.datetime.str_to_user(one.said_on)}</td>
		</tr>`
	);
	const caption = named ? `<div class="text-muted small mt-2">${escape(company.company)}</div>` : "";
	return `${caption}<table class="table table-sm small mb-2"><tbody>${rows.join("")}${consents.join("")}</tbody></table>`;
}

/** Where an objection stands that was not made to us, in words. */
function said_by(flag) {
	const words = {
		"Contact.unsubscribed": __("marked on the contact"),
		"Lead.unsubscribed": __("marked on the lead"),
		"Lead.status": __("the state of the lead"),
		"Email Unsubscribe": __("unsubscribed from a mail"),
		"Email Group Member.unsubscribed": __("has left a mailing list"),
	};
	return words[flag] || flag;
}

/** Channels to which the same rule gives the same answer, in one line. */
function alike(states) {
	const found = new Map();
	for (const state of states) {
		const key = [state.allowed, state.rule, state.row, state.flag].join("\n");
		found.set(key, { state, channels: [...(found.get(key)?.channels || []), state.channel] });
	}
	return [...found.values()];
}

const linked = (text, row) => (row ? `<a href="/app/consent/${encodeURIComponent(row)}">${text}</a>` : text);

const text_field = () => ({
	fieldname: "text",
	fieldtype: "Link",
	options: "Consent Text",
	label: __("Consent Text"),
	reqd: 1,
	get_query: () => ({ filters: { disabled: 0, current_version: ["is", "set"] } }),
});

const action_field = (first = "Given") => ({
	fieldname: "action",
	fieldtype: "Select",
	label: __("What Was Said"),
	options: [
		{ value: "Given", label: __("Given") },
		{ value: "Refused", label: __("Refused") },
		{ value: "Withdrawn", label: __("Withdrawn") },
		{ value: "Objected", label: __("Objected to all marketing") },
		{ value: "Objection Lifted", label: __("Objection Lifted") },
	],
	default: first,
	reqd: 1,
});

function dialog(title, fields, label, run) {
	const shown = new frappe.ui.Dialog({
		title,
		fields,
		primary_action_label: label,
		async primary_action(values) {
			shown.disable_primary_action();
			try {
				await run(values);
				shown.hide();
			} finally {
				shown.enable_primary_action();
			}
		},
	});
	shown.show();
	return shown;
}

function done(frm, text) {
	frappe.show_alert({ message: text, indicator: "green" });
	frm.reload_doc();
}

function ask_dialog(frm) {
	dialog(
		__("Ask for Consent"),
		[
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__("Each person gets one mail with a personal link. Nobody is asked who has objected or has consented already.")}</p>`,
			},
			text_field(),
			{ ...language_field(), description: __("For people whose own language is not known") },
			{ fieldname: "message", fieldtype: "Small Text", label: __("Message") },
			{
				fieldname: "asked_for",
				fieldtype: "Check",
				label: __("The person has asked for this mail"),
				description: __("Asking a consumer by mail for a consent to marketing is marketing itself."),
			},
		],
		__("Send"),
		async (values) => {
			const { asked, left_out } = await frappe.xcall("signflow.api.consent_campaigns.ask", {
				doctype: frm.doctype,
				name: frm.doc.name,
				text: values.text,
				language: values.language,
				message: values.message || "",
				asked_for: values.asked_for || 0,
			});
			const told = [__("People asked: {0}.", [asked]), ...left_out.map(escape)].join("<br>");
			frappe.msgprint({ title: __("Ask for Consent"), message: told, indicator: asked ? "green" : "orange" });
		}
	);
}

/** In a list of people: ask those who are chosen, or else all whom its filters find, by a campaign that is still to begin. */
export function offer_campaign(list) {
	if (!frappe.model.can_create("Consent Campaign")) {
		return;
	}
	list.page.add_menu_item(__("Ask for Consent"), () => {
		const chosen = list.get_checked_items(true);
		const filters = chosen.length ? [[list.doctype, "name", "in", chosen]] : list.filter_area.get();
		if (filters.some(([doctype]) => doctype !== list.doctype)) {
			frappe.msgprint(__("A filter on a table cannot be taken over. Choose the people in the list instead."));
			return;
		}
		frappe.new_doc("Consent Campaign", {
			ask_doctype: list.doctype,
			filters_json: JSON.stringify(filters.map((filter) => filter.slice(1, 4))),
		});
	});
}

function record_dialog(frm) {
	dialog(
		__("Record Consent"),
		[
			text_field(),
			{
				fieldname: "way",
				fieldtype: "Select",
				label: __("How"),
				options: [
					{ value: "Paper", label: __("On paper: consent given and signed") },
					{ value: "Said to Staff", label: __("Said to Staff") },
				],
				default: "Paper",
				reqd: 1,
			},
			{
				fieldname: "scan",
				fieldtype: "Attach",
				label: __("Scan"),
				depends_on: "eval:doc.way == 'Paper'",
				mandatory_depends_on: "eval:doc.way == 'Paper'",
			},
			{
				fieldname: "said_on",
				fieldtype: "Date",
				label: __("Said on"),
				default: frappe.datetime.get_today(),
				depends_on: "eval:doc.way == 'Paper'",
				mandatory_depends_on: "eval:doc.way == 'Paper'",
			},
			{ ...action_field(), depends_on: "eval:doc.way != 'Paper'" },
			language_field(),
		],
		__("Record"),
		async (values) => {
			const record = { doctype: frm.doctype, name: frm.doc.name, text: values.text, language: values.language };
			if (values.way === "Paper") {
				await frappe.xcall(`${API}record_paper`, { ...record, file_url: values.scan, said_on: values.said_on });
				done(frm, __("The consent is recorded."));
			} else {
				await frappe.xcall(`${API}record_said`, { ...record, action: values.action });
				done(frm, values.action === "Given" ? __("The person gets a mail to confirm it.") : __("It is recorded."));
			}
		}
	);
}

function members_dialog(frm) {
	dialog(
		__("Record Earlier Consents"),
		[
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__("For members who consented before signflow came. You answer for it: say where that is on record. Who has left the list or has answered here is left as he is.")}</p>`,
			},
			{ ...text_field(), default: frm.doc.signflow_consent_text },
			{ fieldname: "said_on", fieldtype: "Date", label: __("Said on"), reqd: 1 },
			{ fieldname: "note", fieldtype: "Small Text", label: __("When, where and how, and where it is on record"), reqd: 1 },
			language_field(),
		],
		__("Record"),
		async (values) => {
			await frappe.xcall(`${API}record_members`, { group: frm.doc.name, ...values });
			frappe.show_alert({ message: __("The consents are being recorded."), indicator: "green" });
		}
	);
}

function reply_dialog(frm) {
	dialog(
		__("Mark as Consent"),
		[
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__("The mail stays as the proof of what its sender said.")}</p>`,
			},
			text_field(),
			action_field(),
			language_field(),
		],
		__("Record"),
		async (values) => {
			await frappe.xcall(`${API}record_reply`, { communication: frm.doc.name, ...values });
			done(frm, __("It is recorded."));
		}
	);
}
