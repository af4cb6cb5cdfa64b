"""Tell a peer which of its instances are kept here, as it has asked by storage commitment."""

from __future__ import annotations

from typing import Any

from backend.dimse.commitment import judged
from backend.dimse.errors import PeerUnreachable
from backend.dimse.sending import Line, report
from backend.dimse.service import named_peer
from workers.calling import MAX_TRIES, delay_s
from workers.runtime import JobContext, job


@job("report-commitment", queue="cpu")
def report_commitment(context: JobContext) -> dict[str, Any]:
    """How many instances are kept and how many are not; put back until later while the peer is away."""
    asked = context.parameters
    project_id = context.claim.project_id or ""
    instances = [(str(sop_class), str(uid)) for sop_class, uid in asked["instances"]]
    with context.session(read_only=True) as session:
        peer = named_peer(session, project_id, asked["peer"])
        event_type, information = judged(session, project_id, asked["transaction_uid"], instances)
    kept = len(information.get("ReferencedSOPSequence") or [])
    result = {"kept": kept, "not_kept": len(instances) - kept}
    try:
        report(Line(asked["calling"], peer.title, peer.host, peer.port, peer.tls), event_type, information)
    except PeerUnreachable as away:
        tries = (context.claim.attempt - 1) % MAX_TRIES  # a person may have begun anew
        if tries + 1 == MAX_TRIES:
            raise
        context.log("peer-said", problem=away.detail)
        return context.postpone(delay_s(tries), result)
    return result
