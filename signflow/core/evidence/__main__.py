"""`python -m signflow.core.evidence verify FILE`: check a file of evidence with no site at hand."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from signflow.core.errors import SignflowError
from signflow.core.evidence.bundle import BundleVerdict, Summary, pdf_problems, verify_bundle
from signflow.core.evidence.canonical import load

VALID, NOT_VALID, NOT_READ = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
	"""Run the command line; returns 0 for valid evidence, 1 for evidence that is not, 2 if it could not be read."""
	parser = argparse.ArgumentParser(prog="python -m signflow.core.evidence", description=__doc__)
	verify = parser.add_subparsers(dest="command", required=True).add_parser(
		"verify", help="check evidence.json"
	)
	verify.add_argument("file", type=Path, metavar="FILE", help="evidence.json")
	verify.add_argument(
		"--seal", type=Path, metavar="CERT.pem", help="the organisation's certificate that you trust"
	)
	verify.add_argument("--pdf", type=Path, nargs="+", action="extend", default=[], metavar="SIGNED.pdf")
	verify.add_argument("--json", action="store_true", help="print the verdict for programs")
	chosen = parser.parse_args(arguments)
	try:
		text = chosen.file.read_bytes().decode("utf-8")
		trusted = chosen.seal.read_text("ascii") if chosen.seal else None
		pdfs = {str(path): path.read_bytes() for path in chosen.pdf}
		if not text.lstrip().startswith("{"):
			raise SignflowError("not_json", "This is not a file of evidence.")
		verdict = verify_bundle(text, trusted_certificate_pem=trusted)
	except (OSError, UnicodeError, SignflowError) as error:
		print(f"Could not be read: {error}", file=sys.stderr)
		return NOT_READ
	verdict = _with_pdfs(verdict, text, pdfs)
	print(_for_programs(verdict) if chosen.json else _for_people(verdict))
	return VALID if verdict.ok else NOT_VALID


def _with_pdfs(verdict: BundleVerdict, text: str, pdfs: dict[str, bytes]) -> BundleVerdict:
	if verdict.summary is None:
		return verdict
	bundle = load(text)
	assert isinstance(bundle, dict)
	found = [f"{name}: {problem}" for name, pdf in pdfs.items() for problem in pdf_problems(pdf, bundle)]
	problems = (*verdict.problems, *found)
	return dataclasses.replace(verdict, ok=not problems, problems=problems)


def _for_programs(verdict: BundleVerdict) -> str:
	return json.dumps(dataclasses.asdict(verdict), ensure_ascii=False, indent=1)


def _for_people(verdict: BundleVerdict) -> str:
	lines = [] if verdict.summary is None else _table(verdict.summary)
	lines += [f"Note: {_printable(note)}" for note in verdict.notes]
	lines += [f"PROBLEM: {_printable(problem)}" for problem in verdict.problems]
	lines.append("VALID" if verdict.ok else "NOT VALID")
	return "\n".join(lines)


def _table(summary: Summary) -> list[str]:
	lines = [
		f"Request  {_printable(summary.request)}  {_printable(summary.title)}  ({_printable(summary.state)})",
		f"House    {_printable(summary.house)}, seal {_printable(summary.seal)}",
		f"Seal     SHA-256 {_printable(summary.fingerprint)}",
		f"Made on  {_printable(summary.made_on)}",
	]
	lines += [
		f"Document {_printable(title or name)}  SHA-256 {digest}" for name, title, digest in summary.final
	]
	lines += ["", f"{'#':>4}  {'time (UTC)':24}  {'event':18}  {'signer':16}  verdict"]
	for row in summary.rows:
		verdict = "ok" if row.ok else "BROKEN: " + "; ".join(row.problems)
		if row.erased_on:
			verdict += f", payload erased on {row.erased_on}"
		time, kind, signer = (_printable(text) for text in (row.time, row.kind, row.signer))
		lines.append(f"{row.seq:>4}  {time:24}  {kind:18}  {signer:16}  {_printable(verdict)}")
	if summary.first_broken is not None:
		lines.append(f"First broken: event {summary.first_broken}")
	return [*lines, ""]


def _printable(text: str) -> str:
	"""Keep a forged file from writing control characters to the reader's terminal."""
	return "".join(letter if letter.isprintable() else "�" for letter in text)


if __name__ == "__main__":
	sys.exit(main())
