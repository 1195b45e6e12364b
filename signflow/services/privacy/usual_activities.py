"""The processing activities that a company with ERPNext usually has: drafts to be read, corrected and made active.

Pure data. Texts are English and marked for translation; they are stored in the language of whoever adds them.
"""

from dataclasses import dataclass

from signflow.core.errors import _  # marks: translated where they are stored or shown
from signflow.core.privacy.datamap import Holds

WHO_IT_IS = (Holds.NAME, Holds.EMAIL, Holds.PHONE, Holds.ADDRESS)
PAPERS = (Holds.FILE, Holds.TEXT, Holds.OTHER)

MEASURES = _(
	"Access by role and only for those whose work needs it; encrypted connections; backups; logs of who looked up, exported, changed and erased; staff bound to secrecy."
)
VOUCHERS = _(
	"Vouchers six years from the end of the year in which the accounting period ended; books and financial statements ten years from the end of the accounting period (Accounting Act 1336/1997, chapter 2, section 10)."
)


@dataclass(frozen=True)
class UsualActivity:
	"""One usual activity. `persons` and `recipients` are one kind a line; `doctypes` that a site has not are left out;
	of `modules` all DocTypes with personal data belong to it that no activity names."""

	key: str
	title: str
	purpose: str
	ground: str
	persons: str
	holds: tuple[Holds, ...]
	doctypes: tuple[str, ...]
	retention: str
	recipients: str = ""
	statute: str = ""
	interest: str = ""
	balancing_test: str = ""
	data_source: str = "From the Person"
	source_note: str = ""
	must_give: str = ""
	special_ground: str = ""
	modules: tuple[str, ...] = ()


