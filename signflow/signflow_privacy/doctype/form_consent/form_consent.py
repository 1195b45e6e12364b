"""Which check box of a Web Form is the answer to which consent text."""

from signflow.signflow.rows import ParentsRow


class FormConsent(ParentsRow):
	pass
