const STATUSES = {
	Draft: "gray",
	Signing: "orange",
	Signed: "blue",
	Completed: "green",
	Failed: "red",
	Expired: "darkgrey",
	Cancelled: "darkgrey",
};
const NO_NAMES = ["Check", "Table", "Attach", "Attach Image", "Signature", "Rating", "Password"];
const TEXTS = ["Data", "Small Text", "Text", "Phone"];

frappe.ui.form.on("Signable Form", {
	setup(frm) {
		frm.set_query("template", () => ({
			filters: { reference_doctype: ["in", ["", frm.doc.doc_type || ""]] },
		}));
	},

	async refresh(frm) {
		offer_fields(frm);
		offer_mapping(frm);
		frm.get_field("embed_html").$wrapper.empty();
		const may_write = frm.perm[0] && frm.perm[0].write;
		if (may_write && !frappe.model.can_read("Web Form") && !frappe.model.can_select("Web Form")) {
			frm.set_intro(__("To choose a web form you need the role Website Manager as well."), "orange");
		}
		if (frm.is_new()) {
			return;
		}
		const name = frm.doc.name;
		const shown = await frappe.xcall("signflow.api.signable_forms.overview", { form: name });
		if (frm.doc.name !== name) {
			return;
		}
		show_submissions(frm, shown);
		show_snippets(frm, shown);
		buttons(frm, shown);
	},

	web_form(frm) {
		offer_fields(frm);
		offer_mapping(frm);
	},

	creates: offer_mapping,
});

// ---------------------------------------------------------------- field pickers

async function offer_fields(frm) {
	frm.signflow_fields = [];
	const may_write = frm.perm[0] && frm.perm[0].write;
	if (frm.doc.web_form && may_write) {
		frm.signflow_fields = await frappe.xcall("signflow.api.signable_forms.fields", {
			web_form: frm.doc.web_form,
		});
	}
	const named = frm.signflow_fields.filter((field) => !NO_NAMES.includes(field.fieldtype));
	suggest(frm.get_field("signer_email_field").$input, named);
	suggest_several(frm.get_field("signer_name_field").$input, named);
	pick_in_rows(frm);
}

// A browser's own list of suggestions: what is not in it can be written all the same.
function suggest($input, fields) {
	const input = $input && $input[0];
	if (!input) {
		return;
	}
	const id = `signflow-${input.dataset.fieldname || "field"}-list`;
	document.getElementById(id)?.remove();
	const list = document.createElement("datalist");
	list.id = id;
	fields.forEach((field) => {
		const option = document.createElement("option");
		option.value = field.fieldname;
		option.label = field.label && field.label !== field.fieldname ? field.label : "";
		list.append(option);
	});
	document.body.append(list);
	input.setAttribute("list", id);
	input.setAttribute("autocomplete", "off");
}

function suggest_several($input, fields) {
	if (!$input) {
		return;
	}
	const texts = fields.filter((field) => TEXTS.includes(field.fieldtype));
	const offer = () => {
		const value = $input.val() || "";
		const before = value.includes(",") ? `${value.slice(0, value.lastIndexOf(",")).trim()}, ` : "";
		const rest = texts.filter((field) => !before.split(", ").includes(field.fieldname));
		suggest(
			$input,
			rest.map((field) => ({ ...field, fieldname: before + field.fieldname }))
		);
	};
	$input.off("input.signflow").on("input.signflow", offer);
	offer();
}

function pick_in_rows(frm) {
	for (const table of ["mapping", "signers"]) {
		const $grid = frm.get_field(table).$wrapper;
		$grid.off("focusin.signflow").on("focusin.signflow", "input", async (event) => {
			const fieldname = event.target.closest("[data-fieldname]")?.dataset.fieldname;
			const name = event.target.closest(".grid-row")?.dataset.name;
			const row = name && (frm.doc[table] || []).find((one) => one.name === name);
			if (!row) {
				return;
			}
			if (table === "mapping" && fieldname === "target_field" && row.target) {
				suggest($(event.target), await fields_of(row.target));
			} else if (table === "mapping" && fieldname === "value") {
				suggest($(event.target), frm.signflow_fields);
			} else if (table === "signers" && ["signer_name", "email"].includes(fieldname)) {
				suggest($(event.target), row.kind === "From the Form" ? frm.signflow_fields : []);
			}
		});
	}
}

function offer_mapping(frm) {
	const { grid } = frm.get_field("mapping");
	const label = __("Suggest");
	grid.add_custom_button(label, () => suggest_mapping(frm));
	const may_write = frm.perm[0] && frm.perm[0].write;
	grid.custom_buttons[label].toggle(Boolean(may_write && frm.doc.web_form && frm.doc.creates));
}

