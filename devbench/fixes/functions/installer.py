# ruff: noqa: F821
"""For frappe/installer.py: any app can be installed and removed; the fork refuses all but the framework."""


def install_app(name, verbose=False, set_as_patched=True, force=False):
	from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs
	from frappe.model.module_utils import sync_customizations
	from frappe.model.sync import sync_for
	from frappe.utils.fixtures import sync_fixtures

	frappe.flags.in_install = name
	frappe.flags.ignore_in_install = False
	frappe.clear_cache()

	if name not in frappe.get_all_apps():
		raise Exception(f"App {name} is not in apps.txt")
	app_hooks = frappe.get_hooks(app_name=name)
	for required in app_hooks.required_apps or []:
		required = parse_app_name(required)
		if required not in frappe.get_installed_apps():
			install_app(required, verbose=verbose, force=force)

	frappe.flags.in_install = name
	frappe.clear_cache()
	if not force and name in frappe.get_installed_apps():
		click.secho(f"App {name} already installed", fg="yellow")
		return

	print(f"\nInstalling {name}...")
	if name != "frappe":
		frappe.only_for("System Manager")
	for before_install in app_hooks.before_install or []:
		if frappe.get_attr(before_install)() is False:
			return
	for fn in frappe.get_hooks("before_app_install"):
		frappe.get_attr(fn)(name)

	if name != "frappe":  # the framework's are made as its DocTypes are
		add_module_defs(name, ignore_if_duplicate=force)
	sync_for(name, force=force, reset_permissions=True)
	add_to_installed_apps(name)
	frappe.get_doc("Portal Settings", "Portal Settings").sync_menu()
	if set_as_patched:
		set_all_patches_as_completed(name)

	for after_install in app_hooks.after_install or []:
		frappe.get_attr(after_install)()
	for fn in frappe.get_hooks("after_app_install"):
		frappe.get_attr(fn)(name)

	sync_jobs()
	sync_fixtures(name)
	sync_customizations(name)
	sync_dashboards(name)
	for after_sync in app_hooks.after_sync or []:
		frappe.get_attr(after_sync)()

	frappe.clear_cache()
	frappe.client_cache.erase_persistent_caches()
	frappe.flags.in_install = False


def add_to_installed_apps(app_name, rebuild_website=True):
	installed_apps = frappe.get_installed_apps()
	if app_name not in installed_apps:
		frappe.db.set_global("installed_apps", json.dumps([*installed_apps, app_name]))
		frappe.db.commit()
		frappe.local.request_cache.clear()
		frappe.local.doc_events_hooks = None
		if frappe.flags.in_install:
			post_install(rebuild_website)


def remove_from_installed_apps(app_name):
	installed_apps = frappe.get_installed_apps()
	if app_name in installed_apps:
		kept = [app for app in installed_apps if app != app_name]
		frappe.db.set_value("DefaultValue", {"defkey": "installed_apps"}, "defvalue", json.dumps(kept))
		_clear_cache("__global")
		frappe.local.doc_events_hooks = None
		frappe.local.request_cache.clear()
		frappe.clear_cache()


def remove_app(app_name, dry_run=False, yes=False, no_backup=False, force=False):
	app_hooks = frappe.get_hooks(app_name=app_name)
	if not force and app_name not in frappe.get_installed_apps():
		click.secho(f"App {app_name} not installed on {frappe.get_site_name()}", fg="yellow")
		return
	frappe.flags.in_uninstall = True
	for before_uninstall in app_hooks.before_uninstall or []:
		frappe.get_attr(before_uninstall)()
	for fn in frappe.get_hooks("before_app_uninstall"):
		frappe.get_attr(fn)(app_name)

	modules = frappe.get_all("Module Def", filters={"app_name": app_name}, pluck="name")
	_delete_doctypes(_delete_modules(modules, dry_run=dry_run), dry_run=dry_run)
	if not dry_run:
		remove_from_installed_apps(app_name)
		frappe.db.commit()

	for after_uninstall in app_hooks.after_uninstall or []:
		frappe.get_attr(after_uninstall)()
	for fn in frappe.get_hooks("after_app_uninstall"):
		frappe.get_attr(fn)(app_name)
	frappe.flags.in_uninstall = False
