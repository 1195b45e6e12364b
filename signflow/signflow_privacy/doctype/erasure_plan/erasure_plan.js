const API = "signflow.api.erasure.";
const ACTION_COLOURS = { Erase: "red", Mask: "orange", Keep: "blue", Decide: "yellow", Unlink: "gray" };
// What was chosen and not saved yet, by request and record: another plan of the same request begins with it.
const chosen = new Map();

function chosen_of(frm) {
	const whose = frm.doc.request || frm.doc.name;
	if (!chosen.has(whose)) chosen.set(whose, new Map());
	return chosen.get(whose);
}

frappe.ui.form.on("Erasure Plan", {
	refresh(frm) {
		clearTimeout(frm.run_timer);
		frm.disable_save();
		// The list's words: a draft is to be decided, or to be approved.
		const [state, colour] = frappe.listview_settings["Erasure Plan"].get_indicator(frm.doc);
		frm.page.set_indicator(state, colour);
		offer(frm);
		show(frm);
		if (frm.doc.status === "Running") {
			frm.run_timer = setTimeout(() => {
				if (cur_frm === frm && frappe.get_route()[2] === frm.doc.name) frm.reload_doc();
			}, 3000);
		}
	},
});

function offer(frm) {
	const doc = frm.doc;
	if (!frappe.user.has_role("Data Protection Officer")) {
		return;
	}
	const say = (...said) => headline(frm, ...said);
	const back = () => frappe.set_route("Form", "Data Subject Request", doc.request);
	if (doc.request) {
		frm.add_custom_button(__("Data Subject Request"), back);
	}
	if (doc.status === "Draft") {
		if (doc.request) {
			frm.page.add_menu_item(__("Decide Everything Anew"), () => decide_anew(frm));
		}
		if (doc.undecided) {
			const left = doc.undecided === 1 ? __("1 record is left to decide.") : __("{0} records are left to decide.", [doc.undecided]);
			say(`${left} ${__("Nothing is changed before a second officer has approved.")}`, "orange");
			signflow.set_next_step(frm, __("Decide"), () => decide(frm));
		}
	} else if (["Approved", "Failed"].includes(doc.status) && doc.approved_by) {
		signflow.set_next_step(frm, __("Carry Out"), () =>
			frappe.confirm(__("The erasure begins now and cannot be undone. Carry it out?"), () => call(frm, "run"))
		);
	} else if (doc.status === "Running") {
		say(__("The erasure is under way. This page follows it by itself."), "orange");
	} else if (doc.status === "Done" && doc.request) {
		signflow.set_next_step(frm, __("Go On with the Request"), back);
	}
}

function headline(frm, text, colour) {
	frm.dashboard.set_headline(`<div>${frappe.utils.escape_html(text)}</div>`, colour);
}

function offer_approval(frm, { approval, competing }) {
	headline(frm, approval.said, "blue");
	if (approval.again) signflow.set_next_step(frm, __("Plan Again"), () => plan(frm));
	if (!approval.may) return;
	const sure = __("What is erased cannot be brought back. Approve this plan?");
	signflow.set_next_step(frm, __("Approve"), () => {
		if (!competing) return frappe.confirm(sure, () => call(frm, "approve"));
		const said = `<p>${frappe.utils.escape_html(competing)}</p><p>${sure}</p>`;
		return frappe.warn(__("Something Else Waits"), said, () => call(frm, "approve", { regardless: 1 }), __("Approve All the Same"));
	});
}

function call(frm, verb, values = {}) {
	return signflow.once(async () => {
		await frappe.xcall(API + verb, { plan: frm.doc.name, ...values });
		frm.reload_doc();
	});
}

function decide_anew(frm) {
	frappe.confirm(__("What was decided before is forgotten, and the erasure is planned anew. Go on?"), () => {
		chosen_of(frm).clear();
		plan(frm, 1);
	});
}

function plan(frm, anew = 0) {
	return signflow.once(async () => {
		frappe.set_route("Form", "Erasure Plan", await frappe.xcall(`${API}plan`, { request: frm.doc.request, anew }));
	});
}

// What becomes of it. All words of records are set as text, never as HTML.

