const COLOURS = {
	Given: "green",
	Pending: "orange",
	Withdrawn: "red",
	Refused: "red",
	Objected: "red",
	"Objection Lifted": "blue",
};

frappe.listview_settings["Consent"] = {
	get_indicator: (doc) => [__(doc.action), COLOURS[doc.action], `action,=,${doc.action}`],
};
