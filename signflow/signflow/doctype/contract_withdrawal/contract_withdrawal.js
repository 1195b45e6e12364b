const OPEN = ["New", "Matched"];

frappe.ui.form.on("Contract Withdrawal", {
	refresh(frm) {
		frm.disable_save();
		const settings = frappe.listview_settings["Contract Withdrawal"];
		if (settings) {
			frm.page.set_indicator(...settings.get_indicator(frm.doc));
		}
		if (!OPEN.includes(frm.doc.status)) {
			return;
		}
		advise(frm);
		frm.add_custom_button(__("Choose the Contract"), () => choose(frm));
		if (frm.doc.status === "Matched") {
			frm.add_custom_button(__("Accept"), () => accept(frm)).addClass("btn-primary");
		}
		frm.add_custom_button(__("Too Late"), () => close(frm, "Too Late"), __("Close"));
		frm.add_custom_button(__("Handled"), () => close(frm, "Handled"), __("Close"));
	},
});

function advise(frm) {
	if (frm.doc.status === "New") {
		frm.dashboard.set_headline(__("No contract was found by the reference and the mail address. Choose it."), "orange");
	} else if (frm.doc.timeliness === "In Time") {
		frm.dashboard.set_headline(__("Reckoned to be in time. Accept it, and return what was paid."), "green");
	} else if (frm.doc.timeliness === "Too Late") {
		frm.dashboard.set_headline(__("Reckoned to be too late. Look at it before you decide."), "orange");
	}
}

async function run(frm, verb, values) {
	await frappe.xcall(`signflow.api.withdrawals.${verb}`, { name: frm.doc.name, ...values });
	frm.reload_doc();
}

function choose(frm) {
	signflow.prompt(
		{
			fieldname: "request",
			fieldtype: "Link",
			options: "Signature Request",
			label: __("Signature Request"),
			reqd: 1,
			get_query: () => ({ filters: { status: "Completed" } }),
		},
		({ request }) => run(frm, "match", { request }),
		__("Choose the Contract")
	);
}

function accept(frm) {
	frappe.confirm(
		__("The contract and what came of it end from the start. What was paid is returned by you. Accept?"),
		() => run(frm, "accept", {})
	);
}

function close(frm, status) {
	signflow.prompt(
		{
			fieldname: "note",
			fieldtype: "Small Text",
			label: __("What was decided, and what was the person told?"),
			reqd: 1,
		},
		({ note }) => run(frm, "close", { status, note }),
		__(status)
	);
}
