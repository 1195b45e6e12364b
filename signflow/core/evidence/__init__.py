"""Evidence of what happened to a request: canonical JSON, commitments, the chain of events, the sealed bundle.

From a shell, without any site: `python -m signflow.core.evidence verify evidence.json --seal seal.pem`.
"""

from signflow.core.evidence.bundle import (
	BundleVerdict,
	Summary,
	build_bundle,
	pdf_problems,
	render_bundle,
	verify_bundle,
)
from signflow.core.evidence.canonical import JSON, canonical_json, load
from signflow.core.evidence.chain import (
	BuiltEvent,
	ChainVerdict,
	RowVerdict,
	StoredEvent,
	build_event,
	event_hash,
	event_time,
	verify_chain,
)
from signflow.core.evidence.commitment import check, commit, new_salt
from signflow.core.evidence.kinds import EVENT_KINDS, EventKind
from signflow.core.evidence.sealer import Sealer

__all__ = [
	"EVENT_KINDS",
	"JSON",
	"BuiltEvent",
	"BundleVerdict",
	"ChainVerdict",
	"EventKind",
	"RowVerdict",
	"Sealer",
	"StoredEvent",
	"Summary",
	"build_bundle",
	"build_event",
	"canonical_json",
	"check",
	"commit",
	"event_hash",
	"event_time",
	"load",
	"new_salt",
	"pdf_problems",
	"render_bundle",
	"verify_bundle",
	"verify_chain",
]
