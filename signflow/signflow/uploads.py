"""What a form hands over: files read as they lie on the disk."""

from typing import Any

import frappe


def bytes_of(file: Any) -> bytes:
	"""The bytes of a File as they lie on the disk: Frappe 16's get_content takes many a PDF for a text in cp1250."""
	file.validate_file_url()
	with open(file.get_full_path(), "rb") as stream:
		return stream.read()


def attached(file_url: str) -> Any:
	"""The File at `file_url`, which the user must be allowed to read."""
	file = frappe.get_doc("File", {"file_url": file_url})
	file.check_permission("read")
	return file
