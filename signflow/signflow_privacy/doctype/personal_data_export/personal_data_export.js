frappe.ui.form.on("Personal Data Export", {
	async refresh(frm) {
		clearTimeout(frm.export_timer);
		frm.disable_save();
		const colours = { Ready: "green", "To Review": "orange", Failed: "red", Collecting: "blue", Packing: "blue" };
		frm.page.set_indicator(__(frm.doc.status), colours[frm.doc.status] || "gray");
		if (["Collecting", "Packing"].includes(frm.doc.status)) {
			frm.export_timer = setTimeout(() => {
				if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
			}, 2500);
		}
		const open = ["To Review", "Ready", "Collecting", "Packing", "Failed"].includes(frm.doc.status);
		const warning = frm.doc.__onload?.warning;
		frm.set_intro(warning || "", "orange");
		if (frm.doc.status === "To Review") {
			signflow.set_next_step(frm, pack_label(frm), () => approve(frm));
		} else if (frm.doc.status === "Ready" && by_hand(frm)) {
			if (frm.doc.handed_over_on) frm.add_custom_button(__("Download Once More"), () => signflow.once(() => download(frm)));
			else signflow.set_next_step(frm, __("Hand the Copy Over"), () => hand_over(frm));
		}
		if (open) frm.add_custom_button(__("End This Copy"), () => end(frm));
		await show_items(frm);
	},
});

const call = (verb, args) => frappe.xcall(`signflow.api.subject_access.${verb}`, args);

// No mail reaches the person: an officer hands the copy over on a medium.
const by_hand = (frm) => Boolean(frm.doc.__onload?.by_hand);
const pack_label = (frm) => (by_hand(frm) ? __("Pack the Copy") : __("Pack and Tell the Person"));

async function download(frm) {
	const answer = await send_form("package", { export: frm.doc.name });
	if (answer) signflow.save_file(`${frm.doc.request}.zip`, await answer.blob());
	return Boolean(answer);
}

function hand_over(frm) {
	const text = __("The encrypted copy is downloaded, and its passphrase is shown once. Give the file to the person on a medium, and tell the passphrase apart from it. This is put on record. Go on?");
	frappe.confirm(text, () =>
		signflow.once(async () => {
			if (!(await download(frm))) return;
			const passphrase = await call("hand_over", { export: frm.doc.name });
			const dialog = new frappe.ui.Dialog({
				title: __("Passphrase"),
				static: true,
				fields: [
					{ fieldname: "passphrase", fieldtype: "Data", label: __("Passphrase"), default: passphrase, read_only: 1 },
					{ fieldname: "told", fieldtype: "HTML", options: `<p>${__("It is not shown again. Write it down now, apart from the medium.")}</p>` },
				],
				primary_action_label: __("I Have Written It Down"),
				primary_action() {
					dialog.hide();
					frm.reload_doc();
				},
			});
			dialog.show();
		})
	);
}

function approve(frm) {
	const warning = frm.doc.__onload?.warning;
	const told = [
		by_hand(frm)
			? __("An encrypted copy of what is ticked is made. The person has no mail address here: you hand it over.")
			: __("An encrypted copy of what is ticked is made, and the person gets a link by mail."),
	];
	if (frm.words_withheld) told.push(__("The words that you withhold are blackened in the whole copy, but not inside the files: give blackened files, or leave them out. Where one can still be read in a file, the copy comes back to you; pictures are yours to look at."));
	const notes = told.map((text) => `<p>${frappe.utils.escape_html(text)}</p>`).join("");
	const dialog = new frappe.ui.Dialog({
		title: pack_label(frm),
		fields: [
			{
				fieldname: "notes",
				fieldtype: "HTML",
				options: warning ? `<p><b>${frappe.utils.escape_html(warning)}</b></p>${notes}` : notes,
			},
			{
				fieldname: "answer",
				fieldtype: "Text",
				label: __("Answer to the Person"),
				// A copy that came back still has what was written.
				default: frm.doc.answer,
				// Without a notice the officer tells the person the rest.
				reqd: warning ? 1 : 0,
				description: by_hand(frm) ? __("It stands in the copy.") : __("It stands in the mail, in the copy and on the person's page."),
			},
		],
		primary_action_label: pack_label(frm),
		primary_action: ({ answer }) =>
			signflow.once(async () => {
				await call("approve", { export: frm.doc.name, answer: answer || "" });
				dialog.hide();
				frm.reload_doc();
			}),
	});
	dialog.show();
}

