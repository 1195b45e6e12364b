"""The HD Form Script in a real browser against the real site: only Helpdesk's own page around it is a stand-in.

The page does with the script what Helpdesk's does (`new Function(script + "return setupForm")()`, awaited, with the
arguments that it documents). It is as strict as the strictest release: it asks before it has a ticket (1.28's page for
phones), shows of a menu its `items` alone (1.14, and 1.28 for phones), draws a button with an icon without its words (1.28)
and calls an action's function twice for a click (1.28's portal).
"""

import pytest
from office import Office, contract
from playwright.sync_api import Page, expect
from test_desk import logs_in, opens
from window import DESKTOP, PHONE, Window

pytestmark = pytest.mark.timeout(300)

# Helpdesk's page as far as a script sees it.
TICKET_PAGE = """async ([script, name, csrf]) => {
	document.head.innerHTML = "<title>Ticket</title>";
	document.body.innerHTML = "<div id=actions></div><div id=dialogs></div><p id=toasts></p>";
	document.body.style.cssText = "font:14px/1.5 sans-serif;padding:12px;background:#fff";
	const $ = (id) => document.getElementById(id);
	const call = async (method, args) => {
		const answer = await fetch(`/api/method/${method}`, {
			method: "POST",
			headers: { "Content-Type": "application/json", Accept: "application/json", "X-Frappe-CSRF-Token": csrf },
			body: JSON.stringify(args),
		});
		const body = await answer.json();
		if (!answer.ok) {
			const error = new Error(body.exc_type);
			error.messages = JSON.parse(body._server_messages || "[]").map((one) => JSON.parse(one).message);
			throw error;
		}
		return body.message;
	};
	const toast = {
		success: (text) => ($("toasts").textContent += `ok: ${text} `),
		error: (text) => ($("toasts").textContent += `error: ${text} `),
		create: ({ message }) => ($("toasts").textContent += message),
	};
	const button = (label, onClick, icon) => {
		const made = document.createElement("button");
		made.textContent = icon ? "" : label;
		made.style.cssText = "margin:4px;padding:6px 10px";
		made.addEventListener("click", () => { onClick(); onClick(); });
		return made;
	};
	const $dialog = ({ title, html, actions }) => {
		const box = document.createElement("section");
		box.style.cssText = "border:1px solid #ccc;border-radius:8px;padding:16px;max-width:512px;margin:12px 0";
		box.innerHTML = `<h2 style="font-size:18px;margin:0 0 12px">${title}</h2><div>${html}</div>`;
		for (const { label, onClick } of actions) {
			box.append(button(label, () => onClick(() => box.remove())));
		}
		$("dialogs").append(box);
	};
	const setup = new Function(script + "\\nreturn setupForm")();
	const given = { call, router: {}, toast, $dialog, updateField: () => {}, createToast: toast.create };
	if ((await setup({ ...given, doc: null })).actions.length) throw new Error("actions of no ticket");
	const { actions } = await setup({ ...given, doc: { name } });
	for (const { label, onClick, icon, group, buttonLabel, items } of actions) {
		if (!group) $("actions").append(button(label, onClick, icon));
		else if (buttonLabel) $("actions").append(button(buttonLabel, () => {}));
		for (const item of (group && items) || []) $("actions").append(button(item.label, item.onClick));
	}
	return actions.map(({ label, group, buttonLabel, items }) => ({
		label, group, buttonLabel, items: (items || []).map((one) => one.label),
	}));
}"""


def a_ticket(office: Office, **values: str) -> str:
	contact = office.lists("Contact", email_id=office.maija.address)[0]
	values = {
		"subject": f"Contract {office.key}",
		"raised_by": office.maija.address,
		"contact": contact,
	} | values
	return str(office.makes("HD Ticket", **values))


def shows(window: Window, office: Office, ticket: str) -> tuple[Page, list[dict]]:
	"""The ticket's page, with what the script added to it."""
	page = logs_in(window)
	window.expected.append(r"favicon")
	opens(page, window, "signature-request")
	csrf = page.evaluate("() => frappe.csrf_token")
	script = office.sender.read("HD Form Script", "Signflow Ticket Actions")["script"]
	return page, page.evaluate(TICKET_PAGE, [script, ticket, csrf])


def pictures(window: Window, name: str) -> None:
	for size in (PHONE, DESKTOP):
		window.page.set_viewport_size(size)
		window.keep(f"{name}-{size['width']}")


