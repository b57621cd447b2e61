"""What a query means, once it is understood: all that finding and ranking need to know of it."""

from dataclasses import dataclass, field

from search.columns import Mask
from search.lexical import Lexical
from search.local import Cells
from search.results import Vector


@dataclass(frozen=True, slots=True)
class Question:
    """A query after encoding; nothing in it needs a model or a database any more."""

    vector: Vector  # (d,) float32, unit length
    kind: str  # `photo`, `text`, `both` or `similar`
    cells: Cells | None = None  # of the photo
    text: str = ""  # the words as typed
    lexical: Lexical = field(default_factory=Lexical)  # what its words found
    brand: Mask | None = None  # (rows,) products of the brand that the text names; None: no brand
    keep: Mask | None = None  # (rows,) what filters and exclusions leave; None: all
