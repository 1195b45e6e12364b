"""Whom a processor uses in its turn (GDPR 28(2))."""

from signflow.signflow.rows import ParentsRow


class FurtherProcessor(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		location: DF.Data | None
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		processor_name: DF.Data
		task: DF.Data | None

	# end: auto-generated types
	pass
