frappe.listview_settings["Personal Data Field"] = {
	add_fields: ["mark", "origin", "gone", "rows_with_finds"],
	hide_name_column: true,
	get_indicator(doc) {
		if (doc.gone) {
			return [__("No Longer There"), "darkgrey", "gone,=,1"];
		}
		const colours = { Personal: "blue", "Not Personal": "gray", "To Decide": "orange" };
		return [__(doc.mark), colours[doc.mark], `mark,=,${doc.mark}`];
	},
	onload(list) {
		const page = list.page;
		if (!frappe.user.has_role(["Data Protection Officer", "Signflow Manager"])) return;
		const search = __("Search");
		page.add_inner_button(__("Scan Now"), () => scan_now(list), search);
		if (!frappe.user.has_role("Data Protection Officer")) return;
		page.add_inner_button(__("Scan Contents"), () => scan_contents(), search);
		page.add_inner_button(__("Fields With Finds"), () => show_finds(list), search);
		for (const mark of ["Personal", "Not Personal"]) {
			page.add_actions_menu_item(__("Mark as {0}", [__(mark)]), () => decide(list, mark), false);
		}
	},
};

async function scan_now(list) {
	const { to_decide } = await frappe.xcall("signflow.api.data_map.scan_now");
	frappe.show_alert({
		message: to_decide ? __("{0} new fields are to be decided.", [to_decide]) : __("The map is up to date."),
		indicator: to_decide ? "orange" : "green",
	});
	list.refresh();
}

async function show_finds(list) {
	await list.filter_area.clear(false);
	list.filter_area.add([["Personal Data Field", "rows_with_finds", ">", 0]]);
}

function scan_contents() {
	const dialog = new frappe.ui.Dialog({
		title: __("Search the texts for personal data"),
		fields: [
			{
				fieldname: "about",
				fieldtype: "HTML",
				options: `<p class="text-muted">${__(
					"Looks for personal identity codes, mail addresses, telephone numbers and bank accounts where the map does not expect them. What is found is counted, not copied.",
				)}</p>`,
			},
			{
				fieldname: "document_type",
				fieldtype: "Link",
				options: "DocType",
				label: __("Only This DocType"),
				description: __("Leave empty to search all of them."),
			},
			{
				fieldname: "how_much",
				fieldtype: "Select",
				label: __("How Much"),
				reqd: 1,
				default: "1000",
				options: [
					{ value: "1000", label: __("The newest 1,000 rows of each DocType") },
					{ value: "0", label: __("All rows") },
				],
			},
		],
		primary_action_label: __("Start"),
		async primary_action(values) {
			dialog.hide();
			const scan = await frappe.xcall("signflow.api.data_map.scan_contents", {
				document_type: values.document_type || null,
				rows_per_doctype: cint(values.how_much),
			});
			frappe.set_route("Form", "Content Scan", scan);
		},
	});
	dialog.show();
}

async function decide(list, mark) {
	const names = list.get_checked_items(true);
	await frappe.xcall("signflow.api.data_map.decide", { fields: names, mark });
	list.clear_checked_items();
	list.refresh();
}
