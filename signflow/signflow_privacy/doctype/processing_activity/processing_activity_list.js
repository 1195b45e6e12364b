frappe.listview_settings["Processing Activity"] = {
	add_fields: ["status", "ground", "next_review"],
	get_indicator(doc) {
		if (doc.status === "Active" && doc.next_review && doc.next_review < frappe.datetime.get_today()) {
			return [__("Review Is Due"), "orange", `status,=,Active|next_review,<,${frappe.datetime.get_today()}`];
		}
		const colours = { Draft: "orange", Active: "green", Ended: "gray" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	onload(listview) {
		if (frappe.model.can_create("Processing Activity")) {
			listview.page.add_inner_button(__("Add the Usual Activities"), () => add_usual(listview));
		}
		listview.page.add_inner_button(__("Print the Record"), () => print_record());
	},
};

const company_field = () => ({
	fieldname: "company",
	fieldtype: "Link",
	options: "Company",
	label: __("Controller"),
	reqd: 1,
	default: frappe.defaults.get_user_default("Company"),
});

function add_usual(listview) {
	signflow.prompt(
		[company_field()],
		async ({ company }) => {
			const made = await frappe.xcall("signflow.api.register.add_usual_activities", { company });
			listview.refresh();
			frappe.show_alert({
				message: made.length
					? __("{0} drafts were added. Read each, correct it, and make it active.", [made.length])
					: __("All the usual activities are there already."),
				indicator: made.length ? "green" : "blue",
			});
		},
		__("Add the Usual Activities"),
		__("Add"),
	);
}

function print_record() {
	const languages = [
		{ value: "fi", label: "Suomi" },
		{ value: "sv", label: "Svenska" },
		{ value: "en", label: "English" },
	];
	const own = frappe.boot.lang?.split("-")[0];
	signflow.prompt(
		[
			company_field(),
			{
				fieldname: "language",
				fieldtype: "Select",
				label: __("Language"),
				options: languages,
				default: languages.some((one) => one.value === own) ? own : "en",
			},
		],
		({ company, language }) => {
			const query = new URLSearchParams({ company, language });
			window.open(`/api/method/signflow.api.register.print_register?${query}`);
		},
		__("Print the Record"),
		__("Print"),
	);
}
