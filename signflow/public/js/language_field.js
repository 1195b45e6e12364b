/** The field of a dialog that asks in which of our languages. */
export const language_field = () => ({
	fieldname: "language",
	fieldtype: "Select",
	label: __("Language"),
	options: [
		{ value: "fi", label: __("Finnish") },
		{ value: "sv", label: __("Swedish") },
		{ value: "en", label: __("English") },
	],
	default: "fi",
});
