"""Exceptions of the core: a code for programs and a message that a person can act on.

The message is an English template marked with `_` so that it is extracted for translation; services translate
the template and fill in the parameters. Nothing in core ever raises a library's own exception to its caller.
"""

from collections.abc import Mapping
from typing import ClassVar


def _(text: str) -> str:
	"""Mark `text` for extraction; core knows no language, so it comes back unchanged."""
	return text


class SignflowError(Exception):
	"""Something that cannot be done, said so that the reader knows what to do next.

	`code` is stable and for programs (snake_case), `template` is the English text with `{name}` places and
	`params` fills them. `str(error)` is the filled English text.
	"""

	def __init__(self, code: str, template: str, **params: object):
		self.code = code
		self.template = template
		self.params = params
		super().__init__(template.format(**params) if params else template)


class Refused(SignflowError):
	"""A SignflowError whose `code` is one of the keys of `reasons`, the class's texts."""

	reasons: ClassVar[Mapping[str, str]]

	def __init__(self, code: str, **params: object):
		super().__init__(code, self.reasons[code], **params)


def described(error: Exception) -> str:
	"""A library's exception in one line of at most 200 characters: its kind and what it says."""
	return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
