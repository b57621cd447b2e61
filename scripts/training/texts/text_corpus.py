"""Builds the corpus that the text tower learns from, and cuts a tokenizer to fit it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from timm.data.imagenet_info import ImageNetInfo
from tokenizers import Tokenizer

from scripts.training.texts.plain_wording import phrase_with_pattern, spoken
from scripts.training.texts.shop_words import (
    COLOUR_WORDS,
    MATERIALS,
    NOUNS,
    PATTERNS,
    QUALITIES,
    shop_phrase,
)

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def class_names() -> list[str]:
    """Return the first two names of each of the 1,000 ImageNet classes, as one text."""
    info = ImageNetInfo()
    return [", ".join(info.index_to_description(i).split(", ")[:2]) for i in range(1000)]


def build_corpus(labels: Sequence[str], captions: Iterable[str], seed: int) -> list[str]:
    """Return distinct texts: names and definitions of things, made-up phrases, real captions.

    Args:
        labels: Names that the product labeler knows.
        captions: Titles and descriptions of training pictures.
        seed: Of the made-up phrases.
    """
    rng = np.random.default_rng(seed)
    wide = ImageNetInfo("imagenet-21k-goog") if _has_wide() else ImageNetInfo()
    texts: list[str] = []
    for i in range(wide.num_classes()):
        names = wide.index_to_description(i).split(", ")
        texts += names[:3]
        definition = wide.index_to_description(i, detailed=True)
        if rng.random() < 0.5:
            texts.append(definition[:160])
    texts += [name for i in class_names() for name in (i, *i.split(", "), f"a photo of a {i}")]
    for noun in (*NOUNS, *(label.lower() for label in labels)):
        texts += [noun, f"a {noun}", f"a photo of a {noun}", f"{noun} for the home"]
    texts += [*COLOUR_WORDS, *MATERIALS, *PATTERNS, *QUALITIES]
    texts += [shop_phrase(rng) for _ in range(40_000)]
    texts += [spoken(phrase_with_pattern(rng), rng) for _ in range(25_000)]
    texts += list(captions)
    return sorted({text.strip().lower() for text in texts if text.strip()})


def _has_wide() -> bool:
    try:
        ImageNetInfo("imagenet-21k-goog")
    except (AssertionError, FileNotFoundError):
        return False
    return True


def cut_tokenizer(published: Path, texts: Sequence[str], size: int, weights: Counter[str]) -> str:
    """Cut a WordPiece tokenizer down to the pieces that `texts` use most.

    Single characters stay, so that every word can still be spelled.

    Args:
        published: `tokenizer.json` of the sentence teacher.
        texts: Corpus in which pieces are counted.
        size: Number of pieces to keep, with the special ones.
        weights: How often a text counts, if more than once.

    Returns:
        The new `tokenizer.json`, as text.
    """
    full = Tokenizer.from_file(str(published))
    full.no_padding()
    full.no_truncation()
    counts: Counter[str] = Counter()
    for text, encoding in zip(texts, full.encode_batch(list(texts)), strict=True):
        for token in encoding.tokens:
            counts[token] += weights[text] or 1
    tokenizer = json.loads(published.read_text(encoding="utf-8"))
    vocab: dict[str, int] = tokenizer["model"]["vocab"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789äöåéèüß&'+-.,/%!?:;()\""
    kept = list(_SPECIAL)
    kept += [t for c in letters for t in (c, f"##{c}") if t in vocab]
    chosen = set(kept)
    ranked = [t for t, _ in counts.most_common() if t not in chosen and t in vocab]
    kept += ranked[: size - len(kept)]
    tokenizer["model"]["vocab"] = {token: i for i, token in enumerate(kept)}
    tokenizer["added_tokens"] = [
        {**token, "id": kept.index(token["content"])}
        for token in tokenizer["added_tokens"]
        if token["content"] in _SPECIAL
    ]
    special = tokenizer["post_processor"].get("special_tokens", {})
    for name, entry in special.items():
        entry["ids"] = [kept.index(name)]
    for end in ("sep", "cls"):
        if end in tokenizer["post_processor"]:
            name = tokenizer["post_processor"][end][0]
            tokenizer["post_processor"][end] = [name, kept.index(name)]
    tokenizer["padding"] = tokenizer["truncation"] = None
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
