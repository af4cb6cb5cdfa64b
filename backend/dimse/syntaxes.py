"""In which transfer syntax an instance leaves: as it is stored where the peer takes that, else decoded.

What is offered (we call) or agreed to (we are called, C-GET) has one syntax a presentation context, so each
stored syntax has a context of its own beside one of the native syntaxes.  Compressing anew is the last
resort: only where a peer that gets objects by C-GET has put its own syntax before the native ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import cast

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext, build_context

from backend.dicomweb.pixels import encodable, in_syntax
from backend.dimse.network import NATIVE
from backend.kit.storage import storage
from backend.studies.tables import Instance
from rt.dicom.kinds import COMPRESSED_SYNTAXES, CROSS_SECTIONS, EXPLICIT_LITTLE_ENDIAN
from rt.dicom.parse import read_stored
from rt.dicom.transcode import ENCODED_SYNTAXES
from rt.errors import DicomUnsupported

MAX_OFFERS = 126
"""An association has at most 128 presentation contexts (PS3.8 9.3.2.2); one is for storage commitment."""
Taken = Mapping[str, Collection[str]]
"""Transfer syntaxes in which a peer takes objects from us, by SOP class."""


def kind_of(instance: Instance) -> tuple[str, str]:
    """SOP class and stored transfer syntax."""
    return instance.sop_class_uid, instance.transfer_syntax_uid


def offers(kinds: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """Presentation contexts for objects of these SOP classes and stored transfer syntaxes."""
    there = sorted(set(kinds))
    native = [build_context(one, NATIVE) for one in sorted({sop_class for sop_class, _ in there})]
    stored = [
        build_context(sop_class, [syntax]) for sop_class, syntax in there if syntax in COMPRESSED_SYNTAXES
    ]
    return [*native, *stored][:MAX_OFFERS]


def taken_by(association: Association) -> dict[str, list[str]]:
    """What was agreed upon, of that which we may send."""
    taken: dict[str, list[str]] = {}
    for context in association.accepted_contexts:
        if context.as_scu:
            taken.setdefault(str(context.abstract_syntax), []).append(str(context.transfer_syntax[0]))
    return taken


def wishes(association: Association) -> dict[str, list[str]]:
    """The caller's transfer syntaxes, in its order, of each SOP class that it wants to be sent (C-GET)."""
    asked = cast(A_ASSOCIATE, association.requestor.primitive)
    roles = association.requestor.role_selection
    wished: dict[str, list[str]] = {}
    for context in asked.presentation_context_definition_list:
        role = roles.get(context.abstract_syntax) if context.abstract_syntax else None
        if role is not None and role.scp_role:
            syntaxes = [str(syntax) for syntax in context.transfer_syntax]
            wished.setdefault(str(context.abstract_syntax), []).extend(syntaxes)
    return wished


def agreed_first(sop_class: str, wished: Iterable[str]) -> list[str]:
    """Of the wished syntaxes those in which every object of the class can leave, in the caller's order."""
    written = {*NATIVE, *ENCODED_SYNTAXES} if sop_class in CROSS_SECTIONS else {*NATIVE}
    return [syntax for syntax in dict.fromkeys(wished) if syntax in written]


def leaving_syntax(instance: Instance, taken: Collection[str]) -> str:
    """The syntax to send an instance in; DicomUnsupported where it can be had in none that the peer takes."""
    if instance.transfer_syntax_uid in taken:
        return instance.transfer_syntax_uid
    if any(syntax in taken for syntax in NATIVE):
        is_native = instance.transfer_syntax_uid in NATIVE  # pynetdicom turns one of them into the other
        return instance.transfer_syntax_uid if is_native else EXPLICIT_LITTLE_ENDIAN
    for syntax in encodable(instance):
        if syntax in taken:
            return syntax
    raise DicomUnsupported("the peer takes this object in no transfer syntax that it can be had in")


def leaving(instance: Instance, taken: Taken) -> Dataset:
    """An instance as a peer takes it; an AppError or RtError where it cannot be read or written so."""
    syntax = leaving_syntax(instance, taken.get(instance.sop_class_uid, ()))
    if syntax == instance.transfer_syntax_uid:
        return read_stored(storage().get(instance.sha256))
    return read_stored(in_syntax(instance, syntax)[1])
