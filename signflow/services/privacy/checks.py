"""What a site still lacks to keep its promises about personal data, each with its cure; and who did what with data.

Reads only. The set-up check is for the officer's screen, the account of a period for an authority (GDPR 5(2), 24, 32).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, getdate, nowdate

from signflow.core.privacy.datamap import Holds, Mark
from signflow.install import check_site
from signflow.services.privacy import data_map, notices, origin
from signflow.services.privacy.processors import NEEDS_AGREEMENT
from signflow.services.subject_requests import reminders

HIGH, MEDIUM, LOW = "High", "Medium", "Low"
OFFICER = "Data Protection Officer"
# Whoever has one of these sees persons; Frappe asks for a second factor by role.
PERSONS = ("Customer", "Contact", "Lead", "Employee", "User", "HD Ticket")
# Logs that grow for ever unless Log Settings names them.
LOGS = (
	"Email Queue",
	"Error Log",
	"Activity Log",
	"Access Log",
	"View Log",
	"Integration Request",
	"Deleted Document",
)
LONGEST_LOG_DAYS = 400
# What says of itself who a person is; texts and files may hold anything and are guarded one by one.
TELLING = {
	*(Holds.NAME, Holds.EMAIL, Holds.PHONE, Holds.ADDRESS, Holds.BIRTH_DATE, Holds.IDENTITY_CODE),
	*(Holds.BANK_ACCOUNT, Holds.SPECIAL, Holds.MONEY),
}
ACCESS = "Personal Data Access"


@dataclass(frozen=True)
class Finding:
	"""One thing that a site lacks. `weight` is HIGH, MEDIUM or LOW; `link` is where it is cured, below the site's."""

	code: str
	weight: str
	text: str
	cure: str
	link: str = ""


def findings() -> list[Finding]:
	"""What this site lacks now, the heaviest first, in the language spoken."""
	found = [finding for check in CHECKS for finding in check()]
	return sorted(found, key=lambda one: (HIGH, MEDIUM, LOW).index(one.weight))


def _second_factor() -> Iterator[Finding]:
	text = _("Passwords alone open personal data: two-factor login is off.")
	cure = _("Turn on two-factor login in System Settings, and in each role that sees persons.")
	if not cint(frappe.get_system_settings("enable_two_factor_auth")):
		yield Finding("two_factor_off", HIGH, text, cure, "/app/system-settings")
		return
	if frappe.db.get_value("Role", "All", "two_factor_auth"):
		return
	roles = [
		name
		for name in frappe.get_all(
			"Role",
			{"name": ["in", sorted(_reading_roles())], "two_factor_auth": 0, "disabled": 0, "desk_access": 1},
			pluck="name",
			order_by="name asc",
		)
		if _is_held(name)
	]
	if roles:
		text = _("These roles see persons and log in without a second factor: {0}").format(
			", ".join(_(role) for role in roles)
		)
		yield Finding("two_factor_roles", HIGH, text, cure, "/app/role")


def _reading_roles() -> set[str]:
	return {row.role for doctype in PERSONS for row in _reading(doctype)}


def _reading(doctype: str) -> list[Any]:
	"""The permission rows by which all records of a DocType are read: customised ones take the place of its own."""
	filters = {"parent": doctype, "read": 1, "permlevel": 0, "if_owner": 0}
	customised = frappe.db.exists("Custom DocPerm", {"parent": doctype})
	return frappe.get_all(
		"Custom DocPerm" if customised else "DocPerm", filters, ["parent", "role"], order_by="role asc"
	)


def _is_held(role: str) -> bool:
	"""Whether an enabled user but Administrator has the role."""
	held, user = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User")
	return bool(
		frappe.qb.from_(held)
		.join(user)
		.on((user.name == held.parent) & (held.parenttype == "User"))
		.where((held.role == role) & (user.enabled == 1) & user.name.notin(["Administrator", "Guest"]))
		.select(held.name)
		.orderby(held.name)
		.limit(1)
		.run()
	)


