"""On PostgreSQL, a column that triggers keep and a GIN index over it; nothing on SQLite (see courses/search.py).

Triggers rather than a generated column: the instructor's name stands in another table. They fire only when a text
changes, so that counters cost nothing.
"""

from django.conf import settings
from django.db import migrations

FORWARD = [
    "ALTER TABLE courses_course ADD COLUMN search tsvector NOT NULL DEFAULT ''",
    """
    CREATE FUNCTION courses_course_search() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.search :=
        setweight(to_tsvector('simple', NEW.title), 'A') ||
        setweight(to_tsvector('simple', coalesce(
          (SELECT full_name FROM accounts_user WHERE id = NEW.instructor_id), '')), 'B') ||
        setweight(to_tsvector('simple', NEW.short_description), 'C') ||
        setweight(to_tsvector('simple', NEW.description), 'D');
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER courses_course_search BEFORE INSERT OR UPDATE OF title, short_description, description, instructor_id
    ON courses_course FOR EACH ROW EXECUTE FUNCTION courses_course_search()
    """,
    """
    CREATE FUNCTION courses_course_search_of_instructor() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE courses_course SET title = title WHERE instructor_id = NEW.id;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER courses_course_search_of_instructor AFTER UPDATE OF full_name ON accounts_user FOR EACH ROW
    WHEN (OLD.full_name IS DISTINCT FROM NEW.full_name) EXECUTE FUNCTION courses_course_search_of_instructor()
    """,
    "UPDATE courses_course SET title = title",
    "CREATE INDEX courses_course_search ON courses_course USING gin (search)",
]
BACKWARD = [
    "DROP TRIGGER courses_course_search_of_instructor ON accounts_user",
    "DROP TRIGGER courses_course_search ON courses_course",
    "DROP FUNCTION courses_course_search_of_instructor()",
    "DROP FUNCTION courses_course_search()",
    "ALTER TABLE courses_course DROP COLUMN search",
]


def run(statements):
    """Return a migration step that runs `statements` on PostgreSQL, and nothing elsewhere."""

    def step(apps, editor):
        if editor.connection.vendor == "postgresql":
            for statement in statements:
                editor.execute(statement, params=None)

    return step


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0002_editing_without_loss"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunPython(run(FORWARD), run(BACKWARD))]
