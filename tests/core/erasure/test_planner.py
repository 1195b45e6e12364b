"""What becomes of each record: what law keeps stays, what is hers goes, nobody else is touched."""

from collections import Counter
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signflow.core.erasure import planner
from signflow.core.erasure.planner import Action, Decision, Found, Kept, Line, Nature, Pointer, plan
from signflow.core.privacy.findings import Strength

UNTIL = date(2032, 12, 31)
KEPT = Kept(UNTIL, "Legal Obligation", "1336/1997, 2:10 §")


def person(name: str = "Maija", doctype: str = "Contact", **more: Any) -> Found:
	return Found(doctype, name, Nature.PERSON, own=True, takes="Erased person 1", **more)


def invoice(name: str = "SINV-1", **more: Any) -> Found:
	return Found("Sales Invoice", name, docstatus=1, masks={"contact_email": None}, **more)


def by_name(lines: list[Line]) -> dict[str, Line]:
	return {line.name: line for line in lines if line.name}


def points(
	source: tuple[str, str], target: tuple[str, str], column: str = "contact_person", **more: Any
) -> Pointer:
	return Pointer(source[0], column, target, frozenset({source}), **more)


def test_her_own_record_that_nothing_needs_is_erased() -> None:
	assert [line.action for line in plan([person()])] == [Action.ERASE]


def test_what_a_kept_record_points_to_is_masked_and_renamed() -> None:
	lines = plan(
		[person(), invoice(keeps=(KEPT,))], [points(("Sales Invoice", "SINV-1"), ("Contact", "Maija"))]
	)
	named = by_name(lines)
	assert named["Maija"].action is Action.MASK and named["Maija"].renamed == "Erased person 1"
	kept = named["SINV-1"]
	assert (kept.action, kept.until, kept.statute, kept.later) == (
		Action.KEEP,
		UNTIL,
		"1336/1997, 2:10 §",
		Action.MASK,
	)


def test_a_submitted_document_is_masked_and_lets_go_of_what_it_can() -> None:
	lines = plan([person(), invoice()], [points(("Sales Invoice", "SINV-1"), ("Contact", "Maija"))])
	named = by_name(lines)
	assert named["Maija"].action is Action.ERASE
	assert named["SINV-1"].action is Action.MASK and named["SINV-1"].fields == {"contact_email": None}
	assert lines[0].action is Action.UNLINK and lines[0].fields == {"contact_person": "Contact"}


def test_a_customer_that_documents_need_stays_without_a_name() -> None:
	customer = Found("Customer", "Maija Meri", Nature.PARTY, own=True, takes="Erased person 1")
	pointer = points(("Sales Invoice", "SINV-1"), customer.key, "customer", required=True)
	named = by_name(plan([customer, invoice()], [pointer]))
	assert named["Maija Meri"].action is Action.MASK
	# Rows of others that were not read count as well.
	more = Pointer("GL Entry", "party", customer.key, frozenset(), rows=7, required=True)
	assert by_name(plan([customer], [more]))["Maija Meri"].action is Action.MASK


def test_who_made_others_records_is_renamed() -> None:
	user = Found("User", "m@x.example", Nature.USER, own=True, takes="erased-1@erased.invalid")
	pointer = Pointer("Item", "owner", user.key, rows=700, standing=True)
	lines = plan([user], [pointer])
	assert by_name(lines)["m@x.example"].action is Action.MASK
	assert lines[0] == Line("Item", "", Action.UNLINK, planner.POINTS_TO_ERASED, {"owner": "User"}, rows=700)


def test_a_mail_with_others_is_masked_and_one_of_hers_alone_erased() -> None:
	alone = Found("Communication", "A", Nature.MAIL)
	others = Found("Communication", "B", Nature.MAIL, alone=False)
	named = by_name(plan([alone, others]))
	assert named["A"].action is Action.ERASE
	assert named["B"].action is Action.MASK and named["B"].words


