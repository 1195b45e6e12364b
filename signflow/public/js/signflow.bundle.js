// "Request signature" on every saved record: a button on those that signing is for, a menu item on the rest. "From paper"
// is begun from the list of templates, a ready form from the list of signable forms.
import { correct, list_processors, offer_answers, once, prepare_copy, save_file, set_next_step } from "./answer_data_request";
import { show_backups } from "./backups";
import { CLOSED, offer_complaint } from "./closed_requests";
import { offer_campaign, show_consents } from "./consents";
import { kinds, may_take_in, new_data_request, offer_data_request, show_restricted } from "./data_requests";
import { from_paper } from "./from_paper";
import { show_what_was_told } from "./privacy_told";
import { add_ready_form } from "./ready_forms";
import { show_kept } from "./kept_records";
import { offer_look_up } from "./look_up_person";
import { prompt } from "./prompts";
import { request_signature } from "./request_signature";
import { choose_filters, date_fields_of, offer_kept, show_filters } from "./retention";
import { offer_substitute } from "./substitute";
import { offer_termination } from "./terminate_agreements";

frappe.provide("signflow");
signflow.request_signature = request_signature;
signflow.from_paper = from_paper;
signflow.offer_campaign = offer_campaign;
signflow.add_ready_form = add_ready_form;
signflow.new_data_request = new_data_request;
signflow.may_take_in_data_requests = may_take_in;
signflow.data_request_kinds = kinds;
signflow.CLOSED_DATA_REQUESTS = CLOSED;
signflow.set_next_step = set_next_step;
signflow.once = once;
signflow.save_file = save_file;
signflow.prompt = prompt;
signflow.answer_data_request = { correct, list_processors, prepare_copy };
signflow.retention = { choose_filters, date_fields_of, show_filters };

const WITH_BUTTON = [
	"Customer",
	"Supplier",
	"Lead",
	"Contract",
	"Quotation",
	"Sales Order",
	"Sales Invoice",
	"Purchase Order",
	"Employee",
	"Project",
];
const OURS = ["Signature Request", "Signature Request Signer", "Sealed Revision", "Signature Event", "Contract Termination", "Contract Withdrawal", "Consent", "Consent Text", "Consent Text Version", "Consent Link", "Consent Campaign", "Consent Campaign Person", "Data Subject Request", "Data Subject Request Step", "Personal Data Export", "Erasure Plan", "Erasure Plan Line", "Recipient Notice"];

// On a phone the framework cuts a form's title after some ten letters: the number of a plan or a request then tells nothing.
const NUMBERED = ["Erasure Plan", "Data Subject Request"].map((doctype) => `body[data-route^="Form/${doctype}/"] .page-head .title-area`);
const WRAPPED = "white-space: normal; overflow: visible; overflow-wrap: anywhere; max-width: none; line-height: 1.2; font-size: var(--text-sm)";
frappe.dom.set_style(
	`@media (max-width: 575px) { ${NUMBERED.map((area) => `${area} .ellipsis, ${area} .title-text`).join(", ")} { ${WRAPPED} } }`,
	"signflow-titles"
);

$(document).on("form-refresh", (_event, frm) => {
	if (frm?.doctype === "Data Subject Request") {
		offer_answers(frm);
		offer_complaint(frm);
	}
	if (frm) {
		show_backups(frm);
	}
	if (!frm || frm.is_new() || frm.meta.issingle || frm.meta.istable || OURS.includes(frm.doctype)) {
		return;
	}
	offer_termination(frm);
	offer_substitute(frm);
	offer_kept(frm);
	offer_look_up(frm);
	show_consents(frm);
	show_what_was_told(frm);
	offer_data_request(frm);
	show_restricted(frm);
	show_kept(frm);
	if (!frappe.model.can_create("Signature Request")) {
		return;
	}
	const label = __("Request Signature");
	const start = () => request_signature(frm);
	if (WITH_BUTTON.includes(frm.doctype)) {
		frm.add_custom_button(label, start, __("Create"));
	} else {
		frm.page.add_menu_item(label, start);
	}
});
