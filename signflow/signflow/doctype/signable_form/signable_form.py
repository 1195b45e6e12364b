"""A web form whose answers are signed before they become a record."""

from frappe.model.document import Document


class SignableForm(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		from signflow.signflow.doctype.signable_form_mapping.signable_form_mapping import (
			SignableFormMapping,
		)
		from signflow.signflow.doctype.signable_form_signer.signable_form_signer import SignableFormSigner

		accent_color: DF.Color | None
		button_label: DF.Data | None
		closes_on: DF.Datetime | None
		company: DF.Link
		consumer_contract: DF.Check
		creates: DF.Literal["", "Lead", "Customer"]
		creates_contract: DF.Check
		delivery_addresses: DF.SmallText | None
		doc_type: DF.Link | None
		embedding_domains: DF.SmallText | None
		expire_after_days: DF.Int
		keep_answers_days: DF.Int
		language: DF.Literal["", "fi", "sv", "en"]
		logo: DF.AttachImage | None
		mapping: DF.Table[SignableFormMapping]
		max_per_day: DF.Int
		max_submissions: DF.Int
		opens_on: DF.Datetime | None
		required_level: DF.Literal["mail_code"]
		responsible: DF.Link
		signer_email_field: DF.Data
		signer_name_field: DF.Data
		signers: DF.Table[SignableFormSigner]
		status: DF.Literal["Open", "Closed"]
		success_url: DF.Data | None
		template: DF.Link | None
		title: DF.Data
		web_form: DF.Link
		withdrawal_days: DF.Int

	# end: auto-generated types
	pass
