"""Rows are read from dumps of either program, whatever stands in their strings."""

import pytest

from signflow.core.erasure import dumps

HEAD = """-- MariaDB dump
CREATE TABLE `tabNote` (
  `name` varchar(140) NOT NULL,
  `content` longtext DEFAULT NULL,
  `seen` int(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`),
  KEY `modified` (`content`)
) ENGINE=InnoDB;
"""
TOLD = r"""'N 1','It\'s (hers), a \"line\"\nand ''more''; C:\\x',1"""
READ = {"name": "N 1", "content": "It's (hers), a \"line\"\nand 'more'; C:\\x", "seen": "1"}


def read(text: str, sought: str = "hers") -> list[tuple[str, dict[str, str]]]:
	return list(dumps.rows(text.splitlines(keepends=True), lambda line: sought in line))


@pytest.mark.parametrize(
	"insert",
	[
		f"INSERT INTO `tabNote` VALUES ({TOLD}),('N 2',NULL,0);\n",
		f"INSERT INTO `tabNote` VALUES\n({TOLD}),\n('N 2',NULL,0);\n",
		f"INSERT INTO `tabNote` (`name`, `content`, `seen`) VALUES ({TOLD}),('N 2',NULL,0);\n",
	],
)
def test_rows_of_both_programs(insert: str) -> None:
	found = read(HEAD + insert)
	assert found[0] == ("tabNote", READ)
	assert found[1:] in ([], [("tabNote", {"name": "N 2", "content": "", "seen": "0"})])


def test_a_line_that_holds_nothing_is_not_taken_apart() -> None:
	assert not read(HEAD + "INSERT INTO `tabNote` VALUES ('N 2','x',0);\n")


def test_what_is_no_row_is_told_as_it_stands() -> None:
	assert read("-- hers\n") == [("", {"": "-- hers\n"})]
	assert read("COPY note FROM stdin;\nN 1\thers\n") == [("", {"": "N 1\thers\n"})]
	# A table that nothing describes.
	assert read("INSERT INTO x VALUES ('hers',_binary 'ab');\n") == [("x", {"0": "hers", "1": "ab"})]


def test_a_row_goes_on_with_its_own_table() -> None:
	text = (
		HEAD + "INSERT INTO `tabNote` VALUES\n('N 1','x',0),\n('N 2','hers',0);\nUNLOCK TABLES;\n('hers')\n"
	)
	assert read(text) == [
		("tabNote", {"name": "N 2", "content": "hers", "seen": "0"}),
		("", {"": "('hers')\n"}),
	]
