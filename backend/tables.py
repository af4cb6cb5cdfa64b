"""All tables in one import, for Alembic and for tests."""

from __future__ import annotations

from backend.accounts.tables import User
from backend.analyses.tables import Analysis
from backend.audit.tables import AuditEntry
from backend.cohorts.tables import Cohort
from backend.comparisons.tables import Comparison
from backend.consensus.tables import Consensus
from backend.detections.tables import Detection
from backend.dimse.tables import DicomTitle
from backend.jobs.tables import Job
from backend.kit.db import Base
from backend.labels.tables import Structure
from backend.monailabel.tables import GivenLabel
from backend.projects.tables import Project
from backend.readings.tables import ReaderStudy
from backend.studies.tables import Study
from backend.training.tables import NetworkVersion
from backend.webhooks.tables import Webhook

__all__ = [
    "Analysis",
    "AuditEntry",
    "Base",
    "Cohort",
    "Comparison",
    "Consensus",
    "Detection",
    "DicomTitle",
    "GivenLabel",
    "Job",
    "NetworkVersion",
    "Project",
    "ReaderStudy",
    "Structure",
    "Study",
    "User",
    "Webhook",
]