async function suggest_mapping(frm) {
	const rows = await frappe.xcall("signflow.api.parties.suggest_mapping", {
		web_form: frm.doc.web_form,
		creates: frm.doc.creates,
	});
	const known = (frm.doc.mapping || []).map((row) => `${row.target}.${row.target_field}`);
	const missing = rows.filter((row) => !known.includes(`${row.target}.${row.target_field}`));
	missing.forEach((row) => frm.add_child("mapping", row));
	if (missing.length) {
		frm.refresh_field("mapping");
		frm.dirty();
	}
	frappe.show_alert(
		missing.length
			? { message: __("{0} rows were added: look at them, then save.", [missing.length]), indicator: "green" }
			: { message: __("There is nothing to add."), indicator: "blue" }
	);
}

function fields_of(doctype) {
	return new Promise((resolve) =>
		frappe.model.with_doctype(doctype, () =>
			resolve(
				frappe.meta
					.get_docfields(doctype)
					.filter(
						(df) =>
							!frappe.model.no_value_type.includes(df.fieldtype) &&
							!frappe.model.table_fields.includes(df.fieldtype) &&
							!df.read_only &&
							!df.hidden
					)
					.map((df) => ({ fieldname: df.fieldname, label: __(df.label) }))
			)
		)
	);
}

// ---------------------------------------------------------------- address, counts, snippets

function show_submissions(frm, shown) {
	const escape = frappe.utils.escape_html;
	const pills = Object.keys(STATUSES)
		.filter((status) => shown.counts[status])
		.map(
			(status) =>
				`<button type="button" class="btn btn-default btn-xs mr-2 mb-2" data-status="${status}">
					<span class="indicator ${STATUSES[status]}">${__(status)}: ${shown.counts[status]}</span>
				</button>`
		)
		.join("");
	const none = shown.may_export ? `<span class="text-muted">${__("No submissions yet.")}</span>` : "";
	const $section = $(`<div>
		<p>
			<a href="${escape(shown.address)}" target="_blank" rel="noopener">${escape(shown.address)}</a>
			<button type="button" class="btn btn-default btn-xs ml-2" data-copy>${__("Copy")}</button>
		</p>
		<div>${pills || none}</div>
	</div>`);
	$section.find("[data-copy]").on("click", () => frappe.utils.copy_to_clipboard(shown.address));
	$section
		.find("[data-status]")
		.on("click", (event) =>
			frappe.set_route("List", "Form Submission", {
				form: frm.doc.name,
				status: event.currentTarget.dataset.status,
			})
		);
	// The dashboard removes its "custom" sections at each refresh, but not those of a refresh that overtook another.
	$(frm.dashboard.parent).find(".signflow-overview").remove();
	frm.dashboard.add_section($section, __("Address and Submissions"), "custom signflow-overview");
	frm.dashboard.show();
}

function show_snippets(frm, shown) {
	const attribute = (text) => frappe.utils.escape_html(text);
	const title = attribute(frm.doc.title);
	const snippets = [
		[
			__("The frame grows with the form, and the page is told what happens in it:"),
			`<script src="${shown.site}/sign/embed.js" data-form="${attribute(
				shown.route
			)}" data-title="${title}" async></script>`,
		],
		[
			__("Where scripts are not allowed:"),
			`<iframe src="${attribute(shown.address)}/new" title="${title}" ` +
				`style="width: 100%; height: 900px; border: 0"></iframe>`,
		],
	];
	const $html = frm.get_field("embed_html").$wrapper;
	const note = (frm.doc.embedding_domains || "").trim()
		? ""
		: `<p class="text-muted">${__(
				"No other web site may show this form yet: list the sites under Embedding Domains first."
		  )}</p>`;
	$html.html(`${note}<div data-snippets></div>`);
	snippets.forEach(([lead, snippet]) => {
		const $row = $(`<div class="mb-3">
			<div class="d-flex justify-content-between align-items-end mb-1">
				<span>${lead}</span>
				<button type="button" class="btn btn-default btn-xs">${__("Copy")}</button>
			</div>
			<pre class="border rounded p-2 mb-0" style="white-space: pre-wrap; overflow-wrap: anywhere"></pre>
		</div>`);
		$row.find("pre").text(snippet);
		$row.find("button").on("click", () => frappe.utils.copy_to_clipboard(snippet));
		$html.find("[data-snippets]").append($row);
	});
}

// ---------------------------------------------------------------- buttons

function buttons(frm, shown) {
	const open = frm.doc.status === "Open";
	if (frm.perm[0] && frm.perm[0].write) {
		frm.add_custom_button(open ? __("Close the Form") : __("Open the Form"), async () => {
			await frm.set_value("status", open ? "Closed" : "Open");
			frm.save();
		});
	}
	if (shown.may_export) {
		frm.add_custom_button(__("Export"), () => export_dialog(frm));
	}
	if (frappe.model.can_create("Webhook")) {
		frm.add_custom_button(__("Add Webhook"), () => webhook_dialog(frm, shown));
	}
}

