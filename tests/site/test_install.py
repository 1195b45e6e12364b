"""Install refuses what cannot work and says what is missing; uninstall leaves nothing behind. All rolled back
where the database can: making and dropping fields cannot, and is put back."""

from collections.abc import Iterator
from pathlib import Path

import frappe
import pytest
from forms import a_signable_form
from house import House, for_writing

from signflow import custom_fields, install, uninstall
from signflow.patches import no_index_of_telephones as patch
from signflow.signflow.roles import OFFICER


@pytest.fixture(autouse=True)
def rolled_back(site: str) -> Iterator[None]:
	frappe.set_user("Administrator")
	frappe.local.lang = "en"
	frappe.db.commit()
	yield
	frappe.db.rollback()
	frappe.clear_cache()


def test_a_site_where_another_app_owns_a_name_of_ours_is_refused() -> None:
	install.before_install()
	frappe.db.set_value("DocType", "Signature Event", "module", "Core")
	with pytest.raises(frappe.ValidationError, match=r"Signature Event \(Core\)"):
		install.before_install()


def test_install_knows_all_our_doctypes() -> None:
	ours = frappe.get_all("DocType", filters={"module": ["in", install.MODULES]}, pluck="name")
	assert sorted(ours) == sorted(install.own_doctypes())


def test_roles_are_made_and_taken_away() -> None:
	frappe.get_doc(
		{
			"doctype": "Custom DocPerm",
			"parent": "Customer",
			"role": "Signflow User",
			"permlevel": 0,
			"read": 1,
		}
	).insert(ignore_permissions=True)
	uninstall.before_uninstall()
	for role in install.ROLES:
		assert not frappe.db.exists("Role", role)
		for table in ("Has Role", "DocPerm", "Custom DocPerm"):
			assert not frappe.db.exists(table, {"role": role}), table
	for doctype in ("Custom Field", "Property Setter"):
		assert not frappe.db.exists(doctype, {"module": ["in", install.MODULES]})
	install.make_roles()
	assert all(frappe.db.exists("Role", role) for role in install.ROLES)


def test_officers_rights_of_companies_come_and_go() -> None:
	"""Whoever has no other role chooses a company by name; uninstall leaves the standard rights as they were."""
	install.let_officers_choose_companies()
	install.let_officers_choose_companies()
	(right,) = frappe.get_all("Custom DocPerm", {"parent": "Company", "role": OFFICER}, ["*"])
	assert right.select and not (right.read or right.write or right.export or right.report)
	standard = set(frappe.get_all("DocPerm", {"parent": "Company"}, pluck="role"))
	assert standard <= set(frappe.get_all("Custom DocPerm", {"parent": "Company"}, pluck="role"))
	uninstall.give_back_rights_of_companies()
	assert not frappe.db.exists("Custom DocPerm", {"parent": "Company"})
	# What the house has changed itself stays.
	install.let_officers_choose_companies()
	changed = frappe.get_all("Custom DocPerm", {"parent": "Company", "role": "Sales User"}, pluck="name")
	frappe.db.set_value("Custom DocPerm", changed[0], "write", 1)
	uninstall.give_back_rights_of_companies()
	assert frappe.db.get_value("Custom DocPerm", changed[0], "write") == 1
	assert not frappe.db.exists("Custom DocPerm", {"parent": "Company", "role": OFFICER})


def test_fields_and_columns_come_and_go_with_all_that_they_held() -> None:
	breaks = ("_section", "_column")
	ours = [name for name in custom_fields.columns_of()["Contact"] if not name.endswith(breaks)]
	contact = frappe.get_doc({"doctype": "Contact", "first_name": "Tunnistettu"})
	contact.flags.signflow = True
	contact.update({"signflow_identified_level": "high", "signflow_identity_hmac": "abc"})
	contact.insert()
	custom_fields.make()
	custom_fields.remove()
	assert not frappe.db.exists("Custom Field", {"fieldname": ["in", ours]})
	assert not frappe.get_meta("Contact").get_field("signflow_identity_hmac")
	assert (
		frappe.db.sql("select count(*) from `tabContact` where signflow_identity_hmac is not null")[0][0] == 0
	)
	custom_fields.drop_columns()
	assert not {column for column in frappe.db.get_table_columns("Contact") if column.startswith("signflow")}
	frappe.get_doc({"doctype": "Contact", "first_name": "Ilman"}).insert()
	custom_fields.drop_columns()
	custom_fields.make()
	custom_fields.make()
	assert set(ours) <= set(frappe.db.get_table_columns("Contact"))
	assert len(frappe.get_all("Custom Field", {"dt": "Contact", "fieldname": ["in", ours]})) == len(ours)
	frappe.delete_doc("Contact", contact.name)
	frappe.db.commit()


