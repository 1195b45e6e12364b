"""A time-stamp authority (RFC 3161) that signflow asks."""

from signflow.signflow.rows import ParentsRow


class TimestampAuthority(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		enabled: DF.Check
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		password: DF.Password | None
		url: DF.Data
		username: DF.Data | None

	# end: auto-generated types
	pass
