from django.db import migrations

from onewindow.cases.append_only import frozen_column, protect, release, unfreeze_column

CALL = "exchange_call"
#: 个人信息保护法 56: records are kept for at least three years.
DAYS = 1095


def forwards(apps, editor):
    """A reuse is never changed; a call neither, and it can be deleted only when it is three years old; an answer or a
    revocation of a grant is given once."""
    protect(editor, "exchange_reuse")
    for column in ("answered_at", "revoked_at"):
        frozen_column(editor, "exchange_grant", column)
    frozen_column(editor, "exchange_material", "revoked_at")
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {CALL}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'DELETE' AND OLD.at < now() - interval '{DAYS} days' THEN RETURN OLD; END IF; "
            f"RAISE EXCEPTION '{CALL} is append-only'; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {CALL}_kept BEFORE UPDATE OR DELETE ON {CALL} "
            f"FOR EACH ROW EXECUTE FUNCTION {CALL}_kept()"
        )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{CALL} is append-only'); END"
    editor.execute(f"CREATE TRIGGER {CALL}_no_update BEFORE UPDATE ON {CALL} {refuse}")
    editor.execute(
        f"CREATE TRIGGER {CALL}_no_delete BEFORE DELETE ON {CALL} "
        f"WHEN julianday(OLD.at) >= julianday('now') - {DAYS} {refuse}"
    )


def backwards(apps, editor):
    release(editor, "exchange_reuse")
    for column in ("answered_at", "revoked_at"):
        unfreeze_column(editor, "exchange_grant", column)
    unfreeze_column(editor, "exchange_material", "revoked_at")
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP TRIGGER IF EXISTS {CALL}_kept ON {CALL}")
        editor.execute(f"DROP FUNCTION IF EXISTS {CALL}_kept()")
    else:
        editor.execute(f"DROP TRIGGER IF EXISTS {CALL}_no_update")
        editor.execute(f"DROP TRIGGER IF EXISTS {CALL}_no_delete")


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
