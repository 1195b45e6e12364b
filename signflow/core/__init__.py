"""The trade itself: sealing, evidence, identity and the flow of a request. Plain Python, imports no frappe."""