function end(frm) {
	const text = __("What was found and the copy itself are deleted at once, and the link ends. Go on?");
	frappe.confirm(text, async () => {
		await call("cancel", { export: frm.doc.name });
		frm.reload_doc();
	});
}

async function show_items(frm) {
	const place = frm.fields_dict.items_html.$wrapper;
	place.find("details").filter((_place, one) => one.dataset.export !== frm.doc.name).remove();
	const items = ["To Review", "Packing", "Ready"].includes(frm.doc.status) ? await call("items", { export: frm.doc.name }) : [];
	frm.words_withheld = items.some((one) => one.words);
	// Whoever goes through a group finds it as he left it after each decision.
	const left = new Map(place.find("details").get().map((one) => [one.dataset.group, one.open]));
	place.empty();
	const review = frm.doc.status === "To Review";
	const groups = Map.groupBy ? Map.groupBy(items, (one) => one.group) : group_by(items);
	for (const [group, rows] of groups) {
		const given = rows.filter((one) => one.included).length;
		const block = $("<details class='mb-3'>").attr({ "data-export": frm.doc.name, "data-group": group }).appendTo(place);
		const unsure = groups.size < 4 || rows.some((one) => one.strength !== "CERTAIN");
		block.prop("open", left.get(group) ?? unsure);
		$("<summary>")
			.append($("<b>").text(group), document.createTextNode(` ${__("{0} of {1} are given", [given, rows.length])}`))
			.appendTo(block);
		const table = $("<table class='table table-sm mt-2' style='table-layout:fixed'><tbody></tbody></table>").appendTo(block).find("tbody");
		for (const one of rows) table.append(row_of(frm, one, review));
	}
}

function group_by(items) {
	const groups = new Map();
	for (const one of items) groups.set(one.group, [...(groups.get(one.group) || []), one]);
	return groups;
}

function row_of(frm, one, review) {
	const strengths = {
		CERTAIN: __("surely this person's"),
		SHARED: __("also others' address or number"),
		TRACE: __("about somebody else"),
		POSSIBLE: __("only the name"),
	};
	const box = $("<input type='checkbox'>").prop({ checked: one.included, disabled: !review });
	box.attr("aria-label", __("The person gets it"));
	box.on("change", () => {
		box.prop("checked", one.included);
		look_at(frm, one, review, !one.included);
	});
	const link = $("<a href='#'>").text(one.title || one.record_name);
	link.on("click", (event) => {
		event.preventDefault();
		look_at(frm, one, review);
	});
	const notes = [one.whole ? "" : __("in part"), one.withheld ? __("something withheld") : "", one.reason];
	return $("<tr>").append(
		$("<td style='width:2.5rem'>").append(box),
		$("<td style='width:45%'>").append(document.createTextNode(`${one.label}: `), link),
		$("<td class='text-muted'>").text(strengths[one.strength]),
		$("<td class='text-muted'>").text(notes.filter(Boolean).join(" · "))
	);
}

