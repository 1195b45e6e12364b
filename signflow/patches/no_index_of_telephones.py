"""Take the index of Contact Phone away: telephones are found by a pattern, which it does not serve."""

from signflow import custom_fields

INDEX = ("Contact Phone", "phone")


def execute():
	custom_fields.unmark(*INDEX)
	custom_fields.drop_indexes((INDEX,))