def test_a_ticket_becomes_a_draft_with_the_chosen_files(office: Office, visit) -> None:
	ticket = a_ticket(office)
	names = [f"Offer {office.key}.pdf", f"<img src=x onerror=alert(1)> {office.key}.pdf"]
	for name in names:
		answer = office.sender.http.post(
			f"{office.url}/api/method/upload_file",
			data={"doctype": "HD Ticket", "docname": ticket, "is_private": 1},
			files={"file": (name, contract(name), "application/pdf")},
			timeout=30,
		)
		assert answer.status_code == 200, answer.text[:500]
	window = visit()
	page, actions = shows(window, office, ticket)
	assert [(one["group"], one["buttonLabel"], len(one["items"])) for one in actions] == [
		("Signflow", "Signflow", 3)
	]
	page.get_by_role("button", name="Request signature").click()
	dialog = page.locator("section", has_text="Request Signature")
	expect(dialog.get_by_text(f"Customer: {office.customer}")).to_be_visible()
	expect(dialog.get_by_label(office.maija.address)).to_be_checked()
	# One dialog, although the page called twice; and what stands in a file's name stays text.
	expect(page.locator("section")).to_have_count(1)
	expect(dialog.locator("img")).to_have_count(0)
	pictures(window, "helpdesk-request-signature")
	for box in dialog.locator("input[name=documents]").all():
		box.uncheck()
	dialog.get_by_label(f"Offer {office.key}").check()
	with page.expect_popup() as popup:
		dialog.get_by_role("button", name="Make a draft").click()
	popup.value.wait_for_function("() => window.cur_frm?.doctype === 'Signature Request'", timeout=90_000)
	request = popup.value.evaluate("() => cur_frm.doc.name")
	expect(page.locator("section")).to_have_count(0)
	expect(page.locator("#toasts")).to_contain_text(f"The draft {request} is made.")
	assert len(office.lists("Signature Request", reference_doctype="HD Ticket", reference_name=ticket)) == 1
	doc = office.sender.read("Signature Request", request)
	assert (doc["customer"], len(doc["documents"])) == (office.customer, 1)
	assert "Offer" in doc["documents"][0]["title"]


def test_a_ticket_that_asks_for_deletion_is_a_data_request_after_two_clicks(office: Office, visit) -> None:
	ticket = a_ticket(office, description="Please delete my data.")
	window = visit()
	page, actions = shows(window, office, ticket)
	# A button of its own before the menu.
	assert (actions[0].get("group"), actions[1]["group"]) == (None, "Signflow")
	page.get_by_role("button", name="Asks for deletion?").click()
	expect(page.get_by_text("The ticket says: “delete my data”")).to_be_visible()
	expect(page.locator("select[name=request_type]")).to_have_value("Erasure")
	scope, represents = page.locator("select[name=objection_scope]"), page.locator("input[name=represents]")
	expect(scope).to_be_hidden()
	expect(represents).to_be_hidden()
	page.locator("select[name=request_type]").select_option("Objection")
	page.get_by_label("Asks for Somebody Else").check()
	expect(scope).to_be_visible()
	expect(represents).to_be_visible()
	pictures(window, "helpdesk-data-request")
	page.get_by_label("Asks for Somebody Else").uncheck()
	page.locator("select[name=request_type]").select_option("Erasure")
	expect(scope).to_be_hidden()
	with page.expect_popup():
		page.get_by_role("button", name="Open data request", exact=True).last.click()
	expect(page.locator("#toasts")).to_contain_text("is open.")
	made = office.lists("Data Subject Request", reference_doctype="HD Ticket", reference_name=ticket)
	assert len(made) == 1


def test_what_cannot_be_done_is_said_and_others_scripts_go_on(office: Office, visit) -> None:
	ticket = a_ticket(office, raised_by="Administrator", contact="")
	window = visit()
	page, _actions = shows(window, office, ticket)
	page.get_by_role("button", name="Ask contact details and consent").click()
	expect(page.get_by_text("The ticket does not say whom to ask")).to_be_visible()
	pictures(window, "helpdesk-nobody-to-ask")
	window.expected.append("signflow|404")
	script = office.sender.read("HD Form Script", "Signflow Ticket Actions")["script"]
	assert page.evaluate(TICKET_PAGE, [script, "999999", ""]) == []
