"""Refusals of the core in the reader's language."""

from frappe import _

from signflow.core.errors import SignflowError


def message_of(refusal: SignflowError) -> str:
	"""The refusal's text in the reader's language."""
	text = _(refusal.template)
	return text.format(**refusal.params) if refusal.params else text
