// Everything that the site holds on a person: counts first, details on demand. What is typed never stands in an address.

frappe.pages["person-lookup"].on_page_load = (wrapper) => {
	frappe.ui.make_app_page({ parent: wrapper, title: __("Person Look-up"), single_column: true });
	wrapper.look_up = new PersonLookUp(wrapper.page);
};

frappe.pages["person-lookup"].on_page_show = (wrapper) => {
	const record = frappe.route_options;
	frappe.route_options = null;
	if (record?.record_name) {
		wrapper.look_up.start_from(record);
	}
};

const RECORDS = [
	"Contact",
	"Lead",
	"Customer",
	"Supplier",
	"User",
	"Employee",
	"Job Applicant",
	"Sales Partner",
	"Shareholder",
];

// The strengths in the order shown; all but the first are apart, for a person to judge.
const strengths = () => [
	["CERTAIN", __("This Person's"), __("Found by a link to the person's own record, or by an address that only this person has.")],
	[
		"SHARED",
		__("Perhaps This Person's"),
		__("Found only by an address that others use too, or that stands under another name. Not counted as this person's."),
	],
	["POSSIBLE", __("Same Name"), __("Only the name is the same. It may well be somebody else.")],
	[
		"TRACE",
		__("Made or Handled by This Person"),
		__("The person made, changed or handled these as a user. They are about somebody else."),
	],
];

const sum = (counts) => Object.values(counts).reduce((total, one) => total + one, 0);

class PersonLookUp {
	constructor(page) {
		this.page = page;
		this.body = $('<div class="signflow-lookup"></div>').appendTo(page.main);
		this.make_form();
		this.result = $('<div aria-live="polite"></div>').appendTo(this.body);
	}

	make_form() {
		this.form = new frappe.ui.FieldGroup({
			body: $('<div class="signflow-lookup-form"></div>').appendTo(this.body),
			fields: [
				{
					fieldname: "query",
					fieldtype: "Data",
					label: __("Mail Address, Telephone or Name"),
				},
				{
					fieldname: "purpose",
					fieldtype: "Data",
					label: __("Purpose"),
					description: __("Goes into the log of accesses. Leave names out."),
				},
				{ fieldtype: "Column Break" },
				{
					fieldname: "record_doctype",
					fieldtype: "Select",
					label: __("Or Start from"),
					options: ["", ...RECORDS.filter((doctype) => frappe.model.can_read(doctype))].map((value) => ({
						value,
						label: value && __(value),
					})),
				},
				{
					fieldname: "record_name",
					fieldtype: "Dynamic Link",
					label: __("Record"),
					options: "record_doctype",
					depends_on: "record_doctype",
				},
				{
					fieldname: "company",
					fieldtype: "Link",
					options: "Company",
					label: __("Only of This Company"),
				},
				{
					fieldname: "files",
					fieldtype: "Check",
					label: __("Search Inside Files Too"),
					description: __("A worker reads them, which takes a while. Words in pictures are not read."),
				},
			],
		});
		this.form.make();
		// Frappe ties no label to its field.
		this.form.fields_list.forEach((field) => field.$input?.attr("aria-label", field.df.label));
		this.form.get_field("query").$input.on("keydown", (event) => event.key === "Enter" && this.look_up());
		this.page.set_primary_action(__("Look Up"), () => this.look_up(), "search");
	}

	async start_from({ record_doctype, record_name }) {
		this.result.empty();
		// One after the other: the record's field depends on the type's.
		await this.form.set_values({ query: "", record_doctype });
		await this.form.set_values({ record_name });
		if (this.form.get_value("purpose")) {
			this.look_up();
		} else {
			this.form.get_field("purpose").set_focus();
		}
	}

	async look_up() {
		const { query, purpose, record_doctype, record_name, company, files } = this.form.get_values(true) || {};
		if (!query && !record_name) {
			return frappe.show_alert({ message: __("Type whom to look up, or choose a record."), indicator: "orange" });
		}
		if (!purpose?.trim()) {
			this.form.get_field("purpose").set_focus();
			return frappe.show_alert({ message: __("Say what you look the person up for."), indicator: "orange" });
		}
		this.result.html($('<p class="text-muted"></p>').text(__("Searching …")));
		try {
			const found = await frappe.xcall("signflow.api.lookup.look_up", {
				purpose,
				query: record_name ? "" : query,
				record_doctype: record_name ? record_doctype : "",
				record_name: record_name || "",
				company: company || "",
				files: files ? 1 : 0,
			});
			this.show(found);
		} catch {
			this.result.empty(); // Frappe has said why.
		}
	}

