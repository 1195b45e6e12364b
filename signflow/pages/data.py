"""The texts of the page /privacy/data, as `signflow.pages.texts` has those of the others."""

from collections.abc import Callable

from signflow.pages.texts import visit_texts

__all__ = ["data_texts"]


def data_texts(_: Callable[[str], str]) -> dict[str, str]:
	return {
		**visit_texts(_),
		"about": _("{company} has made a copy of the data that it holds about you (request {number})."),
		"records_one": _("{count} record"),
		"records_many": _("{count} records"),
		"files_one": _("{count} file"),
		"files_many": _("{count} files"),
		"until": _("You can fetch it here until {date}. After that it is deleted."),
		"copy": _("Copy the passphrase"),
		"copied": _("The passphrase is copied."),
		"not_copied": _("Your browser does not copy it. Mark the passphrase and copy it by hand."),
		"fetching": _("Fetching…"),
		"unencrypted": _("unencrypted"),
		"fetched": _("Your data is saved on your device."),
	}
