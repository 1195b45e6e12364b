"""Serves the public pages before Frappe looks for a page: no web.html, no website context, no database on the way.

A `page_renderer` would come after Frappe's path resolution (redirects, routes of every app), which costs more than all
of our own work, and opens the database for nothing. A page is the same for everybody who reads it in one language, so each process keeps the finished bytes for a while.
"""

import time

import frappe
from frappe.utils import get_system_timezone
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from signflow.pages.notice import render_notice
from signflow.pages.render import APP_FOLDER, LANGUAGES, PAGES, assets_version, environment, render_page
from signflow.services import forms
from signflow.services.company import contact, own_name
from signflow.services.privacy import notices
from signflow.services.terminations import page_is_open

__all__ = ["CONTENT_SECURITY_POLICY", "HEADERS", "choose_language", "forget_pages", "respond", "serve"]

# A changed translation or default language shows after this many seconds at the latest.
KEEP_SECONDS = 300
KEEP_HOSTS_SECONDS = 10
# Whether this page is open hangs on the settings: whoever changes them looks at once.
KEEP_PAGE_SECONDS = {"terminate": 10}
EMBED = "sign/embed.js"
NOTICE = "privacy/notice"

CONTENT_SECURITY_POLICY = "; ".join(
	(
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data: blob:",
		"font-src 'self'",
		"connect-src 'self'",
		"worker-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	)
)

HEADERS = {
	"Content-Security-Policy": CONTENT_SECURITY_POLICY,
	"Referrer-Policy": "no-referrer",
	"Cache-Control": "no-store",
	"X-Content-Type-Options": "nosniff",
	"X-Frame-Options": "DENY",
	"X-Robots-Tag": "noindex, nofollow",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Vary": "Accept-Language",
}

_kept_hosts: dict[tuple[str, str], tuple[float, list[str]]] = {}
_kept: dict[tuple[str, ...], tuple[float, bytes]] = {}
_default_languages: dict[str, tuple[float, str]] = {}


def serve() -> None:
	"""Answer a request for a page named in `signflow.pages.render.PAGES` (hook before_request); leave others alone.

	The answer travels in an HTTPException, which Frappe returns as it is.
	"""
	request = frappe.local.request
	path = request.path.strip("/")
	if path in PAGES or path in (EMBED, NOTICE):
		answer = _answer(path, request)
		# Frappe would otherwise open a connection now, only to roll nothing back.
		frappe.db.close()
		frappe.local.db = None
		raise HTTPException(response=answer)
	if request.method == "GET" and not path.startswith(
		("api/", "app/", "assets/", "desk/", "files/", "private/")
	):
		_speak_on_form(path, request)


def _answer(path: str, request) -> Response:
	if path == EMBED:
		return embed_script()
	return respond_notice(request) if path == NOTICE else respond(path, request)


def respond_notice(request) -> Response:
	"""A company's privacy notice in the reader's language: read without a script, so made anew for each reader."""
	if request.method not in ("GET", "HEAD"):
		return Response(status=405, headers={**HEADERS, "Allow": "GET, HEAD"})
	lang = choose_language(request.args.get("lang"), request.accept_languages) or _default_language()
	frappe.local.lang = lang
	status, html = render_notice(lang, request.args.get("company"), request.args.get("version"))
	return Response(html, status, mimetype="text/html", headers={**HEADERS, "Content-Language": lang})


def respond(path: str, request) -> Response:
	"""The page `path` in the reader's language, with its headers."""
	if request.method not in ("GET", "HEAD"):
		return Response(status=405, headers={**HEADERS, "Allow": "GET, HEAD"})
	lang = choose_language(request.args.get("lang"), request.accept_languages) or _default_language()
	frappe.local.lang = lang
	headers = {**HEADERS, "Content-Language": lang}
	if request.args.get("form"):
		headers = in_frame(headers, request.args["form"])
	return Response(_page(path, lang), mimetype="text/html", headers=headers)


def in_frame(headers: dict[str, str], form: str) -> dict[str, str]:
	"""`headers` for a page that a form's hosts, and nobody else, may show in a frame."""
	hosts = _hosts_of(form)
	if not hosts:
		return headers
	policy = headers["Content-Security-Policy"].replace(
		"frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(hosts)}"
	)
	# Older than frame-ancestors and without a list; browsers that know both go by the policy.
	rest = {key: value for key, value in headers.items() if key != "X-Frame-Options"}
	return {**rest, "Content-Security-Policy": policy}


def embed_script() -> Response:
	"""The script that puts a form into another web site's page; not from /assets, which browsers keep for a year."""
	body = (APP_FOLDER / "public" / "forms" / "embed.js").read_bytes()
	return Response(
		body,
		mimetype="text/javascript",
		headers={
			"Cache-Control": "public, max-age=3600",
			"X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "cross-origin",
		},
	)


def choose_language(asked: str | None, accepted) -> str | None:
	"""The reader's language: `asked` (the address' `lang`), else the first of `accepted` that we speak.

	`accepted` is werkzeug's LanguageAccept: (tag, quality) pairs, best first. None if there is none.
	"""
	if asked in LANGUAGES:
		return asked
	for tag, quality in accepted or ():
		primary = tag.replace("_", "-").split("-")[0].lower()
		if quality > 0 and primary in LANGUAGES:
			return primary
	return None


def _speak_on_form(path: str, request) -> None:
	"""Set the language of a bound form's page: the form's own, the one asked for in the address, or one that the reader reads.

	Frappe itself knows its `_lang` alone, and takes a language that is not enabled on the site for none.
	"""
	fixed = forms.language_of_page(path)
	if fixed is not None:
		asked = fixed or request.args.get("lang")
		frappe.local.lang = choose_language(asked, request.accept_languages) or _default_language()


def _hosts_of(form: str) -> list[str]:
	made, hosts = _kept_hosts.get((frappe.local.site, form), (0.0, []))
	if not made or time.monotonic() - made > KEEP_HOSTS_SECONDS:
		if len(_kept_hosts) > 1000:
			_kept_hosts.clear()
		kept = frappe.db.get_value("Signable Form", form, "embedding_domains")
		hosts = (kept or "").split()
		_kept_hosts[frappe.local.site, form] = (time.monotonic(), hosts)
	return hosts


def forget_pages(_settings: object = None, _event: str = "") -> None:
	"""Drop what this process keeps, so that the next reader gets everything anew (hook: whenever the settings are saved)."""
	_kept.clear()
	_default_languages.clear()
	_kept_hosts.clear()
	assets_version.cache_clear()
	environment.cache_clear()


def _page(name: str, lang: str) -> bytes:
	if frappe.conf.developer_mode:
		forget_pages()
	key = (frappe.local.site, name, lang)
	made, body = _kept.get(key, (0.0, b""))
	if not body or time.monotonic() - made > KEEP_PAGE_SECONDS.get(name, KEEP_SECONDS):
		# The signing page shows whose the request is, and that house's notice, once it is known.
		ours = name != "sign"
		known = {
			"house": own_name() if ours else "",
			"notice_link": notices.link(None, lang) if ours else "",
			"contact": contact(about_data=name.startswith("privacy/")) if ours else {},
			"zone": get_system_timezone(),
			"is_open": name != "terminate" or page_is_open(),
		}
		body = render_page(name, lang, frappe._, known).encode()
		_kept[key] = (time.monotonic(), body)
	return body


def _default_language() -> str:
	made, lang = _default_languages.get(frappe.local.site, (0.0, ""))
	if not lang or time.monotonic() - made > KEEP_SECONDS:
		site_lang = (frappe.get_system_settings("language") or "en").replace("_", "-").split("-")[0]
		lang = site_lang if site_lang in LANGUAGES else "en"
		_default_languages[frappe.local.site] = (time.monotonic(), lang)
	return lang