def test_what_hangs_under_goes_with_it_and_before_it() -> None:
	trail = Found("Version", "V", Nature.TRAIL, alone=False, under=("Contact", "Maija"))
	lines = plan([person(), trail])
	assert [(line.name, line.action) for line in lines] == [("V", Action.ERASE), ("Maija", Action.ERASE)]


def test_a_name_alone_is_asked_about_and_a_namesake_is_not_touched() -> None:
	possible = Found("Note", "N", strength=Strength.POSSIBLE)
	namesake = Found("Contact", "Maija-1", Nature.PERSON, strength=Strength.POSSIBLE, namesake=True)
	lines = plan([possible, namesake])
	assert [(line.name, line.action) for line in lines] == [("N", Action.DECIDE)]
	assert plan([Found("Note", "N", strength=Strength.POSSIBLE, decided=Decision.NOT_HERS)]) == []
	decided = plan([Found("Note", "N", strength=Strength.POSSIBLE, decided=Decision.HERS)])
	assert [line.action for line in decided] == [Action.ERASE]


def test_signed_evidence_is_kept_or_asked_about() -> None:
	evidence = Found("Signature Request", "SR", Nature.EVIDENCE)
	assert plan([evidence])[0].action is Action.DECIDE
	assert plan([Found("Signature Request", "SR", Nature.EVIDENCE, keeps=(KEPT,))])[0].action is Action.KEEP
	kept = plan([Found("Signature Request", "SR", Nature.EVIDENCE, decided=Decision.KEEP)])
	assert kept[0].action is Action.KEEP and kept[0].until is None


def agreement(**more: Any) -> Found:
	return Found("Signature Request", "SIGN-1", Nature.EVIDENCE, alone=False, **more)


def file_of_agreement(name: str, **more: Any) -> Found:
	return Found("File", name, Nature.FILE, direct=False, **more)


def test_what_becomes_of_an_agreement_becomes_of_its_files_and_copies_go() -> None:
	its = ("Signature Request", "SIGN-1")
	mine, theirs = ("Customer", "Maija"), ("Customer", "Acme")
	files = [
		file_of_agreement("sealed", part_of=its),
		file_of_agreement("mine", copy_of=its, under=mine),
		file_of_agreement("theirs", copy_of=its, under=theirs),
		file_of_agreement("on invoice", copy_of=its, keeps=(KEPT,)),
		person(doctype="Customer"),
	]

	def actions(evidence: Found) -> dict[str, str]:
		return {name: line.action.value for name, line in by_name(plan([evidence, *files])).items()}

	# First it is decided of the agreement itself.
	assert actions(agreement()) == {"SIGN-1": "Decide", "Maija": "Erase"}
	assert actions(agreement(decided=Decision.NOT_HERS)) == {"Maija": "Erase"}
	kept = plan([agreement(keeps=(KEPT,)), *files])
	sealed = by_name(kept)["sealed"]
	assert (sealed.action, sealed.until, sealed.later) == (Action.KEEP, UNTIL, Action.ERASE)
	copies = {"mine": "Erase", "theirs": "Erase", "on invoice": "Keep", "Maija": "Erase"}
	assert actions(agreement(keeps=(KEPT,))) == {"SIGN-1": "Keep", "sealed": "Keep", **copies}
	assert actions(agreement(decided=Decision.KEEP)) == {"SIGN-1": "Keep", "sealed": "Keep", **copies}
	assert actions(agreement(decided=Decision.HERS)) == {"SIGN-1": "Mask", "sealed": "Erase", **copies}
	# What a hold or a rule says of a file itself holds, whatever becomes of its agreement.
	held = [file_of_agreement("sealed", part_of=its, keeps=(KEPT,))]
	line = by_name(plan([agreement(decided=Decision.HERS), *held]))["sealed"]
	assert (line.action, line.until, line.later) == (Action.KEEP, UNTIL, Action.ERASE)
	others = agreement(decided=Decision.HERS, others_signed=True)
	assert actions(others) == {"SIGN-1": "Mask", "sealed": "Keep", **copies, "theirs": "Decide"}
	sealed = by_name(plan([others, *files]))["sealed"]
	assert (sealed.until, sealed.statute, sealed.later) == (None, "GDPR 17(3)(e)", Action.ERASE)


