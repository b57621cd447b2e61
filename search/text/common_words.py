"""Words that are common on the web: a word of these is not misspelt, even if no product has it.

They are the words that CLIP's tokenizer keeps whole (Radford et al. 2021, arXiv:2103.00020). Its
vocabulary was counted over captions, mostly English ones, and comes with open_clip.
"""

import gzip
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

MERGES = 49_152 - 256 - 2
"""Lines of the file that the tokenizer reads, after the first. The rest are rare words."""
WORD_END = "</w>"


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Return some 34,000 words in lower case. They are read once, in 0.1 s."""
    package = find_spec("open_clip")  # importing it here would be slow
    if package is None or package.origin is None:
        raise ModuleNotFoundError("open_clip", name="open_clip")
    path = Path(package.origin).with_name("bpe_simple_vocab_16e6.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        merges = file.read().split("\n")[1 : MERGES + 1]
    return frozenset(
        merge.replace(" ", "").removesuffix(WORD_END)
        for merge in merges
        if merge.endswith(WORD_END)
    )
