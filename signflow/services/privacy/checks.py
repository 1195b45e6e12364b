"""What a site still lacks to keep its promises about personal data, each with its cure (GDPR 24, 32). Reads only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, nowdate
from frappe.utils.user import get_users_with_role

from signflow.core.privacy.datamap import Holds, Mark
from signflow.install import blocked_endpoints, site_problems
from signflow.services.company import companies_of
from signflow.services.erasure import backups, replaying
from signflow.services.privacy import data_map, holds, notices, origin, test_data
from signflow.services.privacy.informing import DELIVERY, MOST_TRIES, PARTIES, TOLD_WHERE_ASKED
from signflow.services.privacy.processors import NEEDS_AGREEMENT
from signflow.services.subject_requests import reminders
from signflow.signflow.roles import OFFICER

HIGH, MEDIUM, LOW = "High", "Medium", "Low"
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
	roles = _without_second_factor()
	if roles:
		text = _("These roles see persons and log in without a second factor: {0}").format(
			", ".join(_(role) for role in roles)
		)
		yield Finding("two_factor_roles", HIGH, text, cure, "/app/role")


def _without_second_factor() -> list[str]:
	"""The roles that see persons and are held by somebody none of whose roles asks for a second factor."""
	held, user, role = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User"), frappe.qb.DocType("Role")
	rows = (
		frappe.qb.from_(held)
		.join(user)
		.on((user.name == held.parent) & (held.parenttype == "User"))
		.join(role)
		.on(role.name == held.role)
		.where((user.enabled == 1) & (user.user_type == "System User"))
		.where(user.name.notin(["Administrator", "Guest"]) & (role.disabled == 0))
		.select(held.parent, held.role, role.two_factor_auth)
		.orderby(held.parent, held.role)
	).run()
	safe = {person for person, _role, asks in rows if asks}
	return sorted({name for person, name, _asks in rows if person not in safe} & _reading_roles())


def _reading_roles() -> set[str]:
	return {row.role for doctype in PERSONS for row in _reading(doctype)}


def _reading(doctype: str) -> list[Any]:
	"""The permission rows by which all records of a DocType are read: customised ones take the place of its own."""
	filters = {"parent": doctype, "read": 1, "permlevel": 0, "if_owner": 0}
	customised = frappe.db.exists("Custom DocPerm", {"parent": doctype})
	return frappe.get_all(
		"Custom DocPerm" if customised else "DocPerm", filters, ["parent", "role"], order_by="role asc"
	)


def _officer() -> Iterator[Finding]:
	officers = set(get_users_with_role(OFFICER)) - {"Guest"}
	if len(officers) == 1:
		yield Finding(
			"one_officer",
			HIGH,
			_(
				"Only one user has the role Data Protection Officer: nothing can be erased, since whoever decides an erasure does not approve it."
			),
			_("Give the role to a second person, who approves what the first decides."),
			"/app/user",
		)
	if not officers:
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
	"""The companies of whose set-up the reader may know."""
	return companies_of(notices.NOTICE)


def _register() -> Iterator[Finding]:
	companies = _companies()
	of_ours = {"company": ["in", companies]}
	for company in companies:
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
			'ground=["is","not set"]&status=["!=","Ended"]',
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
			'status=Active&next_review=["is","not set"]',
		),
	)
	for code, weight, filters, text, query in counted:
		if number := frappe.db.count("Processing Activity", {**filters, **of_ours}):
			yield Finding(
				code,
				weight,
				text.format(number),
				_("Open each and complete it."),
				f"/app/processing-activity?{query}",
			)
	late = frappe.get_all(
		"Processing Activity",
		[
			["company", "in", companies],
			["status", "=", "Active"],
			["next_review", "is", "set"],
			["next_review", "<", nowdate()],
		],
		pluck="name",
		order_by="next_review asc",
	)
	if late:
		text = _("Processing activities whose review is due: {0}").format(len(late))
		yield Finding(
			"reviews_due",
			MEDIUM,
			text,
			_("Read each again, correct it, and set its next review."),
			f'/app/processing-activity?status=Active&next_review=["<","{nowdate()}"]',
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
		{"disabled": 0, "agreement_state": ["in", NEEDS_AGREEMENT], "company": ["in", _companies()]},
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
	days = holds.days_in_log_settings()
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


def _holds() -> Iterator[Finding]:
	for code, hold, text, cure in holds.weaknesses():
		yield Finding(code, HIGH, text, cure, f"/app/legal-hold/{hold.name}")


def _test_data() -> Iterator[Finding]:
	if test_data.unfinished():
		yield Finding(
			"test_data_unfinished",
			HIGH,
			_("This site was to become test data and is not: its files are still those of people."),
			_("Run again on the server: {0}").format(
				f"bench --site {frappe.local.site} signflow make-test-data"
			),
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
	ours = {"company": ["in", [*_companies(), ""]]}
	never = frappe.db.count(DELIVERY, {**ours, "status": "Failed", "attempts": [">=", MOST_TRIES]})
	if never:
		yield Finding(
			"told_never",
			HIGH,
			_("Persons who could not be told of the privacy notice for a fault of this site: {0}").format(
				never
			),
			_(
				"The Error Log tells where it failed. Then tell each from the contact or lead: Tell of the Privacy Notice."
			),
			"/app/notice-delivery?status=Failed",
		)
	late = frappe.db.count(DELIVERY, {**ours, "status": "Waiting", "due_on": ["<", nowdate()]})
	if late:
		yield Finding(
			"told_late",
			HIGH,
			_("Persons who should have been told of the privacy notice by now: {0}").format(late),
			_("Allow more mails per hour in Signflow Settings, and see that the scheduler runs."),
			"/app/notice-delivery?status=Waiting",
		)
	if not frappe.get_cached_doc("Signflow Settings").inform_people and _somebody_to_tell():
		yield Finding(
			"informing_off",
			LOW,
			_("Persons whose data came from elsewhere are not told by mail (GDPR 14)."),
			_("Turn it on in Signflow Settings, unless they are told otherwise."),
			"/app/signflow-settings",
		)


def _somebody_to_tell() -> bool:
	"""Whether the site has a person's record that he has not filled in himself."""
	not_asked = {"signflow_origin": ["not in", TOLD_WHERE_ASKED]}
	return any(
		frappe.get_all(doctype, not_asked, pluck="name", order_by="name asc", limit=1) for doctype in PARTIES
	)