async function look_at(frm, one, review, included = Boolean(one.included)) {
	const shown = await call("preview", { item: one.name });
	const dialog = new frappe.ui.Dialog({
		title: `${one.label}: ${shown.title}`,
		size: "large",
		fields: [
			{ fieldname: "included", fieldtype: "Check", label: __("The person gets it"), default: Number(included), read_only: !review },
			{ fieldname: "whole", fieldtype: "Check", label: __("As a whole, not only where it is about the person"), default: one.whole, read_only: !review },
			{ fieldname: "lines", fieldtype: "HTML" },
			{
				fieldname: "texts",
				fieldtype: "Small Text",
				label: __("Withhold these words in the whole copy (one on each line)"),
				description: __("Names of records and files too, but not inside a file: blacken that yourself."),
				default: shown.texts.join("\n"),
				read_only: !review,
			},
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Why it is withheld (the person is told)"), default: one.reason, read_only: !review },
		],
		primary_action_label: review ? __("Save the Choices") : __("Close"),
		async primary_action(values) {
			if (review) {
				const fields = dialog.$wrapper.find("[data-path]:not(:checked)").get().map((box) => box.dataset.path);
				await call("decide", {
					item: one.name,
					included: values.included ? 1 : 0,
					whole: values.whole ? 1 : 0,
					// What this preview does not show stays as it was decided.
					fields: [...fields, ...shown.fields.filter((path) => !shown.lines.some((line) => line.path === path))],
					texts: (values.texts || "").split("\n").filter((text) => text.trim()),
					reason: values.reason || "",
				});
				await show_items(frm);
			}
			dialog.hide();
		},
	});
	const table = $("<table class='table table-sm'><tbody></tbody></table>");
	for (const line of shown.lines) {
		const box = $("<input type='checkbox'>").attr("data-path", line.path).attr("aria-label", line.label);
		box.prop({ checked: !line.withheld, disabled: !review });
		const others = line.others.length ? $("<div style='border-left:3px solid var(--orange-500);padding-left:8px;font-weight:600'>").text(__("Names others: {0}", [line.others.join(", ")])) : "";
		table.append(
			$("<tr>").append(
				$("<td style='width:2rem'>").append(box),
				$("<td class='text-muted' style='width:14rem'>").text(line.label),
				$("<td style='white-space:pre-line;overflow-wrap:anywhere'>").text(line.text).append(others)
			)
		);
	}
	const file = shown.file || shown.lost;
	if (file) {
		const place = $("<td>").text(file);
		if (shown.file) place.append(file_actions(frm, one, shown, review, dialog));
		table.append($("<tr><td></td>").append($("<td class='text-muted'>").text(__("File")), place));
	}
	dialog.fields_dict.lines.$wrapper.append(table);
	dialog.show();
}

/** Read the file of a record, and give one that was blackened elsewhere in its place. */
function file_actions(frm, one, shown, review, dialog) {
	const place = $("<div class='mt-2'>");
	const again = async () => {
		dialog.hide();
		await show_items(frm);
	};
	const button = (label, action) =>
		$("<button type='button' class='btn btn-xs btn-default mr-2'>").text(label).on("click", action).appendTo(place);
	button(__("Open the File"), async () => {
		const answer = await send_form("original", { item: one.name });
		if (!answer) return;
		signflow.save_file(shown.file, await answer.blob());
	});
	if (shown.redacted) place.prepend($("<div class='text-muted'>").text(__("Given in its place: {0}", [shown.redacted])));
	if (!review) return place;
	const picker = $("<input type='file' accept='.pdf,.png,.jpg,.jpeg' class='hidden'>").appendTo(place);
	picker.on("change", async () => {
		const [file] = picker[0].files;
		picker.val("");
		const reason = dialog.get_value("reason") || "";
		if (file && (await send_form("redact", { item: one.name, reason, file }))) again();
	});
	button(__("Give a Blackened File Instead"), () => picker[0].click());
	if (shown.redacted) {
		button(__("Take It Back"), async () => {
			await call("restore", { item: one.name });
			again();
		});
	}
	return place;
}

/** POST a form with a file in it, which frappe.call cannot; the answer, or null after what was wrong is shown. */
async function send_form(verb, values) {
	const body = new FormData();
	for (const [key, value] of Object.entries(values)) body.append(key, value);
	const headers = { "X-Frappe-CSRF-Token": frappe.csrf_token, Accept: "application/json" };
	const response = await fetch(`/api/method/signflow.api.subject_access.${verb}`, { method: "POST", headers, body });
	if (response.ok) return response;
	const answer = await response.json().catch(() => ({}));
	const told = JSON.parse(answer._server_messages || "[]").map((text) => JSON.parse(text).message);
	frappe.msgprint({ title: __("Not Done"), message: told.map(frappe.utils.escape_html).join("<br>") || __("Try again in a moment."), indicator: "red" });
	return null;
}
