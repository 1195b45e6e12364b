frappe.ui.form.on("Consent Campaign", {
	setup(frm) {
		frm.set_query("consent_text", () => ({ filters: { disabled: 0, current_version: ["is", "set"] } }));
	},
	refresh(frm) {
		draw_filter(frm);
		if (frm.is_new()) {
			return;
		}
		frm.add_custom_button(__("People"), () =>
			frappe.set_route("List", "Consent Campaign Person", { campaign: frm.doc.name })
		);
		if (frm.doc.status === "Draft") {
			frm.add_custom_button(__("Start Asking"), () => begin(frm)).addClass("btn-primary");
		} else if (frm.doc.status === "Paused") {
			frm.add_custom_button(__("Go On"), () => run(frm, "start")).addClass("btn-primary");
		} else if (frm.doc.status === "Sending") {
			frm.add_custom_button(__("Pause"), () => run(frm, "pause"));
		}
	},
	ask_doctype(frm) {
		frm.set_value("filters_json", "[]");
		draw_filter(frm);
	},
});

async function run(frm, verb) {
	await frappe.xcall(`signflow.api.consent_campaigns.${verb}`, { name: frm.doc.name });
	frm.reload_doc();
}

async function begin(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	const filters = JSON.parse(frm.doc.filters_json || "[]");
	const found = await frappe.db.count(frm.doc.ask_doctype, { filters });
	frappe.confirm(
		__("The filter finds {0} records. Each person gets one mail; who has consented already, has objected or may not be asked by mail is left out. Start?", [found]),
		() => run(frm, "start")
	);
}

function draw_filter(frm) {
	const place = frm.get_field("filters_html").$wrapper.empty();
	const doctype = frm.doc.ask_doctype || "Contact";
	const kept = JSON.parse(frm.doc.filters_json || "[]");
	frappe.model.with_doctype(doctype, () => {
		if (frm.doc.status !== "Draft" && !frm.is_new()) {
			show_kept_filter(place, doctype, kept);
			return;
		}
		const group = new frappe.ui.FilterGroup({
			parent: place,
			doctype,
			on_change: () => {
				const filters = group.get_filters().map((filter) => filter.slice(1, 4));
				frm.set_value("filters_json", JSON.stringify(filters));
			},
		});
		group.add_filters_to_filter_group(kept.map((filter) => [doctype, ...filter]));
	});
}

// Whom a campaign asks is not changed once it has begun: the filter is read, not edited.
function show_kept_filter(place, doctype, kept) {
	if (!kept.length) {
		place.append($('<p class="text-muted"></p>').text(__("All of them")));
		return;
	}
	const list = $("<ul></ul>").appendTo(place);
	for (const [fieldname, operator, value] of kept) {
		const label = __(frappe.meta.get_label(doctype, fieldname));
		$("<li></li>").text([label, operator, value].join(" ")).appendTo(list);
	}
}
