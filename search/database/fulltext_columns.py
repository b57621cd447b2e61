"""What PostgreSQL indexes of a product for full text search, as SQL of generated columns.

Signs that PostgreSQL's parser gives a meaning become spaces before it sees them: it would take
`AB-12` for a word and a negative number, and `brand.com` for a host. The expressions stand here
as the newest migration leaves them; changing one takes another migration.
"""

SIGNS = "-_/.:@+~"
"""Signs inside words, numbers, addresses and paths, which the parser would join."""
SKU_SIGNS = " -_/.:#\u2010\u2011\u2012\u2013\u2014"
"""What shoppers leave out of a sku, or put into it."""


def weighted(configuration: str, column: str, weight: str) -> str:
    """Return SQL for the words of a column, as a weighted tsvector."""
    spaced = f"translate(coalesce({column}, ''), '{SIGNS}', '{' ' * len(SIGNS)}')"
    return f"setweight(to_tsvector('{configuration}', {spaced}), '{weight}')"


SEARCH_SQL = " || ".join(
    [
        weighted("simple", "sku", "A"),
        weighted("simple", "title", "A"),
        weighted("english", "title", "A"),
        weighted("simple", "brand", "B"),
        weighted("english", "brand", "B"),
        weighted("english", "category", "C"),
        weighted("english", "colour", "C"),
        weighted("english", "description", "D"),
    ]
)
"""Words of a product, stemmed, names unstemmed too: A sku and title, B brand, C kind, D rest."""

SKU_KEY_SQL = f"lower(translate(sku, '{SKU_SIGNS}', ''))"
"""A sku without case and signs."""

WRITTEN_SQL = " || ".join(
    weighted("simple", column, "D")
    for column in ("title", "brand", "category", "colour", "description")
)
"""Words of a product as they are written, none stemmed, none left out."""
