"""Reader studies: design, cases with their truth, blinded readings, refused attempts, analyses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to(table: str, column: str, other: str, *, cascade: bool = True) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=name, ondelete="CASCADE" if cascade else None
    )


def upgrade() -> None:
    """Nothing was read yet."""
    _studies()
    _cases()
    _readings()
    _analyses()


def _studies() -> None:
    op.create_table(
        "reader_studies",
        _text("id", 36),
        _text("project_id", 36),
        _text("name", 128),
        _text("description", 2048),
        _text("state", 8),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("washout_days", sa.Double(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        _text("created_by", 36),
        _moment("created_at", nullable=False),
        _moment("opened_at"),
        _moment("closed_at"),
        sa.CheckConstraint("state IN ('draft','open','closed')", name=op.f("ck_reader_studies_state")),
        _to("reader_studies", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_studies")),
    )
    op.create_index(op.f("ix_reader_studies_project_id"), "reader_studies", ["project_id"])
    op.create_table(
        "reader_study_readers",
        _text("reader_study_id", 36),
        _text("user_id", 36),
        _text("code", 8),
        _text("level", 8, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        _to("reader_study_readers", "reader_study_id", "reader_studies"),
        _to("reader_study_readers", "user_id", "users", cascade=False),
        sa.PrimaryKeyConstraint("reader_study_id", "user_id", name=op.f("pk_reader_study_readers")),
    )


def _cases() -> None:
    op.create_table(
        "reader_study_cases",
        _text("id", 36),
        _text("reader_study_id", 36),
        _text("study_row_id", 36),
        _text("series_id", 36),
        _text("code", 8),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("positive", sa.Boolean(), nullable=False),
        sa.Column("lesions", sa.JSON(), nullable=True),
        sa.Column("candidates", sa.JSON(), nullable=False),
        _to("reader_study_cases", "reader_study_id", "reader_studies"),
        _to("reader_study_cases", "study_row_id", "studies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_study_cases")),
        sa.UniqueConstraint(
            "reader_study_id", "study_row_id", name=op.f("uq_reader_study_cases_reader_study_id_study_row_id")
        ),
    )
    op.create_index(op.f("ix_reader_study_cases_reader_study_id"), "reader_study_cases", ["reader_study_id"])


def _readings() -> None:
    op.create_table(
        "case_readings",
        _text("id", 36),
        _text("reader_study_id", 36),
        _text("case_id", 36),
        _text("user_id", 36),
        sa.Column("condition", sa.Integer(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("state", 8),
        _moment("opened_at"),
        _moment("finished_at"),
        _moment("paused_at"),
        _moment("seen_at"),
        sa.Column("paused_s", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('waiting','open','finished')", name=op.f("ck_case_readings_state")),
        sa.CheckConstraint(
            "confidence IS NULL OR (confidence >= 0 AND confidence <= 100)",
            name=op.f("ck_case_readings_confidence"),
        ),
        _to("case_readings", "reader_study_id", "reader_studies"),
        _to("case_readings", "case_id", "reader_study_cases"),
        _to("case_readings", "user_id", "users", cascade=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_readings")),
        sa.UniqueConstraint(
            "case_id", "user_id", "condition", name=op.f("uq_case_readings_case_id_user_id_condition")
        ),
    )
    op.create_index(
        op.f("ix_case_readings_reader_study_id_user_id"), "case_readings", ["reader_study_id", "user_id"]
    )
    op.create_table(
        "blinding_incidents",
        _text("id", 36),
        _text("reader_study_id", 36),
        _text("user_id", 36),
        _text("kind", 16),
        _text("reading_id", 36, nullable=True),
        _moment("at", nullable=False),
        _to("blinding_incidents", "reader_study_id", "reader_studies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blinding_incidents")),
    )
    op.create_index(op.f("ix_blinding_incidents_reader_study_id"), "blinding_incidents", ["reader_study_id"])


def _analyses() -> None:
    op.create_table(
        "reader_analyses",
        _text("id", 36),
        _text("project_id", 36),
        _text("reader_study_id", 36),
        _text("job_id", 36),
        sa.Column("config", sa.JSON(), nullable=False),
        _text("input_sha256", 64),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=True),
        sa.Column("versions", sa.JSON(), nullable=True),
        _text("created_by", 36),
        _moment("created_at", nullable=False),
        _to("reader_analyses", "project_id", "projects"),
        _to("reader_analyses", "reader_study_id", "reader_studies"),
        _to("reader_analyses", "job_id", "jobs", cascade=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_analyses")),
    )
    op.create_index(op.f("ix_reader_analyses_reader_study_id"), "reader_analyses", ["reader_study_id"])


def downgrade() -> None:
    """What was read is lost; the frozen readings go with the sweep."""
    for table in (
        "reader_analyses",
        "blinding_incidents",
        "case_readings",
        "reader_study_cases",
        "reader_study_readers",
        "reader_studies",
    ):
        op.drop_table(table)
