const OPEN = ["Sent", "In Progress"];
const COLOURS = {
	Waiting: "gray",
	Invited: "blue",
	Opened: "light-blue",
	Identified: "yellow",
	Signing: "orange",
	Signed: "green",
	Declined: "red",
	Cancelled: "darkgrey",
};

// What the controller refuses to change once the request was sent.
const FROZEN = [
	"title",
	"customer",
	"company",
	"reference_doctype",
	"reference_name",
	"confidential",
	"message",
	"language",
	"delivery_addresses",
	"documents",
];

frappe.ui.form.on("Signature Request", {
	refresh(frm) {
		indicate(frm);
		const sent = frm.doc.status !== "Draft";
		FROZEN.forEach((field) => frm.set_df_property(field, "read_only", sent ? 1 : 0));
		if (frm.is_new()) {
			frm.get_field("signers_html").$wrapper.html(
				`<p class="text-muted">${__("Save first, then add the signers.")}</p>`
			);
			return;
		}
		show_signers(frm);
		buttons(frm);
		// Watches the ceremony while the form is open; stops with it.
		clearInterval(frm.signflow_timer);
		if (OPEN.includes(frm.doc.status)) {
			frm.signflow_timer = setInterval(() => watch(frm), 8000);
		}
	},
});

function indicate(frm) {
	if (frm.is_new()) {
		return;
	}
	const settings = frappe.listview_settings["Signature Request"];
	if (settings) {
		const [label, colour] = settings.get_indicator(frm.doc);
		frm.page.set_indicator(label, colour);
	}
}

async function watch(frm) {
	if (frappe.get_route_str() !== `Form/Signature Request/${frm.doc.name}`) {
		clearInterval(frm.signflow_timer);
		return;
	}
	// What is being typed stays; the signers are drawn anew all the same.
	if (frm.is_dirty()) {
		show_signers(frm);
		return;
	}
	const { message } = await frappe.db.get_value("Signature Request", frm.doc.name, "status");
	if (message.status !== frm.doc.status) {
		frm.reload_doc();
	} else {
		show_signers(frm);
	}
}

function buttons(frm) {
	const own = frm.perm[0] && frm.perm[0].write;
	if (frm.doc.status === "Draft" && own) {
		frm.add_custom_button(__("Add Signer"), () => add_signer(frm));
		frm.page.set_primary_action(__("Send for Signing"), () => send(frm));
	}
	if (OPEN.includes(frm.doc.status) && own) {
		frm.add_custom_button(__("Cancel Request"), () => cancel(frm), __("Actions"));
	}
	if (frm.doc.status !== "Draft") {
		frm.add_custom_button(__("Check the Evidence"), () => check(frm), __("Actions"));
		if (frappe.user.has_role(["Signflow Manager", "System Manager"])) {
			frm.add_custom_button(
				__("Download the Evidence"),
				() =>
					window.open(
						`/api/method/signflow.api.requests.evidence_bundle?name=${encodeURIComponent(frm.doc.name)}`
					),
				__("Actions")
			);
		}
	}
}

async function send(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	await frappe.call({
		method: "signflow.api.requests.send_request",
		args: { name: frm.doc.name },
		freeze: true,
		freeze_message: __("Sealing the documents …"),
	});
	frm.reload_doc();
}

function cancel(frm) {
	signflow.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		async ({ reason }) => {
			await frappe.call({ method: "signflow.api.requests.cancel_request", args: { name: frm.doc.name, reason } });
			frm.reload_doc();
		},
		__("Cancel Request"),
		__("Cancel Request")
	);
}

async function check(frm) {
	const verdict = await frappe.xcall("signflow.api.requests.verify_chain", { name: frm.doc.name });
	const problems = verdict.problems.map((text) => `<li>${frappe.utils.escape_html(text)}</li>`).join("");
	frappe.msgprint({
		title: __("Chain of Evidence"),
		indicator: verdict.ok ? "green" : "red",
		message: verdict.ok
			? __("All {0} events are whole and in order.", [verdict.count])
			: `${__("The chain is broken at event {0}.", [verdict.first_broken || "?"])}<ul>${problems}</ul>`,
	});
}

function add_signer(frm) {
	signflow.prompt(
		[
			{ fieldname: "signer_name", fieldtype: "Data", label: __("Name"), reqd: 1 },
			{ fieldname: "email", fieldtype: "Data", options: "Email", label: __("Email"), reqd: 1 },
			{ fieldname: "represents", fieldtype: "Data", label: __("Signs for (Organisation)") },
			{ fieldname: "signing_order", fieldtype: "Int", label: __("Signing Order"), default: 1 },
			{
				fieldname: "language",
				fieldtype: "Select",
				label: __("Language"),
				options: ["", "fi", "sv", "en"],
			},
		],
		async (values) => {
			await frappe.db.insert({
				doctype: "Signature Request Signer",
				request: frm.doc.name,
				...values,
			});
			show_signers(frm);
		},
		__("Add Signer"),
		__("Add")
	);
}