	show(found) {
		this.found = found;
		this.result.empty();
		if (found.choices.length || found.is_company) {
			this.show_choices(found);
		}
		if (found.is_company || (found.choices.length && !found.groups.length)) {
			return;
		}
		this.show_person(found.person);
		for (const [strength, title, meaning] of strengths()) {
			this.show_strength(strength, title, meaning);
		}
		if (!found.groups.length) {
			this.say(__("Nothing was found."));
		}
		this.show_limits(found);
		if (found.files) {
			this.show_files();
		}
	}

	say(text, kind = "text-muted") {
		return $("<p></p>").addClass(kind).text(text).appendTo(this.result);
	}

	show_choices({ choices, is_company }) {
		const title = is_company ? __("A company is no person. Choose one of its people.") : __("Several persons fit. Whom do you mean?");
		$("<h4></h4>").text(title).appendTo(this.result);
		if (!choices.length) {
			this.say(__("No contact is linked to it."));
		}
		const list = $('<div class="signflow-lookup-choices"></div>').appendTo(this.result);
		for (const one of choices) {
			const button = $('<button type="button" class="btn btn-default"></button>').appendTo(list);
			$("<strong></strong>").text(one.title).appendTo(button);
			const lines = [[...one.mails, ...one.phones].join(" · "), one.records.join(" · ")];
			lines.filter(Boolean).forEach((line) => $("<span></span>").text(line).appendTo(button));
			button.on("click", () => this.start_from({ record_doctype: one.doctype, record_name: one.name }));
		}
	}

	show_person({ names, mails, phones, shared, records }) {
		const card = $('<section class="signflow-lookup-person"></section>').appendTo(this.result);
		$("<h3></h3>")
			.text(names.length ? names.join(" · ") : __("No record of the person's own"))
			.appendTo(card);
		const addresses = $("<p></p>").appendTo(card);
		for (const one of [...mails, ...phones]) {
			const pill = $('<span class="indicator-pill no-indicator-dot"></span>').text(one).appendTo(addresses);
			pill.addClass(shared.includes(one) ? "orange" : "gray");
			if (shared.includes(one)) {
				$('<span class="signflow-lookup-shared"></span>').text(` ${__("also others'")}`).appendTo(pill);
			}
		}
		const list = $('<p class="text-muted"></p>').appendTo(card);
		records.forEach((one, place) => {
			list.append(place ? " · " : "");
			$("<a></a>")
				.attr("href", frappe.utils.get_form_link(one.doctype, one.name))
				.text(`${one.label} ${one.name}`)
				.appendTo(list);
		});
	}

	show_strength(strength, title, meaning) {
		const groups = this.found.groups
			.map((group) => ({ ...group, doctypes: group.doctypes.filter((one) => one[strength]) }))
			.filter((group) => group.doctypes.length);
		if (!groups.length) {
			return;
		}
		const total = groups.flatMap((group) => group.doctypes).reduce((sum, one) => sum + one[strength], 0);
		const part = $('<section class="signflow-lookup-part"></section>').appendTo(this.result);
		$("<h4></h4>").text(`${title} (${total})`).appendTo(part);
		$('<p class="text-muted"></p>').text(meaning).appendTo(part);
		const grid = $('<div class="signflow-lookup-groups"></div>').appendTo(part);
		for (const group of groups) {
			const card = $('<div class="signflow-lookup-group"></div>').appendTo(grid);
			$("<h5></h5>").text(group.label).appendTo(card);
			for (const one of group.doctypes) {
				this.show_doctype(card, one, strength);
			}
		}
	}

	show_doctype(card, one, strength) {
		this.show_line(card, one.label, one.more ? __("more than {0}", [one[strength]]) : String(one[strength]), (start) =>
			frappe.xcall("signflow.api.lookup.details", { id: this.found.id, doctype: one.doctype, strength, start })
		);
	}

