"""Where an answer goes when a Lead or a Customer is made."""

from signflow.signflow.rows import ParentsRow


class SignableFormMapping(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		merge: DF.Literal["Keep", "Replace"]
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		target: DF.Literal["Lead", "Customer", "Contact", "Address", "Contract"]
		target_field: DF.Data
		value: DF.Data

	# end: auto-generated types
	pass