async function show_signers(frm) {
	const shown = await frappe.xcall("signflow.api.requests.timeline", { name: frm.doc.name });
	const $field = frm.get_field("signers_html").$wrapper;
	const rows = shown.signers.map((signer) => row(frm, signer)).join("");
	const test_seal = shown.test_seal
		? `<p><span class="indicator-pill orange">${__(
				"Sealed with a test seal: fit for trying out, not for real agreements."
			)}</span></p>`
		: "";
	$field.html(
		`${test_seal}<div class="signflow-signers">${
			rows || `<p class="text-muted">${__("No signers yet.")}</p>`
		}</div>`
	);
	$field.find("[data-remind]").on("click", (event) => remind(frm, event.currentTarget.dataset.remind));
	$field.find("[data-correct]").on("click", (event) => correct(frm, event.currentTarget.dataset.correct));
	$field.find("[data-remove]").on("click", (event) => remove(frm, event.currentTarget.dataset.remove));
	$field.find("[data-edit]").on("click", (event) =>
		frappe.set_route("Form", "Signature Request Signer", event.currentTarget.dataset.edit)
	);
}

function row(frm, signer) {
	const escape = frappe.utils.escape_html;
	const steps = signer.events
		.map(
			(event) =>
				`<span class="indicator-pill no-indicator-dot gray mr-1 mb-1" title="${escape(
					frappe.datetime.str_to_user(event.time)
				)}">${escape(__(label_of(event.kind)))} · ${escape(
					frappe.datetime.comment_when ? $(frappe.datetime.comment_when(event.time)).text() : event.time
				)}</span>`
		)
		.join("");
	const trouble =
		signer.locked || ["Bounced", "Failed", "Delayed", "Unsubscribed"].includes(signer.delivery_status);
	const note = signer.locked ? __("Locked after too many wrong codes") : signer.delivery_note;
	const actions = [];
	if (frm.doc.status === "Draft") {
		actions.push(["edit", __("Edit")], ["remove", __("Remove")]);
	} else if (OPEN.includes(frm.doc.status) && ["Invited", "Opened", "Identified"].includes(signer.status)) {
		actions.push(["remind", __("Send New Link")], ["correct", __("Correct Address")]);
	}
	return `<div class="border rounded p-3 mb-2">
		<div class="d-flex justify-content-between flex-wrap">
			<div>
				<b>${escape(signer.signer_name)}</b>
				${signer.represents ? `<span class="text-muted"> · ${escape(signer.represents)}</span>` : ""}
				<span class="text-muted"> · ${escape(signer.email)}</span>
				<span class="text-muted"> · ${__("Signing Order")} ${signer.signing_order || 1}</span>
			</div>
			<div>
				<span class="indicator-pill ${COLOURS[signer.status] || "gray"}">${escape(__(signer.status))}</span>
				${actions
					.map(
						([key, label]) =>
							`<button class="btn btn-xs btn-default ml-1" data-${key}="${escape(signer.name)}">${label}</button>`
					)
					.join("")}
			</div>
		</div>
		${trouble ? `<div class="text-danger small mt-1">${escape(note || __(signer.delivery_status))}</div>` : ""}
		${signer.replaced_by ? `<div class="small mt-1">${__("Somebody else signs in this place.")}</div>` : ""}
		${signer.decline_reason ? `<div class="small mt-1">${escape(signer.decline_reason)}</div>` : ""}
		<div class="mt-2">${steps}</div>
	</div>`;
}

// As core.evidence.kinds marks it for translation: "code_sent" is "Code sent".
function label_of(kind) {
	const words = kind.replaceAll("_", " ");
	return words.charAt(0).toUpperCase() + words.slice(1);
}

async function remind(frm, signer) {
	await frappe.call({ method: "signflow.api.requests.remind_signer", args: { signer } });
	frappe.show_alert({ message: __("A new link is on its way."), indicator: "green" });
	show_signers(frm);
}

function correct(frm, signer) {
	signflow.prompt(
		{ fieldname: "email", fieldtype: "Data", options: "Email", label: __("Email"), reqd: 1 },
		async ({ email }) => {
			await frappe.call({ method: "signflow.api.requests.correct_signer", args: { signer, email } });
			show_signers(frm);
		},
		__("Correct Address"),
		__("Send")
	);
}

function remove(frm, signer) {
	frappe.confirm(__("Remove this signer?"), async () => {
		await frappe.db.delete_doc("Signature Request Signer", signer);
		show_signers(frm);
	});
}