def test_what_was_made_since_the_erasure_that_is_done_again_is_asked_about_whatever_was_decided_then() -> (
	None
):
	again = [person(since=True, decided=Decision.HERS), person(name="of then")]
	made = {name: line.action.value for name, line in by_name(plan(again)).items()}
	assert made == {again[0].name: "Decide", "of then": "Erase"}
	assert not plan([person(since=True, strength=Strength.TRACE)])
	under = [
		Found("Communication", "since", Nature.MAIL, since=True, under=("Contact", "of then")),
		Found("Communication", "mail of then", Nature.MAIL, under=("Contact", "of then")),
	]
	made = {name: line.action.value for name, line in by_name(plan([*again, *under])).items()}
	assert (made["since"], made["mail of then"]) == ("Decide", "Erase")
	its = ("Signature Request", "SIGN-1")
	copies = [file_of_agreement("since", copy_of=its, since=True), file_of_agreement("mine", copy_of=its)]
	made = {one.name: one.action.value for one in plan([agreement(decided=Decision.HERS), *copies])}
	assert (made["since"], made["mine"]) == ("Decide", "Erase")
	assert not plan([person(since=True, decided=Decision.NOT_HERS)])


def test_what_is_unfinished_is_asked_about_and_what_hangs_under_it_waits_with_it() -> None:
	def becomes(**more: Any) -> dict[str, Line]:
		stated = Found("Contract Withdrawal", "CW-1", unfinished=True, **more)
		task = Found("ToDo", "Task", Nature.TRAIL, under=stated.key)
		change = Found("Version", "Change", Nature.TRAIL, under=task.key)
		return by_name(plan([person(), stated, task, change]))

	open_still = becomes()
	assert (open_still.pop("CW-1").because, set(open_still)) == (planner.ASK_UNFINISHED, {"Maija"})
	assert becomes(strength=Strength.SHARED)["CW-1"].because == planner.ASK_SHARED
	assert {line.action for line in becomes(decided=Decision.HERS).values()} == {Action.ERASE}
	assert set(becomes(decided=Decision.NOT_HERS)) == {"Maija"}
	kept = becomes(decided=Decision.KEEP, chosen=Kept(UNTIL, "A refund is owed"))
	for name in ("CW-1", "Task", "Change"):
		assert (kept[name].action, kept[name].until, kept[name].ground, kept[name].later) == (
			Action.KEEP,
			UNTIL,
			"A refund is owed",
			Action.ERASE,
		)
	by_law = becomes(keeps=(KEPT,))
	assert by_law["CW-1"].action is Action.KEEP and by_law["CW-1"].until == UNTIL


def test_a_file_of_others_is_asked_about() -> None:
	assert plan([Found("File", "F", Nature.FILE, alone=False)])[0].action is Action.DECIDE
	assert plan([Found("File", "F", Nature.FILE)])[0].action is Action.ERASE


def test_a_question_says_what_becomes_of_it_if_it_is_hers() -> None:
	for found, later in (
		(Found("Note", "N", strength=Strength.POSSIBLE), Action.ERASE),
		(Found("Note", "M", strength=Strength.SHARED, alone=False), Action.MASK),
		(Found("File", "F", Nature.FILE, alone=False), Action.ERASE),
		(Found("Signature Request", "S", Nature.EVIDENCE), Action.MASK),
	):
		(line,) = plan([found])
		assert (line.action, line.later) == (Action.DECIDE, later), found


