"""Which generation answers: what an engine asks for it, and two ways to keep to one.

`search.live.generation_loader` hands out the live one. Nothing here loads or watches anything.
"""

from dataclasses import dataclass
from typing import Protocol

from search.live.model_pairing import ServedGeneration


class Generations(Protocol):
    """Says which generation answers now, and with which model."""

    def answering(self) -> ServedGeneration:
        """Return the generation with its model.

        Raises:
            NoGeneration: there is none.
        """
        ...

    @property
    def trouble(self) -> str:
        """Why the live generation is not the one that answers; empty where it is."""
        ...

    def refresh(self) -> None:
        """Look now whether another generation is live."""
        ...

    def close(self) -> None:
        """Stop handing out generations."""
        ...


@dataclass(frozen=True, slots=True)
class OneGeneration:
    """Always the same generation, whatever is live: to compare it with others."""

    only: ServedGeneration

    @property
    def trouble(self) -> str:
        """Always empty."""
        return ""

    def answering(self) -> ServedGeneration:
        """Return the generation with its model."""
        return self.only

    def refresh(self) -> None:
        """Do nothing: the generation stays the same."""

    def close(self) -> None:
        """Do nothing: no thread watches."""


class HeldGeneration:
    """The generation that answers the first question, kept for all that follow.

    One request makes one of these, so that all parts of its answer come from one generation even
    when another is published meanwhile. The generation can be freed once this object is.

    Args:
        source: Asked once, at the first question; again where it had no generation to give.
    """

    def __init__(self, source: Generations) -> None:
        self._source = source
        self._held: ServedGeneration | None = None

    @property
    def trouble(self) -> str:
        """What the source says."""
        return self._source.trouble

    def answering(self) -> ServedGeneration:
        """Return the generation with its model; errors as the source's."""
        if self._held is None:
            self._held = self._source.answering()
        return self._held

    def refresh(self) -> None:
        """Do nothing: the generation stays the same."""

    def close(self) -> None:
        """Do nothing: the source belongs to somebody else."""
