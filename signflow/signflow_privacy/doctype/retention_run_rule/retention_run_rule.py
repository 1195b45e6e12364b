"""What one run did by one rule."""

from signflow.signflow.rows import ParentsRow


class RetentionRunRule(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		acts: DF.Check
		deleted: DF.Int
		document_type: DF.Data | None
		done: DF.Check
		due: DF.Int
		last_row: DF.Data | None
		linked: DF.Int
		marked: DF.Int
		more_left: DF.Check
		note: DF.SmallText | None
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		protected: DF.Int
		refused: DF.Int
		rule: DF.Link | None
		rule_version: DF.Data | None
		submitted: DF.Int

	# end: auto-generated types
	pass
