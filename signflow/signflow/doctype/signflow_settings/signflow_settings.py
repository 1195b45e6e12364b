"""Settings of signing."""

from frappe.model.document import Document


class SignflowSettings(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.timestamp_authority.timestamp_authority import TimestampAuthority

		archive_years: DF.Int
		brand_colour: DF.Color | None
		default_language: DF.Literal["fi", "sv", "en"]
		expire_after_days: DF.Int
		logo: DF.AttachImage | None
		max_file_mb: DF.Int
		privacy_contact: DF.Data | None
		privacy_note: DF.SmallText | None
		privacy_url: DF.Data | None
		remind_every_days: DF.Int
		signature_level: DF.Literal["B-B", "B-T", "B-LT", "B-LTA"]
		timestamp_authorities: DF.Table[TimestampAuthority]
		trust_list: DF.Attach | None
		trusted_certificates: DF.LongText | None
	# end: auto-generated types
	pass
