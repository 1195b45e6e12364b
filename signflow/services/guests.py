"""What a person without an account is told when something cannot be done."""

from typing import Any

# What the public pages speak.
LANGUAGES = ("fi", "sv", "en")


class Refused(Exception):
	"""An answer for a public page: `code` for its script, `text` for its reader, and what else it should know."""

	def __init__(self, code: str, text: str, status: int = 403, **more: Any):
		self.code, self.text, self.status, self.more = code, text, status, more
		super().__init__(code)


def plain(text: object) -> str:
	"""What a stranger typed, without control characters and without what a mail program or a form takes for mark-up."""
	kept = "".join(sign for sign in str(text or "") if sign.isprintable() or sign in "\n\t")
	return kept.replace("<", "‹").replace(">", "›")