def test_two_contacts_with_one_mail_go_both() -> None:
	assert {line.name: line.action for line in plan([person("A"), person("B")])} == {
		"A": Action.ERASE,
		"B": Action.ERASE,
	}


def test_totals_count_records_and_rows() -> None:
	user = Found("User", "m@x.example", Nature.USER, own=True, takes="e@erased.invalid")
	lines = plan([user, person()], [Pointer("Item", "owner", user.key, rows=7, standing=True)])
	assert planner.totals(lines) == {"Erase": {"Contact": 1}, "Mask": {"User": 1}, "Unlink": {"Item": 7}}


# What holds whatever was found

NAMES = st.sampled_from([f"R{number}" for number in range(8)])
DOCTYPES = st.sampled_from(["Contact", "Sales Invoice", "Comment", "File", "Signature Request", "Customer"])


@st.composite
def findings(draw: Any) -> tuple[list[Found], list[Pointer]]:
	found = {}
	for doctype, name in draw(st.sets(st.tuples(DOCTYPES, NAMES), max_size=10)):
		own = doctype in ("Contact", "Customer") and draw(st.booleans())
		found[doctype, name] = Found(
			doctype,
			name,
			draw(st.sampled_from(Nature)),
			Strength.CERTAIN if own else draw(st.sampled_from(Strength)),
			own,
			draw(st.booleans()),
			draw(st.booleans()),
			0 if own else draw(st.sampled_from((0, 0, 1, 2))),
			not own and draw(st.integers(0, 5)) == 0,
			draw(st.sampled_from([None, *found])),
			draw(st.sampled_from(((), (), (KEPT,)))),
			words=draw(st.booleans()),
			takes="Erased" if own else "",
			decided=draw(st.sampled_from((None, None, *Decision))),
		)
	records = [*found, ("Item", "other")]
	pointers = [
		Pointer(
			source[0],
			draw(st.sampled_from(("a", "b"))),
			target,
			frozenset({source}),
			draw(st.integers(1, 3)),
			draw(st.booleans()),
		)
		for source, target in draw(
			st.lists(st.tuples(st.sampled_from(records), st.sampled_from(records)), max_size=12)
		)
	]
	return list(found.values()), pointers


@settings(max_examples=150)
@given(findings())
def test_what_must_stay_stays_and_nothing_points_to_nothing(
	given_: tuple[list[Found], list[Pointer]],
) -> None:
	found, pointers = given_
	lines = plan(found, pointers)
	named = {line.key: line for line in lines if line.name}
	assert max(Counter(line.key for line in lines if line.name).values(), default=1) == 1
	unlinked = {(line.doctype, column) for line in lines if not line.name for column in line.fields}
	for one in found:
		line = named.get(one.key)
		if one.namesake or one.decided is Decision.NOT_HERS:
			assert line is None
			continue
		if one.keeps:
			assert line is None or line.action is Action.KEEP
		if one.docstatus and line:
			assert line.action is not Action.ERASE
		certain = one.strength is Strength.CERTAIN or one.decided is Decision.HERS
		if certain:
			assert line is not None
		elif line:
			above = named.get(one.under)
			assert line.action is not Action.ERASE or one.decided or above.action is Action.ERASE
	for pointer in pointers:
		target, (source,) = named.get(pointer.target), pointer.sources
		if target is None or target.action is not Action.ERASE or source == pointer.target:
			continue
		stays = source not in named or named[source].action is not Action.ERASE
		if stays:
			assert not pointer.required
			assert source not in named or named[source].action is not Action.KEEP
			assert (pointer.table, pointer.column) in unlinked


@settings(max_examples=60)
@given(findings(), st.randoms())
def test_the_order_of_what_was_found_does_not_matter(
	given_: tuple[list[Found], list[Pointer]], shuffled: Any
) -> None:
	found, pointers = given_
	lines = plan(found, pointers)
	shuffled.shuffle(found)
	shuffled.shuffle(pointers)
	assert plan(found, pointers) == lines
