"""Prepares texts for a model: cleans them, adds its prompts, splits them where they are too long.

A text that exceeds the context is not cut: it is encoded in several windows, whose vectors are
pooled. There is a bound, so that a text of a megabyte can't keep a server busy; what is left out is
logged. This module tokenises and pools. The encoder runs the model.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from search.encoder.unit_rows import unit_rows
from search.errors import ModelUnavailable
from search.results import Embeddings
from search.text.normalise import visible_text

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()

MAX_CHARACTERS = 8_192
"""Characters of a text that are read: about 1,300 words, more than any product description."""

MAX_WINDOWS = 32
"""Windows of a text that are encoded: the bound of scripts with several tokens per character."""

_MAX_WORD = 128  # longer runs without a space are split; byte pair encoding is quadratic in them
_MIN_ROOM = 4  # tokens: a character has at most four bytes, so at most four tokens
_MAX_REMEMBERED = 100_000  # words in the cache of CLIP's tokenizer, which never drops any


def clean(text: str) -> str:
    """Return what is encoded of a text: its visible words, very long ones split.

    Lower-casing and punctuation are left to the tokenizer, which does as the model was trained.
    Only the first `MAX_CHARACTERS` are read.
    """
    if len(text) > MAX_CHARACTERS:
        log.warning("text_bounded", characters=len(text), read=MAX_CHARACTERS)
        # The last word is probably cut, so it is dropped, unless it is the only one.
        text = text[:MAX_CHARACTERS].rsplit(maxsplit=1)[0]
    return " ".join(piece for word in visible_text(text).split() for piece in _pieces(word))


def _pieces(word: str) -> Iterator[str]:
    for start in range(0, len(word), _MAX_WORD):
        yield word[start : start + _MAX_WORD]


def check_templates(templates: object) -> tuple[str, ...]:
    """Return a checkpoint's own prompts.

    Raises:
        ModelUnavailable: they are not a list of texts that each hold `{}` once.
    """
    if (
        not isinstance(templates, list | tuple)
        or not templates
        or not all(
            isinstance(template, str) and template.count("{}") == 1 for template in templates
        )
    ):
        raise ModelUnavailable(
            f"text_templates is {templates!r}; it has to be a list of texts that each hold {{}} "
            'once, where the query goes, such as ["a photo of {}"].'
        )
    return tuple(templates)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to encode for some texts, and how to pool it to one vector per text."""

    prompts: list[str]  # text by text, window by window, each window in every template
    weights: list[list[int]]  # by text and window: the window's own tokens, at least 1
    templates: int  # prompts per window

    def pool(self, vectors: Embeddings) -> Embeddings:
        """Turn the unit vectors (m, d) of the prompts into unit vectors (n, d) of the texts.

        The vector of a window is the mean over the templates (Radford et al. 2021,
        arXiv:2103.00020, section 3.1.4). The vector of a text is the mean over its windows,
        weighted by their tokens. Both are scaled to unit length.
        """
        if len(vectors) == len(self.weights):  # one window, one template each
            return vectors
        windows = unit_rows(vectors.reshape(-1, self.templates, vectors.shape[1]).mean(axis=1))
        ends = np.cumsum([len(weights) for weights in self.weights])
        means = [
            np.average(part, axis=0, weights=weights)
            for part, weights in zip(np.split(windows, ends[:-1]), self.weights, strict=True)
        ]
        return unit_rows(np.stack(means))


