"""The package in which a person gets her data: only the passphrase opens it, and its directory names nobody."""

import io
import zipfile
from pathlib import Path

import pytest
import pyzipper

from signflow.core.privacy.export_package import neutral_name, new_passphrase, open_package, write_package

PAGE = b"<h1>Maija Meri</h1>"


def packed(folder: Path, passphrase: str) -> Path:
	original = folder / "maija-meri-sopimus.pdf"
	original.write_bytes(b"%PDF-" + bytes(range(256)) * 9000)
	target = folder / "package.zip"
	sha256, size = write_package(
		target, passphrase, [("index.html", PAGE), (neutral_name(1, original.name), original)]
	)
	assert len(sha256) == 64 and size == target.stat().st_size
	return target


def test_only_the_passphrase_opens_it(tmp_path: Path) -> None:
	passphrase = new_passphrase()
	with pyzipper.AESZipFile(packed(tmp_path, passphrase)) as package:
		with pytest.raises(RuntimeError):
			package.read("index.html", pwd=new_passphrase().encode())
		assert package.read("index.html", pwd=passphrase.encode()) == PAGE
		assert len(package.read("files/0001.pdf", pwd=passphrase.encode())) == 5 + 256 * 9000
		entries = package.infolist()
	# AE-2 with 256 bits, and no checksum of the bytes in clear.
	assert {(one.wz_aes_version, one.wz_aes_strength, one.CRC) for one in entries} == {(2, 3, 0)}


def test_the_directory_tells_nothing(tmp_path: Path) -> None:
	data = packed(tmp_path, new_passphrase()).read_bytes()
	assert b"maija" not in data.lower() and b"Meri" not in data
	assert neutral_name(12, "Maija Meri.PDF") == "files/0012.pdf"
	assert neutral_name(3, "..maija") == "files/0003"
	assert neutral_name(4, "x.maija meri") == "files/0004"


def test_opened_for_a_device_that_cannot(tmp_path: Path) -> None:
	passphrase = new_passphrase()
	target = packed(tmp_path, passphrase)
	plain = io.BytesIO()
	open_package(target, passphrase, plain)
	with zipfile.ZipFile(plain) as package:
		assert package.testzip() is None
		assert package.read("index.html") == PAGE
	with pytest.raises(RuntimeError):
		open_package(target, new_passphrase(), io.BytesIO())


def test_a_changed_package_does_not_open(tmp_path: Path) -> None:
	passphrase = new_passphrase()
	target = packed(tmp_path, passphrase)
	data = bytearray(target.read_bytes())
	data[70] ^= 1
	target.write_bytes(bytes(data))
	with pytest.raises((RuntimeError, zipfile.BadZipFile, pyzipper.BadZipFile)):
		open_package(target, passphrase, io.BytesIO())


def test_passphrases_can_be_typed_and_never_come_twice() -> None:
	made = {new_passphrase() for _ in range(500)}
	assert len(made) == 500
	assert all(len(one) == 29 and not set(one) & set("01ilo") for one in made)
