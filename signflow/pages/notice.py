"""The public page of a company's privacy notice: finished HTML without a script, so that everybody can read and print it."""

import re
from html import unescape
from urllib.parse import quote

from bs4 import BeautifulSoup
from frappe import _
from frappe.utils import cint, getdate, md_to_html
from frappe.utils.html_utils import clean_email_html

from signflow.pages.render import LANGUAGES, assets_version, environment
from signflow.services.company import house
from signflow.services.privacy import notices
from signflow.services.times import written_day

__all__ = ["render_notice"]

# What a link of a text may lead to; Frappe's cleaning lets "data:" pass.
_LEADS_ON = re.compile(r"https?://|mailto:|tel:|[/#?]", re.IGNORECASE)


def render_notice(lang: str, company: str | None, version: str | None) -> tuple[int, str]:
	"""HTTP status and HTML of a notice in `lang`: of `company` (None: the site's), its `version` (None: in force).

	Whoever names a company without a notice learns nothing, not even whether there is such a company.
	"""
	company = company or notices.site_company()
	doc = notices.of_version(company, cint(version)) if company and version else notices.published(company)
	shown = _shown(doc, lang) if doc else None
	html = (
		environment()
		.get_template("notice.html")
		.render(
			_=_,
			lang=lang,
			languages=LANGUAGES,
			page="notice",
			texts={},
			version=assets_version(),
			assets="/assets/signflow/sign",
			pdfjs="",
			query=_query(doc, version) if doc else "",
			notice=shown,
		)
	)
	return (200 if doc else 404), html


def _query(doc, version: str | None) -> str:
	"""What the links to other languages keep of the address."""
	kept = f"company={quote(doc.company, safe='')}&"
	return kept + f"version={doc.version}&" if version else kept


def _shown(doc, lang: str) -> dict:
	text = notices.text_in(doc, lang)
	body, contents = _body(text.body)
	company = quote(doc.company, safe="")
	return {
		"title": text.title,
		"language": text.language,
		"body": body,
		"contents": contents,
		"house": house(doc.company),
		"version": doc.version,
		"digest": doc.digest,
		"published_on": written_day(getdate(doc.published_on), lang),
		"replaced": doc.status == "Replaced",
		"current": f"?company={company}&lang={lang}",
		"versions": [
			{
				"version": row.version,
				"published_on": written_day(getdate(row.published_on), lang),
				"url": f"?company={company}&version={row.version}&lang={lang}",
				"here": row.version == doc.version,
			}
			for row in notices.versions(doc.company)
		],
	}


def _body(markdown: str) -> tuple[str, list[tuple[str, str]]]:
	"""The text as clean HTML, and its main headings: [(id, heading)]."""
	soup = BeautifulSoup(clean_email_html(md_to_html(markdown or "") or ""), "html.parser")
	for tag in soup.find_all(True):
		del tag["style"], tag["id"]
	contents = []
	for place, heading in enumerate(soup.find_all("h2"), 1):
		heading["id"] = f"part-{place}"
		contents.append((f"part-{place}", unescape(heading.get_text(" ", strip=True))))
	for link in soup.find_all("a"):
		link["rel"] = "noopener noreferrer"
		if not _LEADS_ON.match(link.get("href") or ""):
			del link["href"]
	return str(soup), contents
