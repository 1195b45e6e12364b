"""A privacy notice in one language."""

from signflow.signflow.rows import ParentsRow


class PrivacyNoticeText(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		body: DF.MarkdownEditor
		language: DF.Literal["fi", "sv", "en"]
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		title: DF.Data

	# end: auto-generated types
	pass
