"""Fills a site for the demo: company, customers, contacts and a contract to sign. Every person is made up.

Runs with the bench's Python in its sites folder: python -m devbench.demo_site SITE [--smtp-port N --url U]. Idempotent.
"""

import argparse
import sys

import frappe

from devbench.officers import OFFICERS, PASSWORD

CUSTOMERS = {
	"Rantakodit Oy": (("Maija", "Meri"), ("Matti", "Mäki")),
	"Kahvila Kuusi Ky": (("Åsa", "Öhman"),),
	"Saarelan Remontti": (("Sari", "Saarela"),),
}


def fill(smtp_port: int | None, url: str | None) -> None:
	company = _company()
	if smtp_port:
		_mail_to(smtp_port)
	if url:
		from frappe.installer import update_site_config

		update_site_config("host_name", url)
	for customer, people in CUSTOMERS.items():
		_customer(customer, people)
	_contract_file("Rantakodit Oy", company)
	if not smtp_port:
		# Saved, not set: Desk reads them as defaults, which only saving writes.
		system = frappe.get_single("System Settings")
		# Not the time: without seconds the framework's picker asks for parts that npm's has not.
		system.date_format = "dd.mm.yyyy"
		system.flags.ignore_mandatory = True
		system.save()
		_signable_form()
		_agreement("Rantakodit Oy")
		_open_terminations()
		_data_requests(company)
	settings = frappe.get_single("Signflow Settings")
	if not settings.privacy_contact:
		settings.privacy_contact = "tietosuoja@testi.example"
		settings.save()
	frappe.db.commit()


def _company() -> str:
	companies = frappe.get_all("Company", pluck="name", limit=1, order_by="creation asc")
	if companies:
		return companies[0]
	values = {"company_name": "Testi Oy", "abbr": "T", "default_currency": "EUR", "country": "Finland"}
	return frappe.get_doc({"doctype": "Company", **values}).insert().name


def _leaf(doctype: str) -> str:
	return frappe.get_all(doctype, {"is_group": 0}, pluck="name", limit=1, order_by="name asc")[0]


def _customer(name: str, people: tuple[tuple[str, str], ...]) -> None:
	if frappe.db.exists("Customer", name):
		return
	customer = frappe.get_doc(
		{
			"doctype": "Customer",
			"customer_name": name,
			"customer_type": "Company",
			"customer_group": _leaf("Customer Group"),
			"territory": _leaf("Territory"),
		}
	).insert()
	for first, last in people:
		mail = f"{first}.{last}@posti.example".lower().translate(str.maketrans("åäö", "aao"))
		frappe.get_doc(
			{
				"doctype": "Contact",
				"first_name": first,
				"last_name": last,
				"email_ids": [{"email_id": mail, "is_primary": 1}],
				"links": [{"link_doctype": "Customer", "link_name": customer.name}],
			}
		).insert()


def _contract_file(customer: str, company: str) -> None:
	if frappe.db.exists("File", {"attached_to_name": customer, "file_name": ["like", "Vuokrasopimus%"]}):
		return
	frappe.get_doc(
		{
			"doctype": "File",
			"file_name": "Vuokrasopimus Rantatie 5.pdf",
			"is_private": 1,
			"attached_to_doctype": "Customer",
			"attached_to_name": customer,
			"content": contract(company, customer),
		}
	).insert()


def _signable_form() -> None:
	"""The ready form for becoming a customer, open to everybody."""
	from signflow.services import ready_forms

	made = ready_forms.add("become-a-customer")
	frappe.get_doc("Web Form", made["web_form"]).update({"published": 1}).save()
	frappe.get_doc("Signable Form", made["form"]).update({"status": "Open"}).save()


def _agreement(customer: str) -> None:
	"""A contract in force, to be ended at /terminate."""
	if frappe.db.exists("Contract", {"party_name": customer}):
		return
	title = "Huoltosopimus"
	if not frappe.db.exists("Contract Template", title):
		terms = "Laitteet huolletaan neljä kertaa vuodessa."
		frappe.get_doc({"doctype": "Contract Template", "title": title, "contract_terms": terms}).insert()
	frappe.get_doc(
		{
			"doctype": "Contract",
			"contract_template": title,
			"party_type": "Customer",
			"party_name": customer,
			"is_signed": 1,
			"signed_on": "2026-01-01",
			"start_date": "2026-01-01",
			"contract_terms": "Huolto",
		}
	).insert().submit()


def _open_terminations() -> None:
	"""Customers may end their agreements by themselves; somebody answers for it."""
	settings = frappe.get_single("Signflow Settings")
	settings.update({"terminations_open": 1, "termination_responsible": "Administrator"})
	settings.save()