function export_dialog(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Export"),
		fields: [
			{
				fieldname: "file_type",
				fieldtype: "Select",
				label: __("File"),
				reqd: 1,
				default: "XLSX",
				options: [
					{ value: "XLSX", label: __("Spreadsheet (XLSX)") },
					{ value: "CSV", label: __("Text Table (CSV)") },
					{ value: "JSON", label: __("Data for Programs (JSON)") },
					{ value: "ZIP", label: __("Signed Documents and Answers (ZIP)") },
				],
			},
			{ fieldtype: "Section Break" },
			{ fieldname: "from_date", fieldtype: "Date", label: __("Submitted from") },
			{ fieldtype: "Column Break" },
			{ fieldname: "to_date", fieldtype: "Date", label: __("Submitted until") },
			{ fieldtype: "Section Break" },
			{
				fieldtype: "HTML",
				options: `<p class="text-muted">${__(
					"Both days are included. It is written down who exported what and when. Keep the file as safe as the answers."
				)}</p>`,
			},
		],
		primary_action_label: __("Export"),
		async primary_action(values) {
			dialog.disable_primary_action();
			try {
				if (await fetch_export({ form: frm.doc.name, ...values })) {
					dialog.hide();
				}
			} finally {
				dialog.enable_primary_action();
			}
		},
	});
	dialog.show();
}

// Not frappe.call: that reads an answer as text.
async function fetch_export(asked) {
	const answer = await fetch("/api/method/signflow.api.exports.export", {
		method: "POST",
		headers: {
			Accept: "application/json",
			"Content-Type": "application/json",
			"X-Frappe-CSRF-Token": frappe.csrf_token,
		},
		body: JSON.stringify(asked),
	});
	const disposition = answer.headers.get("Content-Disposition") || "";
	if (answer.ok && disposition.startsWith("attachment")) {
		const written = /filename\*=UTF-8''([^;]+)/i.exec(disposition) || /filename="?([^";]+)/i.exec(disposition);
		const link = document.createElement("a");
		link.href = URL.createObjectURL(await answer.blob());
		link.download = written ? decodeURIComponent(written[1]) : `${asked.form}.${asked.file_type.toLowerCase()}`;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
		return true;
	}
	const said = await answer.json().catch(() => ({}));
	if (answer.ok) {
		frappe.msgprint(
			__("{0} submissions: the file is being made. You get a notification when it is ready.", [
				said.message.submissions,
			])
		);
		return true;
	}
	const texts = JSON.parse(said._server_messages || "[]").map((text) => JSON.parse(text).message);
	frappe.msgprint({
		title: __("Not possible"),
		indicator: "red",
		message: frappe.utils.escape_html(texts.join("\n") || __("Try again in a moment.")),
	});
	return false;
}

function webhook_dialog(frm, shown) {
	const dialog = new frappe.ui.Dialog({
		title: __("Add Webhook"),
		fields: [
			{
				fieldname: "url",
				fieldtype: "Data",
				label: __("Address of the Program"),
				placeholder: "https://www.example.com/signed",
				reqd: 1,
				description: __("It is told of each submission that is completed: ids, times and links."),
			},
			{
				fieldname: "with_answers",
				fieldtype: "Check",
				label: __("Send the Answers as Well"),
				hidden: shown.may_export ? 0 : 1,
				description: __(
					"The Webhook Request Log of this site keeps what was sent in clear text, for 30 days unless the Log Settings say otherwise."
				),
			},
		],
		primary_action_label: __("Add Webhook"),
		async primary_action({ url, with_answers }) {
			const { message } = await frappe.call({
				method: "signflow.api.webhooks.add_webhook",
				args: { form: frm.doc.name, url, with_answers: with_answers ? 1 : 0 },
				btn: dialog.get_primary_btn(),
			});
			dialog.hide();
			show_secret(message);
		},
	});
	dialog.show();
}

function show_secret({ name, secret }) {
	const dialog = new frappe.ui.Dialog({
		title: __("The Webhook Is Ready"),
		fields: [
			{
				fieldname: "secret",
				fieldtype: "Data",
				label: __("Secret"),
				read_only: 1,
				default: secret,
				description: __(
					"Shown this once: the program checks the header X-Frappe-Webhook-Signature with it (HMAC-SHA256 of the body, in base64). When the program does not answer it is asked three times within some seconds, and not later."
				),
			},
		],
		primary_action_label: __("Copy"),
		primary_action: () => frappe.utils.copy_to_clipboard(secret),
		secondary_action_label: __("Open the Webhook"),
		secondary_action: () => {
			dialog.hide();
			frappe.set_route("Form", "Webhook", name);
		},
	});
	dialog.show();
}
