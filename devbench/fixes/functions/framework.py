# ruff: noqa: F821
"""For frappe/__init__.py: many sites and many apps where the fork knows one of each.

`init` takes the site from its argument or from FRAPPE_SITE, since each stack of the devbench serves one site.
"""


def init(site=None, sites_path=".", new_site=False, force=False):
	if getattr(local, "initialised", None) and not force:
		return

	site = site or os.environ.get("FRAPPE_SITE")
	if site is None and force and getattr(local, "site", None):
		site = local.site
	if sites_path == "." and not os.path.exists("apps.txt"):
		sites_path = os.environ.get("SITES_PATH") or sites_path

	local.error_log = []
	local.message_log = []
	local.debug_log = []
	local.flags = _dict(
		currently_saving=[],
		redirect_location="",
		in_install_db=False,
		in_install_app=False,
		in_import=False,
		in_test=in_test,
		mute_messages=False,
		ignore_links=False,
		mute_emails=False,
		has_dataurl=False,
		new_site=new_site,
		read_only=False,
	)
	local.locked_documents = []
	local.test_objects = defaultdict(list)

	local.site = site
	local.site_name = site
	local.sites_path = sites_path
	local.app_path = os.getcwd()
	local.site_path = os.path.join(sites_path, site) if site else sites_path
	local.all_apps = None

	local.request_ip = None
	local.response = _dict({"docs": []})
	local.response_headers = Headers()
	local.task_id = None

	local.conf = get_site_config(sites_path, local.site_path)
	local.lang = local.conf.get("lang") or "en"

	local.module_app = None
	local.app_modules = None

	local.user = None
	local.user_perms = None
	local.role_permissions = {}
	local.valid_columns = {}
	local.new_doc_templates = {}

	local.request_cache = defaultdict(dict)
	local.jenv = None
	local.jloader = None
	local.cache = {}
	local.form_dict = _dict()
	local.preload_assets = {"style": [], "script": [], "icons": []}
	local.session = _dict(user="Guest", data=_dict())
	local.dev_server = _dev_server
	local.qb = get_query_builder(local.conf.db_type or "mariadb")
	if not cache or not client_cache:
		setup_redis_cache_connection()

	# Before the map, which may connect to learn the installed apps, and connecting initialises what is not yet.
	local.initialised = True
	setup_module_map(include_all_apps=not (frappe.request or frappe.job or frappe.flags.in_migrate))


class init_site:
	def __init__(self, site=None):
		self.site = site

	def __enter__(self):
		init(self.site)
		return local

	def __exit__(self, type, value, traceback):
		destroy()


def get_app_path(app_name, *joins):
	return get_pymodule_path(app_name, *joins)


def get_app_source_path(app_name, *joins):
	return get_pymodule_path(app_name, "..", *joins)


def get_site_name():
	return getattr(local, "site", None) or os.environ.get("FRAPPE_SITE")


def get_module_list(app_name):
	return get_file_items(get_app_path(app_name, "modules.txt"))


def get_all_apps(with_internal_apps=True, sites_path=None):
	sites_path = sites_path or getattr(local, "sites_path", None) or "."
	apps = get_file_items(os.path.join(sites_path, "apps.txt"), raise_not_found=True)
	return ["frappe", *(app for app in apps if app != "frappe")]


@request_cache
def get_installed_apps(*, _ensure_on_bench=False):
	if getattr(flags, "in_install_db", True):
		return []
	if not db:
		connect(set_admin_as_user=False)
	installed = json.loads(db.get_global("installed_apps") or "[]")
	if _ensure_on_bench:
		all_apps = get_all_apps()
		installed = [app for app in installed if app in all_apps]
	return installed


def _load_app_hooks(app_name=None):
	import types

	hooks = {}
	for app in [app_name] if app_name else get_installed_apps(_ensure_on_bench=True):
		try:
			app_hooks = get_module(f"{app}.hooks")
		except ImportError as e:
			if local.flags.in_install_app:
				continue
			print(f'Could not find app "{app}": \n{e}')
			raise

		def _is_valid_hook(obj):
			return not isinstance(obj, types.ModuleType | types.FunctionType | type)

		for key, value in inspect.getmembers(app_hooks, predicate=_is_valid_hook):
			if not key.startswith("_"):
				append_hook(hooks, key, value)
	return hooks


def get_hooks(hook=None, default="_KEEP_DEFAULT_LIST", app_name=None):
	if app_name:
		hooks = _dict(_request_cached_load_app_hooks(app_name))
	elif local.conf.developer_mode:
		hooks = _site_cached_load_app_hooks()
	else:
		hooks = client_cache.get_value("app_hooks")
		if hooks is None:
			hooks = _load_app_hooks()
			client_cache.set_value("app_hooks", hooks)

	if hook:
		return hooks.get(hook, ([] if default == "_KEEP_DEFAULT_LIST" else default))
	return _dict(hooks)


def setup_module_map(include_all_apps=True):
	app_modules = cache.get_value("app_modules") if include_all_apps else client_cache.get_value("module_app")
	if not app_modules:
		apps = get_all_apps() if include_all_apps else get_installed_apps(_ensure_on_bench=True)
		app_modules = {app: [scrub(module) for module in get_module_list(app)] for app in apps}
		if include_all_apps:
			cache.set_value("app_modules", app_modules)
		else:
			client_cache.set_value("module_app", app_modules)

	local.app_modules = app_modules
	local.module_app = {module: app for app, modules in app_modules.items() for module in modules}


@request_cache
def is_setup_complete():
	return bool(frappe.db.get_single_value("System Settings", "setup_complete"))
