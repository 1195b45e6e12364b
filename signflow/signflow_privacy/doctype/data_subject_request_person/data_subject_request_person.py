"""A record that is the person who asks: proposed with its reason, confirmed by an officer."""

from signflow.signflow.rows import ParentsRow


class DataSubjectRequestPerson(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		because: DF.SmallText | None
		confirmed: DF.Check
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		record_doctype: DF.Link
		record_name: DF.DynamicLink
		strength: DF.Literal["", "Certain", "Shared", "Possible", "Chosen"]

	# end: auto-generated types
	pass
