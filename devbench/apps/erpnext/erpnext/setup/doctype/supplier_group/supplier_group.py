from frappe.utils.nestedset import NestedSet


class SupplierGroup(NestedSet):
	nsm_parent_field = "parent_supplier_group"
