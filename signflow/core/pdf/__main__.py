"""Command line: `python -m signflow.core.pdf validate FILE [--json] [--trust FILE]` and `inspect FILE`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .validate import PROBLEMS, Verdict, validate

VALID, NOT_VALID, UNREADABLE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
	"""Run the command line; return the exit code: 0 valid, 1 not valid, 2 could not be read."""
	parser = argparse.ArgumentParser(prog="python -m signflow.core.pdf", description=__doc__)
	commands = parser.add_subparsers(dest="command", required=True)
	check = commands.add_parser(
		"validate", help="judge every signature; exit 0 valid, 1 not valid, 2 unreadable"
	)
	check.add_argument("file", type=Path)
	check.add_argument("--json", action="store_true", help="print the verdict as JSON")
	check.add_argument(
		"--trust", type=Path, action="append", default=[], metavar="FILE", help="PEM certificates to trust"
	)
	look = commands.add_parser("inspect", help="show the signatures in a file without trusting anybody")
	look.add_argument("file", type=Path)
	look.add_argument("--json", action="store_true", help="print the findings as JSON")
	options = parser.parse_args(arguments)
	try:
		data = options.file.read_bytes()
		trust = [path.read_text() for path in getattr(options, "trust", [])]
	except (OSError, UnicodeDecodeError) as error:
		print(f"could not read: {error}", file=sys.stderr)
		return UNREADABLE
	verdict = validate(data, trust=trust)
	if options.json:
		print(json.dumps(verdict.to_dict(), ensure_ascii=False, indent=2))
	else:
		_print(verdict, judged=options.command == "validate")
	if not verdict.readable:
		return UNREADABLE
	if options.command == "inspect":
		return VALID
	return VALID if verdict.ok else NOT_VALID


def _print(verdict: Verdict, *, judged: bool) -> None:
	print(f"SHA-256 {verdict.sha256}")
	for one in verdict.signatures:
		state = "intact" if one.intact else "NOT INTACT"
		trusted = "trusted" if one.trusted else "not trusted"
		print(f"{one.field} ({one.kind}): {state}, {trusted}; {one.time or 'no time'}; {one.signer_subject}")
		if one.reason_text:
			print(f"  reason: {one.reason_text}")
	if judged or not verdict.readable:
		for problem in verdict.problems:
			known = next((PROBLEMS[part] for part in problem.split(": ")[:2] if part in PROBLEMS), "")
			print(f"problem: {problem}" + (f" - {known}" if known else ""))
	if judged:
		print("VALID" if verdict.ok else "NOT VALID")


if __name__ == "__main__":
	sys.exit(main())