def test_an_index_that_older_versions_made_goes() -> None:
	def there() -> bool:
		return bool(frappe.db.has_index("tabContact Phone", custom_fields.index_name(*patch.INDEX)))

	assert not there()
	custom_fields._make_index(*patch.INDEX)
	assert there()
	patch.execute()
	patch.execute()
	wish = {"doc_type": "Contact Phone", "field_name": "phone", "property": "search_index"}
	assert not there() and not frappe.db.exists("Property Setter", wish)
	custom_fields.make_property_setter("Contact Phone", "phone", "search_index", "1", "Check")
	patch.execute()
	assert frappe.db.exists("Property Setter", wish)
	frappe.db.delete("Property Setter", wish)
	frappe.clear_cache(doctype="Contact Phone")
	frappe.db.commit()


def test_indexes_come_and_go_and_others_stay() -> None:
	def there() -> list[bool]:
		return [
			bool(frappe.db.has_index(f"tab{doctype}", custom_fields.index_name(doctype, column)))
			for doctype, column in custom_fields.INDEXED
		]

	marks = {"property": "search_index", "module": ["in", install.MODULES]}
	assert there() == [True] and frappe.db.count("Property Setter", marks) == 1
	custom_fields.remove()
	custom_fields.drop_indexes()
	custom_fields.drop_columns()
	assert there() == [False] and not frappe.db.count("Property Setter", marks)
	# Somebody's own wish for an index is no business of ours.
	custom_fields.make_property_setter("Contact Email", "email_id", "search_index", "1", "Check")
	custom_fields.make()
	custom_fields.make()
	assert there() == [False]
	custom_fields.remove()
	assert frappe.db.exists("Property Setter", {"doc_type": "Contact Email", "property": "search_index"})
	frappe.db.delete("Property Setter", {"doc_type": "Contact Email", "property": "search_index"})
	frappe.clear_cache(doctype="Contact Email")
	custom_fields.make()
	assert there() == [True]
	if frappe.db.db_type == "mariadb":
		# A change of the table, as a migration makes it, leaves them.
		frappe.db.updatedb("Contact Email")
		assert there() == [True]
	frappe.db.commit()


def test_counters_are_taken_away() -> None:
	series = frappe.qb.Table("tabSeries")
	uninstall.remove_counters()
	assert not frappe.qb.from_(series).where(series.name.like("signflow%")).select(series.name).run()


def test_webhooks_and_exports_are_taken_away() -> None:
	frappe.get_doc(
		{
			"doctype": "Webhook",
			"webhook_doctype": "Form Submission",
			"webhook_docevent": "on_update",
			"request_url": "https://www.example.com/signed",
			"request_method": "POST",
		}
	).insert(set_name="Ours")
	uninstall.remove_webhooks()
	assert not frappe.db.exists("Webhook", {"webhook_doctype": "Form Submission"})
	left = Path(frappe.get_site_path("private", "files", f"signflow-export-{'0' * 32}.zip"))
	left.write_bytes(b"PK")
	uninstall.remove_exports()
	assert not left.exists()


def test_what_a_site_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
	frappe.db.set_value("Email Account", {"default_outgoing": 1}, "default_outgoing", 0)
	monkeypatch.setitem(frappe.local.conf, "block_endpoints", 1)
	monkeypatch.setitem(frappe.local.conf, "allowed_custom_endpoints", ["other."])
	problems = install.check_site()
	assert any("allowed_custom_endpoints" in problem and "signflow." in problem for problem in problems)
	assert any("Email Account" in problem for problem in problems)
	monkeypatch.setitem(frappe.local.conf, "allowed_custom_endpoints", ["other.", "signflow."])
	assert not any("allowed_custom_endpoints" in problem for problem in install.check_site())


def test_bound_forms_leave_the_web_with_us(house: House) -> None:
	"""Without us their page would take answers that nobody signs."""
	form = a_signable_form(house)
	for_writing()
	uninstall.close_forms()
	published = frappe.db.get_value("Web Form", form.web_form, "published")
	frappe.db.rollback()
	assert not published
