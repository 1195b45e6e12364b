// A text of the site's is stored in English with its values (stored_words.py), and read in the reader's language.
frappe.listview_settings["Personal Data Access"] = {
	formatters: {
		purpose(value) {
			return frappe.utils.escape_html(said(value || ""));
		},
	},
};

function said(stored) {
	if (!stored.startsWith('{"text":')) return stored;
	try {
		const { text, values } = JSON.parse(stored);
		return __(text, values);
	} catch {
		return stored;
	}
}
