"""Issues of a table as they are found: each names row, column and value; the count goes on past the limit."""

from __future__ import annotations

from backend.cohorts.schemas import Issue, IssueSlug

MOST_ISSUES = 1000
"""Listed; the others are counted."""
MOST_SHOWN = 80
"""Characters of a value."""


class Issues:
    """What is wrong with a table, in the order of finding."""

    def __init__(self) -> None:
        self.listed: list[Issue] = []
        self.count = 0

    def add(
        self, slug: IssueSlug, detail: str, row: int | None, column: str | None, value: str | None
    ) -> None:
        """One more; `value` is the cell as it is written."""
        self.count += 1
        if len(self.listed) < MOST_ISSUES:
            shown = None if value is None else value[:MOST_SHOWN]
            self.listed.append(Issue(row=row, column=column, value=shown, slug=slug, detail=detail))
