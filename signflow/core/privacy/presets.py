"""What is known beforehand of other apps' DocTypes, and what a site's fields are marked as: preset before guess.

A preset file names every DocType of one app. A DocType's entry gives the fields that hold something of a person with
what they hold, and with "" those that only look as if they did; what stands in neither way says nothing of a person.
Pure: it reads what it is given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signflow.core.errors import _
from signflow.core.privacy.datamap import Holds, Mark
from signflow.core.privacy.kinds import Guess, Table, guess_alone, guess_table

PRESET = _("Known from the app that brings it.")


@dataclass(frozen=True)
class Known:
	"""What a preset says of a field; `holds` is None where it holds nothing of a person."""

	holds: Holds | None
	target: str = ""
	type_field: str = ""


@dataclass(frozen=True)
class Presets:
	"""Presets by DocType and field; `named_by` as in `DocTypeMap`, for DocTypes whose naming does not tell."""

	doctypes: Mapping[str, Mapping[str, Known]] = field(default_factory=dict)
	named_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
	"""How a field is marked as long as nobody decides otherwise. `origin` is "Preset" or "Found"."""

	mark: Mark
	holds: Holds | None
	origin: str
	template: str
	words: tuple[str, ...] = ()
	target: str = ""
	type_field: str = ""


def read(files: Iterable[Mapping[str, Any]]) -> Presets:
	"""The presets in files of the shape {"named_by": {DocType: field}, "doctypes": {DocType: {field: what}}}.

	`what` is a value of `Holds`, "" or {"holds", "target", "type_field"}.
	"""
	doctypes: dict[str, dict[str, Known]] = {}
	named_by: dict[str, str] = {}
	for one in files:
		named_by.update(one.get("named_by", {}))
		for doctype, fields in one["doctypes"].items():
			doctypes.setdefault(doctype, {}).update({name: _known(what) for name, what in fields.items()})
	return Presets(doctypes, named_by)


def _known(what: str | Mapping[str, str]) -> Known:
	if isinstance(what, str):
		return Known(Holds(what) if what else None)
	return Known(Holds(what["holds"]), what.get("target", ""), what.get("type_field", ""))


def propose(table: Table, presets: Presets) -> dict[str, Proposal]:
	"""How the fields of `table` are marked, by name: as its preset says, else To Decide where a guess names it."""
	known = presets.doctypes.get(table.doctype, {})
	guesses = guess_table(table)
	proposals = {}
	for one in table.fields:
		if (preset := known.get(one.fieldname)) is not None:
			proposals[one.fieldname] = _as_known(preset, guess_alone(one, table.fields))
		elif guess := guesses.get(one.fieldname):
			proposals[one.fieldname] = Proposal(
				Mark.TO_DECIDE,
				guess.holds,
				"Found",
				guess.template,
				guess.words,
				guess.target,
				guess.type_field,
			)
	return proposals


def _as_known(preset: Known, guess: Guess | None) -> Proposal:
	if preset.holds is None:
		return Proposal(Mark.NOT_PERSONAL, None, "Preset", PRESET)
	marked = Proposal(Mark.PERSONAL, preset.holds, "Preset", PRESET, (), preset.target, preset.type_field)
	if guess and not (marked.target or marked.type_field):
		# Where a link goes to, the DocType itself says.
		marked = replace(marked, target=guess.target, type_field=guess.type_field)
	return marked


def named_by(doctype: str, autoname: str, presets: Presets) -> str:
	"""The field that gives a DocType's records their names, "" if none does."""
	if autoname.startswith("field:"):
		return autoname.removeprefix("field:").strip()
	return presets.named_by.get(doctype, "")
