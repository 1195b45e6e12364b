"""What the built site says in Finnish and Swedish: every text, and the whole way of a request in mails, pages and PDFs."""

import html
import io
import re

import frappe
import pytest
import requests
from frappe.gettext import translate
from frappe.translate import print_language
from frappe.utils import add_to_date, now_datetime, strip_html
from house import TIMEOUT, House, row_of, text_of
from stage import eventually

from devbench import texts
from signflow.core.evidence.kinds import EventKind
from signflow.services import revisions, sealing, sending

pytestmark = pytest.mark.timeout(300)
LANGUAGES = ("fi", "sv")
PLACE = re.compile(r"\{\w*\}|%\(\w+\)s")
ENGLISH = re.compile(
	r"\b(the|and|you|your|with|this|please|sent|hello|signed|sign|from|code)\b", re.IGNORECASE
)


def catalogue(language: str | None = None) -> dict[str, str]:
	return {
		message.id: message.string for message in translate.get_catalog("signflow", language) if message.id
	}


def english_in(text: str, language: str, *names: str) -> list[str]:
	"""The English texts and words left in `text`; `names` are what people wrote themselves."""
	for name in names:
		text = text.replace(name, "")
	left = [
		part
		for english, other in catalogue(language).items()
		for part in map(str.strip, PLACE.split(english))
		if " " in part and part not in other and part in text
	]
	return [*left, *ENGLISH.findall(text)]


def said(message) -> str:
	"""What a reader sees of a mail."""
	return " ".join(
		strip_html(re.sub(r"<(style|head).*?</\1>", "", text_of(message), flags=re.DOTALL)).split()
	)


def test_the_template_holds_every_marked_text(site: str) -> None:
	marked = {message.id for message in texts.gather() if message.id}
	kept = set(catalogue())
	assert not marked - kept, "run: python -m devbench.texts update"
	# Only newer frameworks gather the names of roles.
	assert not kept - marked - set(frappe.get_all("Role", pluck="name", order_by="name asc"))
	assert texts.WORDS.read_bytes() == texts.words(), "run: python -m devbench.texts update"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_site_answers_with_every_translation(site: str, language: str) -> None:
	frappe.clear_cache()
	other = {english: frappe._(english, lang=language) for english in catalogue()}
	wrong = {
		english: (other[english], text)
		for english, text in catalogue(language).items()
		# The server's `_` looks for texts without their tags; those with tags are a workspace's, for the browser.
		if other[english] != text and "<" not in english
	}
	assert not wrong, "the .mo files are those of another build, or another app's text has won"
	assert other["Signature Request"] == {"fi": "Allekirjoituspyyntö", "sv": "Signeringsbegäran"}[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_event_has_its_name(site: str, language: str) -> None:
	for kind in EventKind:
		assert kind.label == kind.value.replace("_", " ").capitalize(), "the reader finds it by its value"
		assert frappe._(kind.label, lang=language) != kind.label
		assert frappe._(kind.meaning, lang=language) != kind.meaning


@pytest.mark.parametrize(
	("language", "reason"),
	[
		("fi", "Viimeinen allekirjoituspäivä on jo mennyt; valitse myöhempi."),
		("sv", "Sista dagen att underteckna har passerat; välj en senare."),
	],
)
def test_a_refusal_of_the_core_is_said_in_the_readers_language(
	house: House, language: str, reason: str
) -> None:
	request = house.drafts(expires_on=add_to_date(now_datetime(), days=-1))
	with print_language(language), pytest.raises(frappe.ValidationError, match=re.escape(reason)):
		sending.send_request(request.name)


@pytest.mark.parametrize(
	("language", "invitation", "code", "copy", "report"),
	[
		("fi", "Allekirjoitettavaksi", "Koodi allekirjoittamiseen", "Allekirjoitettu", "Tapahtumaketjun pää"),
		("sv", "För underskrift", "Kod för underskrift", "Undertecknat", "Händelsekedjans slut"),
	],
)
def test_a_request_speaks_the_signers_language_to_the_end(
	house: House, language: str, invitation: str, code: str, copy: str, report: str
) -> None:
	maija, names = house.maija, (house.company, house.key, house.maija.name)
	request = house.drafts(maija, title=f"Vuokrasopimus {house.key}", language=language)
	frappe.db.set_value("Signature Request Signer", {"request": request.name}, "language", language)
	frappe.db.commit()
	sending.send_request(request.name)
	maija.opens()
	maija.browser.language = None
	maija.browser.answer("send_code")
	house.mailbox.wait_for(maija.mail, subject=code)
	maija.browser.answer("check_code", code=maija.codes()[-1])
	view = maija.browser.answer("view")
	assert view["language"] == language and not english_in(view["signer"]["level_text"], language)
	maija.signs()
	house.mailbox.wait_for(maija.mail, subject=copy, seconds=60)
	eventually(lambda: row_of(request.name, maija).status == "Signed", "it is signed")
	mails = {str(message["Subject"]): said(message) for message in house.mailbox.all(maija.mail)}
	assert [subject.split(":")[0] for subject in mails] == [invitation, code, copy]
	# ERPNext's own footer, which the site's settings can turn off.
	names += ("Sent via ERPNext", request.name, frappe.db.get_value("User", frappe.session.user, "full_name"))
	for subject, text in mails.items():
		assert text.startswith({"fi": "Hei Maija Meri,", "sv": "Hej Maija Meri,"}[language]), text
		assert not english_in(f"{subject} {text}", language, *names), text
		assert english_in(f"{text} Everybody has signed already.", language), "the judge sees English"
	final = revisions.final_revisions(request.name)[-1]
	assert final.kind == "Report"
	from pypdf import PdfReader

	data = sealing.read_sealed(final.file_url, final.sha256)
	pages = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())
	assert report in pages and frappe._("Code sent", lang=language) in pages
	assert not [text for text in english_in(pages, language, *names) if " " in text], pages


@pytest.mark.parametrize(
	("language", "text"), [("fi", "Vahvista, että se olet sinä"), ("sv", "Bekräfta att det är du")]
)
@pytest.mark.parametrize("page", ["sign", "verify"])
def test_the_public_pages_speak_the_language_asked_for(web: str, page: str, language: str, text: str) -> None:
	answer = requests.get(f"{web}/{page}?lang={language}", timeout=TIMEOUT)
	assert answer.status_code == 200 and f'lang="{language}"' in answer.text
	shown = html.unescape(answer.text)
	assert text in shown or page == "verify"
	left = [words for words in english_in(shown, language) if " " in words]
	assert not left
	english = html.unescape(requests.get(f"{web}/{page}?lang=en", timeout=TIMEOUT).text)
	assert [words for words in english_in(english, language) if " " in words], "the judge sees English"
