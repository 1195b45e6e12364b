app_name = "signflow"
app_title = "Signflow"
app_publisher = "Signflow contributors"
app_description = "Agreements signed and promises about personal data kept, inside ERPNext"
app_email = "hello@signflow.example"
app_license = "GPL-3.0-or-later"
required_apps = ["frappe/erpnext"]

before_install = "signflow.install.before_install"
after_install = ["signflow.install.after_install", "signflow.integrations.helpdesk.ticket_actions.offer"]
after_migrate = [
	"signflow.install.after_migrate",
	"signflow.services.erasure.restricting.refresh",
	"signflow.services.subject_requests.carrying_out.daily",
	"signflow.services.privacy.data_map.scan",
	"signflow.integrations.helpdesk.ticket_actions.offer",
	"signflow.integrations.helpdesk.notice_link.bring_up_to_date",
]
after_app_install = [
	"signflow.services.privacy.data_map.after_app_change",
	"signflow.integrations.helpdesk.ticket_actions.offer",
]
after_app_uninstall = "signflow.services.privacy.data_map.after_app_change"
before_uninstall = "signflow.uninstall.before_uninstall"
after_uninstall = "signflow.uninstall.after_uninstall"

before_request = [
	"signflow.pages.renderer.serve",
	"signflow.services.hidden_fields.guard_question",
	"signflow.integrations.erpnext.sms_center.before_sending",
]

update_website_context = [
	"signflow.services.forms.with_script",
	"signflow.services.privacy.notices.in_footer",
]

override_whitelisted_methods = {
	"frappe.client.get_count": "signflow.api.counts.get_count",
	"frappe.website.doctype.web_form.web_form.accept": "signflow.api.forms.accept",
}

app_include_js = ["signflow.bundle.js"]
doctype_list_js = {"Contact": "public/js/contact_list.js", "Lead": "public/js/contact_list.js"}
override_doctype_dashboards = {
	"Customer": ["signflow.integrations.erpnext.customer.dashboard"],
}

