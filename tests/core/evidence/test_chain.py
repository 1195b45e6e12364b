import hashlib
from datetime import datetime, timedelta, timezone

import pytest
from evidence_story import START, Story, small_story
from hypothesis import given
from hypothesis import strategies as st

from signflow.core.errors import SignflowError
from signflow.core.evidence import EVENT_KINDS, EventKind, StoredEvent, build_event, event_hash, verify_chain
from signflow.core.evidence.canonical import canonical_json, load


def rewritten(event, **changes):
	"""The event with changes and a fitting hash, as a forger would make it."""
	text = canonical_json({**load(event.canonical), **changes}).decode()
	return StoredEvent(text, event_hash(text))


def test_an_honest_chain_holds():
	story = small_story()
	verdict = verify_chain(story.events, story.payloads, expected_head=story.built[-1].hash, expected_count=7)
	assert verdict.ok and verdict.problems == () and verdict.first_broken is None
	assert verdict.head == story.built[-1].hash and verdict.count == 7


def test_the_canonical_form_of_an_event_is_pinned():
	event = build_event(
		request="SR-1",
		seq=1,
		time=START,
		kind="created",
		previous=None,
		public={"b": 1, "a": "ä"},
		private={},
	)
	assert event.canonical == (
		'{"commitments":{},"kind":"created","previous":null,"public":{"a":"ä","b":1},"request":"SR-1","seq":1,'
		'"time":"2026-11-21T22:33:03.123Z","v":1}'
	)
	assert event.hash == hashlib.sha256(event.canonical.encode()).hexdigest()


def test_every_kind_has_a_meaning():
	assert set(EVENT_KINDS) == set(EventKind)
	assert all(kind.meaning for kind in EventKind)


@pytest.mark.parametrize(
	("changes", "code"),
	[
		({"kind": "hacked"}, "bad_event"),
		({"seq": 2}, "bad_event"),
		({"seq": 0}, "bad_event"),
		({"previous": "a" * 64}, "bad_event"),
		({"seq": 2, "previous": "A" * 64}, "bad_event"),
		({"request": ""}, "bad_event"),
		({"time": datetime(2026, 1, 1)}, "bad_time"),
		({"public": {"x": 1.5}}, "not_canonical"),
		({"private": {"x": 1.5}}, "not_canonical"),
	],
)
def test_a_bad_event_is_not_built(changes, code):
	given_ = {
		"request": "SR-1",
		"seq": 1,
		"time": START,
		"kind": "created",
		"previous": None,
		"public": {},
		"private": {},
	}
	with pytest.raises(SignflowError) as caught:
		build_event(**{**given_, **changes})
	assert caught.value.code == code


def test_time_is_written_in_utc():
	east = START.astimezone(timezone(timedelta(hours=2)))
	event = build_event(request="R", seq=1, time=east, kind="sent", previous=None, public={}, private={})
	assert load(event.canonical)["time"] == "2026-11-21T22:33:03.123Z"


@given(st.data())
def test_any_changed_letter_of_any_row_is_found_and_named(data):
	story = small_story()
	at = data.draw(st.integers(0, len(story.events) - 1))
	field = data.draw(st.sampled_from(["canonical", "hash"]))
	text = getattr(story.events[at], field)
	where = data.draw(st.integers(0, len(text) - 1))
	letter = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda new: new != text[where]))
	events = story.events
	events[at] = events[at]._replace(**{field: text[:where] + letter + text[where + 1 :]})
	verdict = verify_chain(events, story.payloads)
	assert not verdict.ok and verdict.first_broken == at + 1


@given(st.data())
def test_rows_taken_out_swapped_or_repeated_are_found(data):
	story = small_story()
	events = story.events
	at = data.draw(st.integers(0, len(events) - 2))
	how = data.draw(st.sampled_from(["drop", "swap", "repeat"]))
	if how == "drop":
		del events[at]
	elif how == "swap":
		events[at], events[at + 1] = events[at + 1], events[at]
	else:
		events.insert(at + 1, events[at])
	verdict = verify_chain(events, {})
	assert not verdict.ok
	assert verdict.first_broken <= at + 2


def test_a_forged_row_with_a_fitting_hash_breaks_the_next():
	story = small_story()
	events = story.events
	events[3] = rewritten(events[3], public={"signer": "S2"})
	verdict = verify_chain(events, story.payloads)
	assert verdict.first_broken == 5