def _tells_of_gravatar() -> bool:
	published = [notices.published(company) for company in _companies()]
	return any(published) and all(
		"gravatar" in row.body.lower() for notice in published if notice for row in notice.texts
	)


def _system() -> Iterator[Finding]:
	asks = hasattr(frappe.utils, "has_gravatar") and not frappe.conf.signflow_gravatar_blocked
	if asks and not _tells_of_gravatar():
		yield Finding(
			"gravatar",
			MEDIUM,
			_(
				"Whenever a contact or a user is saved, Frappe asks gravatar.com for a picture, with a hash of the mail address."
			),
			_(
				"Refuse gravatar.com in the server's firewall, then write signflow_gravatar_blocked into site_config.json; or name it in the privacy notice as a recipient."
			),
			"/app/privacy-notice",
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
	blocked = blocked_endpoints()
	if blocked:
		yield Finding(
			"endpoints_blocked",
			HIGH,
			blocked,
			_("Until then no signer, no form and no data request of a guest gets through."),
		)
	for problem, link in site_problems():
		yield Finding("site", MEDIUM, problem, _("The text tells how."), link)


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
	own = "Personal Data Deletion Request"
	if waiting := frappe.db.count(own, {"status": ["!=", "Deleted"]}):
		yield Finding(
			"frappes_own_deletions",
			HIGH,
			_("Deletion requests of the framework's own wait here: {0}").format(waiting),
			_(
				"Make a data request of each and delete it: the framework's own deletion knows nothing of what must stay, and leaves most of the rest."
			),
			"/app/personal-data-deletion-request",
		)


def _came_back() -> Iterator[Finding]:
	"""Who was erased since a backup that was restored is there again (GDPR 17)."""
	if number := replaying.came_back():
		yield Finding(
			"erasures_came_back",
			HIGH,
			_("A backup was restored: {0} erasures have to be carried out again.").format(number),
			_("Run on the server: {0}").format(f"bench --site {frappe.local.site} signflow replay-erasures"),
		)


def _backups() -> Iterator[Finding]:
	"""Places that keep backups for nobody knows how long: whoever was erased is there still (GDPR 5(1)(e))."""
	settings = frappe.get_cached_doc("Signflow Settings")
	days = {row.kind: cint(row.keeping_days) for row in settings.backup_places}
	unknown = [kind for _doctype, kind in backups.turned_on() if kind not in days]
	unknown += [row.place for row in settings.backup_places if not cint(row.keeping_days)]
	if unknown:
		yield Finding(
			"backups_without_end",
			MEDIUM,
			_("For how long these places keep backups is not said: {0}").format(", ".join(unknown)),
			_(
				"Have them deleted after a time, and write that time into Signflow Settings, After an Erasure."
			),
			"/app/signflow-settings",
		)
	if not cint(settings.backup_places_complete):
		yield Finding(
			"backup_places",
			LOW,
			_("Nobody has confirmed where else backups lie: copies elsewhere, snapshots of the server."),
			_("Name them in Signflow Settings, After an Erasure, and tick that these are all."),
			"/app/signflow-settings",
		)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
	*(
		_second_factor,
		_officer,
		_register,
		_notices,
		_guests,
		_processors,
		_map,
		_logs,
		_holds,
		_test_data,
		_persons,
		_system,
	),
	_data_requests,
	_came_back,
	_backups,
)
