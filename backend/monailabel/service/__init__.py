"""MONAI Label's words for what Rinkaku has; what the router may call."""

from __future__ import annotations

from backend.monailabel.service.datastore import (
    datastore,
    datastore_counts,
    image_file,
    image_info,
    label_file,
    label_info,
    next_sample,
    training_pairs,
)
from backend.monailabel.service.describing import info, log_lines, model_file, model_info
from backend.monailabel.service.inferring import (
    Drawing,
    Progress,
    Wanted,
    begin_drawing,
    dicom_seg_of,
    drawing,
    drawing_progress,
    label_map_of,
    multipart,
)
from backend.monailabel.service.runs import newest_training, start_training, stop_training
from backend.monailabel.service.saving import (
    Sent,
    delete_label,
    json_object,
    save_label,
    update_label,
    upload_image,
)
from backend.monailabel.service.scope import File, Scope, check, project_of

__all__ = [
    "Drawing",
    "File",
    "Progress",
    "Scope",
    "Sent",
    "Wanted",
    "begin_drawing",
    "check",
    "datastore",
    "datastore_counts",
    "delete_label",
    "dicom_seg_of",
    "drawing",
    "drawing_progress",
    "image_file",
    "image_info",
    "info",
    "json_object",
    "label_file",
    "label_info",
    "label_map_of",
    "log_lines",
    "model_file",
    "model_info",
    "multipart",
    "newest_training",
    "next_sample",
    "project_of",
    "save_label",
    "start_training",
    "stop_training",
    "training_pairs",
    "update_label",
    "upload_image",
]
