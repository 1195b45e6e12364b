"""Addresses shown so that their owner knows them and nobody else learns them (GDPR 5(1)(c))."""

import re

DOT = "•"
_HIDDEN = DOT * 6


def mask_mail(address: str) -> str:
	"""Return `maija.meri@testi.fi` as `m••••••i@testi.fi`: the domain in full, of the name at most its two ends.

	The dots are always six, so that they do not tell the length. Names under five letters show their first only,
	single letters nothing. What is no address is hidden whole.
	"""
	name, at, domain = address.strip().rpartition("@")
	if not at or not name or not domain:
		return _HIDDEN
	if len(name) < 2:
		shown = _HIDDEN
	elif len(name) < 5:
		shown = f"{name[0]}{_HIDDEN}"
	else:
		shown = f"{name[0]}{_HIDDEN}{name[-1]}"
	return f"{shown}@{domain}"


def mask_phone(number: str) -> str:
	"""Return a telephone number as its last two digits, with the first three if it is in international form.

	`+358 40 123 4567` becomes `+358••••••67`. With fewer than eight digits nothing is shown.
	"""
	digits = re.sub(r"[^0-9]", "", number)
	if len(digits) < 8:
		return _HIDDEN
	start = f"+{digits[:3]}" if number.strip().startswith("+") else ""
	return f"{start}{_HIDDEN}{digits[-2:]}"
