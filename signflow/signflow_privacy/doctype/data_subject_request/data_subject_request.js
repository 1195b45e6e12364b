const OPEN = ["Open", "Waiting for Person", "Planned", "Approved", "Running"];
const BY_STAFF = ["Identity Document Shown", "Known to Staff", "Other"];
const API = "signflow.api.subject_requests.";

frappe.ui.form.on("Data Subject Request", {
	refresh(frm) {
		frm.disable_save();
		const settings = frappe.listview_settings["Data Subject Request"];
		if (settings) {
			frm.page.set_indicator(...settings.get_indicator(frm.doc));
		}
		advise(frm);
		show_steps(frm);
		if (frappe.user.has_role("Data Protection Officer")) {
			offer(frm);
		}
	},
});

function advise(frm) {
	const doc = frm.doc;
	const say = (text, colour) => frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(text)}</div>`, colour);
	if (doc.joined_to) {
		say(__("The person has asked this before: it is answered under {0}.", [doc.joined_to]), "blue");
	} else if (doc.status === "Unverified") {
		say(__("Nobody has proven yet that this request is his. Look nothing up, and tell the asker nothing."), "orange");
	} else if (doc.status === "Waiting for Person") {
		say(__("A question does not stop the clock: the answer is due on {0}.", [frappe.datetime.str_to_user(doc.due_on)]), "orange");
	} else if (OPEN.includes(doc.status) && !doc.persons?.some((row) => row.confirmed)) {
		say(__("Confirm which records are the person: look-up, export and erasure start from them."), "blue");
	} else if (doc.has_protected_address) {
		say(__("The address of this person is protected: give it to nobody."), "red");
	}
}

async function show_steps(frm) {
	const steps = await frappe.xcall(`${API}steps`, { name: frm.doc.name });
	const escape = frappe.utils.escape_html;
	const row = (step) =>
		`<li><span class="text-muted">${escape(frappe.datetime.str_to_user(step.at))}</span> <b>${escape(__(step.kind))}</b>
		${step.by_user ? ` · ${escape(frappe.user.full_name(step.by_user))}` : ""}
		${step.note ? `<div class="text-muted" style="white-space: pre-wrap">${escape(__(step.note))}</div>` : ""}</li>`;
	frm.dashboard.parent?.find(".data-request-steps").closest(".form-dashboard-section").remove();
	frm.dashboard.add_section(`<ul class="data-request-steps list-unstyled">${steps.map(row).join("")}</ul>`, __("Steps"));
	frm.dashboard.show();
}

function offer(frm) {
	const doc = frm.doc;
	const person = __("Person");
	const decide = __("Decide");
	const add = (label, fields, verb, group, title) =>
		frm.add_custom_button(label, () => frappe.prompt(fields, (values) => run(frm, verb, values), title || label), group);
	const words = (fieldname, label, description) => ({ fieldname, fieldtype: "Small Text", label, description, reqd: 1 });
	frm.add_custom_button(__("Note"), () => frappe.prompt(words("words", __("Note")), (values) => run(frm, "add_note", values), __("Note")));
	if (doc.restricted_on && !doc.restriction_lifted_on) {
		add(
			__("End the Restriction"),
			[
				{ fieldname: "on", fieldtype: "Date", label: __("Ends On"), default: frappe.datetime.add_days(frappe.datetime.get_today(), 14), reqd: 1 },
				words("reason", __("Reason"), __("The person is told now, before it ends.")),
			],
			"lift",
			decide
		);
	}
	if (doc.joined_to || ["Done", "Refused"].includes(doc.status)) {
		return;
	}
	if (doc.status === "Unverified") {
		if (doc.email) {
			frm.add_custom_button(__("Ask for Proof"), () => run(frm, "ask_for_proof", {}), person);
		}
		add(
			__("Proven by Staff"),
			[
				{
					fieldname: "method",
					fieldtype: "Select",
					label: __("Proven By"),
					options: BY_STAFF.map((value) => ({ value, label: __(value) })),
					reqd: 1,
				},
				words("note", __("How, More Exactly"), __("Ask for no more than is needed.")),
			],
			"prove",
			person
		);
		refusal(frm, decide);
		hand_over(frm, decide);
		return;
	}
	if (doc.persons?.length) {
		frm.add_custom_button(__("Confirm the Records"), () => confirm_records(frm), person);
	}
	add(
		__("Add a Record"),
		[
			{
				fieldname: "doctype",
				fieldtype: "Select",
				label: __("Kind"),
				options: ["Contact", "Lead", "Customer", "Supplier", "Employee", "User"].map((value) => ({ value, label: __(value) })),
				default: "Contact",
				reqd: 1,
			},
			{ fieldname: "record", fieldtype: "Dynamic Link", options: "doctype", label: __("Record"), reqd: 1 },
			words("because", __("How do you know that it is the person?")),
		],
		"choose",
		person
	);
	frm.add_custom_button(__("Look Again"), () => run(frm, "propose", {}), person);
	add(
		__("Ask the Person"),
		[words("question", __("Question"), __("It is mailed to the person. The clock goes on."))],
		"ask",
		decide
	);
	add(__("Record an Answer"), [words("words", __("Answer"))], "answered", decide);
	if (!doc.extended_on) {
		add(
			__("Extend"),
			[
				{
					fieldname: "months",
					fieldtype: "Select",
					label: __("Further Months"),
					options: ["1", "2"],
					default: "1",
					reqd: 1,
				},
				words("reason", __("Reason"), __("It is mailed to the person. Only within the first month.")),
			],
			"extend",
			decide
		);
	}
	refusal(frm, decide);
	hand_over(frm, decide);
	add(
		__("Answer Under Another"),
		[
			{
				fieldname: "to",
				fieldtype: "Link",
				options: "Data Subject Request",
				label: __("Answered Under"),
				reqd: 1,
				get_query: () => ({ filters: { company: doc.company, request_type: doc.request_type, name: ["!=", doc.name] } }),
			},
		],
		"join",
		decide
	);
	primary(frm, words);
}

function primary(frm, words) {
	const doc = frm.doc;
	const stops_marketing = doc.request_type === "Objection" && doc.objection_scope === "Direct Marketing";
	const weighs = ["Rectification", "Objection"].includes(doc.request_type) && !stops_marketing;
	if ((doc.request_type === "Restriction" || stops_marketing || weighs) && !doc.restricted_on) {
		const label = stops_marketing ? __("Stop Marketing") : __("Restrict the Records");
		const button = frm.add_custom_button(label, () =>
			frappe.confirm(
				stops_marketing
					? __("Marketing to the confirmed records ends now, and the person is told. Go on?")
					: __("The confirmed records are kept and used for nothing else from now on, and the person is told. Go on?"),
				() => run(frm, "carry_out", {})
			)
		);
		if (!weighs) {
			button.addClass("btn-primary");
			return;
		}
	}
	frm.add_custom_button(__("Complete"), () =>
		frappe.prompt(
			words("outcome", __("What was done"), __("It is mailed to the person in these words.")),
			(values) => run(frm, "complete", values),
			__("Complete")
		)
	).addClass("btn-primary");
}

function refusal(frm, group) {
	const late = frappe.datetime.get_day_diff(frappe.datetime.get_today(), frappe.datetime.add_months(frm.doc.received_on, 1)) > 0;
	const fields = [
		{
			fieldname: "reason",
			fieldtype: "Small Text",
			label: __("Reason"),
			description: __("It is mailed to the person, with where to complain. A refusal is told within a month of receipt."),
			reqd: 1,
		},
	];
	if (late) {
		fields.push({ fieldname: "late", fieldtype: "Check", label: __("The month is over; refuse all the same, on record") });
	}
	frm.add_custom_button(__("Refuse"), () => frappe.prompt(fields, (values) => run(frm, "refuse", values), __("Refuse")), group);
}

function hand_over(frm, group) {
	frm.add_custom_button(
		__("Hand Over"),
		() =>
			frappe.prompt(
				{
					fieldname: "company",
					fieldtype: "Link",
					options: "Company",
					label: __("Company"),
					description: __("The company that the request is really asked of. The clock goes on."),
					reqd: 1,
				},
				(values) => run(frm, "hand_over", values),
				__("Hand Over")
			),
		group
	);
}

function confirm_records(frm) {
	const escape = frappe.utils.escape_html;
	const rows = frm.doc.persons;
	const dialog = new frappe.ui.Dialog({
		title: __("Which records are the person?"),
		fields: rows.map((row, place) => ({
			fieldname: `row_${place}`,
			fieldtype: "Check",
			label: escape(`${__(row.record_doctype)}: ${row.record_name}`),
			description: escape(`${__(row.strength)}. ${row.because || ""}`),
			default: row.confirmed || row.strength === "Certain" ? 1 : 0,
		})),
		primary_action_label: __("Confirm"),
		primary_action(values) {
			dialog.hide();
			const chosen = rows.filter((_row, place) => values[`row_${place}`]).map((row) => row.name);
			run(frm, "confirm", { rows: chosen });
		},
	});
	dialog.show();
}

async function run(frm, verb, values) {
	await frappe.xcall(`${API}${verb}`, { ...values, name: frm.doc.name });
	frm.reload_doc();
}
