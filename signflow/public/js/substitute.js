// Somebody leaves a customer or supplier: choose who takes over, see what moves, and let it.

const ON = ["Customer", "Supplier"];

/** A menu item on a customer or supplier. */
export function offer_substitute(frm) {
	if (!ON.includes(frm.doctype) || !frappe.model.can_write("Contact") || !frappe.perm.has_perm(frm.doctype, 0, "write")) return;
	frm.page.add_menu_item(__("Somebody Leaves"), () => open_dialog(frm));
}

function open_dialog(frm) {
	const party = { party_type: frm.doctype, party: frm.doc.name };
	const of_party = () => ({
		filters: [
			["Dynamic Link", "link_doctype", "=", frm.doctype],
			["Dynamic Link", "link_name", "=", frm.doc.name],
		],
	});
	const dialog = new frappe.ui.Dialog({
		title: __("Somebody Leaves"),
		fields: [
			{ fieldname: "contact", fieldtype: "Link", options: "Contact", label: __("Who Leaves"), reqd: 1, get_query: of_party, change: () => show(dialog, party) },
			{ fieldname: "by", fieldtype: "Link", options: "Contact", label: __("Who Takes Over"), reqd: 1, get_query: of_party },
			{ fieldname: "left_on", fieldtype: "Date", label: __("Left On"), default: frappe.datetime.get_today(), reqd: 1 },
			{ fieldname: "what", fieldtype: "HTML" },
		],
		primary_action_label: __("Let It Move"),
		async primary_action({ contact, by, left_on }) {
			const answer = await frappe.xcall("signflow.api.substitutes.substitute", { contact, ...party, by, left_on });
			dialog.hide();
			tell(answer, by);
			frm.reload_doc();
		},
	});
	dialog.show();
}

async function show(dialog, party) {
	const place = dialog.fields_dict.what.$wrapper.empty();
	const contact = dialog.get_value("contact");
	if (!contact) return;
	const found = await frappe.xcall("signflow.api.substitutes.leaving", { contact, ...party });
	const line = (text) => place.append($("<p class='mb-1'>").text(text));
	line(found.moves.length ? __("These move:") : __("Nothing is open."));
	for (const one of found.moves) place.append($("<div class='text-muted'>").text(`${one.label} ${one.name}`));
	if (found.tasks) line(__("{0} tasks are assigned anew where the substitute has a log-in.", [found.tasks]));
	for (const one of found.told) {
		const text =
			one.doctype === "Signature Request"
				? __("Out for signature, you can send it to the substitute afterwards: {0}", [one.name])
				: __("Left for you: {0}", [`${one.label} ${one.title}`]);
		place.append($("<p class='mb-1 bold'>").text(text));
	}
	if (found.has_user) line(__("The log-in of who leaves is closed, unless it leads to somebody else's records."));
}

function tell(answer, by) {
	const dialog = new frappe.ui.Dialog({ title: __("Somebody Leaves"), fields: [{ fieldname: "what", fieldtype: "HTML" }] });
	const place = dialog.fields_dict.what.$wrapper;
	const line = (text) => $("<p class='mb-2'>").text(text).appendTo(place);
	line(__("{0} records moved.", [answer.moved + answer.tasks]));
	if (answer.ended) line(__("The log-in is closed."));
	const mine = new Set(answer.signers.map((one) => one.request));
	for (const one of answer.told) {
		if (one.doctype !== "Signature Request" || !mine.has(one.name)) line(__("Left for you: {0}", [`${one.label} ${one.title}`]));
	}
	for (const one of answer.signers) offer_signing(line(__("Waits for a signature: {0}", [`${one.title} (${one.request})`])), one, by);
	dialog.show();
}

/** One click has the substitute sign in place of who left. */
function offer_signing($line, one, by) {
	$("<button class='btn btn-xs btn-default ml-2'>")
		.text(__("Have the Substitute Sign"))
		.appendTo($line)
		.on("click", async ({ currentTarget }) => {
			currentTarget.disabled = true;
			try {
				await frappe.xcall("signflow.api.requests.replace_signer", { signer: one.signer, contact: by });
				$(currentTarget).replaceWith($("<span class='text-success ml-2'>").text(__("The substitute signs it.")));
			} catch {
				currentTarget.disabled = false; // Frappe has told why
			}
		});
}
