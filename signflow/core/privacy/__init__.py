"""Privacy as a trade: what a field holds, what a text gives away, what the law's periods come to. No Frappe."""
