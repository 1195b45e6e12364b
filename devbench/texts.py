"""The texts that signflow shows, gathered for translation. Run with the bench's Python.

	python -m devbench.texts update    write signflow/locale/main.pot, bring fi.po and sv.po up to it, and docs/words.md
	python -m devbench.texts check     the same without writing; fails where something would change

The framework gathers (frappe.gettext, as `bench generate-pot-file` and `update-po-files` do), by the patterns in
babel_extractors.csv. What is written differs from the framework's own files in that it names no dates, versions or
line numbers: a file changes only when a text does.
"""

import io
import re
import sys
from pathlib import Path
from unittest import mock

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from frappe.gettext import translate

from devbench.layout import REPO

APP = "signflow"
LANGUAGES = ("fi", "sv")
WORDS = REPO / "docs" / "words.md"
HEAD = """# The names on the screens, in Finnish and Swedish

The other pages name screens, fields and buttons in English. In Desk they stand in the language of the user (his own
settings). Written by `python -m devbench.texts update` from the translations.

| English | suomi | svenska |
|---|---|---|"""
PASSING = ('"POT-Creation-Date:', '"PO-Revision-Date:', '"Generated-By:')


def gather() -> Catalog:
	"""All marked texts of the app as they are now; writes nothing."""
	gathered: list[Catalog] = []

	def keep(app: str, catalog: Catalog, locale: str | None = None) -> Path:
		gathered.append(catalog)
		return translate.get_pot_path(app)

	# Without a site, a Redis or git, which the framework would ask what to leave out.
	package = str(translate.get_po_dir(APP).parent)
	changes = {
		"write_catalog": keep,
		"get_is_gitignored_function_for_app": lambda app: lambda folder: not folder.startswith(package),
		"_get_ignored_strings": lambda app: set(),
		"print": lambda *words: None,
	}
	with mock.patch.multiple(translate, create=True, **changes):
		translate.generate_pot(APP)
	return gathered[0]


def files(template: Catalog) -> dict[Path, bytes]:
	"""The template and each language's catalogue, brought up to `template`."""
	found = {translate.get_pot_path(APP): _written(template, None)}
	for language in LANGUAGES:
		catalog = translate.get_catalog(APP, language)
		catalog.update(template, no_fuzzy_matching=True)
		found[translate.get_po_path(APP, language)] = _written(catalog, language)
	return found | {WORDS: words()}


def words() -> bytes:
	"""What README and docs print bold as the name of something on a screen, in each language."""
	said = {
		name.strip(" .:")
		for page in (REPO / "README.md", *sorted((REPO / "docs").glob("*.md")))
		for bold in re.findall(r"\*{1,2}([A-Z][^*\n]+)\*{1,2}", page.read_text())
		for name in bold.split("→")
	}
	catalogs = [translate.get_catalog(APP, language) for language in LANGUAGES]
	rows = [[name, *(catalog[name].string for catalog in catalogs)] for name in said if catalogs[0].get(name)]
	lines = [" | ".join(row) for row in sorted(rows, key=lambda row: (row[0].lower(), row)) if all(row)]
	return "\n".join([HEAD, *(f"| {line} |" for line in lines), ""]).encode()


def _written(catalog: Catalog, language: str | None) -> bytes:
	catalog.locale = language
	catalog.header_comment = f"# Signflow: {'the texts that it shows' if not language else language}."
	catalog.fuzzy = False
	for message in catalog:
		message.locations = sorted({(name, 0) for name, _ in message.locations})
	written = io.BytesIO()
	write_po(written, catalog, width=None, sort_output=True, ignore_obsolete=True, include_lineno=False)
	lines = written.getvalue().splitlines(keepends=True)
	return b"".join(line for line in lines if not line.startswith(tuple(word.encode() for word in PASSING)))


def main(arguments: list[str]) -> int:
	if arguments not in (["update"], ["check"]):
		print(__doc__)
		return 2
	stale = {
		path: new for path, new in files(gather()).items() if not path.exists() or path.read_bytes() != new
	}
	for path, new in stale.items():
		if arguments == ["update"]:
			path.parent.mkdir(parents=True, exist_ok=True)
			path.write_bytes(new)
		print(f"{path.name} {'updated' if arguments == ['update'] else 'is not up to date'}")
	for language in LANGUAGES:
		missing = [
			message.id
			for message in translate.get_catalog(APP, language)
			if message.id and not message.string
		]
		print(f"{language}: {len(missing)} texts to translate")
	return 1 if stale and arguments == ["check"] else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