def _officer() -> Iterator[Finding]:
	if not _is_held(OFFICER):
		yield Finding(
			"no_officer_role",
			HIGH,
			_(
				"Nobody has the role Data Protection Officer: notices about personal data reach nobody who answers for it."
			),
			_("Give the role to whoever answers for personal data."),
			"/app/user",
		)
	if not frappe.get_cached_doc("Signflow Settings").data_protection_officer:
		yield Finding(
			"no_officer_named",
			MEDIUM,
			_(
				"The settings name no officer: notices and the record of processing activities name nobody to turn to."
			),
			_("Name the officer, or whoever answers for personal data, in Signflow Settings."),
			"/app/signflow-settings",
		)


def _companies() -> list[str]:
	return frappe.get_all("Company", pluck="name", order_by="name asc")


def _register() -> Iterator[Finding]:
	for company in _companies():
		if not frappe.db.exists("Processing Activity", {"company": company, "status": ["!=", "Ended"]}):
			yield Finding(
				"no_activities",
				HIGH,
				_("{0} has no record of processing activities.").format(company),
				_("Add the usual activities, read them and make them active."),
				"/app/processing-activity",
			)
	counted: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
		(
			"activities_without_ground",
			HIGH,
			{"status": ["!=", "Ended"], "ground": ["is", "not set"]},
			_("Processing activities without a ground: {0}"),
			"ground=",
		),
		(
			"activities_in_draft",
			MEDIUM,
			{"status": "Draft"},
			_("Processing activities that nobody has made active: {0}"),
			"status=Draft",
		),
		(
			"activities_never_reviewed",
			LOW,
			{"status": "Active", "next_review": ["is", "not set"]},
			_("Active processing activities without a day of review: {0}"),
			"status=Active",
		),
	)
	for code, weight, filters, text, query in counted:
		if number := frappe.db.count("Processing Activity", filters):
			yield Finding(
				code,
				weight,
				text.format(number),
				_("Open each and complete it."),
				f"/app/processing-activity?{query}",
			)
	late = frappe.get_all(
		"Processing Activity",
		[["status", "=", "Active"], ["next_review", "is", "set"], ["next_review", "<", nowdate()]],
		pluck="name",
		order_by="next_review asc",
	)
	if late:
		text = _("Processing activities whose review is due: {0}").format(len(late))
		yield Finding(
			"reviews_due",
			MEDIUM,
			text,
			_("Open each and complete it."),
			"/app/processing-activity?status=Active",
		)


def _notices() -> Iterator[Finding]:
	for company in _companies():
		notice = notices.published(company)
		if not notice:
			yield Finding(
				"no_notice",
				HIGH,
				_("{0} has published no privacy notice.").format(company),
				_("Draft it from the record of processing activities, read it and publish it."),
				"/app/privacy-notice",
			)
		elif notice.drift_note:
			yield Finding(
				"notice_drift",
				HIGH,
				_("The privacy notice of {0} does not say all that the site holds.").format(company),
				_("Complete the record of processing activities and publish a new version."),
				f"/app/privacy-notice/{notice.name}",
			)


def _guests() -> Iterator[Finding]:
	"""Personal DocTypes that everybody, or everybody with an account, reads without a rule of their own."""
	guarded = {*frappe.get_hooks("has_permission"), *frappe.get_hooks("permission_query_conditions")}
	telling = [
		one.doctype
		for one in data_map.load()
		if not one.is_child
		and one.doctype not in guarded
		and TELLING & {field.holds for field in one.fields.values()}
	]
	customised = set(frappe.get_all("Custom DocPerm", pluck="parent", distinct=True, order_by="parent asc"))
	for role, weight, text in (
		("Guest", HIGH, _("Guests read records with personal data: {0}")),
		("All", MEDIUM, _("Everybody with an account reads records with personal data: {0}")),
	):
		filters = {"role": role, "read": 1, "permlevel": 0, "if_owner": 0}
		own = frappe.get_all(
			"DocPerm", {**filters, "parent": ["in", telling]}, pluck="parent", order_by="parent asc"
		)
		changed = frappe.get_all(
			"Custom DocPerm", {**filters, "parent": ["in", telling]}, pluck="parent", order_by="parent asc"
		)
		open_to = sorted({name for name in own if name not in customised} | set(changed))
		if open_to:
			yield Finding(
				f"open_to_{role.lower()}",
				weight,
				text.format(", ".join(_(name) for name in open_to)),
				_("Take the permission away in the Role Permissions Manager."),
				"/app/permission-manager",
			)


