"""Who signs beside the person who fills the form in."""

from signflow.signflow.rows import ParentsRow


class SignableFormSigner(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		email: DF.Data | None
		kind: DF.Literal["Fixed", "From the Form", "Added by the Person"]
		most: DF.Int
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		required: DF.Check
		signer_name: DF.Data | None
		signing_order: DF.Int

	# end: auto-generated types
	pass
