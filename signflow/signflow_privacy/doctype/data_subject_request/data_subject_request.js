const OPEN = ["Open", "Waiting for Person", "Planned", "Approved", "Running"];
const BY_STAFF = ["Identity Document Shown", "Known to Staff", "Other"];
const API = "signflow.api.subject_requests.";

const PROTECTED = () => __("The address of this person is protected: give it to nobody.");

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
			show_next(frm);
		}
	},
});

/** An objection to marketing needs no weighing, others do (GDPR 21(1)). */
const is_weighed_objection = (doc) => doc.request_type === "Objection" && doc.objection_scope !== "Direct Marketing";

function headline(frm, text, colour) {
	frm.dashboard.clear_headline();
	frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(text)}</div>`, colour);
}

function advise(frm) {
	const doc = frm.doc;
	const say = (text, colour) => headline(frm, text, colour);
	if (doc.joined_to) {
		say(__("The person has asked this before: it is answered under {0}.", [doc.joined_to]), "blue");
	} else if (doc.status === "Unverified") {
		say(__("Nobody has proven yet that this request is his. Look nothing up, and tell the asker nothing."), "orange");
	} else if (doc.status === "Waiting for Person") {
		say(__("A question does not stop the clock: the answer is due on {0}.", [frappe.datetime.str_to_user(doc.due_on)]), "orange");
	} else if (OPEN.includes(doc.status) && !doc.persons?.some((row) => row.confirmed)) {
		say(__("Confirm which records are the person: look-up, export and erasure start from them."), "blue");
	} else if (doc.has_protected_address) {
		say(PROTECTED(), "red");
	}
}

async function show_steps(frm) {
	const steps = await frappe.xcall(`${API}steps`, { name: frm.doc.name });
	const escape = frappe.utils.escape_html;
	const row = (step) =>
		`<li><span class="text-muted">${escape(frappe.datetime.str_to_user(step.at))}</span> <b>${escape(__(step.kind))}</b>
		${step.by_user ? ` · ${escape(frappe.user.full_name(step.by_user))}` : ""}
		${step.note ? `<div class="text-muted" style="white-space: pre-wrap">${escape(step.note)}</div>` : ""}</li>`;
	frm.dashboard.parent?.find(".data-request-steps").closest(".form-dashboard-section").remove();
	frm.dashboard.add_section(`<ul class="data-request-steps list-unstyled">${steps.map(row).join("")}</ul>`, __("Steps"));
	frm.dashboard.show();
}

function offer(frm) {
	const doc = frm.doc;
	// One menu: what is next stands beside it, and has room there on a phone too.
	const menu = __("Actions");
	const add = (label, fields, verb, button = label) =>
		frm.add_custom_button(label, () => signflow.prompt(fields, (values) => run(frm, verb, values), label, button), menu);
	const words = (fieldname, label, description) => ({ fieldname, fieldtype: "Small Text", label, description, reqd: 1 });
	add(__("Note"), [words("words", __("Note"))], "add_note", __("Put on Record"));
	if (doc.restricted_on && !doc.restriction_lifted_on) {
		add(
			__("End the Restriction"),
			[
				{ fieldname: "on", fieldtype: "Date", label: __("Ends On"), default: frappe.datetime.add_days(frappe.datetime.get_today(), 14), reqd: 1 },
				words("reason", __("Reason"), __("The person is told now, before it ends.")),
			],
			"lift"
		);
	}
	if (doc.joined_to || signflow.CLOSED_DATA_REQUESTS.includes(doc.status)) {
		return;
	}
	if (["Unverified", "Open", "Waiting for Person", "Planned"].includes(doc.status)) {
		add(
			__("Mark as Taken Back"),
			[words("words", __("How did the person say so?"), __("The request is closed, and that is mailed to the person."))],
			"withdraw"
		);
	}
	if (doc.status === "Unverified") {
		if (doc.email) {
			frm.add_custom_button(__("Ask for Proof"), () => run(frm, "ask_for_proof", {}), menu);
		}
		frm.add_custom_button(__("Proven by Staff"), () => prove(frm), menu);
		refusal(frm, menu);
		change_kind(frm, menu);
		hand_over(frm, menu);
		return;
	}
	if (doc.persons?.length) {
		frm.add_custom_button(__("Confirm the Records"), () => confirm_records(frm), menu);
	}
	frm.add_custom_button(__("Add a Record"), () => add_record(frm), menu);
	frm.add_custom_button(__("Look Again"), () => run(frm, "propose", {}), menu);
	add(
		__("Ask the Person"),
		[words("question", __("Question"), __("It is mailed to the person. The clock goes on."))],
		"ask"
	);
	add(__("Record an Answer"), [words("words", __("Answer"))], "answered", __("Put on Record"));
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
			"extend"
		);
	}
	refusal(frm, menu);
	change_kind(frm, menu);
	hand_over(frm, menu);
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
		"join"
	);
	const weighed = doc.request_type === "Rectification" || is_weighed_objection(doc);
	if (weighed && !doc.restricted_on && doc.persons?.some((row) => row.confirmed)) {
		frm.add_custom_button(__("Restrict the Records"), OFFERED(frm, {}).restrict[1], menu);
	}
	if (doc.request_type === "Erasure") {
		if (doc.status !== "Running" && doc.persons?.some((row) => row.confirmed)) {
			frm.add_custom_button(__("Plan the Erasure"), () => plan_erasure(frm), menu);
		}
		frm.add_custom_button(__("Plans"), () => frappe.set_route("List", "Erasure Plan", { request: doc.name }), menu);
	}
	frm.add_custom_button(__("Complete"), () => complete(frm, frm.next_step || {}), menu);
}

function add_record(frm) {
	signflow.prompt(
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
			{ fieldname: "because", fieldtype: "Small Text", label: __("How do you know that it is the person?"), reqd: 1 },
		],
		(values) => run(frm, "choose", values),
		__("Add a Record")
	);
}

function prove(frm) {
	signflow.prompt(
		[
			{
				fieldname: "method",
				fieldtype: "Select",
				label: __("Proven By"),
				options: BY_STAFF.map((value) => ({ value, label: __(value) })),
				reqd: 1,
			},
			{
				fieldname: "note",
				fieldtype: "Small Text",
				label: __("How, More Exactly"),
				description: __("Ask for no more than is needed."),
				reqd: 1,
			},
		],
		(values) => run(frm, "prove", values),
		__("Proven by Staff"),
		__("Put on Record")
	);
}

function complete(frm, next) {
	const answer = next.answer || {};
	const mailed = [
		answer.language ? __("It is mailed to the person in these words. The person reads {0}.", [answer.language]) : __("It is mailed to the person in these words."),
		answer.certificate ? __("The sealed certificate of erasure goes along.") : "",
	];
	const by_hand = [
		__("The person has no mail address here: tell him in these words by letter, or in person."),
		answer.certificate ? __("You get the sealed certificate of erasure this once, to hand it over. It is kept nowhere.") : "",
	];
	const told = frm.doc.email ? mailed : by_hand;
	const fields = [
		{
			fieldname: "outcome",
			fieldtype: "Small Text",
			label: __("What was done"),
			description: told.filter(Boolean).join(" "),
			default: answer.words,
			reqd: 1,
		},
	];
	if (next.step === "add_records") {
		fields.unshift(
			{ fieldname: "missing", fieldtype: "HTML", options: `<p class="bold">${frappe.utils.escape_html(next.said)}</p>` },
			{ fieldname: "is_nothing_held", fieldtype: "Check", label: __("Nothing is held on the person; this is put on record"), reqd: 1 },
			{ fieldname: "nothing_held", fieldtype: "Small Text", label: __("How do you know that nothing is held?"), reqd: 1 }
		);
	} else if (next.said && frm.doc.request_type !== "Erasure") {
		// An erasure is answered by erasing, and by nothing else.
		fields.unshift(
			{ fieldname: "missing", fieldtype: "HTML", options: `<p class="bold">${frappe.utils.escape_html(next.said)}</p>` },
			{ fieldname: "otherwise", fieldtype: "Check", label: __("It was answered in another way, such as by word of mouth; this is put on record") }
		);
	}
	if (is_weighed_objection(frm.doc) && frm.doc.persons?.some((row) => row.confirmed)) {
		fields.unshift({
			fieldname: "weighed",
			fieldtype: "Select",
			label: __("Came of the Objection"),
			options: ["Objection Upheld", "Compelling Grounds"].map((value) => ({ value, label: __(value) })),
			description: __(
				"Upheld: the records stay restricted, and no mail goes to the person. Compelling grounds: a restriction ends tomorrow; the person is told why, and where to complain."
			),
			reqd: 1,
		});
	}
	if (frm.doc.request_type === "Rectification" && !next.said) {
		const lines = (next.corrected || []).map((line) => `<li>${frappe.utils.escape_html(line)}</li>`).join("");
		const asked = `<p style="white-space: pre-wrap; overflow-wrap: anywhere">${frappe.utils.escape_html(frm.doc.details || "")}</p>`;
		fields.unshift(
			{ fieldname: "wish", fieldtype: "HTML", options: `<p class="text-muted mb-0">${__("What Is Asked")}</p>${asked}` },
			{
				fieldname: "corrected",
				fieldtype: "HTML",
				options: lines ? `<p class="text-muted mb-0">${__("What was corrected so far")}</p><ul>${lines}</ul>` : "",
			},
			{
				fieldname: "all_corrected",
				fieldtype: "Check",
				label: __("Everything that was asked for is corrected, or the answer says why not"),
				reqd: 1,
			}
		);
	}
	const answered = ({ outcome, otherwise, nothing_held, weighed, all_corrected }) =>
		signflow.once(async () => {
			const given = await frappe.xcall(`${API}complete`, { outcome, otherwise, nothing_held, weighed, all_corrected, name: frm.doc.name });
			if (given) hand_certificate(given);
			frm.reload_doc();
		});
	signflow.prompt(fields, answered, __("Complete"));
}

/** An answer whose mail came back: to an address put right, or by another way. */
function answer_again(frm) {
	const is_copy = ["Access", "Portability"].includes(frm.doc.request_type) && frm.doc.status === "Done";
	const by_hand = is_copy
		? __("Its link ends, and the copy can be handed over: open it from here.")
		: __("Leave it empty to hand the answer over, by letter or in person.");
	const with_certificate = frm.doc.request_type === "Erasure" && frm.doc.status === "Done";
	const told = [
		is_copy ? "" : __("This one mail goes there. The person's own address stays as it was proven."),
		by_hand,
		with_certificate ? __("A certificate is sealed anew and takes the place of the first.") : "",
	];
	const fields = [
		{ fieldname: "told", fieldtype: "HTML", options: `<p class="text-muted">${told.filter(Boolean).join(" ")}</p>` },
		{ fieldname: "email", fieldtype: "Data", options: "Email", label: __("Right Mail Address"), hidden: is_copy },
		{ fieldname: "because", fieldtype: "Small Text", label: __("How do you know it, or how do you reach the person?"), reqd: 1 },
	];
	const given_again = ({ email, because }) =>
		signflow.once(async () => {
			const given = await frappe.xcall(`${API}answer_again`, { name: frm.doc.name, email, because });
			if (given) hand_certificate(given);
			frm.reload_doc();
		});
	signflow.prompt(fields, given_again, __("Answer Again"));
}

/** The only chance to keep the certificate: the dialog stays until the officer closes it. */
function hand_certificate({ file_name, content }) {
	const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
	const save = () => signflow.save_file(file_name, new Blob([bytes], { type: "application/pdf" }));
	const dialog = new frappe.ui.Dialog({
		title: __("Hand the Certificate Over"),
		static: true,
		fields: [
			{ fieldname: "told", fieldtype: "HTML", options: `<p>${__("Print the file, or put it on a medium, and give it to the person. It is kept nowhere else: delete it then.")}</p>` },
			{ fieldname: "save", fieldtype: "Button", label: __("Download the Certificate"), click: save },
		],
		primary_action_label: __("I Have the File"),
		primary_action: () => dialog.hide(),
	});
	dialog.show();
	save();
}

// What is next stands alone as the first button; all else is in the menus.

async function show_next(frm) {
	const name = frm.doc.name;
	const next = await frappe.xcall(`${API}next_step`, { name });
	if (cur_frm !== frm || frm.doc.name !== name) return;
	frm.next_step = next;
	const offered = OFFERED(frm, next)[next.step];
	if (offered) {
		signflow.set_next_step(frm, ...offered);
	}
	if (next.came_back) {
		headline(frm, __("A mail to the person came back since this was answered: give the answer once more."), "orange");
		signflow.set_next_step(frm, __("Answer Again"), () => answer_again(frm));
	}
	// The request stays "Running" until the person is answered; that the run is over is said where one looks.
	if (next.is_over) {
		const erased = __("Erased, to Be Completed");
		frm.page.set_indicator(erased, "orange");
		frm.set_df_property("status", "description", erased);
		const rest = next.said || __("What is left is to answer the person.");
		headline(frm, `${__("The erasure was carried out.")} ${rest}`, "blue");
	} else if (next.said && !["Unverified", "Waiting for Person"].includes(frm.doc.status)) {
		headline(frm, frm.doc.has_protected_address ? `${next.said} ${PROTECTED()}` : next.said, frm.doc.has_protected_address ? "red" : "blue");
	}
}

const OFFERED = (frm, next) => {
	const open_plan = () => frappe.set_route("Form", "Erasure Plan", next.record);
	const carry_out = (label, said) => [label, () => frappe.confirm(said, () => run(frm, "carry_out", {}))];
	return {
		prove: frm.doc.email ? [__("Ask for Proof"), () => run(frm, "ask_for_proof", {})] : [__("Proven by Staff"), () => prove(frm)],
		add_records: [__("Add a Record"), () => add_record(frm)],
		confirm: [__("Confirm the Records"), () => confirm_records(frm)],
		plan: [__("Plan the Erasure"), () => plan_erasure(frm)],
		decide: [__("Decide What Is Unclear"), open_plan],
		approve: [__("Look Through the Plan"), open_plan],
		run: [__("Go to the Plan"), open_plan],
		copy: [__("Prepare the Copy"), () => signflow.answer_data_request.prepare_copy(frm)],
		review: [__("Look Through the Copy"), () => frappe.set_route("Form", "Personal Data Export", next.record)],
		hand_over: [__("Hand the Copy Over"), () => frappe.set_route("Form", "Personal Data Export", next.record)],
		correct: [__("Correct"), () => signflow.answer_data_request.correct(frm)],
		restrict: carry_out(
			__("Restrict the Records"),
			__("The confirmed records are kept and used for nothing else from now on, and the person is told. Go on?")
		),
		stop_marketing: carry_out(__("Stop Marketing"), __("Marketing to the confirmed records ends now, and the person is told. Go on?")),
		list_recipients: [__("List Processors"), () => signflow.answer_data_request.list_processors(frm)],
		complete: [__("Complete"), () => complete(frm, next)],
	};
};

function plan_erasure(frm) {
	return signflow.once(async () => {
		const plan = await frappe.xcall("signflow.api.erasure.plan", { request: frm.doc.name });
		frappe.set_route("Form", "Erasure Plan", plan);
	});
}

function refusal(frm, group) {
	const late = frappe.datetime.get_day_diff(frappe.datetime.get_today(), frappe.datetime.add_months(frm.doc.received_on, 1)) > 0;
	const grounds = frappe.meta.get_docfield("Data Subject Request", "refusal_ground").options.split("\n");
	const fields = [
		{
			fieldname: "ground",
			fieldtype: "Select",
			label: __("Ground"),
			options: grounds.map((value) => ({ value, label: value && __(value) })),
			description: __("It is named in the mail, and counted."),
			reqd: 1,
		},
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
	frm.add_custom_button(__("Refuse"), () => signflow.prompt(fields, (values) => run(frm, "refuse", values), __("Refuse")), group);
}

function change_kind(frm, group) {
	if (!["Unverified", "Open", "Waiting for Person"].includes(frm.doc.status)) return;
	const fields = [
		{
			fieldname: "kind",
			fieldtype: "Select",
			label: __("Asks For"),
			options: signflow.data_request_kinds(),
			default: frm.doc.request_type,
			description: __("What the person really asks for; it is mailed to the person."),
			reqd: 1,
		},
		{
			fieldname: "scope",
			fieldtype: "Select",
			label: __("Objects To"),
			options: ["Direct Marketing", "Other Processing"].map((value) => ({ value, label: __(value) })),
			default: "Direct Marketing",
			depends_on: "eval:doc.kind === 'Objection'",
		},
		{ fieldname: "because", fieldtype: "Small Text", label: __("How do you know what the person asks?"), reqd: 1 },
	];
	const title = __("Change the Kind");
	frm.add_custom_button(title, () => signflow.prompt(fields, (values) => run(frm, "change_kind", values), title), group);
}

function hand_over(frm, group) {
	frm.add_custom_button(
		__("Hand Over"),
		() =>
			signflow.prompt(
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

function run(frm, verb, values) {
	return signflow.once(async () => {
		await frappe.xcall(`${API}${verb}`, { ...values, name: frm.doc.name });
		frm.reload_doc();
	});
}