async function show(frm) {
	const name = frm.doc.name;
	const told = await frappe.xcall(`${API}overview`, { plan: name });
	if (frm.doc.name !== name) return;
	if (told.approval) offer_approval(frm, told);
	if (told.newer) {
		headline(frm, __("A newer plan has taken the place of this one."), "orange");
		signflow.set_next_step(frm, __("Open the Newer Plan"), () => frappe.set_route("Form", "Erasure Plan", told.newer));
	}
	frm.dashboard.parent?.find(".erasure-overview, .erasure-told").closest(".form-dashboard-section").remove();
	frm.dashboard.add_section(overview(frm, told), __("What Becomes of It"));
	const title = told.told_in ? __("What the Person Is Told ({0})", [told.told_in]) : __("What the Person Is Told");
	frm.dashboard.add_section($("<div class='erasure-told' style='white-space: pre-wrap'>").text(told.told), title);
	frm.dashboard.show();
}

function overview(frm, told) {
	const box = $("<div class='erasure-overview'>");
	if (told.competing) $("<p class='alert alert-warning'>").text(told.competing).appendTo(box);
	const list = $("<ul class='list-unstyled mb-3'>").appendTo(box);
	for (const one of told.summary) {
		const kinds = one.kinds.map(({ kind, count }) => `${kind} ${count}`).join(", ");
		$("<li class='mb-1'>")
			.append(
				$(`<span class="indicator-pill ${ACTION_COLOURS[one.action]} mr-2">`).text(`${one.label}: ${one.count}`),
				$("<span class='text-muted'>").text(kinds)
			)
			.appendTo(list);
	}
	if (!told.summary.length) {
		$("<li class='text-muted'>").text(__("Nothing of this person was found that could be erased.")).appendTo(list);
	}
	for (const one of told.groups) box.append(group(frm, one));
	return box;
}

function group(frm, one) {
	const head = $("<summary class='py-1'>").append(
		$(`<span class="indicator-pill no-indicator-dot ${ACTION_COLOURS[one.action]} mr-2">`).text(one.label),
		$("<span>").text(`${one.kind} (${one.count})`)
	);
	const until = one.until ? __("Until {0}", [one.until]) : one.action === "Keep" ? __("Until the ground ends") : "";
	const why = [one.because, [until, ...one.grounds].filter(Boolean).join(", "), one.later];
	const said = $("<div class='text-muted small mb-1'>").text(why.filter(Boolean).join(" "));
	if (one.failed) said.append($("<div class='text-danger'>").text(__("{0} were not carried out", [one.failed])));
	const rows = $("<ul class='pl-4 mb-2'>");
	const details = $("<details class='border-bottom'>").append(head, said, rows);
	details.one("toggle", async () => {
		const found = await frappe.xcall(`${API}records`, { plan: frm.doc.name, line: one.line });
		for (const record of found.records) rows.append(row(record));
		if (found.more) rows.append($("<li class='text-muted'>").text(__("and {0} more", [found.more])));
	});
	return details;
}

function row(record) {
	const item = $("<li style='overflow-wrap: anywhere'>").append(titled(record), $("<span class='text-muted'>").text(` · ${record.status}`));
	for (const field of record.fields) {
		item.append($("<div class='text-muted small'>").text(`${field.label} → ${field.becomes}`));
	}
	return item;
}

function titled(record) {
	if (!record.link) return $("<b>").text(record.title);
	return $("<a target='_blank' rel='noopener'>").attr("href", record.link).text(record.title);
}

// What is to be decided

// A dialog that was closed stays in the page: labels and groups of another must not mean its radio buttons.
let opened = 0;

async function decide(frm) {
	const found = await frappe.xcall(`${API}to_decide`, { plan: frm.doc.name });
	const dialog = new frappe.ui.Dialog({
		title: __("Decide"),
		size: "large",
		fields: [
			{ fieldname: "records", fieldtype: "HTML" },
			{ fieldname: "keep_section", fieldtype: "Section Break", label: __("What must be kept"), hidden: 1 },
			{ fieldname: "keep_until", fieldtype: "Date", label: __("Keep Until") },
			{ fieldtype: "Column Break" },
			{ fieldname: "keep_ground", fieldtype: "Data", label: __("Why"), length: 140, description: __("The person is told.") },
			{ fieldtype: "Section Break" },
			{ fieldname: "problem", fieldtype: "HTML" },
		],
		primary_action_label: __("Save the Decisions"),
		primary_action: () => save(frm, dialog),
	});
	const body = dialog.fields_dict.records.$wrapper.addClass("erasure-decide");
	body.append($("<p role='status' class='erasure-count text-muted'>"));
	body.append($("<p class='text-muted'>").text(__("Whoever decides here does not approve the erasure: another officer does.")));
	const total = found.kinds.reduce((sum, kind) => sum + kind.records.length, 0);
	opened += 1;
	found.kinds.forEach((kind, place) => body.append(section(kind, `erasure-${opened}-${place}`, chosen_of(frm))));
	if (found.more) {
		body.append($("<p class='text-muted'>").text(__("{0} more follow once these are decided.", [found.more])));
	}
	dialog.fields_dict.problem.$wrapper.append($("<p role='alert' tabindex='-1' class='text-danger mb-0'>"));
	const count = () => {
		const checked = body.find("input[type=radio]:checked");
		body.find(".erasure-count").text(__("{0} of {1} chosen, not saved yet", [checked.length, total]));
		dialog.set_df_property("keep_section", "hidden", checked.is("[value='Keep']") ? 0 : 1);
	};
	body.on("change", "input[type=radio]", (event) => {
		chosen_of(frm).set(event.target.dataset.key, event.target.value);
		count();
	});
	count();
	dialog.show();
}