doc_events = {
	"*": {
		"before_save": "signflow.services.forms.guard",
		"onload": "signflow.services.erasure.restricting.on_open",
		"before_print": "signflow.services.erasure.restricting.on_print",
		"on_trash": "signflow.services.privacy.holds.guard_deletion",
		"before_validate": [
			"signflow.services.privacy.holds.watch",
			"signflow.services.erasure.restricting.guard_change",
		],
		"before_cancel": "signflow.services.privacy.holds.watch",
		"before_update_after_submit": [
			"signflow.services.privacy.holds.watch",
			"signflow.services.erasure.restricting.guard_change",
		],
		"on_change": "signflow.services.privacy.holds.watch",
		"after_rename": "signflow.services.privacy.holds.follow_rename",
	},
	"Signflow Settings": {
		"on_update": "signflow.pages.renderer.forget_pages",
		"on_change": "signflow.services.erasure.restricting.on_settings",
	},
	"Signature Request Signer": {"on_update": "signflow.services.leavers.warn_of_signer"},
	"Legal Hold": {"after_insert": "signflow.services.privacy.holds.on_placed"},
	"Personal Data Export": {"onload": "signflow.services.subject_requests.access.on_open"},
	"Transaction Deletion Record": {"before_submit": "signflow.services.privacy.holds.guard_emptying"},
	"Web Form": {
		"validate": "signflow.services.privacy.form_consents.bind",
		"on_update": "signflow.services.forms.forget_routes",
		"on_trash": "signflow.services.forms.forget_routes",
	},
	"Signable Form": {
		"on_update": "signflow.services.forms.forget_routes",
		"on_trash": "signflow.services.forms.forget_routes",
	},
	"File": {
		"before_insert": "signflow.services.files.guard_copy",
		"before_validate": "signflow.services.files.guard_change",
		"validate": "signflow.services.privacy.consent_proofs.guard_change",
		"on_trash": [
			"signflow.services.files.guard_delete",
			"signflow.services.privacy.consent_proofs.guard_delete",
		],
	},
	"Communication": {
		"before_insert": [
			"signflow.services.erasure.restricting.guard_beside",
			"signflow.integrations.erpnext.mailing_lists.thin_out",
			"signflow.services.subject_requests.restricted_mail.guard_by_hand",
		],
		"after_insert": [
			"signflow.services.delivery.on_communication",
			"signflow.services.subject_requests.letters.on_communication",
		],
	},
	# Whatever Frappe and its apps mail passes here.
	"Email Queue": {"before_insert": "signflow.services.subject_requests.restricted_mail.leave_out"},
	"DocShare": {"validate": "signflow.services.erasure.restricting.guard_beside"},
	"ToDo": {"validate": "signflow.services.erasure.restricting.guard_beside"},
	"Contact": {
		"before_insert": "signflow.services.privacy.origin.note_origin",
		"before_validate": [
			"signflow.integrations.erpnext.parties.guard_contact",
			"signflow.services.privacy.restrictions.guard_mark",
		],
		"on_update": "signflow.integrations.erpnext.mailing_lists.on_flag",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	"Lead": {
		"before_insert": "signflow.services.privacy.origin.note_origin",
		"before_validate": "signflow.services.privacy.restrictions.guard_mark",
		"on_update": "signflow.integrations.erpnext.mailing_lists.on_flag",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	"Customer": {
		"before_insert": "signflow.services.privacy.origin.note_origin",
		"before_validate": "signflow.services.privacy.restrictions.guard_mark",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	"Supplier": {
		"before_validate": "signflow.services.privacy.restrictions.guard_mark",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	"Employee": {
		"before_validate": "signflow.services.privacy.restrictions.guard_mark",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	"User": {
		"before_validate": "signflow.services.privacy.restrictions.guard_mark",
		"after_rename": "signflow.services.subject_requests.carrying_out.follow_rename",
	},
	# The map of personal data follows the site's DocTypes.
	"DocType": {
		"on_update": "signflow.services.privacy.data_map.on_customised",
		"on_trash": "signflow.services.privacy.data_map.on_customised",
	},
	"Custom Field": {
		"on_update": "signflow.services.privacy.data_map.on_customised",
		"on_trash": "signflow.services.privacy.data_map.on_customised",
	},
	"Property Setter": {
		"on_update": "signflow.services.privacy.data_map.on_customised",
		"on_trash": "signflow.services.privacy.data_map.on_customised",
	},
	"Personal Data Field": {
		"on_update": "signflow.services.privacy.data_map.forget",
		"on_trash": "signflow.services.privacy.data_map.forget",
	},
	# What happens to a request is said in its ticket of Helpdesk.
	"Signature Event": {"after_insert": "signflow.integrations.helpdesk.ticket_state.on_event"},
	"Data Subject Request Step": {"after_insert": "signflow.integrations.helpdesk.ticket_state.on_step"},
	# The framework's own requests know neither deadline nor what must stay: whoever makes one is led to ours.
	"Personal Data Deletion Request": {
		"before_insert": "signflow.services.subject_requests.intake.lead_here"
	},
	"Personal Data Download Request": {
		"before_insert": "signflow.services.subject_requests.intake.lead_here"
	},
	"Email Unsubscribe": {"after_insert": "signflow.integrations.erpnext.mailing_lists.on_unsubscribe"},
	"SMS Center": {
		"validate": "signflow.integrations.erpnext.sms_center.thin_out",
		"create_receiver_list": "signflow.integrations.erpnext.sms_center.thin_out",
		"send_sms": "signflow.integrations.erpnext.sms_center.tell_left_out",
	},
	"Email Group Member": {
		"before_insert": "signflow.integrations.erpnext.mailing_lists.hold_back",
		"on_update": "signflow.integrations.erpnext.mailing_lists.on_member",
	},
}

signflow_request_completed = [
	"signflow.services.replays.on_request_completed",
	"signflow.integrations.erpnext.customer.note_signed",
	"signflow.integrations.erpnext.contract.mark_signed",
	"signflow.services.terminations.on_completed",
	"signflow.services.privacy.form_consents.on_request_completed",
	"signflow.services.privacy.processors.on_completed",
	"signflow.integrations.helpdesk.ticket_state.copies_follow",
]
signflow_terminable_agreements = {
	"Subscription": "signflow.integrations.erpnext.subscription",
	"Contract": "signflow.integrations.erpnext.contract_end",
}
signflow_notice_given = ["signflow.integrations.helpdesk.termination.open_ticket"]

# Whose a record is, where it names no Customer itself: {DocType: function of the record that returns a Customer or None}.
signflow_customer_of = {"HD Ticket": "signflow.integrations.helpdesk.customers.settled"}

# Somebody left a customer or supplier: function of (contact, party type, party, substitute) that lets go of him in an app of its
# own, and returns whether his log-in still leads anywhere there.
signflow_substituted = [
	"signflow.integrations.helpdesk.customers.members_follow",
	"signflow.integrations.erpnext.mailing_lists.on_left",
]

signflow_notice_published = ["signflow.integrations.helpdesk.notice_link.offer"]

signflow_settle_parties = ["signflow.integrations.erpnext.parties.settle_parties"]

signflow_consents_changed = [
	"signflow.services.privacy.consent_letters.on_changed",
	"signflow.integrations.erpnext.mailing_lists.on_changed",
]

signflow_letter_returned = [
	"signflow.services.privacy.consent_campaigns.on_returned",
	"signflow.services.subject_requests.letters.on_returned",
]

# How a person may prove a data request beside a mailed code: {an option of its field Proven By: dotted path}; other apps
# add to it (see signflow/services/subject_requests/proofs.py).
signflow_person_proofs = {"Code by Text Message": "signflow.services.subject_requests.phone_proof.offer"}

website_redirects = [
	{
		"source": "/request-for-account-deletion(/.*)?",
		"target": "/privacy/request?right=Erasure&from=account",
	},
	{"source": "/request-data(/.*)?", "target": "/privacy/request?right=Access&from=account"},
]
portal_menu_items = [{"title": "Your personal data", "route": "/privacy/request", "role": ""}]

# Called in the transaction in which an erasure ends, with the plan's name.
signflow_erasure_done = [
	"signflow.services.erasure.backups.note_down",
	"signflow.services.erasure.restricting.on_erased",
	"signflow.services.subject_requests.carrying_out.on_erased",
	"signflow.services.subject_requests.matching.on_erased",
	"signflow.services.subject_requests.records.note_erased",
]

signflow_wording_published = ["signflow.services.privacy.form_consents.show_new_words"]

signflow_request_filed = ["signflow.integrations.erpnext.customer.note_signed"]

has_permission = {
	"*": "signflow.services.erasure.restricting.may_be_read",
	"Signature Request": "signflow.services.permissions.request_permission",
	"Signature Request Signer": "signflow.services.permissions.under_request_permission",
	"Sealed Revision": "signflow.services.permissions.under_request_permission",
	"Signature Event": "signflow.services.permissions.under_request_permission",
	"Signature Event Payload": "signflow.services.permissions.under_request_permission",
	"Form Submission": "signflow.services.permissions.submission_permission",
	"Power of Attorney": "signflow.services.permissions.power_permission",
	"Contract Termination": "signflow.services.permissions.termination_permission",
	"Contract Withdrawal": "signflow.services.permissions.withdrawal_permission",
	"Consent Campaign Person": "signflow.services.permissions.asked_permission",
}
permission_query_conditions = {
	# What is kept after an erasure; conditions of all apps hold together.
	"*": ["signflow.services.erasure.restricting.hidden"],
	"Signature Request": "signflow.services.permissions.request_conditions",
	"Signature Request Signer": "signflow.services.permissions.signer_conditions",
	"Sealed Revision": "signflow.services.permissions.revision_conditions",
	"Signature Event": "signflow.services.permissions.event_conditions",
	"Signature Request Document": "signflow.services.permissions.document_conditions",
	"File": "signflow.services.permissions.file_conditions",
	"Form Submission": "signflow.services.permissions.submission_conditions",
	"Power of Attorney": "signflow.services.permissions.power_conditions",
	"Contract Termination": "signflow.services.permissions.termination_conditions",
	"Contract Termination Agreement": "signflow.services.permissions.agreement_conditions",
	"Contract Withdrawal": "signflow.services.permissions.withdrawal_conditions",
	"Consent Campaign Person": "signflow.services.permissions.asked_conditions",
	"Processing Activity Data": "signflow.services.permissions.row_conditions",
	"Processing Activity DocType": "signflow.services.permissions.row_conditions",
	"Processing Activity Processor": "signflow.services.permissions.row_conditions",
	"Further Processor": "signflow.services.permissions.row_conditions",
	"Privacy Notice Text": "signflow.services.permissions.row_conditions",
}

jinja = {
	"methods": [
		"signflow.services.webhooks.signflow_submission",
		"signflow.services.webhooks.signflow_answers",
	]
}

scheduler_events = {
	"cron": {
		"* * * * *": [
			"signflow.services.delivery.sweep",
			"signflow.services.sealing.sweep",
			"signflow.services.replays.sweep",
			"signflow.services.privacy.consent_campaigns.sweep",
		],
		"*/5 * * * *": [
			"signflow.services.sealing.look_after_levels",
			"signflow.services.endings.sweep",
			"signflow.services.withdrawals.sweep",
			"signflow.services.privacy.content_scan.sweep",
			"signflow.services.privacy.file_search.sweep",
			"signflow.services.privacy.retention.sweep",
			"signflow.services.subject_requests.access.sweep",
			"signflow.services.erasure.execution.sweep",
			"signflow.integrations.erpnext.mailing_lists.refresh_segments",
			"signflow.services.privacy.informing.sweep",
		],
	},
	"hourly": [
		"signflow.services.requests.expire_due",
		"signflow.services.requests.remind_due",
		"signflow.services.submissions.sweep",
	],
	"daily": [
		"signflow.integrations.helpdesk.unanswered.daily",
		"signflow.services.files.sweep_orphans",
		"signflow.services.exports.sweep",
		"signflow.services.privacy.consent_letters.daily",
		"signflow.services.subject_requests.access.expire",
		"signflow.services.subject_requests.recipients.remind",
		"signflow.services.privacy.processors.watch",
		"signflow.services.privacy.notices.watch",
		"signflow.integrations.erpnext.mailing_lists.check_all_groups",
		"signflow.services.subject_requests.intake.sweep_unproven",
		"signflow.services.subject_requests.reminders.daily",
		"signflow.services.subject_requests.carrying_out.daily",
		"signflow.services.erasure.backups.daily",
		"signflow.services.erasure.replaying.watch",
		"signflow.services.erasure.restricting.refresh",
	],
	"daily_long": [
		"signflow.services.privacy.holds.daily",
		"signflow.services.privacy.retention.daily",
		"signflow.services.privacy.data_map.scan",
		"signflow.services.privacy.informing.look_everywhere",
		"signflow.services.erasure.execution.daily",
		"signflow.services.subject_requests.forgetting.daily",
	],
}

# What we keep of a record or a DocType (a lifted hold, that a person was told or looked up, what the map says) does not
# keep it from being deleted.
ignore_links_on_delete = [
	"Legal Hold",
	"Legal Hold Record",
	"Notice Delivery",
	"Personal Data Access",
	"Personal Data Field",
	"Content Scan",
	"Data Subject Request",
	"Data Subject Request Person",
	"Data Subject Request Step",
	"Personal Data Export",
	"Recipient Notice",
	"Personal Data Export Item",
	"Person File Search",
	"Erasure Plan",
	"Erasure Plan Line",
	"Erasure Ledger Entry",
	"Erasure Backup",
]

company_data_to_be_ignored = [
	"Signature Request",
	"Signature Request Document",
	"Signature Request Signer",
	"Sealed Revision",
	"Signature Event",
	"Signature Event Payload",
	"Sealing Key",
	"Timestamp Authority",
	"Signature Template",
	"Signature Template Role",
	"Signature Template Field",
	"Signable Form",
	"Signable Form Signer",
	"Signable Form Mapping",
	"Form Submission",
	"Power of Attorney",
	"Contract Termination",
	"Contract Termination Agreement",
	"Notice Period",
	"Contract Withdrawal",
	"Retention Rule",
	"Legal Hold",
	"Legal Hold Record",
	"Retention Run",
	"Retention Run Rule",
	"Retention Deletion",
	"Processing Activity",
	"Processing Activity Data",
	"Processing Activity DocType",
	"Processing Activity Processor",
	"Data Processor",
	"Further Processor",
	"Privacy Notice",
	"Privacy Notice Text",
	"Notice Delivery",
	"Personal Data Field",
	"Content Scan",
	"Personal Data Access",
	"Person File Search",
	"Consent Text",
	"Consent Text Version",
	"Consent",
	"Consent Link",
	"Consent Campaign",
	"Consent Campaign Person",
	"Form Consent",
	"Data Subject Request",
	"Data Subject Request Person",
	"Data Subject Request Step",
	"Personal Data Export",
	"Recipient Notice",
	"Personal Data Export Item",
	"Erasure Plan",
	"Erasure Plan Line",
	"Erasure Ledger Entry",
	"Erasure Backup",
	"Backup Place",
]
