"""The forms in which PostgreSQL compares text, where rows are too many to compare them in Python.

They are close to their namesakes in `search.text.normalise`, not equal: PostgreSQL's `lower` keeps
`ß`, which `casefold` turns into `ss`. So both sides of a comparison go through SQL, or neither.
"""

from sqlalchemy import ColumnElement, func, literal, literal_column
from sqlalchemy.orm import InstrumentedAttribute

SqlText = ColumnElement[str] | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def normalised_sql(text: SqlText) -> ColumnElement[str]:
    """Return SQL for words as queries are compared and counted."""
    compatible = func.normalize(text, literal_column("NFKC"))
    return folded_sql(func.regexp_replace(compatible, r"\s+", " ", "g"))


def folded_sql(name: SqlText | str) -> ColumnElement[str]:
    """Return SQL for a name without case and spaces around it."""
    return func.lower(func.btrim(literal(name) if isinstance(name, str) else name))


def folded_path_sql(category: SqlText | str) -> ColumnElement[str]:
    """Return SQL for a category path without case, with ` > ` between its parts."""
    return func.regexp_replace(folded_sql(category), r"\s*>\s*", " > ", "g")