function section(kind, id, mine) {
	const title = `${kind.kind} (${kind.records.length})`;
	const part = $("<section class='mb-4'>").append($("<h5>").text(title), $("<p class='text-muted mb-2'>").text(kind.question));
	if (kind.records.length > 1) {
		const all = $("<div class='mb-2' role='group'>").attr("aria-label", title).append($("<span class='mr-2'>").text(__("All of these:")));
		for (const [value, label] of Object.entries(kind.answers)) {
			$("<button type='button' class='btn btn-xs btn-default mr-1 mb-1'>")
				.text(label)
				.on("click", () => part.find(`input[value='${value}']`).prop("checked", true).trigger("change"))
				.appendTo(all);
		}
		part.append(all);
	}
	kind.records.forEach((record, number) => part.append(card(kind, record, `${id}-${number}`, mine)));
	return part;
}

function card(kind, record, id, mine) {
	const box = $("<fieldset class='border rounded p-3 mb-2' style='overflow-wrap: anywhere'>");
	box.append($("<legend class='h6 mb-1' style='font-size: inherit; border: 0'>").append(titled(record)));
	if (record.under) box.append($("<div class='text-muted small'>").text(__("Belongs to {0}", [record.under])));
	if (record.file) {
		box.append($("<div class='text-muted small'>").text(record.file.told));
		box.append(
			record.file.address
				? $("<a target='_blank' rel='noopener'>").attr("href", record.file.address).text(__("Open the file {0}", [record.file.name]))
				: $("<div class='text-muted small'>").text(__("Your own permissions do not let you open it. Whoever sees what it belongs to can tell you what is in it."))
		);
	}
	const fields = $("<dl class='small mb-2'>");
	for (const one of record.fields) {
		fields.append($("<dt class='font-weight-normal text-muted'>").text(one.label));
		fields.append($("<dd class='mb-1' style='white-space: pre-line'>").text(one.text).toggleClass("font-weight-bold", one.hers));
	}
	box.append(fields);
	for (const [value, label] of Object.entries(kind.answers)) {
		const radio = $("<input type='radio' class='mr-2'>").attr({ id: `${id}-${value}`.replace(" ", ""), name: id, value });
		radio.attr({ "data-line": record.line, "data-key": record.key }).prop("checked", mine.get(record.key) === value);
		box.append(
			$("<label class='d-block mb-1' style='font-weight: normal'>")
				.attr("for", radio.attr("id"))
				.append(radio, $("<span>").text(label), $("<span class='text-muted'>").text(` – ${record.choices[value]}`))
		);
	}
	return box;
}

async function save(frm, dialog) {
	const body = dialog.$wrapper;
	const decisions = Object.fromEntries(
		body.find("input[type=radio]:checked").get().map((radio) => [radio.dataset.line, radio.value])
	);
	const problem = body.find("[role=alert]").text("");
	if (!Object.keys(decisions).length) {
		problem.text(__("Decide at least one of them.")).trigger("focus");
		return;
	}
	dialog.disable_primary_action();
	try {
		const { keep_until, keep_ground } = dialog.get_values(true);
		const plan = await frappe.xcall(`${API}decide`, { plan: frm.doc.name, decisions, keep_until, keep_ground });
		chosen_of(frm).clear();
		dialog.hide();
		frappe.set_route("Form", "Erasure Plan", plan);
	} catch {
		// What the server said is shown by the framework; here stays all that was chosen.
		problem.text(__("Nothing was saved. What you chose is still marked here: save it once more, or close this and decide later.")).trigger("focus");
	} finally {
		dialog.enable_primary_action();
	}
}