def _processors() -> Iterator[Finding]:
	for row in frappe.get_all(
		"Data Processor",
		{"disabled": 0, "agreement_state": ["in", NEEDS_AGREEMENT]},
		["name", "processor_name", "company", "agreement_state"],
		order_by="processor_name asc, name asc",
	):
		text = (
			_("The data processing agreement of {0} with {1} has ended.")
			if row.agreement_state == "Expired"
			else _("{0} has no data processing agreement with {1}.")
		)
		yield Finding(
			"no_agreement",
			HIGH,
			text.format(row.company, row.processor_name),
			_("Send the agreement for signature, or attach the one that there is."),
			f"/app/data-processor/{row.name}",
		)


def _map() -> Iterator[Finding]:
	number = frappe.db.count("Personal Data Field", {"mark": Mark.TO_DECIDE.value, "gone": 0})
	if number:
		yield Finding(
			"fields_to_decide",
			MEDIUM,
			_("Fields that look personal and that nobody has decided on: {0}").format(number),
			_("Say of each whether it is personal, and what it holds."),
			"/app/personal-data-field?mark=To+Decide&gone=0",
		)


def _logs() -> Iterator[Finding]:
	days = {
		row.ref_doctype: cint(row.days)
		for row in frappe.get_all(
			"Logs To Clear", {"parent": "Log Settings"}, ["ref_doctype", "days"], order_by="ref_doctype asc"
		)
	}
	kept = [
		name
		for name in LOGS
		if frappe.db.exists("DocType", name) and not 0 < days.get(name, 0) <= LONGEST_LOG_DAYS
	]
	if kept:
		yield Finding(
			"logs_kept",
			MEDIUM,
			_("These logs hold personal data and are kept for ever, or for longer than {0} days: {1}").format(
				LONGEST_LOG_DAYS, ", ".join(_(name) for name in kept)
			),
			_("Name them in Log Settings with the days for which you need them."),
			"/app/log-settings",
		)


def _persons() -> Iterator[Finding]:
	number = sum(
		frappe.db.count(doctype, {"signflow_origin": ["is", "not set"]}) for doctype in origin.PARTIES
	)
	if number:
		yield Finding(
			"unknown_origin",
			LOW,
			_("Contacts, leads and customers of unknown origin: {0}").format(number),
			_("The report lists them. Say where each came from, or have them erased."),
			"/app/query-report/Persons%20of%20Unknown%20Origin",
		)
	late = frappe.db.count("Notice Delivery", {"status": "Waiting", "due_on": ["<", nowdate()]})
	if late:
		yield Finding(
			"told_late",
			HIGH,
			_("Persons who should have been told of the privacy notice by now: {0}").format(late),
			_("Allow more mails per hour in Signflow Settings, and see that the scheduler runs."),
			"/app/notice-delivery?status=Waiting",
		)
	if not frappe.get_cached_doc("Signflow Settings").inform_people:
		yield Finding(
			"informing_off",
			LOW,
			_("Persons whose data came from elsewhere are not told by mail (GDPR 14)."),
			_("Turn it on in Signflow Settings, unless they are told otherwise."),
			"/app/signflow-settings",
		)


def _system() -> Iterator[Finding]:
	if hasattr(frappe.utils, "has_gravatar") and not frappe.conf.signflow_gravatar_blocked:
		yield Finding(
			"gravatar",
			MEDIUM,
			_(
				"Whenever a contact or a user is saved, Frappe asks gravatar.com for a picture, with a hash of the mail address."
			),
			_(
				"Refuse gravatar.com in the server's firewall, then write signflow_gravatar_blocked into site_config.json; or name it in the privacy notice as a recipient."
			),
		)
	if not cint(frappe.get_system_settings("encrypt_backup")):
		yield Finding(
			"backups_open",
			MEDIUM,
			_("Backups are not encrypted."),
			_("Turn on the encryption of backups in System Settings, unless the server does it."),
			"/app/system-settings",
		)
	if cint(frappe.get_system_settings("allow_guests_to_upload_files")):
		yield Finding(
			"guest_uploads",
			MEDIUM,
			_("Guests may upload files."),
			_("Turn it off in System Settings, unless a web form needs it."),
			"/app/system-settings",
		)
	public = frappe.db.count(
		"File", {"is_private": 0, "is_folder": 0, "attached_to_doctype": ["in", PERSONS]}
	)
	if public:
		yield Finding(
			"public_files",
			HIGH,
			_("Files of persons and tickets that anybody with the address can read: {0}").format(public),
			_("Make them private."),
			"/app/file?is_private=0",
		)
	for problem in check_site():
		yield Finding("site", MEDIUM, problem, _("See the text."))


