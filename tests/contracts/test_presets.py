"""The presets of the personal data map name only what there is, and every DocType and every field that looks personal
has its mark: of the apps that signflow lives with, of signflow's own DocTypes and of its custom fields.

When a DocType or field of ours is missing, the message says what to add to `presets/signflow.json`.
"""

import ast
import json
from functools import cache

import declared_names
from upstream_facts import RELEASES, ROOT, Catalogue, Doctype, catalogue, release

from signflow.core.privacy import presets
from signflow.core.privacy.datamap import Mark
from signflow.core.privacy.kinds import Field, Table, guess_alone, guess_table

PACKAGE = ROOT / "signflow"
FOLDER = PACKAGE / "signflow_privacy" / "presets"
# No facts of Frappe 16 and of telephony (which Helpdesk 1.28 demands) are recorded: their presets are held by their readers alone.
HELD = ("frappe", "erpnext", "helpdesk", "signflow")
# Custom fields that an app makes in another's DocTypes while it runs.
MADE = {"Customer.hd_customer": "Helpdesk 1.28, once it is told to keep step with ERPNext"}


@cache
def _preset(name: str) -> presets.Presets:
	return presets.read([json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))])


@cache
def _all() -> presets.Presets:
	return presets.read(
		json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
	)


@cache
def _names() -> Catalogue:
	names = catalogue(PACKAGE)
	source = (PACKAGE / "custom_fields.py").read_text(encoding="utf-8")
	names.added, _uses = declared_names.custom_fields(PACKAGE / "custom_fields.py", source, names)
	return names


def _table(doctype: Doctype) -> Table:
	rows = doctype.fields.values()
	return Table(
		doctype.name,
		tuple(
			Field(row["fieldname"], row["fieldtype"], row.get("options") or "", row.get("label") or "")
			for row in rows
		),
		is_child=bool(doctype.properties.get("istable")),
		is_single=bool(doctype.properties.get("issingle")),
	)


def _unmarked(doctypes: dict[str, Doctype]) -> list[str]:
	missing = []
	for name, doctype in doctypes.items():
		known = _all().doctypes.get(name)
		open_ = {
			field: found.holds.value
			for field, found in guess_table(_table(doctype)).items()
			if known is None or field not in known
		}
		if known is None or open_:
			missing.append(f"{json.dumps(name)}: {json.dumps(open_)}")
	return missing


def test_every_upstream_doctype_is_known_and_every_field_that_looks_personal_marked():
	for name in RELEASES:
		assert not (missing := _unmarked(release(name))), f"{name}:\n" + "\n".join(missing)


def test_every_doctype_of_ours_is_known_and_every_field_that_looks_personal_marked():
	names = _names()
	assert not (missing := _unmarked(names.own)), "\n".join(missing)


def test_our_custom_fields_that_look_personal_are_marked():
	"""As Frappe's custom fields have no neighbours here, only what they say by themselves counts."""
	tree = ast.parse((PACKAGE / "custom_fields.py").read_text(encoding="utf-8"))
	rows = [
		{
			key.value: value.value
			for key, value in zip(node.keys, node.values, strict=True)
			if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
		}
		for node in ast.walk(tree)
		if isinstance(node, ast.Dict)
	]
	looks = {
		row["fieldname"]
		for row in rows
		if "fieldname" in row
		and guess_alone(
			Field(
				row["fieldname"], row.get("fieldtype", "Data"), row.get("options", ""), row.get("label", "")
			)
		)
	}
	names = _names()
	missing = sorted(
		f"{doctype}.{field}"
		for doctype, fields in names.added.items()
		for field in fields & looks
		if field not in _all().doctypes.get(doctype, {})
	)
	assert looks and not missing


def test_what_the_presets_name_exists():
	names = _names()
	missing = []
	for name in HELD:
		for doctype, fields in _preset(name).doctypes.items():
			if not names.knows(doctype):
				missing.append(doctype)
			missing += [f"{doctype}.{one}" for one in fields if not names.has_field(doctype, one)]
			missing += [
				f"{doctype}.{known.type_field}"
				for known in fields.values()
				if known.type_field and not names.has_field(doctype, known.type_field)
			]
			missing += [
				known.target for known in fields.values() if known.target and not names.knows(known.target)
			]
		for doctype, field in _preset(name).named_by.items():
			if not names.has_field(doctype, field):
				missing.append(f"{doctype} named by {field}")
	assert sorted(set(missing)) == sorted(MADE)


def test_a_preset_stands_before_a_guess():
	table = Table(
		"Contact",
		(Field("first_name", "Data"), Field("new_mail", "Data", "Email"), Field("status", "Select")),
	)
	proposals = presets.propose(table, _all())
	assert {name: one.mark for name, one in proposals.items()} == {
		"first_name": Mark.PERSONAL,
		"new_mail": Mark.TO_DECIDE,
	}
	company = Table("Company", (Field("email", "Data", "Email"),))
	assert presets.propose(company, _all())["email"].mark is Mark.NOT_PERSONAL


def test_the_guesses_are_close_to_what_people_marked():
	"""Counted over every upstream field, against the presets, which people went through."""
	hits = missed = vain = fields = 0
	for name in RELEASES[:3]:
		for doctype in release(name).values():
			known = _all().doctypes[doctype.name]
			marked = {field for field, one in known.items() if one.holds and field in doctype.fields}
			found = set(guess_table(_table(doctype)))
			fields += len(doctype.fields)
			hits += len(found & marked)
			missed += len(marked - found)
			vain += len(found - marked)
	recall, precision = hits / (hits + missed), hits / (hits + vain)
	print(f"{fields} fields, {hits + missed} marked; recall {recall:.3f}, precision {precision:.3f}")
	assert recall > 0.85 and precision > 0.8
