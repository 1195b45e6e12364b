"""Seals, extends and judges PDF files from the command line; needs no Frappe.

Exit codes: 0 done, or valid; 1 not valid, or refused with the reason; 2 a file could not be read or written,
or wrong usage; 3 written, but at a lower level than asked for (for `extend`: written only if something was
gained).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import SignflowError
from . import LEVELS
from .validate import PROBLEMS, Verdict, validate

if TYPE_CHECKING:
	from .cms import Timestamper

DONE, NOT_VALID, UNREADABLE, LOWER = 0, 1, 2, 3
CHOICES = tuple(level.lower() for level in LEVELS)


class Failed(Exception):
	"""Ends the program with a message and an exit code."""

	def __init__(self, message: str, code: int):
		super().__init__(message)
		self.code = code


def main(arguments: list[str] | None = None) -> int:
	"""Run the command line; return the exit code that the module's text names."""
	options = _parser().parse_args(arguments)
	try:
		code: int = options.run(options)
		return code
	except Failed as error:
		print(error, file=sys.stderr)
		return error.code
	except SignflowError as error:
		print(f"refused ({error.code}): {error}", file=sys.stderr)
		return NOT_VALID


def _parser() -> argparse.ArgumentParser:
	parser = argparse.ArgumentParser(
		prog="python -m signflow.core.pdf",
		description=__doc__,
		formatter_class=argparse.RawDescriptionHelpFormatter,
	)
	commands = parser.add_subparsers(dest="command", required=True)

	seal = commands.add_parser("seal", help="seal IN and write OUT; a signed file is sealed incrementally")
	_in_and_out(seal)
	seal.add_argument("--pkcs12", type=Path, required=True, metavar="FILE", help="key file (.p12, .pfx)")
	seal.add_argument(
		"--password-file", type=Path, metavar="FILE", help="its pass-phrase, in a file; - for standard input"
	)
	seal.add_argument("--reason", default="", help="why it is sealed, shown by viewers")
	seal.add_argument("--field", help="in a signed file, the field to fill or add (default: a free Seal…)")
	_raising(seal, default="b-b")
	seal.set_defaults(run=_seal)

	extend = commands.add_parser("extend", help="raise the level of the signed file IN and write OUT")
	_in_and_out(extend)
	extend.add_argument(
		"--foreign", action="append", default=[], metavar="FIELD", help="a signature that may stay behind"
	)
	extend.add_argument(
		"--renew", action="store_true", help="put a new archive time-stamp around a file at b-lta"
	)
	_raising(extend, default="b-lta")
	extend.set_defaults(run=_extend)

	check = commands.add_parser(
		"validate", help="judge every signature; exit 0 valid, 1 not valid, 2 unreadable"
	)
	check.add_argument("file", type=Path)
	check.add_argument("--json", action="store_true", help="print the verdict as JSON")
	_trusting(check)
	check.set_defaults(run=_validate)
	look = commands.add_parser("inspect", help="show the signatures in a file without trusting anybody")
	look.add_argument("file", type=Path)
	look.add_argument("--json", action="store_true", help="print the findings as JSON")
	look.set_defaults(run=_validate, trust=[])
	return parser


def _trusting(parser: argparse.ArgumentParser) -> None:
	parser.add_argument(
		"--trust", type=Path, action="append", default=[], metavar="FILE", help="PEM certificates to trust"
	)


def _in_and_out(parser: argparse.ArgumentParser) -> None:
	parser.add_argument("input", type=Path, metavar="IN")
	parser.add_argument(
		"output", type=Path, metavar="OUT", help="written whole or not at all; never IN itself"
	)


def _raising(parser: argparse.ArgumentParser, *, default: str) -> None:
	parser.add_argument("--level", choices=CHOICES, default=default, help=f"PAdES level (default {default})")
	parser.add_argument(
		"--tsa",
		action="append",
		default=[],
		metavar="URL",
		help="time-stamping authority; again: the next to ask",
	)
	parser.add_argument(
		"--tsa-login", type=Path, metavar="FILE", help="user and password for the TSAs, a line each"
	)
	_trusting(parser)
	parser.add_argument(
		"--seconds",
		type=float,
		default=10,
		help="longest wait for one answer of a TSA, OCSP or CRL (default 10)",
	)


def _read(path: Path) -> bytes:
	try:
		return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
	except OSError as error:
		raise Failed(f"could not read {path}: {error.strerror or error}", UNREADABLE) from error


def _read_text(path: Path) -> str:
	try:
		return _read(path).decode()
	except UnicodeDecodeError as error:
		raise Failed(f"could not read {path}: not a text file", UNREADABLE) from error


def _write(path: Path, data: bytes) -> None:
	"""Write beside and move, so that nobody ever finds half a file at `path`."""
	beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
	try:
		try:
			with beside.open("xb") as file:
				file.write(data)
				file.flush()
				os.fsync(file.fileno())
			os.replace(beside, path)
		finally:
			beside.unlink(missing_ok=True)
	except OSError as error:
		raise Failed(f"could not write {path}: {error.strerror or error}", UNREADABLE) from error


def _check_places(options: argparse.Namespace) -> None:
	try:
		same = options.input.exists() and options.output.exists() and options.input.samefile(options.output)
	except OSError as error:
		raise Failed(f"could not read {options.input}: {error.strerror or error}", UNREADABLE) from error
	if same or options.input.absolute() == options.output.absolute():
		raise Failed("OUT is IN: a file is never overwritten by its own successor", UNREADABLE)
	if options.output.is_dir():
		raise Failed(f"could not write {options.output}: it is a folder", UNREADABLE)


