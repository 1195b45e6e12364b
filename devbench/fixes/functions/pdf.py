# ruff: noqa: F821
"""For frappe/utils/pdf.py: the fork left a stub that raises; WeasyPrint makes prints without a web server."""


def get_pdf(html, options=None, output=None, **kwargs):
	from io import BytesIO

	import frappe
	from pypdf import PdfReader
	from weasyprint import HTML, default_url_fetcher

	def fetch(url, *args, **kwargs):
		# Assets are read from the bench's own folder: a print must not wait for a web server that may be down.
		path = url.split("://", 1)[-1].partition("/")[2].partition("?")[0]
		if path.startswith("assets/"):
			return default_url_fetcher(
				"file://" + os.path.abspath(os.path.join(frappe.local.sites_path, path))
			)
		return default_url_fetcher(url, *args, **kwargs)

	page = "@page { size: A4; margin: 15mm }"
	content = HTML(
		string=f"<style>{page}</style>{html}", base_url=frappe.utils.get_url(), url_fetcher=fetch
	).write_pdf()
	if output is None:
		return content
	for reader_page in PdfReader(BytesIO(content)).pages:
		output.add_page(reader_page)
	return output


def pdf_body_html(template=None, args=None, **kwargs):
	if not template or args is None:
		return ""
	return template.render(args, filters={"len": len})