	// A line that opens to rows, which `fetch` gives page by page.
	show_line(card, label, count, fetch) {
		const line = $('<button type="button" class="signflow-lookup-line" aria-expanded="false"></button>').appendTo(card);
		$("<span></span>").text(label).appendTo(line);
		$("<strong></strong>").text(count).appendTo(line);
		const rows = $('<div class="signflow-lookup-rows" hidden></div>').appendTo(card);
		line.on("click", async () => {
			const open = line.attr("aria-expanded") === "true";
			line.attr("aria-expanded", String(!open));
			rows.prop("hidden", open);
			if (!open && !rows.children().length) {
				await this.show_rows(rows, fetch, 0);
			}
		});
	}

	async show_rows(into, fetch, start) {
		const page = await fetch(start);
		for (const row of page.rows) {
			const item = $('<div class="signflow-lookup-row"></div>').appendTo(into);
			const title = frappe.utils.html2text(row.title).trim().slice(0, 140) || row.name;
			const head = row.route.length
				? $("<a></a>").attr("href", frappe.utils.get_form_link(row.route[1], row.route[2]))
				: $("<span></span>");
			head.text(title).appendTo(item);
			const day = row.date ? frappe.datetime.str_to_user(row.date.slice(0, 10)) : "";
			$('<span class="text-muted"></span>')
				.text([day, ...row.reasons].filter(Boolean).join(" · "))
				.appendTo(item);
		}
		const next = start + page.page;
		if (next < page.total) {
			const more = $('<button type="button" class="btn btn-xs btn-default"></button>')
				.text(__("Show more ({0} left)", [page.total - next]))
				.appendTo(into);
			more.on("click", async () => {
				more.remove();
				await this.show_rows(into, fetch, next);
			});
		}
	}

	// How far the worker is, until it has ended or somebody else is looked up.
	async show_files() {
		const found = this.found;
		const part = $('<section class="signflow-lookup-part signflow-lookup-files"></section>').appendTo(this.result);
		$("<h4></h4>").text(__("Inside Files")).appendTo(part);
		const said = $('<p class="text-muted"></p>').text(__("Searching …")).appendTo(part);
		for (let pause = 1000; this.found === found; pause = Math.min(pause * 1.3, 10000)) {
			const state = await frappe.xcall("signflow.api.lookup.files_found", { id: found.id });
			if (!["Queued", "Running"].includes(state.status)) {
				said.remove();
				return this.show_in_files(part, state);
			}
			const seen = state.read + state.unread + state.hidden;
			said.text(__("Searching: {0} of {1} files, found in {2}.", [seen, state.total, sum(state.counts)]));
			await new Promise((resolve) => setTimeout(resolve, pause));
		}
	}

	show_in_files(part, { status, read, unread, hidden, is_all, counts }) {
		const say = (text, kind = "text-muted") => $("<p></p>").addClass(kind).text(text).appendTo(part);
		say(__("Files searched: {0}.", [read]));
		if (status === "Failed") {
			say(__("The search inside files failed. Look the person up again."), "text-danger");
		} else if (!is_all) {
			say(__("It took too long: not all files were searched."), "text-warning");
		}
		if (unread) {
			say(__("Not or only partly readable: {0}. They may be damaged, locked, too large or elsewhere.", [unread]), "text-warning");
		}
		if (hidden) {
			say(__("Files that you may not read were not searched: {0}.", [hidden]));
		}
		if (!sum(counts)) {
			return say(__("Nothing was found."));
		}
		const card = $('<div class="signflow-lookup-group"></div>').appendTo(
			$('<div class="signflow-lookup-groups"></div>').appendTo(part)
		);
		for (const [strength, title] of strengths().filter(([strength]) => counts[strength])) {
			this.show_line(card, title, String(counts[strength]), (start) =>
				frappe.xcall("signflow.api.lookup.file_details", { id: this.found.id, strength, start })
			);
		}
	}

	show_limits({ hidden, more, unsearched }) {
		if (hidden) {
			this.say(__("There are {0} more records that you may not read.", [hidden]));
		}
		if (more.length) {
			this.say(__("Not all was read, since there is very much: {0}.", [more.join(", ")]), "text-warning");
		}
		if (unsearched.length) {
			this.say(__("Not searched, since it took too long: {0}.", [unsearched.join(", ")]), "text-warning");
		}
	}
}
