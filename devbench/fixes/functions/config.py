# ruff: noqa: F821
"""For frappe/config.py: common_site_config.json and site_config.json, which the fork replaced by .env."""


def get_site_config(sites_path=None, site_path=None, *, cached=False):
	import json

	import frappe

	sites_path = sites_path or getattr(frappe.local, "sites_path", None) or "."
	site_path = site_path or getattr(frappe.local, "site_path", None)
	config = _dict(db_type="mariadb", db_host="127.0.0.1", lang="en", max_file_size=25 * 1024 * 1024)
	for folder, name in ((sites_path, "common_site_config.json"), (site_path, "site_config.json")):
		path = os.path.join(folder, name) if folder else None
		if path and os.path.exists(path):
			with open(path) as f:
				config.update(json.load(f))
	if config.db_type != "sqlite":
		config.setdefault("db_port", 3306)
		config.setdefault("db_user", config.db_name)
	config.setdefault("use_mysqlclient", 0)
	return config


def get_conf(site=None):
	import frappe

	if getattr(frappe.local, "conf", None):
		return frappe.local.conf
	return get_site_config()
