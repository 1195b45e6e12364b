"""Turn a public page's template into HTML. Knows no Frappe: the translation function is handed in.

The pages hold nothing about a person or a request; their scripts fetch that by POST. So one page in one language is
always the same text, and the renderer may keep it.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import jinja2

from signflow.pages.consents import consents_texts
from signflow.pages.data import data_texts
from signflow.pages.ending import terminate_texts, withdraw_texts
from signflow.pages.request import request_texts
from signflow.pages.texts import sign_texts, verify_texts

__all__ = ["LANGUAGES", "PAGES", "PDFJS_VERSION", "assets_version", "render_page"]

APP_FOLDER = Path(__file__).resolve().parent.parent
PDFJS_VERSION = "4.10.38"

# Named in the language itself, so that a reader finds hers whatever the page speaks.
LANGUAGES = {"fi": "Suomi", "sv": "Svenska", "en": "English"}

# What a page's script loads by itself; named here so that the browser fetches all of it at once.
SCRIPTS = {
	"sign": ("kit", "api", "read", "viewer", "confirm", "signature", "pad", "outcome", "talk", "origin"),
	"verify": ("kit",),
	"terminate": ("kit", "visit"),
	"withdraw": ("kit",),
	"privacy/consents": ("kit", "visit"),
	"privacy/data": ("kit", "visit"),
	"privacy/request": ("kit", "visit", "phone"),
}

PAGES: dict[str, Callable[[Callable[[str], str]], dict[str, str]]] = {
	"sign": sign_texts,
	"verify": verify_texts,
	"terminate": terminate_texts,
	"withdraw": withdraw_texts,
	"privacy/consents": consents_texts,
	"privacy/data": data_texts,
	"privacy/request": request_texts,
}


def render_page(name: str, lang: str, translate: Callable[[str], str], context: dict | None = None) -> str:
	"""The HTML of the public page `name` (a key of PAGES) in `lang`.

	`translate` takes an English text and returns it in `lang`. `context` is added to what the template sees.
	Raises KeyError for a page that does not exist.
	"""
	texts = PAGES[name](translate)
	# A page below a folder has its template and script where the others have theirs.
	file = name.rpartition("/")[2]
	values = {
		"_": translate,
		"lang": lang,
		"languages": LANGUAGES,
		"page": file,
		"texts": texts,
		"scripts": SCRIPTS[name],
		"version": assets_version(),
		"assets": "/assets/signflow/sign",
		"house": "",
		"contact": {},
		"zone": "",
		"is_open": True,
		"pdfjs": f"/assets/signflow/pdfjs-{PDFJS_VERSION}",
	}
	return environment().get_template(f"{file}.html").render({**values, **(context or {})})


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
	return jinja2.Environment(
		loader=jinja2.FileSystemLoader(APP_FOLDER / "templates" / "pages"),
		autoescape=True,
		auto_reload=False,
		trim_blocks=True,
		lstrip_blocks=True,
		undefined=jinja2.StrictUndefined,
	)


@lru_cache(maxsize=1)
def assets_version() -> str:
	"""Hash of the scripts and the style sheet: servers tell browsers to keep /assets for a year."""
	digest = hashlib.sha256()
	for path in sorted((APP_FOLDER / "public" / "sign").iterdir()):
		if path.is_file():
			digest.update(path.name.encode())
			digest.update(path.read_bytes())
	return digest.hexdigest()[:12]
