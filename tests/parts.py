"""A plugin of pytest: PART=1,2/10 keeps two tenths of a lane's tests, by their names.

A full run of all lanes takes two cores half an hour, and CI has a quarter: it runs two tenths of the lanes `core` and
`site`, which ones by the commit.
"""

import os
import zlib

import pytest

# What asks by SQL of its own runs on each database, whatever part of the tests runs there.
ALWAYS = ("test_evidence", "test_permissions", "test_form_permissions")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
	chosen, _slash, of = os.environ["PART"].partition("/")
	mine = {int(number) - 1 for number in chosen.split(",")}
	kept, left = [], []
	for item in items:
		name = item.nodeid.rpartition("/")[2]
		is_mine = zlib.crc32(name.encode()) % int(of) in mine
		(kept if is_mine or item.path.stem in ALWAYS else left).append(item)
	config.hook.pytest_deselected(items=left)
	items[:] = kept
