"""Makes and updates a site with the framework's own functions. Runs with the bench's Python, in its sites folder:

python -m devbench.site_setup create|update SITE [APP ...]
"""

import argparse
import os
import sys

import frappe

# The fork's default time zone is set to the same one, see fixes.
COUNTRY, CURRENCY, TIME_ZONE = "Finland", "EUR", "Europe/Helsinki"
ADMIN_PASSWORD = "admin"


def create(site: str, apps: list[str]) -> None:
	from frappe.installer import install_app, install_db, make_site_dirs

	frappe.init(site, sites_path=os.getcwd(), new_site=True)
	make_site_dirs()
	config = frappe.local.conf
	frappe.flags.in_install_db = True
	install_db(
		db_name=config.db_name,
		db_password=config.get("db_password"),
		db_type=config.db_type,
		db_host=config.get("db_host"),
		db_port=config.get("db_port"),
		admin_password=ADMIN_PASSWORD,
		verbose=False,
		force=True,
		setup=False,  # MariaDB's database is there already, SQLite's comes with the copy of the schema
	)
	install_app("frappe", set_as_patched=True)
	finish_setup()
	for app in apps:
		install_app(app)
	frappe.db.commit()
	frappe.clear_cache()


def update(site: str, apps: list[str]) -> None:
	"""What `bench migrate` does, and the installation of apps that are new to the site."""
	from frappe.installer import install_app
	from frappe.migrate import SiteMigration

	frappe.init(site, sites_path=os.getcwd())
	frappe.connect()
	installed = frappe.get_installed_apps()
	frappe.destroy()
	SiteMigration(skip_search_index=True).run(site)
	frappe.init(site, sites_path=os.getcwd())
	frappe.connect()
	for app in apps:
		if app not in installed:
			install_app(app)
	frappe.db.commit()
	frappe.clear_cache()


def finish_setup() -> None:
	"""What the setup wizard would ask, so that Desk opens."""
	settings = frappe.get_doc("System Settings")
	settings.update(
		{
			"country": COUNTRY,
			"currency": CURRENCY,
			"time_zone": TIME_ZONE,
			"language": "en",
			"setup_complete": 1,
			"enable_scheduler": 1,
			"enable_onboarding": 0,
			"enable_telemetry": 0,
		}
	)
	settings.flags.ignore_mandatory = True
	settings.save()
	frappe.db.set_default("desktop:home_page", "workspace")
	frappe.db.set_value("User", "Administrator", "email", "admin@example.com")
	config = frappe.local.conf
	frappe.flags.in_install = "frappe"  # an account is not probed while installing: the sink is not up yet
	frappe.get_doc(
		{
			"doctype": "Email Account",
			"email_account_name": "Sink",
			"email_id": "sender@example.com",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "127.0.0.1",
			"smtp_port": str(config.devbench_smtp_port),
			"no_smtp_authentication": 1,
			"use_tls": 0,
			"enable_incoming": 0,
		}
	).insert(ignore_permissions=True)
	frappe.flags.in_install = False
	frappe.db.commit()


def main() -> int:
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("action", choices=("create", "update"))
	parser.add_argument("site")
	parser.add_argument("apps", nargs="*")
	options = parser.parse_args()
	{"create": create, "update": update}[options.action](options.site, options.apps)
	frappe.destroy()
	return 0


if __name__ == "__main__":
	sys.exit(main())
