"""What the full app's set-up leaves on a site and a Customer needs: roots of the trees, a few leaves, one unit."""

import frappe

TREES = {
	"Customer Group": ("All Customer Groups", ("Commercial", "Individual")),
	"Supplier Group": ("All Supplier Groups", ("Services",)),
	"Territory": ("All Territories", ("Rest Of The World",)),
	"Item Group": ("All Item Groups", ("Products", "Services")),
}


def after_install() -> None:
	"""Make the records above; those that exist stay as they are."""
	for doctype, (root, leaves) in TREES.items():
		field = frappe.scrub(doctype)
		_make(doctype, {f"{field}_name": root, "is_group": 1}, root)
		for leaf in leaves:
			_make(doctype, {f"{field}_name": leaf, f"parent_{field}": root}, leaf)
	_make("UOM", {"uom_name": "Nos", "must_be_whole_number": 1}, "Nos")
	_make("Role", {"role_name": "Customer", "desk_access": 0}, "Customer")


def _make(doctype: str, values: dict, name: str) -> None:
	if not frappe.db.exists(doctype, name):
		doc = frappe.get_doc({"doctype": doctype, **values})
		doc.flags.ignore_mandatory = True
		doc.insert(ignore_permissions=True)