def _trust(options: argparse.Namespace) -> list[str]:
	texts = [_read_text(path) for path in options.trust]
	for path, text in zip(options.trust, texts, strict=True):
		if "-----BEGIN CERTIFICATE-----" not in text:
			raise Failed(f"could not read {path}: no PEM certificate", UNREADABLE)
	return texts


def _timestamper(options: argparse.Namespace, trust: list[str]) -> Timestamper | None:
	"""The TSAs of the command line, or None for b-b. Wrong usage ends the program before anything is sealed."""
	if options.level == "b-b":
		return None
	if not options.tsa or not trust:
		raise Failed(f"--level {options.level} needs --tsa URL and --trust FILE", UNREADABLE)
	user, password = "", ""
	if options.tsa_login:
		user, _, password = _read_text(options.tsa_login).strip().partition("\n")
	for url in options.tsa:
		if urlsplit(url).password:
			raise Failed("a password never goes on the command line: use --tsa-login FILE", UNREADABLE)
	from .timestamps import Authority, TimestampAuthorities

	authorities = [Authority(url, user.strip(), password.strip()) for url in options.tsa]
	try:
		return TimestampAuthorities(authorities, trust, seconds=options.seconds)
	except ValueError as error:
		raise Failed(f"could not read a certificate of --trust: {error}", UNREADABLE) from error


def _seal(options: argparse.Namespace) -> int:
	_check_places(options)
	data = _read(options.input)
	trust = _trust(options)
	timestamp = _timestamper(options, trust)
	passphrase = _read_text(options.password_file).rstrip("\r\n") if options.password_file else None
	from .keys import SealKey
	from .normalise import normalise

	key = SealKey.from_pkcs12(_read(options.pkcs12), passphrase)
	taken = normalise(data)
	from .seal import append_signature, seal_report  # costs more than all checks before it

	if not taken.foreign_signatures:
		if options.field:
			raise Failed('--field is for signed files: an unsigned one is certified in "Seal"', UNREADABLE)
		sealed = seal_report(taken.data, key, reason=options.reason)
	else:
		verdict = validate(data, trust=trust)
		broken = [one.field for one in verdict.signatures if not one.intact]
		if broken:
			raise Failed(f"refused: a signature in it does not hold: {', '.join(broken)}", NOT_VALID)
		field = options.field or _free(taken.foreign_fields)
		sealed = append_signature(data, key, field=field, reason=options.reason, stamp=None)
	return _raise(options, sealed, timestamp, trust, taken.foreign_fields, new=True)


def _free(names: tuple[str, ...]) -> str:
	candidates = ["Seal", *(f"Seal{number}" for number in range(2, len(names) + 3))]
	return next(name for name in candidates if name not in names)


def _extend(options: argparse.Namespace) -> int:
	_check_places(options)
	data = _read(options.input)
	trust = _trust(options)
	timestamp = _timestamper(options, trust)
	if timestamp is None:
		raise Failed("--level b-b is what every signature has: nothing to extend", UNREADABLE)
	# In a limited child first: the file may be anybody's.
	verdict = validate(data, trust=trust)
	if not verdict.readable:
		raise Failed(f"could not read {options.input}: {'; '.join(verdict.problems)}", UNREADABLE)
	return _raise(options, data, timestamp, trust, options.foreign, new=False)


def _raise(
	options: argparse.Namespace,
	data: bytes,
	timestamp: Timestamper | None,
	trust: list[str],
	foreign: Sequence[str],
	*,
	new: bool,
) -> int:
	"""Raise `data` to the level that is asked for, write what was reached and say it."""
	from .extend import LevelNotReached, Limits, extend, renew
	from .timestamps import TimestampUnavailable

	if timestamp is None:
		_write(options.output, data)
		print(f"{options.output}: B-B")
		return DONE
	limits = Limits(seconds=options.seconds)
	try:
		if getattr(options, "renew", False):
			done = renew(data, timestamp=timestamp, trust=trust, foreign=foreign, limits=limits)
		else:
			level = options.level.upper()
			done = extend(data, level, timestamp=timestamp, trust=trust, foreign=foreign, limits=limits)
	except LevelNotReached as error:
		print(f"level not reached: {error}", file=sys.stderr)
		if new or len(error.extended.data) > len(data):
			_write(options.output, error.extended.data)
			print(f"{options.output}: {error.extended.level}")
		return LOWER
	except TimestampUnavailable as error:
		print(f"level not reached: {error}", file=sys.stderr)
		if new:
			_write(options.output, data)
			print(f"{options.output}: B-B")
		return LOWER
	_write(options.output, done.data)
	until = f", archive time-stamp until {done.archive_expires:%Y-%m-%d}" if done.level == "B-LTA" else ""
	print(f"{options.output}: {done.level}{until}")
	return DONE


def _validate(options: argparse.Namespace) -> int:
	data = _read(options.file)
	verdict = validate(data, trust=[_read_text(path) for path in options.trust])
	if options.json:
		print(json.dumps(verdict.to_dict(), ensure_ascii=False, indent=2))
	else:
		_print(verdict, judged=options.command == "validate")
	if not verdict.readable:
		return UNREADABLE
	return DONE if options.command == "inspect" or verdict.ok else NOT_VALID


def _print(verdict: Verdict, *, judged: bool) -> None:
	print(f"SHA-256 {verdict.sha256}")
	for one in verdict.signatures:
		state = "intact" if one.intact else "NOT INTACT"
		trusted = "trusted" if one.trusted else "not trusted"
		level = f", {one.level}" if judged and one.level else ""
		print(
			f"{one.field} ({one.kind}): {state}, {trusted}{level}; {one.time or 'no time'}; {one.signer_subject}"
		)
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