def _data_requests() -> Iterator[Finding]:
	"""Data requests that nobody has answered in time (GDPR 12(3))."""
	if late := reminders.late():
		yield Finding(
			"data_requests_late",
			HIGH,
			_("Data requests that are late: {0}").format(late),
			_("Answer each: the law gives one month, and more only where the person was told in time."),
			"/app/data-subject-request?status=Open",
		)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
	*(_second_factor, _officer, _register, _notices, _guests, _processors, _map, _logs, _persons, _system),
	_data_requests,
)


def account(start: Any, end: Any, company: str | None = None) -> list[dict[str, Any]]:
	"""What was done with personal data from `start` to `end` (days, both included), newest first.

	Rows {when, user, what, why, record, number, company}: look-ups, exports, changes and erasures by the access log,
	notices published, agreements signed, persons told and activities reviewed. `company` leaves out those of others. Of each
	kind only what the user may read: the log is for officers.
	"""
	first, after = getdate(start), add_to_date(getdate(end), days=1)
	if getdate(end) < first:
		frappe.throw(_("The period ends before it begins."))
	rows = [*_accesses(first, after, company), *_deeds(first, after, company)]
	return sorted(rows, key=lambda row: str(row["when"]), reverse=True)


def _accesses(first: Any, after: Any, company: str | None) -> Iterator[dict[str, Any]]:
	if not frappe.db.exists("DocType", ACCESS) or not frappe.has_permission(ACCESS, "read"):
		return
	filters = [["accessed_on", ">=", first], ["accessed_on", "<", after]]
	if company:
		filters.append(["company", "in", (company, "")])
	fields = ["accessed_on", "user", "kind", "purpose", "company", "record_doctype", "record_name", "total"]
	for row in frappe.get_list(
		ACCESS, filters, fields, order_by="accessed_on desc, name asc", limit_page_length=0
	):
		yield {
			"when": row.accessed_on,
			"user": row.user,
			"what": _(row.kind),
			"why": row.purpose,
			"record": " ".join(filter(None, (_(row.record_doctype or ""), row.record_name))),
			"number": cint(row.total),
			"company": row.company,
		}


def _deeds(first: Any, after: Any, company: str | None) -> Iterator[dict[str, Any]]:
	kinds = (
		("Privacy Notice", "published_on", "published_by", _("Notice published"), {}),
		("Data Processor", "agreement_signed_on", "modified_by", _("Processing agreement signed"), {}),
		("Processing Activity", "reviewed_on", "modified_by", _("Activity reviewed"), {}),
		("Notice Delivery", "sent_on", "owner", _("Person told of the notice"), {"status": "Sent"}),
	)
	for doctype, when, who, what, more in kinds:
		filters = [[when, "is", "set"], [when, ">=", first], [when, "<", after]]
		filters += [[field, "=", value] for field, value in more.items()]
		if company:
			filters.append(["company", "=", company])
		if not frappe.has_permission(doctype, "read"):
			continue
		rows = frappe.get_list(
			doctype,
			filters,
			["name", "company", when, who],
			order_by=f"{when} desc, name asc",
			limit_page_length=0,
		)
		if doctype == "Notice Delivery":
			yield from _by_day(rows, what)
			continue
		for row in rows:
			yield {
				"when": row[when],
				"user": row[who],
				"what": what,
				"why": "",
				"record": f"{_(doctype)} {row.name}",
				"number": 1,
				"company": row.company,
			}


def _by_day(rows: list[Any], what: str) -> Iterator[dict[str, Any]]:
	"""Mails are told of as a number for each day and company, not one by one."""
	days: dict[tuple[Any, str], int] = {}
	for row in rows:
		key = (getdate(row.sent_on), row.company)
		days[key] = days.get(key, 0) + 1
	for (day, company), number in days.items():
		yield {
			"when": day,
			"user": "",
			"what": what,
			"why": "",
			"record": "",
			"number": number,
			"company": company,
		}
