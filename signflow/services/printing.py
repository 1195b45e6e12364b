"""A record's Print Format as a PDF, on any bench: by the site's own converter or, where there is none, by WeasyPrint.

Frappe 15 prints with wkhtmltopdf, which many servers lack and which needs the web server; WeasyPrint comes with Frappe.
"""

import os
import shutil
from typing import Any

import frappe
from frappe.translate import print_language

PAGE = "@page { size: A4; margin: 15mm }"


def print_record(doc: Any, print_format: str | None, language: str) -> bytes:
	"""`doc` printed in `language` with `print_format` (None: its default) as PDF bytes; the caller checks permission."""
	print_format = print_format or frappe.get_meta(doc.doctype).default_print_format or "Standard"
	with print_language(language):
		if frappe.db.get_value("Print Format", print_format, "print_format_builder_beta"):
			from frappe.utils.weasyprint import PrintFormatGenerator

			return PrintFormatGenerator(print_format, doc).render_pdf()
		if shutil.which("wkhtmltopdf"):
			return frappe.get_print(doc.doctype, doc.name, print_format=print_format, as_pdf=True)
		return _by_weasyprint(frappe.get_print(doc.doctype, doc.name, print_format=print_format))


def _by_weasyprint(html: str) -> bytes:
	from weasyprint import HTML, default_url_fetcher

	base = frappe.utils.get_url()
	public = {
		"assets": os.path.realpath(os.path.join(frappe.local.sites_path, "assets")),
		"files": os.path.realpath(frappe.get_site_path("public", "files")),
	}

	def fetch(url: str, *args: Any, **kwargs: Any) -> Any:
		# A print takes nothing from the network, and of this site only what everybody may read, from the disk:
		# a print must not wait for a web server, nor carry a private file or an address inside the house.
		if url.startswith("data:"):
			return default_url_fetcher(url, *args, **kwargs)
		path = url.removeprefix(base).partition("?")[0].lstrip("/") if url.startswith(f"{base}/") else ""
		folder, _slash, rest = path.partition("/")
		if folder not in public:
			raise ValueError(f"not used in a print: {url}")
		file = os.path.normpath(os.path.join(public[folder], rest))
		if not file.startswith(public[folder] + os.sep):
			raise ValueError(f"not used in a print: {url}")
		return default_url_fetcher(f"file://{file}", *args, **kwargs)

	return HTML(string=f"<style>{PAGE}</style>{html}", base_url=f"{base}/", url_fetcher=fetch).write_pdf()
