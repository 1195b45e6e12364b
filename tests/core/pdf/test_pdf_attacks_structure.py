"""Attacks on the structure of a sealed file: each alone, and with an honest signature on top of the alteration."""

from __future__ import annotations

import io
import re

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from sealing_house import House, altered, open_pdf, plain_pdf, saved
from test_pdf_attacks import field_named, first_page

from signflow.core.pdf.normalise import normalise
from signflow.core.pdf.seal import SealRefused, append_signature
from signflow.core.pdf.validate import Expected

XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmp:ModifyDate="2026-01-01T00:00:00Z"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Lease</rdf:li></rdf:Alt>
</dc:title></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def rich_pdf() -> bytes:
	"""An upload with all that can be altered outside the page: XMP, layers, attachment, outline, names, structure."""
	with open_pdf(plain_pdf(3)) as pdf:
		layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Terms")))
		pdf.Root["/OCProperties"] = Dictionary(OCGs=[layer], D=Dictionary(ON=[layer], Order=[layer]))
		pdf.attachments["terms.txt"] = pikepdf.AttachedFileSpec(pdf, b"Rent 950", filename="terms.txt")
		metadata = pdf.make_stream(XMP, Type=Name.Metadata, Subtype=Name.XML)
		pdf.Root["/Metadata"] = metadata
		pdf.Root["/Lang"] = String("fi")
		pdf.Root["/ViewerPreferences"] = Dictionary(DisplayDocTitle=True)
		item = pdf.make_indirect(Dictionary(Title=String("One"), Dest=[pdf.pages[0].obj, Name.Fit]))
		outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=item, Last=item, Count=1))
		item["/Parent"] = outlines
		pdf.Root["/Outlines"] = outlines
		element = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, Alt=String("Rent 950")))
		tree = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=[element]))
		element["/P"] = tree
		pdf.Root["/StructTreeRoot"] = tree
		pdf.docinfo["/Title"] = "Lease"
		return saved(pdf)


@pytest.fixture(scope="module")
def rich(house: House) -> bytes:
	return house.signed(house.certified(normalise(rich_pdf()).data), "Signer1")


def text(value):
	return generic.TextStringObject(value)


def numbers(*values):
	return generic.ArrayObject(map(generic.NumberObject, values))


def dictionary(**entries):
	return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})


def script():
	return dictionary(S=pdf_name("/JavaScript"), JS=text("app.alert(1)"))


def root_entry(key, make):
	def change(writer):
		writer.root[pdf_name(key)] = make(writer)
		writer.update_root()

	change.__name__ = f"root{key.replace('/', '_')}"
	return change


def page_entry(key, value):
	def change(writer):
		page = first_page(writer)
		page[pdf_name(key)] = value
		writer.update_container(page)

	change.__name__ = f"page{key.replace('/', '_')}"
	return change


def inherited_resources(writer):
	pages = writer.root["/Pages"]
	pages[pdf_name("/Rotate")] = generic.NumberObject(90)
	writer.update_container(pages)


def info_title(writer):
	info = writer.trailer["/Info"]
	info[pdf_name("/Title")] = text("Lease, 150 euros")
	writer.update_container(info)


def info_added_key(writer):
	info = writer.trailer["/Info"]
	info[pdf_name("/Author")] = text("Somebody else")
	writer.update_container(info)


def metadata_rewritten(writer):
	old = writer.root["/Metadata"]
	stream = generic.StreamObject(dict(old), stream_data=XMP.replace(b"Lease", b"Gift"))
	writer.root[pdf_name("/Metadata")] = writer.add_object(stream)
	writer.update_root()


def metadata_dropped(writer):
	del writer.root["/Metadata"]
	writer.update_root()


def font_of(writer):
	fonts = first_page(writer)["/Resources"]["/Font"]
	return fonts[next(iter(fonts))]


def font_encoding(writer):
	font = font_of(writer)
	swapped = [generic.NumberObject(49), pdf_name("/nine"), generic.NumberObject(57), pdf_name("/one")]
	font[pdf_name("/Encoding")] = dictionary(Differences=generic.ArrayObject(swapped))
	writer.update_container(font)


