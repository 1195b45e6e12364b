// "Ask for Consent" in the lists of people: a campaign for whom the list shows, or for whom is chosen in it.
for (const doctype of ["Contact", "Lead"]) {
	const settings = (frappe.listview_settings[doctype] = frappe.listview_settings[doctype] || {});
	if (!settings.signflow_asks) {
		const before = settings.onload;
		settings.signflow_asks = true;
		settings.onload = (list) => {
			before?.(list);
			signflow.offer_campaign(list);
		};
	}
}
