"""One record of a copy of personal data, and whether and how far the person gets it."""

from signflow.signflow_privacy.doctype.personal_data_export.personal_data_export import MadeByItsRequest


class PersonalDataExportItem(MadeByItsRequest):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		because: DF.LongText | None
		decided_by: DF.Link | None
		export: DF.Link
		included: DF.Check
		kind: DF.Data | None
		original_sha256: DF.Data | None
		place: DF.Int
		reason: DF.SmallText | None
		record_doctype: DF.Link | None
		record_name: DF.DynamicLink | None
		redacted_file: DF.Data | None
		redacted_name: DF.Data | None
		redacted_sha256: DF.Data | None
		strength: DF.Literal["CERTAIN", "SHARED", "TRACE", "POSSIBLE"]
		title: DF.Data | None
		whole: DF.Check
		withheld_fields: DF.LongText | None
		withheld_texts: DF.LongText | None

	# end: auto-generated types
	pass
