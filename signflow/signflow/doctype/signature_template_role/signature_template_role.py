"""A place for a signer in a template."""

from signflow.signflow.rows import ParentsRow


class SignatureTemplateRole(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		box_anchor: DF.Data | None
		email: DF.Data | None
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		represents: DF.Data | None
		required_level: DF.Literal["mail_code"]
		role: DF.Data
		signer_name: DF.Data | None
		signing_order: DF.Int

	# end: auto-generated types
	pass
