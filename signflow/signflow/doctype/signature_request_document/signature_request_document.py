"""One document of a signature request."""

from signflow.signflow.rows import ParentsRow


class SignatureRequestDocument(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		certified_sha256: DF.Data | None
		file: DF.Attach
		foreign_fields: DF.SmallText | None
		foreign_signatures: DF.SmallText | None
		pages: DF.Int
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		source_sha256: DF.Data | None
		title: DF.Data

	# end: auto-generated types
	pass