USUAL: tuple[UsualActivity, ...] = (
	UsualActivity(
		key="customers-and-sales",
		modules=(
			"Selling",
			"CRM",
			"Stock",
			"Projects",
			"Maintenance",
			"Contacts",
			"Desk",
			"Telephony",
			"Loan Management",
			"Portal",
		),
		title=_("Customers and sales"),
		purpose=_(
			"To make offers and agreements, to deliver what was ordered, and to stay in touch with customers and with those who may become customers."
		),
		ground="Contract",
		persons=_("Customers\nContact persons of customers\nThose who have asked for an offer"),
		holds=(*WHO_IT_IS, Holds.JOB, Holds.BUSINESS_ID, Holds.MONEY, Holds.IMAGE, Holds.BIRTH_DATE, *PAPERS),
		doctypes=(
			*("Customer", "Contact", "Address", "Lead", "Prospect", "Opportunity", "Quotation"),
			*("Sales Order", "Delivery Note", "Contract", "Subscription", "Project", "Appointment"),
			*("Communication", "Comment", "Event", "ToDo", "Note", "File", "Installation Note"),
			*("Warranty Claim", "Maintenance Schedule", "Maintenance Visit", "Serial No"),
			*("Delivery Trip", "Driver", "Vehicle", "Shipment", "Packing Slip", "Pick List"),
			*("Sales Person", "Sales Partner", "POS Invoice", "POS Profile", "POS Opening Entry"),
			*("POS Closing Entry", "Loyalty Point Entry", "Call Log", "Stock Entry", "Tag Link"),
			*("Task", "Timesheet", "Project Update"),
		),
		recipients=_("Carriers and installers, as far as a delivery needs it"),
		retention=_(
			"For as long as the customer relationship lasts, and three years after the last contact. What accounting needs is kept as long as accounting law says."
		),
		data_source="Both",
		source_note=_("The person, the employer of a contact person, and public registers of companies."),
		must_give=_("Name and contact details are needed to make an agreement and to deliver."),
	),
	UsualActivity(
		key="invoicing-and-bookkeeping",
		modules=("Accounts", "Assets", "Regional", "Bank Integration", "EDI", "ERPNext Integrations"),
		title=_("Invoicing and bookkeeping"),
		purpose=_("To send and collect invoices, to pay, and to keep the books that the law demands."),
		ground="Legal Obligation",
		statute=_("Accounting Act (1336/1997); Value Added Tax Act (1501/1993)"),
		persons=_("Customers\nSuppliers\nPersons named in vouchers"),
		holds=(*WHO_IT_IS, Holds.BANK_ACCOUNT, Holds.BUSINESS_ID, Holds.MONEY, *PAPERS),
		doctypes=(
			*("Sales Invoice", "Purchase Invoice", "Payment Entry", "Payment Request"),
			*("Journal Entry", "GL Entry", "Payment Ledger Entry", "Bank Account"),
			*("Bank Transaction", "Dunning", "Payment Order", "Process Statement Of Accounts"),
			*("Share Transfer", "Bank Guarantee", "Invoice Discounting", "Tax Withholding Category"),
			*("Advance Payment Ledger Entry", "Bank Statement Import", "Unreconcile Payment"),
			*("Shareholder", "Exchange Rate Revaluation", "Ledger Merge", "Stock Ledger Entry"),
			*("Asset", "Asset Movement", "Repost Payment Ledger"),
		),
		recipients=_("Banks and operators of e-invoices\nTax authorities\nAuditors\nDebt collectors"),
		retention=VOUCHERS,
		must_give=_("The law obliges us to record who was invoiced and paid."),
		data_source="Both",
		source_note=_("The person, our own orders and contracts, and banks."),
	),
	UsualActivity(
		key="marketing",
		modules=("Email Campaign", "Newsletter"),
		title=_("Marketing"),
		purpose=_("To send newsletters and offers to those who have asked for them or may expect them."),
		ground="Consent",
		persons=_("Subscribers of newsletters\nCustomers and contact persons of customers"),
		holds=(Holds.NAME, Holds.EMAIL, Holds.PHONE, Holds.JOB, Holds.ONLINE_ID, Holds.TEXT, Holds.OTHER),
		doctypes=(
			*("Email Group", "Email Group Member", "Newsletter", "Email Campaign", "Campaign"),
			*("Email Unsubscribe", "Consent", "Consent Campaign", "Web Page View", "Blogger"),
			*("Blog Post",),
		),
		retention=_(
			"Until the consent is withdrawn or the person objects; then only what is needed to remember that. Consents that nobody renewed end after two years."
		),
		recipients=_("Nobody but our processors"),
		must_give=_("No. Consent is voluntary, and withdrawing it changes nothing else."),
	),
	UsualActivity(
		key="support-tickets",
		modules=("Support", "Helpdesk", "Quality Management", "Communication"),
		title=_("Support and tickets"),
		purpose=_("To answer questions, mend faults and handle complaints."),
		ground="Legitimate Interests",
		interest=_("To help those who turn to us and to know what was agreed with them."),
		balancing_test=_(
			"Whoever writes to us expects an answer and that we remember what was said. We use the messages for nothing else, few people see them, and they are erased when they are no longer needed. The interests of the person do not override ours."
		),
		persons=_("Persons who contact us\nPersons mentioned in messages"),
		holds=(*WHO_IT_IS, Holds.IMAGE, Holds.ONLINE_ID, Holds.JOB, *PAPERS),
		doctypes=(
			*("Issue", "HD Ticket", "HD Ticket Comment", "HD Ticket Activity", "HD Customer"),
			*("HD Agent", "HD Notification", "HD Article", "HD Article Feedback"),
			*("HD Desk Account Request", "HD Portal Signup Request", "HD Team", "HD Email Feedback"),
			*("HD Organization", "HD View", "Quality Feedback", "HD Canned Response"),
			*("HD Service Holiday List", "HD Escalation Rule"),
			# The calls of the telephony app, which Helpdesk brings along from 1.24 on.
			*("TP Call Log", "TP Telephony Agent"),
		),
		retention=_("Three years after the ticket was closed."),
		must_give=_("We cannot answer without knowing where to."),
		recipients=_("Suppliers whose product the matter concerns, when it needs them"),
	),
	UsualActivity(
		key="suppliers",
		modules=("Buying", "Subcontracting", "Manufacturing"),
		title=_("Suppliers and partners"),
		purpose=_("To buy, and to stay in touch with suppliers and partners."),
		ground="Legitimate Interests",
		interest=_("To do business with organisations, which act through persons."),
		balancing_test=_(
			"We use the contact details that persons have for their work, and only for that work. They expect it, and it touches their private life hardly at all. The interests of the person do not override ours."
		),
		persons=_("Contact persons of suppliers and partners\nSuppliers who are persons"),
		holds=(
			*WHO_IT_IS,
			Holds.JOB,
			Holds.BUSINESS_ID,
			Holds.BANK_ACCOUNT,
			Holds.MONEY,
			Holds.IMAGE,
			*PAPERS,
		),
		doctypes=(
			*("Supplier", "Supplier Quotation", "Purchase Order", "Purchase Receipt"),
			*("Request for Quotation", "Supplier Scorecard", "Data Processor", "Material Request"),
			*("Subcontracting Order", "Subcontracting Receipt", "Landed Cost Voucher"),
			*("Import Supplier Invoice", "Supplier Scorecard Period", "Manufacturer"),
			*("Blanket Order",),
		),
		retention=_(
			"For as long as we buy from the supplier, and three years after. What accounting needs is kept as long as accounting law says."
		),
		data_source="Both",
		source_note=_("The person, the employer of a contact person, and public registers of companies."),
	),
	UsualActivity(
		key="staff",
		modules=("HR", "Payroll", "Setup"),
		title=_("Staff"),
		purpose=_(
			"To pay wages, to handle working time, holidays and absences, and to fulfil the duties of an employer."
		),
		ground="Contract",
		statute=_(
			"Employment Contracts Act (55/2001); Act on the Protection of Privacy in Working Life (759/2004)"
		),
		special_ground="Employment and Social Security",
		persons=_("Employees\nNext of kin named by employees"),
		holds=(
			*WHO_IT_IS,
			*(Holds.BIRTH_DATE, Holds.IDENTITY_CODE, Holds.BANK_ACCOUNT, Holds.JOB, Holds.MONEY),
			*(Holds.SPECIAL, Holds.IMAGE, Holds.SIGNATURE, *PAPERS),
		),
		doctypes=(
			*("Employee", "Attendance", "Leave Application", "Leave Allocation", "Salary Slip"),
			*("Expense Claim", "Salary Structure Assignment", "Employee Checkin", "Shift Assignment"),
			*("Appraisal", "Employee Group", "Employee Transfer", "Employee Promotion"),
			*("Employee Separation", "Employee Onboarding", "Activity Cost", "Additional Salary"),
			*("Payroll Entry", "Training Event", "Workstation", "Operation", "Job Card"),
			*("Holiday List", "Department", "Designation"),
		),
		recipients=_(
			"Tax authorities and the Incomes Register\nPension and accident insurers\nOccupational health care\nUnions, where the employee has asked for it"
		),
		retention=_(
			"For as long as the employment lasts; after that working hours two years, what a certificate of employment needs ten years, and payroll as accounting law says."
		),
		must_give=_(
			"What the law and the employment contract need must be given; without it wages cannot be paid."
		),
		data_source="Both",
		source_note=_(
			"The employee, supervisors, authorities, and occupational health care as far as the law allows."
		),
	),
	UsualActivity(
		key="recruitment",
		title=_("Recruitment"),
		purpose=_("To find new employees and to choose among those who apply."),
		ground="Legitimate Interests",
		interest=_("To choose the right person for a job."),
		balancing_test=_(
			"Applicants turn to us by themselves and expect us to read what they send. Only those who choose see it, and it is erased when the time for claims is over. The interests of the person do not override ours."
		),
		statute=_("Act on the Protection of Privacy in Working Life (759/2004)"),
		persons=_("Applicants\nReferees named by applicants"),
		holds=(*WHO_IT_IS, Holds.JOB, Holds.BIRTH_DATE, Holds.IMAGE, Holds.MONEY, *PAPERS),
		doctypes=(
			*("Job Applicant", "Job Offer", "Interview", "Interview Feedback", "Employee Referral"),
			*("Job Opening", "Appointment Letter", "Job Requisition"),
		),
		retention=_("Two years from the decision, the time in which an applicant may claim discrimination."),
		must_give=_("We can consider an application only with what is needed to judge it."),
		data_source="Both",
		source_note=_("The applicant, and referees with the applicant's consent."),
	),
	UsualActivity(
		key="web-site-and-logs",
		modules=(
			"Core",
			"Email",
			"Website",
			"Custom",
			"Integrations",
			"Printing",
			"Automation",
			"Workflow",
			"Social",
			"Geo",
			"Utilities",
			"Bulk Transaction",
		),
		title=_("Web site, user accounts and logs"),
		purpose=_("To let users log in, to keep the systems secure, and to find and mend faults."),
		ground="Legitimate Interests",
		interest=_("Secure and working systems, and to be able to show who did what."),
		balancing_test=_(
			"Logs hold little of a person, are read only to look into a fault or a misuse, and are deleted after a set time. Users expect that a system is kept secure, and it protects them too. The interests of the person do not override ours."
		),
		persons=_("Users of our systems\nVisitors of our web site"),
		holds=(
			*WHO_IT_IS,
			Holds.ONLINE_ID,
			Holds.IMAGE,
			Holds.BIRTH_DATE,
			Holds.JOB,
			Holds.SIGNATURE,
			*PAPERS,
		),
		doctypes=(
			*("User", "User Group", "User Permission", "Access Log", "Activity Log", "View Log"),
			*("Route History", "Error Log", "Version", "Deleted Document", "Email Queue"),
			*("Notification Log", "Notification Settings", "Email Account", "Integration Request"),
			*("Webhook Request Log", "SMS Log", "Scheduled Job Log", "DocShare"),
			*("OAuth Bearer Token", "OAuth Authorization Code", "OAuth Client", "Token Cache"),
			*("Connected App", "Prepared Report", "Data Import", "Data Import Log", "Email Rule"),
			*("Unhandled Email", "Document Follow", "Discussion Topic", "Discussion Reply"),
			*("Dashboard Settings", "List Filter", "Kanban Board", "Assignment Rule"),
			*("Auto Email Report", "Google Contacts", "Google Calendar", "Transaction Log"),
			*("Document Share Key", "Address Template", "Letter Head", "Reminder"),
			*("Energy Point Log", "Social Login Key", "Personal Data Download Request"),
			*("Personal Data Deletion Request", "Console Log", "Milestone", "Tag", "Workspace"),
			*("Workflow Action", "Communication Medium", "Submission Queue", "Package Release"),
			*("Company", "Branch", "Warehouse", "Bank"),
		),
		retention=_(
			"Accounts for as long as they are used; logs 90 days, unless a misuse is being looked into."
		),
		recipients=_("Authorities, where the law obliges us"),
	),
	UsualActivity(
		key="electronic-signatures",
		modules=("Signflow",),
		title=_("Electronic signatures"),
		purpose=_("To have agreements signed, and to be able to prove who has signed what, when and how."),
		ground="Legitimate Interests",
		interest=_("To be able to prove an agreement, which is in the interest of all who signed it."),
		balancing_test=_(
			"The evidence is what makes the signature worth something to each party. It is sealed, seen by few, and its personal values can be erased when nothing needs them any more. The interests of the person do not override ours."
		),
		statute=_("Regulation (EU) 910/2014 (eIDAS)"),
		persons=_("Signers\nPersons named in documents"),
		holds=(
			*WHO_IT_IS,
			Holds.IDENTITY_CODE,
			Holds.IDENTITY_HASH,
			Holds.SIGNATURE,
			Holds.ONLINE_ID,
			*PAPERS,
		),
		doctypes=(
			*("Signature Request", "Signature Request Signer", "Sealed Revision", "Signature Event"),
			*("Signature Event Payload", "Form Submission", "Power of Attorney"),
			*("Contract Termination", "Contract Withdrawal", "Signature Template", "Sealing Key"),
			*("Signable Form", "Web Form"),
		),
		retention=_(
			"For as long as the agreement is in force, and ten years after it has ended: claims that rest on it may be made that long."
		),
		recipients=_("The other parties of the agreement\nIdentification services that the signer chooses"),
		must_give=_("An agreement cannot be signed without saying who signs."),
		data_source="Both",
		source_note=_("The signer, whoever sent the request, and identification services."),
	),
	UsualActivity(
		key="data-subject-requests",
		modules=("Signflow Privacy",),
		title=_("Requests and promises about personal data"),
		purpose=_("To answer those who use their rights, and to be able to show that we keep the law."),
		ground="Legal Obligation",
		statute=_("Regulation (EU) 2016/679 (GDPR), articles 5(2), 7(1) and 12–22"),
		persons=_("Persons who use their rights\nPersons who were told of this notice"),
		holds=(*WHO_IT_IS, Holds.IDENTITY_HASH, Holds.ONLINE_ID, *PAPERS),
		doctypes=(
			*("Data Subject Request", "Erasure Ledger Entry", "Notice Delivery"),
			*("Personal Data Access", "Legal Hold", "Retention Run", "Retention Rule"),
			*("Processing Activity", "Privacy Notice", "Consent Text", "Personal Data Field"),
		),
		retention=_(
			"Three years from the answer; what shows that data was erased, for as long as backups may bring it back."
		),
		recipients=_("The Data Protection Ombudsman, on request"),
		must_give=_("We may have to ask who you are before we answer."),
	),
)
