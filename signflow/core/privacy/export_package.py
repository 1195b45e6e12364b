"""A copy of personal data as it is handed over: one ZIP, encrypted by AES-256 (GDPR 15(3), 20(1), 32(1)(a)).

The directory of a ZIP is not encrypted: names within it tell nothing, and what the files were called stands in the pages.
"""

import hashlib
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from mimetypes import guess_type
from pathlib import Path
from typing import IO

import pyzipper

# Without letters and digits that are taken for another when they are read aloud or typed.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 5, 5
# A day in 1980, the first that a ZIP knows: when a file was packed is nobody's business.
_DAY = (1980, 1, 1, 0, 0, 0)
CHUNK = 1 << 20


def new_passphrase() -> str:
	"""A passphrase that can be typed: 25 letters and digits in five groups, some 123 bits."""
	groups = ("".join(secrets.choice(_LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
	return "-".join(groups)


def neutral_name(number: int, file_name: str) -> str:
	"""The path of an original file in the package: "files/0001.pdf"; nothing of its name but the ending."""
	ending = Path(file_name).suffix.lower()
	# What is no known kind of file may be a part of the name.
	return f"files/{number:04d}{ending if guess_type('x' + ending)[0] else ''}"


def write_package(
	target: Path, passphrase: str, parts: Iterable[tuple[str, bytes | Path]]
) -> tuple[str, int]:
	"""Write the ZIP with `parts` (path within it, and the bytes or the file to take them from), encrypted as a whole.

	Returns SHA-256 (64 hex digits) and size in bytes. A target that is there is written anew. Raises FileNotFoundError
	for a file that is not there any more.
	"""
	with pyzipper.AESZipFile(
		target, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES, allowZip64=True
	) as package:
		package.setpassword(passphrase.encode())
		package.setencryption(pyzipper.WZ_AES, nbits=256)
		for name, source in parts:
			entry = pyzipper.zipfile_aes.AESZipInfo(name, date_time=_DAY)
			entry.compress_type = pyzipper.ZIP_DEFLATED
			if isinstance(source, Path):
				entry.file_size = source.stat().st_size
				with source.open("rb") as taken, package.open(entry, "w") as place:
					shutil.copyfileobj(taken, place, CHUNK)
			else:
				package.writestr(entry, source)
	digest = hashlib.sha256()
	with target.open("rb") as stream:
		for chunk in iter(lambda: stream.read(CHUNK), b""):
			digest.update(chunk)
	return digest.hexdigest(), target.stat().st_size


def read_package(source: Path, passphrase: str) -> Iterator[tuple[str, bytes]]:
	"""The parts of a package, one by one: path within it and bytes.

	Raises RuntimeError for a wrong passphrase, zipfile.BadZipFile for a package that was changed.
	"""
	with pyzipper.AESZipFile(source) as package:
		package.setpassword(passphrase.encode())
		for entry in package.infolist():
			yield entry.filename, package.read(entry)


def open_package(source: Path | IO[bytes], passphrase: str, target: IO[bytes]) -> None:
	"""Write the package anew without encryption, for a device that opens no encrypted one.

	Raises RuntimeError for a wrong passphrase or a package that was changed.
	"""
	with pyzipper.AESZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as plain:
		package.setpassword(passphrase.encode())
		for entry in package.infolist():
			with (
				package.open(entry) as taken,
				plain.open(zipfile.ZipInfo(entry.filename, _DAY), "w") as place,
			):
				shutil.copyfileobj(taken, place, CHUNK)