def test_a_chain_made_anew_or_cut_is_shown_by_its_sealed_head():
	story, other = small_story(), small_story()
	sealed = {"expected_head": story.built[-1].hash, "expected_count": 7}
	assert not verify_chain(other.events, other.payloads, **sealed).ok  # other salts, other hashes
	cut = verify_chain(story.events[:-2], story.payloads, **sealed)
	assert not cut.ok and cut.first_broken == 6
	assert verify_chain(story.events[:-2], story.payloads).ok  # a bare chain cannot tell
	assert not verify_chain([], {}, expected_count=7).ok


@pytest.mark.parametrize(
	"changes",
	[
		{"v": 2},
		{"v": True},
		{"seq": True},
		{"kind": "other"},
		{"kind": ["sent"]},
		{"time": "2026-02-30T00:00:00.000Z"},
		{"time": "2026-11-21T22:33:03Z"},
		{"time": None},
		{"request": 5},
		{"extra": 1},
		{"public": []},
		{"commitments": {"mail": "x"}},
	],
)
def test_a_single_forged_first_row_is_refused(changes):
	event = Story().add("sent").events[0]
	assert verify_chain([event], {}).ok
	assert not verify_chain([rewritten(event, **changes)], {}).ok


def test_time_must_not_go_backwards_and_the_request_not_change():
	first = build_event(request="R", seq=1, time=START, kind="sent", previous=None, public={}, private={})
	for changes in ({"time": START - timedelta(milliseconds=1)}, {"request": "Q"}):
		given_ = {"request": "R", "time": START, **changes}
		second = build_event(seq=2, kind="expired", previous=first.hash, public={}, private={}, **given_)
		verdict = verify_chain([(first.canonical, first.hash), (second.canonical, second.hash)], {})
		assert verdict.first_broken == 2


class TestPayloads:
	def story(self):
		return Story().add("sent").add("opened", {"signer": "S1"}, ip="192.0.2.7", agent="Firefox")

	def test_a_changed_value_or_salt_is_found(self):
		for name, part in (("ip", "value"), ("agent", "salt")):
			story = self.story()
			payloads = story.payloads
			payloads[2][name] = {**payloads[2][name], part: "0" * 64}
			verdict = verify_chain(story.events, payloads)
			assert verdict.first_broken == 2 and name in verdict.problems[0]

	@pytest.mark.parametrize(
		"entry", [None, {}, {"value": "x"}, {"value": "x", "salt": "AA"}, {"value": 1.5, "salt": "a" * 64}]
	)
	def test_a_mangled_payload_is_found(self, entry):
		story = self.story()
		payloads = story.payloads
		payloads[2]["ip"] = entry
		assert verify_chain(story.events, payloads).first_broken == 2

	def test_values_missing_or_added_are_found(self):
		story = self.story()
		payloads = story.payloads
		del payloads[2]["ip"]
		assert verify_chain(story.events, payloads).first_broken == 2
		payloads = self.story().payloads
		assert not verify_chain(story.events, {**story.payloads, 1: {"x": payloads[2]["ip"]}}).ok
		assert not verify_chain(story.events, {**story.payloads, 3: {}}).ok

	@pytest.mark.parametrize("payloads", [{}, {2: {}}, {2: {"erased_on": "2026-12-01"}}])
	def test_missing_without_a_word_in_the_chain_is_broken(self, payloads):
		assert verify_chain(self.story().events, payloads).first_broken == 2

	@pytest.mark.parametrize("payloads", [{}, {2: {"erased_on": "2026-12-01"}}])
	def test_erased_with_an_event_is_lawful_and_told(self, payloads):
		story = self.story().add("payload_erased", {"seqs": [2]})
		verdict = verify_chain(story.events, payloads)
		assert verdict.ok and verdict.erased == ((2, "2026-11-21"),)
		assert verdict.notes == ("event 2: payload erased on 2026-11-21",)

	def test_an_event_cannot_excuse_itself_or_what_comes_later(self):
		story = Story().add("payload_erased", {"seqs": [1, 2, True, "2"]}, x=1).add("opened", ip="192.0.2.7")
		verdict = verify_chain(story.events, {})
		assert not verdict.ok and verdict.erased == () and len(verdict.problems) == 2

	def test_a_payload_that_was_to_be_erased_is_told(self):
		story = self.story().add("payload_erased", {"seqs": [2]})
		verdict = verify_chain(story.events, story.payloads)
		assert verdict.ok and "still here" in verdict.notes[0]
