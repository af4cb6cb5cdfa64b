"""Cohorts of patients with variables, endpoints, splits and features."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There were none yet."""
    op.create_table(
        "cohorts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("split", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_cohorts_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohorts")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_cohorts_project_id_name")),
    )
    op.create_table(
        "radiomics_extractions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("undefined", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_radiomics_extractions_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_radiomics_extractions")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_radiomics_extractions_project_id_key")),
    )
    op.create_table(
        "cohort_patients",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cohort_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=True),
        sa.CheckConstraint("role IN ('train','test')", name=op.f("ck_cohort_patients_role")),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.id"],
            name=op.f("fk_cohort_patients_cohort_id_cohorts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_patients")),
        sa.UniqueConstraint("cohort_id", "patient_id", name=op.f("uq_cohort_patients_cohort_id_patient_id")),
    )
    op.create_table(
        "cohort_tables",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cohort_id", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("encoding", sa.String(length=16), nullable=False),
        sa.Column("separator", sa.String(length=1), nullable=False),
        sa.Column("dictionary", sa.JSON(), nullable=False),
        sa.Column("patients", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_by_name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_cohort_tables_cohort_id_cohorts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_tables")),
        sa.UniqueConstraint("cohort_id", "file_name", name=op.f("uq_cohort_tables_cohort_id_file_name")),
    )
    op.create_table(
        "feature_sets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cohort_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("structure", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("preset", sa.String(length=64), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("settings_digest", sa.String(length=64), nullable=False),
        sa.Column("perturbations", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("icc", sa.JSON(), nullable=False),
        sa.Column("job_ids", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("modality IN ('CT','MR','PT','RTDOSE')", name=op.f("ck_feature_sets_modality")),
        sa.CheckConstraint("source IN ('approved','latest','ai')", name=op.f("ck_feature_sets_source")),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_feature_sets_cohort_id_cohorts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_sets")),
        sa.UniqueConstraint("cohort_id", "name", name=op.f("uq_feature_sets_cohort_id_name")),
    )
    op.create_table(
        "cohort_columns",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cohort_id", sa.String(length=36), nullable=False),
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("header", sa.String(length=255), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('number','category')", name=op.f("ck_cohort_columns_kind")),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.id"],
            name=op.f("fk_cohort_columns_cohort_id_cohorts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["cohort_tables.id"],
            name=op.f("fk_cohort_columns_table_id_cohort_tables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_columns")),
        sa.UniqueConstraint("cohort_id", "name", name=op.f("uq_cohort_columns_cohort_id_name")),
    )
    op.create_index(op.f("ix_cohort_columns_table_id"), "cohort_columns", ["table_id"])
    op.create_table(
        "cohort_endpoints",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cohort_id", sa.String(length=36), nullable=False),
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('binary','survival')", name=op.f("ck_cohort_endpoints_kind")),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.id"],
            name=op.f("fk_cohort_endpoints_cohort_id_cohorts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["cohort_tables.id"],
            name=op.f("fk_cohort_endpoints_table_id_cohort_tables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_endpoints")),
        sa.UniqueConstraint("cohort_id", "name", name=op.f("uq_cohort_endpoints_cohort_id_name")),
    )
    op.create_index(op.f("ix_cohort_endpoints_table_id"), "cohort_endpoints", ["table_id"])
    op.create_table(
        "feature_rows",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("feature_set_id", sa.String(length=36), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=True),
        sa.Column("extraction_id", sa.String(length=36), nullable=True),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.String(length=36), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting','done','failed')", name=op.f("ck_feature_rows_state")),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["radiomics_extractions.id"],
            name=op.f("fk_feature_rows_extraction_id_radiomics_extractions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["feature_set_id"],
            ["feature_sets.id"],
            name=op.f("fk_feature_rows_feature_set_id_feature_sets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_rows")),
        sa.UniqueConstraint(
            "feature_set_id", "patient_id", name=op.f("uq_feature_rows_feature_set_id_patient_id")
        ),
    )
    op.create_index(op.f("ix_feature_rows_extraction_id"), "feature_rows", ["extraction_id"])


def downgrade() -> None:
    """All of them are lost."""
    op.drop_index(op.f("ix_feature_rows_extraction_id"), "feature_rows")
    op.drop_table("feature_rows")
    op.drop_index(op.f("ix_cohort_endpoints_table_id"), "cohort_endpoints")
    op.drop_table("cohort_endpoints")
    op.drop_index(op.f("ix_cohort_columns_table_id"), "cohort_columns")
    op.drop_table("cohort_columns")
    op.drop_table("feature_sets")
    op.drop_table("cohort_tables")
    op.drop_table("cohort_patients")
    op.drop_table("radiomics_extractions")
    op.drop_table("cohorts")