class TextWindows:
    """A model's tokenizer and prompts; safe to share between threads.

    Args:
        tokenizer: One of open_clip's; its cleaning, special tokens and context are kept.
        templates: The model's prompts, `{}` where the text goes.

    Raises:
        ModelUnavailable: a prompt leaves no room for a text.
    """

    def __init__(self, tokenizer: Any, templates: Sequence[str]) -> None:  # noqa: ANN401
        self.templates = check_templates(templates)
        self._tokenizer = tokenizer
        # Tokenizers in Rust refuse a call while another thread changes how they pad.
        self._turn = threading.Lock()
        # CLIPA's tokenizers drop words at random from texts that are too long. Here none is.
        if getattr(tokenizer, "reduction_fn", None) is not None:
            tokenizer.reduction_fn = None
        self._room = int(tokenizer.context_length) - self._special_tokens()
        lengths = self._count([template.replace("{}", "") for template in self.templates])
        self._longest = self.templates[int(np.argmax(lengths))]
        if self._room - max(lengths) < _MIN_ROOM:
            raise ModelUnavailable(
                f"The prompt {self._longest!r} leaves no room in a context of "
                f"{tokenizer.context_length} tokens. Shorten text_templates."
            )

    def plan(self, texts: Sequence[str]) -> Plan:
        """Return what to encode for these texts."""
        cleaned = [clean(text) for text in texts]
        fits = self._fit(cleaned)
        prompts: list[str] = []
        weights: list[list[int]] = []
        for text, fitting in zip(cleaned, fits, strict=True):
            windows = [text] if fitting else self._windows(text)
            counts = [1] if fitting else self._count(windows)
            weights.append([max(count, 1) for count in counts])
            prompts += [t.replace("{}", window) for window in windows for t in self.templates]
        return Plan(prompts, weights, len(self.templates))

    def tokens(self, prompts: list[str]) -> "torch.Tensor":
        """Tokenise prompts of a plan, (n, context) int64."""
        with self._turn:
            self._forget()
            tokens: torch.Tensor = self._tokenizer(prompts)
            return tokens

    def _windows(self, text: str) -> list[str]:
        """Split a text at word boundaries into parts that fit, greedily."""
        words = text.split()
        room = self._room - self._count([self._longest.replace("{}", "")])[0]
        groups: list[list[str]] = [[]]
        used = 0
        for word, count in zip(words, self._count(words), strict=True):
            if used + count > room and groups[-1]:
                groups.append([])
                used = 0
            groups[-1].append(word)
            used += count
        windows: list[str] = []
        for group in groups[:MAX_WINDOWS]:
            windows += self._fitted(group)
        if len(groups) > MAX_WINDOWS or len(windows) > MAX_WINDOWS:
            log.warning("text_bounded", characters=len(text), windows=MAX_WINDOWS)
        return windows[:MAX_WINDOWS]

    def _fitted(self, words: list[str]) -> list[str]:
        """Halve a group of words until each part fits: together they may have more tokens."""
        text = " ".join(words)
        if self._fit([text])[0] or len(text) == 1:
            return [text]
        if len(words) == 1:
            half = len(text) // 2
            words = [text[:half], text[half:]]
        half = len(words) // 2
        return self._fitted(words[:half]) + self._fitted(words[half:])

    def _fit(self, texts: list[str]) -> list[bool]:
        counts = self._count([self._longest.replace("{}", text) for text in texts])
        return [count <= self._room for count in counts]

    def _count(self, texts: list[str]) -> list[int]:
        """Count the tokens of each text, without the special ones."""
        with self._turn:
            self._forget()
            inner = getattr(self._tokenizer, "tokenizer", None)
            if inner is None:  # CLIP's own
                return [len(self._tokenizer.encode(text)) for text in texts]
            if not texts:
                return []
            cleaned = [self._tokenizer.clean_fn(text) for text in texts]
            found = inner(cleaned, add_special_tokens=False, verbose=False)
            return [len(ids) for ids in found["input_ids"]]

    def _special_tokens(self) -> int:
        inner = getattr(self._tokenizer, "tokenizer", None)
        if inner is None:
            return 2  # start and end
        if self._tokenizer.tokenizer_mode == "clips":
            return 3  # start, end, and the class token that CLIPS reads
        return len(inner("", verbose=False)["input_ids"])

    def _forget(self) -> None:
        remembered = getattr(self._tokenizer, "cache", None)
        if remembered is not None and len(remembered) > _MAX_REMEMBERED:
            special = {token for token in remembered if remembered[token] == token}
            for token in set(remembered) - special:
                del remembered[token]