def font_name(writer):
	font = font_of(writer)
	font[pdf_name("/BaseFont")] = pdf_name("/ZapfDingbats")
	writer.update_container(font)


def font_meaning(writer):
	font = font_of(writer)
	font[pdf_name("/ToUnicode")] = writer.add_object(generic.StreamObject(stream_data=b"begincmap endcmap"))
	writer.update_container(font)


def layer_off(writer):
	settings = writer.root["/OCProperties"]["/D"]
	settings[pdf_name("/OFF")] = settings["/ON"]
	writer.update_container(settings)


def attachment_replaced(writer):
	names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
	files = names[1]["/EF"]
	stream = generic.StreamObject(stream_data=b"Rent 150")
	files[pdf_name("/F")] = files[pdf_name("/UF")] = writer.add_object(stream)
	writer.update_container(files)


def attachment_overwritten(writer):
	stream = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"]["/F"]
	stream._data = b"Rent 150"
	stream._encoded_data = None
	writer.update_container(stream)


def names_script(writer):
	names = writer.root["/Names"]
	names[pdf_name("/JavaScript")] = dictionary(
		Names=generic.ArrayObject([text("a"), writer.add_object(script())])
	)
	writer.update_container(names)


def outline_link(writer):
	item = writer.root["/Outlines"]["/First"]
	del item["/Dest"]
	item[pdf_name("/A")] = dictionary(S=pdf_name("/URI"), URI=text("https://example.com"))
	writer.update_container(item)


def structure_text(writer):
	element = writer.root["/StructTreeRoot"]["/K"][0]
	element[pdf_name("/Alt")] = text("Rent 150")
	writer.update_container(element)


def cover_field(writer):
	field = field_named(writer, "Signer1")
	page = field["/P"]
	cover = dictionary(
		Type=pdf_name("/Annot"), Subtype=pdf_name("/Stamp"), Rect=field["/Rect"], F=generic.NumberObject(4)
	)
	page["/Annots"].append(writer.add_object(cover))
	writer.update_container(page["/Annots"])


def remove_widget(writer):
	page = field_named(writer, "Signer1")["/P"]
	page["/Annots"].pop()
	writer.update_container(page["/Annots"])


def hide_signed_field(writer):
	field = field_named(writer, "Signer1")
	field[pdf_name("/F")] = generic.NumberObject(2)
	writer.update_container(field)


def paint_unsigned_field(writer):
	field = field_named(writer, "Signer3")
	stream = generic.StreamObject(
		dictionary(Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=numbers(0, 0, 216, 84)),
		stream_data=b"0 0 216 84 re f",
	)
	field[pdf_name("/AP")] = dictionary(N=writer.add_object(stream))
	writer.update_container(field)


def move_unsigned_field(writer):
	field = field_named(writer, "Signer3")
	field["/Rect"] = numbers(0, 0, 595, 842)
	writer.update_container(field)


def rename_field(writer):
	field = field_named(writer, "Signer3")
	field["/T"] = text("Signer9")
	writer.update_container(field)


def drop_lock(writer):
	field = field_named(writer, "Closing")
	del field["/Lock"]
	writer.update_container(field)


def arm_field(writer):
	field = field_named(writer, "Signer3")
	field[pdf_name("/AA")] = dictionary(E=script())
	writer.update_container(field)


def add_text_field(writer):
	form = writer.root["/AcroForm"]
	field = dictionary(
		FT=pdf_name("/Tx"),
		T=text("Note"),
		V=text("Rent 150"),
		Subtype=pdf_name("/Widget"),
		Rect=numbers(50, 700, 300, 740),
		P=writer.root["/Pages"]["/Kids"].raw_get(0),
	)
	form["/Fields"].append(writer.add_object(field))
	writer.update_container(form["/Fields"])


def add_visible_field(writer):
	append_signature_field(writer, SigFieldSpec("Extra", on_page=0, box=(50, 700, 300, 740)))