def _data_requests(company: str) -> None:
	"""Two officers, a request to be answered, and an erasure that is planned with something to decide in it."""
	from frappe.utils.password import update_password

	from signflow.services.erasure import planning
	from signflow.services.subject_requests import intake, matching
	from signflow.services.subject_requests.proofs import BY_CODE

	for mail, first in OFFICERS.items():
		if not frappe.db.exists("User", mail):
			user = {"doctype": "User", "email": mail, "first_name": first, "last_name": "Virkailija"}
			roles = [{"role": "Data Protection Officer"}]
			frappe.get_doc({**user, "send_welcome_email": 0, "roles": roles}).insert()
			update_password(mail, PASSWORD)
	asked = (("Access", "Sari Saarela", "sari.saarela"), ("Erasure", "Åsa Öhman", "asa.ohman"))
	made = {}
	for kind, name, mailbox in asked:
		mail = f"{mailbox}@posti.example"
		if frappe.db.exists("Data Subject Request", {"email": mail}):
			return
		wish = intake.read_wish({"request_type": kind, "person_name": name, "company": company})
		made[kind] = intake.receive(wish, mail, "fi", "Web Page", proof=BY_CODE)
	said = {"doctype": "Comment", "comment_type": "Comment", "reference_doctype": "Customer"}
	text = "Åsa Öhman soitti ja kysyi kahvikoneesta."
	frappe.get_doc({**said, "reference_name": "Rantakodit Oy", "content": text}).insert()
	frappe.db.commit()
	frappe.set_user(next(iter(OFFICERS)))
	matching.propose_now(made["Erasure"])
	rows = frappe.get_doc("Data Subject Request", made["Erasure"]).persons
	matching.confirm(made["Erasure"], [row.name for row in rows if row.strength == matching.CERTAIN])
	planning.plan_erasure(made["Erasure"])
	frappe.set_user("Administrator")


def contract(landlord: str, tenant: str) -> bytes:
	"""A rental contract as a PDF, in Finnish."""
	from fpdf import FPDF

	import signflow

	fonts = f"{signflow.__path__[0]}/core/pdf/fonts"
	pdf = FPDF()
	pdf.add_font("Noto", "", f"{fonts}/NotoSans-Regular.ttf")
	pdf.add_font("Noto", "B", f"{fonts}/NotoSans-Bold.ttf")
	pdf.set_margins(24, 24)
	pdf.set_title("Vuokrasopimus")
	pdf.add_page()
	pdf.set_font("Noto", "B", 20)
	pdf.cell(text="Vuokrasopimus", new_x="LMARGIN", new_y="NEXT", h=16)
	for heading, text in (
		("1. Osapuolet", f"Vuokranantaja: {landlord}. Vuokralainen: {tenant}."),
		("2. Kohde", "Toimitila, Rantatie 5, 00100 Helsinki, 84 m², toinen kerros."),
		(
			"3. Vuokra-aika",
			"Sopimus alkaa 1.1.2027 ja on voimassa toistaiseksi. Irtisanomisaika on kolme kuukautta.",
		),
		(
			"4. Vuokra",
			"Vuokra on 1 480 euroa kuukaudessa. Se maksetaan kunkin kuukauden 2. päivään mennessä.",
		),
		("5. Vakuus", "Vakuus on kahden kuukauden vuokra, ja se maksetaan ennen avainten luovutusta."),
		("6. Kunto ja hoito", "Tila luovutetaan siivottuna. Vuokralainen ilmoittaa vioista viipymättä."),
		("7. Allekirjoitus", "Sopimus allekirjoitetaan sähköisesti. Kumpikin osapuoli saa oman kappaleensa."),
	):
		pdf.set_font("Noto", "B", 11)
		pdf.cell(text=heading, new_x="LMARGIN", new_y="NEXT", h=10)
		pdf.set_font("Noto", "", 11)
		pdf.multi_cell(w=0, text=text, new_x="LMARGIN", new_y="NEXT", h=7)
	return bytes(pdf.output())


def _mail_to(port: int) -> None:
	name = "Signflow Demo"
	others = {"default_outgoing": 1, "name": ["!=", name]}
	for other in frappe.get_all("Email Account", others, pluck="name", order_by="name asc"):
		frappe.db.set_value("Email Account", other, "default_outgoing", 0)
	exists = frappe.db.exists("Email Account", name)
	account = frappe.get_doc("Email Account", name) if exists else frappe.new_doc("Email Account")
	account.update(
		{
			"email_account_name": name,
			"email_id": "sopimukset@testi.example",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "127.0.0.1",
			"smtp_port": port,
			"no_smtp_authentication": 1,
		}
	)
	account.save()


def main() -> int:
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("site")
	parser.add_argument("--smtp-port", type=int)
	parser.add_argument("--url")
	options = parser.parse_args()
	frappe.init(options.site, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")
	fill(options.smtp_port, options.url)
	frappe.destroy()
	return 0


if __name__ == "__main__":
	sys.exit(main())
