"""Where backups lie beside the site's own folder, as the site's keeper says."""

from signflow.signflow.rows import ParentsRow


class BackupPlace(ParentsRow):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		keeping_days: DF.Int
		kind: DF.Literal["Other", "Server Snapshot", "Amazon S3", "Dropbox", "Google Drive"]
		parent: DF.Data
		parentfield: DF.Data
		parenttype: DF.Data
		place: DF.Data

	# end: auto-generated types

	pass