def add_armed_field(writer):
	append_signature_field(writer, SigFieldSpec("Extra", on_page=0))
	field = field_named(writer, "Extra")
	field[pdf_name("/AA")] = dictionary(E=script())


def reorder_fields(writer):
	form = writer.root["/AcroForm"]
	fields = form["/Fields"]
	order = [fields.raw_get(number) for number in range(len(fields))]
	form["/Fields"] = generic.ArrayObject(reversed(order))
	writer.update_container(form)


def clear_flags(writer):
	form = writer.root["/AcroForm"]
	form[pdf_name("/SigFlags")] = generic.NumberObject(0)
	writer.update_container(form)


def add_xfa(writer):
	form = writer.root["/AcroForm"]
	form[pdf_name("/XFA")] = writer.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
	writer.update_container(form)


def drop_permissions(writer):
	del writer.root["/Perms"]
	writer.update_root()


def move_certification(writer):
	writer.root[pdf_name("/Perms")] = dictionary(DocMDP=field_named(writer, "Signer1").raw_get("/V"))
	writer.update_root()


def weaken_permission(writer):
	value = field_named(writer, "Seal")["/V"]
	value["/Reference"][0]["/TransformParams"]["/P"] = generic.NumberObject(3)
	writer.update_container(value)


def drop_page(writer):
	pages = writer.root["/Pages"]
	pages["/Kids"].pop(0)
	pages["/Count"] = generic.NumberObject(len(pages["/Kids"]))
	writer.update_container(pages)


def repeat_page(writer):
	pages = writer.root["/Pages"]
	pages["/Kids"].append(pages["/Kids"].raw_get(0))
	writer.update_container(pages)


def swap_root(writer):
	copy = generic.DictionaryObject(writer.root)
	copy[pdf_name("/OpenAction")] = script()
	ref = writer.add_object(copy)
	writer._root = ref
	writer.trailer[pdf_name("/Root")] = ref
	writer._force_write_when_empty = True


def store_with(extra):
	def change(writer):
		cert = writer.add_object(generic.StreamObject(stream_data=b"0\x03\x02\x01\x05"))
		store = dictionary(Type=pdf_name("/DSS"), Certs=generic.ArrayObject([cert]))
		extra(writer, store)
		writer.root[pdf_name("/DSS")] = writer.add_object(store)
		writer.update_root()

	return change


honest_store = store_with(lambda writer, store: None)
store_and_page = store_with(lambda writer, store: page_entry("/Rotate", generic.NumberObject(180))(writer))
store_and_orphan = store_with(lambda writer, store: writer.add_object(dictionary(Type=pdf_name("/Page"))))
store_and_script = store_with(lambda writer, store: store.__setitem__(pdf_name("/JS"), script()))
store_and_info = store_with(lambda writer, store: info_title(writer))
store_of_pages = store_with(
	lambda writer, store: store.__setitem__(
		pdf_name("/CRLs"), generic.ArrayObject([writer.root["/Pages"]["/Kids"].raw_get(0)])
	)
)


INCREMENTS = [
	info_title,
	info_added_key,
	metadata_rewritten,
	metadata_dropped,
	font_encoding,
	font_name,
	font_meaning,
	layer_off,
	attachment_replaced,
	attachment_overwritten,
	names_script,
	outline_link,
	structure_text,
	cover_field,
	remove_widget,
	hide_signed_field,
	paint_unsigned_field,
	move_unsigned_field,
	rename_field,
	drop_lock,
	arm_field,
	add_text_field,
	add_visible_field,
	add_armed_field,
	reorder_fields,
	clear_flags,
	add_xfa,
	drop_permissions,
	move_certification,
	weaken_permission,
	drop_page,
	repeat_page,
	inherited_resources,
	page_entry("/MediaBox", numbers(0, 0, 300, 300)),
	page_entry("/CropBox", numbers(0, 0, 300, 300)),
	page_entry("/Rotate", generic.NumberObject(180)),
	page_entry("/UserUnit", generic.NumberObject(3)),
	page_entry("/AA", dictionary(O=script())),
	page_entry("/Contents", generic.ArrayObject()),
	root_entry("/OpenAction", lambda writer: writer.add_object(script())),
	root_entry("/AA", lambda writer: dictionary(WC=script())),
	root_entry("/ViewerPreferences", lambda writer: dictionary(HideToolbar=generic.BooleanObject(True))),
	root_entry("/Lang", lambda writer: text("en")),
	root_entry("/PageLabels", lambda writer: dictionary(Nums=generic.ArrayObject())),
	root_entry("/Collection", lambda writer: dictionary(View=pdf_name("/D"))),
	root_entry("/Threads", lambda writer: generic.ArrayObject()),
	root_entry("/StructTreeRoot", lambda writer: writer.add_object(dictionary())),
	store_and_page,
	store_and_script,
	store_and_info,
]
LABELS = [
	attack.__name__ if attack.__name__ != "change" else f"store_{n}" for n, attack in enumerate(INCREMENTS)
]


