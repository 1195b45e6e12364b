// Frappe's prompt with a button that says what it does. What is missing is said beside it, in the dialog and in our words.

/** Ask for `fields`; `action` gets their values. `label` is the button's, the dialog's `title` where none is given. */
export function prompt(fields, action, title, label = title) {
	const dialog = new frappe.ui.Dialog({ title, fields: [].concat(fields) });
	on_button(dialog, label, (values) => {
		dialog.hide();
		action(values);
	});
	dialog.show();
	return dialog;
}

/** Make `label` the dialog's first button; `action` gets the values once none is missing. */
export function on_button(dialog, label, action) {
	// Not set_primary_action: that asks first, and answers with a box of the framework's own.
	const button = dialog.get_primary_btn().removeClass("hide").text(label);
	dialog.footer.removeClass("hide");
	dialog.has_primary_action = true;
	button.on("click", () => {
		const values = dialog.get_values(true);
		const is_empty = ({ df }) => (df.fieldtype === "Check" ? !values[df.fieldname] : values[df.fieldname] === undefined);
		const missing = dialog.fields_list.filter((field) => field.df.reqd && !field.df.hidden && is_empty(field));
		dialog.clear_alert();
		if (!missing.length) return action(values);
		const names = missing.map((field) => field.df.label).join(", ");
		dialog.set_alert(frappe.utils.escape_html(__("Still to be filled in: {0}", [names])), "warning");
		dialog.$alert.attr("role", "alert");
		missing[0].set_focus?.();
	});
}
