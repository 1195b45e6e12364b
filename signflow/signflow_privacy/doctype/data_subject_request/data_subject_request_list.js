frappe.listview_settings["Data Subject Request"] = {
	add_fields: ["status", "due_on", "joined_to", "erased_on"],
	formatters: {
		// As the form says it: the request stays "Running" until the person is answered.
		status(value, _field, doc) {
			return doc.erased_on && value === "Running" ? __("Erased, to Be Completed") : __(value);
		},
	},
	filters: [["status", "not in", signflow.CLOSED_DATA_REQUESTS]],
	onload(list) {
		if (signflow.may_take_in_data_requests()) {
			list.page.add_inner_button(__("New Data Request"), () => signflow.new_data_request());
		}
	},
	refresh(list) {
		// With the filter that the list begins with, an empty list is good news.
		if (!list.data.length && list.filter_area.get().length === 1) {
			list.$no_result.find("p").first().text(__("No data request waits for an answer."));
		}
	},
	/** What is to be answered by the days that are left, late in red. */
	get_indicator(doc) {
		if (doc.joined_to) {
			return [__("Answered Under {0}", [doc.joined_to]), "gray", `joined_to,=,${doc.joined_to}`];
		}
		const closed = { Done: [__("Done"), "green"], Refused: [__("Request refused"), "gray"], Withdrawn: [__("Taken Back"), "gray"] }[doc.status];
		if (closed) {
			return [...closed, `status,=,${doc.status}`];
		}
		const left = frappe.datetime.get_day_diff(doc.due_on, frappe.datetime.get_today());
		const filter = `due_on,=,${doc.due_on}`;
		if (left < 0) {
			return [__("Late by {0} Days", [-left]), "red", filter];
		}
		if (left === 0) {
			return [__("Due Today"), "red", filter];
		}
		return [__("{0} Days Left", [left]), left <= 10 ? "orange" : "blue", filter];
	},
};
