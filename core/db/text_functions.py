"""Database functions for texts that give the same results on PostgreSQL and SQLite."""

from typing import Any

from django.db.models import CharField, Func


class SortKey(Func):
    """Key that sorts names and titles as people do: without regard to case and accents ("adam, Émile, Zoe").

    PostgreSQL computes it with its own functions, so that no collation has to be installed; SQLite calls
    `core.db.sqlite.text_functions.to_sort_key`.
    """

    function = "SORT_KEY"
    arity = 1
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for PostgreSQL. U+0300 to U+036F are the combining accents."""
        template = r"LOWER(REGEXP_REPLACE(NORMALIZE(%(expressions)s, NFKD), '[\u0300-\u036F]', '', 'g'))"
        return super().as_sql(compiler, connection, template=template, **context)
