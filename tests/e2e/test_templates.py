"""Desk: a template with a field from the picker, a request made of it in the dialog, and a ready form."""

import pytest
from office import Office
from playwright.sync_api import expect
from test_desk import customer_form, logs_in, opens, requests_a_signature, shown

pytestmark = pytest.mark.timeout(300)


def a_template(office: Office) -> str:
	return office.makes(
		"Signature Template",
		template_name=f"Rental {office.key}",
		reference_doctype="Customer",
		source="Text",
		document_title="Agreement with {{ doc.customer_name }}",
		body="<p>{{ doc.customer_name }} rents.</p>",
		message="Please read, {{ doc.customer_name }}.",
		roles=[
			{"role": "Tenant"},
			{"role": "Landlord", "signer_name": "Lauri Lehto", "email": f"lauri.{office.key}@posti.example"},
		],
	)


def test_a_template_is_written_and_used(office: Office, visit) -> None:
	template = a_template(office)
	window = visit()
	page = logs_in(window)
	opens(page, window, "signature-template", template)
	page.wait_for_function("(name) => window.cur_frm?.doc?.name === name", arg=template)
	form = shown(page)
	form.get_by_role("button", name="Insert a Field").click()
	prompt = page.locator(".modal-dialog:visible", has_text="Insert a Field")
	prompt.locator("input[data-fieldname=field]").fill("tax_id")
	prompt.locator("input[data-fieldname=field]").press("Tab")
	prompt.get_by_role("button", name="Insert", exact=True).click()
	page.wait_for_function("() => cur_frm.get_field('body').get_value().includes('{{ doc.tax_id }}')")
	window.keep("desk-template")
	page.wait_for_function("() => cur_frm.is_dirty() && cur_frm.doc.body.includes('doc.tax_id')")
	page.evaluate("() => void cur_frm.save()")
	page.wait_for_function("() => !cur_frm.is_dirty()")

	form = customer_form(page, window, office.customer)
	dialog = requests_a_signature(page, form)
	dialog.locator("[data-fieldname=template] select").select_option(template)
	expect(dialog.locator("[data-fieldname=title] input")).to_have_value(f"Agreement with {office.customer}")
	rows = dialog.locator("[data-fieldname=signers] .grid-body .rows .grid-row")
	expect(rows).to_have_count(2)
	expect(rows.nth(0)).to_contain_text("Tenant")
	expect(rows.nth(1)).to_contain_text("Lauri Lehto")
	for field, value in (("signer_name", "Maija Meri"), ("email", office.maija.address)):
		rows.nth(0).locator(f"[data-fieldname={field}]").first.click()
		rows.nth(0).locator(f"[data-fieldname={field}] input").first.fill(value)
	rows.nth(0).locator("[data-fieldname=signer_name]").first.click()
	window.keep("desk-dialog-template")
	dialog.get_by_role("button", name="Send for Signing").click()
	page.wait_for_function("() => window.cur_frm?.doctype === 'Signature Request'", timeout=90_000)
	signers = shown(page).locator(".signflow-signers")
	expect(signers).to_contain_text("Maija Meri")
	expect(signers).to_contain_text("Lauri Lehto")
	assert page.evaluate("() => cur_frm.doc.template") == template
	assert page.evaluate("() => cur_frm.doc.message") == f"Please read, {office.customer}."


def test_a_ready_form_is_added(office: Office, visit) -> None:
	window = visit()
	page = logs_in(window)
	opens(page, window, "signable-form")
	shown(page).get_by_role("button", name="Add a Ready Form").click()
	dialog = page.locator(".modal-dialog:visible", has_text="Add a Ready Form")
	dialog.locator("[data-fieldname=key] select").select_option("power-of-attorney")
	expect(dialog).to_contain_text("authorises another person")
	window.keep("desk-ready-form")
	dialog.locator(".btn-modal-primary").click()
	page.wait_for_function("() => window.cur_frm?.doctype === 'Signable Form'", timeout=60_000)
	assert page.evaluate("() => [cur_frm.doc.status, cur_frm.doc.web_form]") == [
		"Closed",
		"power-of-attorney",
	]
	window.keep("desk-ready-form-made")
