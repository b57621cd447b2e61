"""Words as they are compared: what shoppers and merchants write differs in case and spaces."""

import unicodedata


def normalised(text: str) -> str:
    """Return a text for comparison: NFKC, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
