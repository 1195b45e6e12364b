"""Sealing of PDF files: normalise, prepare, seal, validate, report. Plain Python, no Frappe.

The order that keeps every signature valid: `normalise` an upload, `prepare` it once (signature page and all
fields), `certify` with the house seal, `append_signature` per signer in any order, `close`. Import from the
modules; this package imports nothing itself, so that the child processes that read foreign files start fast.
"""

# The house's own two signature fields in every prepared document.
SEAL_FIELD = "Seal"
CLOSING_FIELD = "Closing"
# PAdES baseline levels, lowest first (ETSI EN 319 142-1, 6).
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
