// On a telephone a finding is one cell: the text, what to do, and where.
const isNarrow = () => window.innerWidth < 768;

frappe.query_reports["Privacy Set-up Check"] = {
	formatter(value, row, column, data) {
		const escape = frappe.utils.escape_html;
		if (column.fieldname === "text" && data && isNarrow()) {
			const link = data.link
				? `<br><a href="${escape(data.link)}" style="text-decoration: underline">${escape(__("Go There"))}</a>`
				: "";
			return `<div style="white-space: normal; line-height: 1.35"><b>${escape(data.weight)}</b><br>
				${escape(data.text)}<br><span class="text-muted">${escape(data.cure)}</span>${link}</div>`;
		}
		if (column.fieldname === "link" && value) {
			return `<a href="${escape(value)}" style="text-decoration: underline">${escape(__("Go There"))}</a>`;
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
	// Whole sentences: four lines each rather than one that is cut.
	get_datatable_options(options) {
		if (isNarrow()) {
			const columns = options.columns
				.filter((column) => column.fieldname === "text")
				.map((column) => ({ ...column, width: window.innerWidth - 48 }));
			return { ...options, columns, cellHeight: 250, inlineFilters: false, serialNoColumn: false };
		}
		return { ...options, cellHeight: 92, inlineFilters: false, serialNoColumn: false };
	},
};