def test_the_rich_file_is_valid_before_it_is_attacked(house, rich):
	assert house.verdict(rich).ok
	assert house.verdict(house.closed(house.signed(rich, "Signer2"))).ok


@pytest.mark.parametrize("attack", INCREMENTS, ids=LABELS)
def test_alteration(attack, house, rich):
	data = altered(rich, attack)
	alone = house.verdict(data)
	assert not alone.ok and "changed_after_signing" in alone.problems
	try:
		covered = house.verdict(house.signed(data, "Signer2"))
	except SealRefused:
		return
	assert not covered.ok
	assert any(problem.startswith("Seal: ") for problem in covered.problems)
	assert covered.signatures[-1].intact, "the last signature itself is honest"
	assert any(one.changes for one in covered.signatures), "what was changed is told"


@pytest.mark.parametrize(
	"attack", [store_and_orphan, store_and_page, store_and_script, store_and_info, store_of_pages]
)
def test_validation_data_that_carries_more(attack, house, rich):
	assert "changed_after_signing" in house.verdict(altered(rich, attack)).problems


def test_validation_data_alone_is_accepted(house, rich, finished):
	for data in (rich, finished):
		stored = altered(data, honest_store)
		verdict = house.verdict(stored)
		assert verdict.ok, verdict.problems
		assert "dss" in verdict.signatures[-1].changes and not verdict.signatures[-1].covers_whole_file
		assert not house.verdict(stored + b"% more\n").ok
	twice = altered(altered(rich, honest_store), honest_store)
	assert house.verdict(twice).ok
	assert house.verdict(house.signed(twice, "Signer2")).ok


def test_bytes_hidden_between_validation_data(house, rich):
	"""No table names this object, but a reader that repairs files finds it."""
	stored = altered(rich, honest_store)
	page = re.search(rb"(\d+) 0 obj\s*<<[^>]*/Type /Page\b", rich)
	hidden = page[1] + b" 0 obj\n<< /Type /Page >>\nendobj\n"
	start = int(stored[stored.rindex(b"startxref") + 9 :].split()[0])
	shifted = stored[:start] + hidden + stored[start:]
	shifted = shifted.replace(b"startxref\n%d\n" % start, b"startxref\n%d\n" % (start + len(hidden)))
	verdict = house.verdict(shifted)
	assert verdict.problems == ("changed_after_signing",)


def trailer_of(data: bytes) -> tuple[bytes, int, int]:
	"""/Root (and /Info), /Size and the place of the last cross-reference section."""
	reader = pikepdf.open(io.BytesIO(data))
	root = b"%d 0 R" % reader.Root.objgen[0]
	info = b" /Info %d 0 R" % reader.trailer.Info.objgen[0] if "/Info" in reader.trailer else b""
	start = int(data[data.rindex(b"startxref") + 9 :].split()[0])
	return b"/Root " + root + info, int(reader.trailer.Size), start


