"""What a query means, once it is understood: all that finding and ranking need to know of it."""

from dataclasses import dataclass

from search.columns import Mask
from search.results import Vector
from search.wishes import Wish


@dataclass(frozen=True, slots=True)
class Question:
    """A query after encoding; nothing in it needs a model or a database any more."""

    vector: Vector  # (d,) float32, unit length
    kind: str  # `photo`, `text`, `both` or `similar`
    text: str = ""  # the words as typed
    keep: Mask | None = None  # (rows,) what filters and exclusions leave; None: all
    wishes: tuple[Wish, ...] = ()  # what the words wish of attributes
