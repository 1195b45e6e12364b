frappe.query_reports["Privacy Set-up Check"] = {
	formatter(value, row, column, data, default_formatter) {
		const escape = frappe.utils.escape_html;
		if (column.fieldname === "link" && value) {
			return `<a href="${escape(value)}">${escape(__("Open"))}</a>`;
		}
		if (column.fieldname === "weight" && data) {
			const colour = { High: "red", Medium: "orange", Low: "blue" }[data.level];
			return `<span class="indicator-pill ${colour}">${escape(value)}</span>`;
		}
		if (["text", "cure"].includes(column.fieldname) && value) {
			return `<div style="white-space: normal; line-height: 1.35">${escape(value)}</div>`;
		}
		return escape(value || "");
	},
	// Whole sentences: three lines each rather than one that is cut.
	get_datatable_options(options) {
		return { ...options, cellHeight: 72 };
	},
};