def appended(data: bytes, objects: dict[tuple[int, int], bytes], entries=None, prev=None, more=b"") -> bytes:
	"""`data` with an increment written by hand; `entries` replaces the lines of its cross-reference table."""
	root, size, start = trailer_of(data)
	out = bytearray(data if data.endswith(b"\n") else data + b"\n")
	lines = []
	for (number, generation), body in objects.items():
		lines.append((number, b"%010d %05d n \n" % (len(out), generation)))
		out += b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
	for number, line in entries(bytes(out)) if entries else ():
		lines.append((number, line))
	place = len(out)
	out += b"xref\n" + b"".join(b"%d 1\n%s" % (number, line) for number, line in lines)
	size = max([size, *(number + 1 for number, _ in lines if number < 1 << 30)])
	prev = start if prev is None else prev
	out += b"trailer\n<< %s /Size %d /Prev %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (
		root,
		size,
		prev,
		more,
		place,
	)
	return bytes(out)


def content_number(data: bytes) -> int:
	with open_pdf(data) as pdf:
		return pdf.pages[0].Contents.objgen[0]


def stream(text: bytes) -> bytes:
	return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def freed(generation):
	def attack(data):
		number = content_number(data)
		return appended(data, {}, lambda out: [(number, b"0000000000 %05d f \n" % generation)])

	return attack


def other_generation(data):
	return appended(data, {(content_number(data), 1): stream(b"0 0 99 99 re f")})


def named_twice(data):
	"""One entry leads to the object as it was, the other to a new one: readers differ in which they take."""
	number = content_number(data)
	place = re.search(rb"(?<!\d)%d 0 obj" % number, data).start()
	return appended(
		data,
		{(number, 0): stream(b"0 0 99 99 re f")},
		lambda out: [(number, b"%010d 00000 n \n" % place)],
	)


def overlapping_sections(data):
	number = content_number(data)
	return appended(
		data, {}, lambda out: [(number, b"%010d 00000 n \n" % 15), (number, b"%010d 00000 n \n" % 15)]
	)


def skipped_revision(data):
	sections = [int(found) for found in re.findall(rb"startxref\s+(\d+)", data)]
	return appended(data, {(content_number(data), 0): stream(b"")}, prev=sections[0])


def hybrid(data):
	return appended(data, {}, more=b"/XRefStm %d " % trailer_of(data)[2])


BY_HAND = {
	"freed": freed(1),
	"freed_without_generation": freed(0),
	"other_generation": other_generation,
	"named_twice": named_twice,
	"overlapping": overlapping_sections,
	"skipped_revision": skipped_revision,
	"hybrid": hybrid,
	"prepended": lambda data: b"junk\n" + data,
	"second_pdf": lambda data: data + plain_pdf(),
	"second_pdf_first": lambda data: plain_pdf() + data,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_cross_references_written_by_hand(name, house, half_signed):
	data = BY_HAND[name](half_signed)
	assert not house.verdict(data).ok
	try:
		covered = house.signed(data, "Signer2")
	except SealRefused:
		return
	# A section that is left out takes its signatures along, which only our records can tell.
	assert not house.verdict(covered, Expected(("Seal", "Signer1", "Signer2"))).ok


def test_object_number_beyond_all_others(house, half_signed):
	"""Nothing refers to it: refused as an unsigned addition, without effect below a signature, never an exception."""
	data = appended(half_signed, {(2**31, 0): b"null"})
	assert house.verdict(data).problems == ("changed_after_signing",)
	with_entry = appended(half_signed, {(2**70, 0): b"null"})
	assert not house.verdict(with_entry).ok


def test_increment_by_hand_is_accepted_when_honest(house, half_signed):
	"""The writer of these tests makes sound increments: one without a change under an honest signature passes."""
	number = content_number(half_signed)
	body = re.search(rb"(?<!\d)%d 0 obj\s(.*?)\sendobj" % number, half_signed, re.S)[1]
	same = appended(half_signed, {(number, 0): body})
	assert house.verdict(house.signed(same, "Signer2")).ok


def dangling() -> bytes:
	"""A page whose second content stream has a number that means nothing yet."""
	with open_pdf(plain_pdf()) as pdf:
		first = pdf.pages[0].Contents
		pdf.pages[0].obj["/Contents"] = Array([first, pdf.make_stream(b"% nothing")])
		data = saved(pdf)
		number = pdf.pages[0].Contents
	match = re.search(rb"/Contents \[ (\d+) 0 R (\d+) 0 R \]", data)
	assert match and number is not None
	target = data.replace(match[0], match[0].replace(match[2] + b" 0 R", b"9" * len(match[2]) + b" 0 R"))
	return target


def test_undefined_number_given_a_meaning(house):
	data = append_signature(dangling(), house.key, field="Board", reason="", stamp=None)
	assert house.verdict(data).ok
	number = int(re.search(rb"/Contents \[ \d+ 0 R (9+) 0 R", data)[1])
	shown = appended(data, {(number, 0): stream(b"BT (Rent 150) Tj ET")})
	assert not house.verdict(shown).ok
	verdict = house.verdict(append_signature(shown, house.key, field="Second", reason="", stamp=None))
	assert "Board: forbidden_change" in verdict.problems


def with_object_streams() -> bytes:
	with open_pdf(plain_pdf(2)) as pdf:
		return saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=False)


