"""The organisation's key and certificate that seal documents."""

from __future__ import annotations

import base64
from collections.abc import Callable

import frappe
from frappe import _
from frappe.model.document import Document

from signflow.core.errors import SignflowError
from signflow.core.pdf.keys import SealKey
from signflow.signflow.refusals import message_of
from signflow.signflow.uploads import attached, bytes_of


class SealingKey(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		certificate_pem: DF.LongText | None
		certificates: DF.LongText | None
		chain_pem: DF.LongText | None
		company: DF.Link
		enabled: DF.Check
		fingerprint: DF.Data | None
		is_test: DF.Check
		issuer: DF.Data | None
		key_label: DF.Data | None
		kind: DF.Literal["PKCS#12 file", "PKCS#11 token"]
		naming_series: DF.Literal["SEAL-.#####"]
		not_after: DF.Datetime | None
		not_before: DF.Datetime | None
		passphrase: DF.Password | None
		pin: DF.Password | None
		pkcs12: DF.Password | None
		subject: DF.Data | None
		token_label: DF.Data | None
		upload: DF.Attach | None

	# end: auto-generated types
	def before_validate(self):
		if self.kind == "PKCS#11 token":
			if self.is_new():
				self._describe(lambda: open_token(self, self.pin or ""))
			return
		data = self.flags.pkcs12 or self._read_upload()
		if data:
			self._take(data)
		elif self.is_new():
			frappe.throw(_("Attach the PKCS#12 file (.p12 or .pfx) of the seal."))

	def on_update(self):
		if self.flags.upload:
			frappe.delete_doc("File", self.flags.upload, ignore_permissions=True, force=True)

	def on_trash(self):
		if frappe.db.exists("Signature Request", {"sealing_key": self.name}):
			frappe.throw(_("This key has sealed documents. Disable it instead of deleting it."))

	def get_password(self, fieldname: str = "password", raise_exception: bool = True):
		"""The key and its pass-phrase, for sealing alone: Frappe hands passwords to System Managers by its API."""
		if not self.flags.for_sealing:
			frappe.throw(_("The key of a seal does not leave this server."), frappe.PermissionError)
		return super().get_password(fieldname, raise_exception)

	def _read_upload(self) -> bytes | None:
		if not self.upload:
			return None
		file = attached(self.upload)
		self.flags.upload = file.name
		self.upload = None
		return bytes_of(file)

	def _take(self, data: bytes) -> None:
		if not self.is_new() and self.fingerprint:
			frappe.throw(_("A sealing key is never exchanged. Make a new one and disable this."))
		self._describe(lambda: SealKey.from_pkcs12(data, self.passphrase or None))
		self.pkcs12 = base64.b64encode(data).decode()

	def _describe(self, opened: Callable[[], SealKey]) -> None:
		"""Say what the key is, once it has shown that it can seal."""
		try:
			key = opened()
		except SignflowError as refusal:
			frappe.throw(message_of(refusal), title=_("The seal cannot be used"))
		self.subject, self.issuer, self.fingerprint = key.subject, key.issuer, key.fingerprint
		self.not_before = key.not_before.replace(tzinfo=None)
		self.not_after = key.not_after.replace(tzinfo=None)
		self.certificate_pem, self.chain_pem = key.certificate_pem, key.chain_pem
		self.is_test = int(key.self_signed)


def open_token(doc: SealingKey, pin: str) -> SealKey:
	"""The key that `doc` names in its token. The library is named by the server's own configuration alone: whoever
	names one has it run in this process.
	"""
	module = frappe.conf.signflow_pkcs11_module
	if not module:
		frappe.throw(_("No PKCS#11 library is set: signflow_pkcs11_module in site_config.json."))
	return SealKey.from_token(
		module, doc.token_label, doc.key_label, pin, certificates_pem=doc.certificates or None
	)
