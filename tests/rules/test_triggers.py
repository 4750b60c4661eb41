"""What the database itself refuses is there, on both databases (after the migrations: test_migrations.py)."""

import pytest
from django.db import connection

#: table → its triggers on SQLite and on PostgreSQL
APPEND_ONLY = [
    "issues_attempt", "issues_said", "issues_panelvote", "issues_refusal", "issues_weekreview",
    "cases_event", "voice_review", "voice_moderation", "voice_reply", "voice_exclusion", "voice_check", "voice_indicator",
    "voice_deviceevent", "voice_windowverdict", "voice_visitverdict", "voice_visitexclusion", "catalog_wording",
    "hall_ticketevent", "hall_windowevent",
]  # fmt: skip
FROZEN = {"window_application": ["opened_at", "received_at", "accepted_at", "decided_at", "delivered_at"]}


@pytest.mark.django_db
def test_the_triggers_are_there():
    """Bug: SQLite makes a table anew when a migration adds a column, and its triggers are gone without a word."""
    asked = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        there = {row[0] for row in cursor.fetchall()}
    ends = ["append_only", "no_truncate"] if connection.vendor == "postgresql" else ["no_update", "no_delete"]
    wanted = {f"{table}_{end}" for table in APPEND_ONLY for end in ends}
    wanted |= {f"{table}_{column}_frozen" for table, columns in FROZEN.items() for column in columns}
    wanted.add("voice_indicator_closed")
    assert wanted <= there, f"gone: {sorted(wanted - there)}; end the migration with protect() or frozen()"