def test_object_stream_shadowed(house):
	data = append_signature(with_object_streams(), house.key, field="Board", reason="", stamp=None)
	assert house.verdict(data).ok
	match = re.search(rb"(\d+) 0 obj\s*<<[^>]*/Type /ObjStm[^>]*>>\s*stream\r?\n(.*?)endstream", data, re.S)
	header = re.search(rb"<<.*?>>", match[0], re.S)[0]
	body = match[2].replace(b"595", b"195")
	assert body != match[2]
	shadow = header + b"\nstream\n" + body + b"endstream"
	changed = appended(data, {(int(match[1]), 0): shadow})
	assert not house.verdict(changed).ok
	try:
		covered = append_signature(changed, house.key, field="Second", reason="", stamp=None)
	except SealRefused:
		return
	assert not house.verdict(covered).ok


def test_metadata_that_is_also_page_content(house):
	"""An object with two roles: what may be rewritten in the one is content in the other."""
	with open_pdf(plain_pdf()) as pdf:
		metadata = pdf.make_stream(XMP, Type=Name.Metadata, Subtype=Name.XML)
		pdf.Root["/Metadata"] = metadata
		pdf.pages[0].obj["/Contents"] = Array([pdf.pages[0].Contents, pdf.make_stream(b"% nothing")])
		data = saved(pdf)
	shared = re.search(rb"/Metadata (\d) 0 R", data)[1]
	data = re.sub(rb"(/Contents \[ \d 0 R )\d( 0 R \])", rb"\g<1>" + shared + rb"\2", data)
	data = append_signature(data, house.key, field="Board", reason="", stamp=None)
	number = re.search(rb"/Metadata (\d+) 0 R", data)[1]
	newer = XMP.replace(b"2026-01-01", b"2027-01-01")
	body = b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(newer), newer)
	data = appended(data, {(int(number), 0): body})
	verdict = house.verdict(append_signature(data, house.key, field="Second", reason="", stamp=None))
	assert "Board: forbidden_change" in verdict.problems


def test_dates_of_saving_may_change(house, rich):
	with open_pdf(rich) as pdf:
		info, metadata = pdf.trailer.Info.objgen[0], pdf.Root.Metadata.objgen[0]
		title = b"<< /Title (Lease) /ModDate (D:20270101000000Z) /CreationDate (%s) >>"
		title %= str(pdf.docinfo["/CreationDate"]).encode()
	newer = XMP.replace(b"2026-01-01", b"2027-01-01")
	body = b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(newer), newer)
	data = house.signed(appended(rich, {(info, 0): title, (metadata, 0): body}), "Signer2")
	verdict = house.verdict(data)
	assert verdict.ok, (verdict.problems, verdict.signatures[0].changes)
	assert "saved" in verdict.signatures[0].changes
	other = {(info, 0): title.replace(b"Lease", b"Gift"), (metadata, 0): body}
	assert not house.verdict(house.signed(appended(rich, other), "Signer2")).ok
