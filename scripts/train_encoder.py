"""Trains the embedded encoder and writes it as an open_clip `local-dir` checkpoint.

    pip install -e '.[train]'
    python scripts/train_encoder.py --data ../shared/data --teachers ../shared/teachers

Every stage is cached under --cache, so a run that was cut off goes on where it stopped. Stages:
texts (a corpus of product phrases, encoded by the sentence teacher), text tower (distilled),
pictures (features of the frozen ImageNet backbone and what the labeler says), heads (trained on
those, once without some kinds of furniture, to judge what it does with those, once with all),
checkpoint and model card. Only `train` splits, and shops drawn from other seeds than the sample
shop's, are learned from.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import structlog
import torch
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

from open_clip.transformer import TextTransformer

from scripts.training import model_card
from scripts.training.encoder_report import Spoken, report_on
from scripts.training.image_tower.labeler import label_names
from scripts.training.image_tower.teaching import see, teach_image_tower
from scripts.training.pictures import things
from scripts.training.recipe import SHAPE, Recipe
from scripts.training.texts.shop_words import NOUNS
from scripts.training.texts.text_corpus import build_corpus, cut_tokenizer
from scripts.training.texts.text_space import ColourSpace, Floats, MeaningSpace, meaning_of, unit
from scripts.training.texts.text_tower import new_text_tower, start_from_teacher, train_text_tower
from scripts.training.write_checkpoint import write_checkpoint

log = structlog.get_logger()

SPOKEN_COLOUR = 0.6
"""Weight of the colour part of a text's vector against its meaning, as it is taught."""
COLOUR_GAIN = 1.25
"""Colours are spoken louder than taught: on a drawn shop of seed 13, recall at 1 rose from 0.778
to 0.791 at the same recall at 10, and more of the first ten had the colour asked for."""
PIECES = 6500


def corpus(recipe: Recipe) -> list[str]:
    """Return the texts that the text tower learns from."""
    named = ("grocery_catalogue", "clothing_train", "drawn_studio", "furniture")
    said = {c.text for name in named for p in recipe.sets[name] for c in p.subject.captions}
    return build_corpus(label_names(recipe.teachers), sorted(said), recipe.seed)


def text_targets(recipe: Recipe, texts: list[str], space: MeaningSpace) -> Floats:
    """Return what each text should become: (n, meaning + colour) unit rows."""
    meant = meaning_of(texts)
    meaning = space.project(recipe.teacher.encode([text or "" for text in meant]))
    meaning[[not text for text in meant]] = 0  # nothing but a colour was said
    colours = ColourSpace(SHAPE.colour_dim).of_texts(texts)
    return unit(np.concatenate([meaning, SPOKEN_COLOUR * colours], axis=1))


def teach_text(recipe: Recipe, texts: list[str], targets: Floats) -> tuple[TextTransformer, str]:
    """Cut the tokenizer and train the text tower; returns both."""
    heavy = Counter({name.lower(): 30 for name in (*NOUNS, *label_names(recipe.teachers))})
    published = recipe.sentence_model / "tokenizer.json"
    cut = cut_tokenizer(published, texts, PIECES, heavy)
    tokenizer = Tokenizer.from_str(cut)
    tokenizer.enable_truncation(32)
    tokens = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    torch.manual_seed(recipe.seed)
    tower = new_text_tower(tokenizer.get_vocab_size(), SHAPE.visual_dim, SHAPE.dim)
    start_from_teacher(tower, tokenizer, recipe.sentence_model)
    taught = train_text_tower(
        tower,
        tokens,
        targets,
        visual_dim=SHAPE.visual_dim,
        steps=recipe.text_steps,
        batch=192,
        seed=recipe.seed,
        checkpoint=recipe.cache / "text_tower.pt",
    )
    with torch.no_grad():
        taught.text_projection[:, -SHAPE.colour_dim :] *= COLOUR_GAIN
    return taught, cut


def main() -> None:
    """Run all stages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--data", type=Path, default=here.parent / "shared/data")
    parser.add_argument("--teachers", type=Path, default=here.parent / "shared/teachers")
    parser.add_argument("--cache", type=Path, default=here / ".findalike/training")
    parser.add_argument("--out", type=Path, default=here / "search/encoder/checkpoints/embedded")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text-steps", type=int, default=2600)
    parser.add_argument("--label-steps", type=int, default=2000)
    parser.add_argument("--head-steps", type=int, default=2400)
    parser.add_argument("--threads", type=int, default=2)
    arguments = vars(parser.parse_args())
    torch.set_num_threads(arguments.pop("threads"))
    recipe = Recipe(**arguments)
    recipe.cache.mkdir(parents=True, exist_ok=True)
    texts = corpus(recipe)
    log.info("texts", count=len(texts))
    meant = sorted(set(meaning_of(texts)) - {""})
    space = MeaningSpace.fit(recipe.teacher.encode(meant), SHAPE.semantic_dim)
    text, tokenizer = teach_text(recipe, texts, text_targets(recipe, texts, space))
    seen = see(recipe)
    judged = teach_image_tower(recipe, seen, space, left_out=things.LEFT_OUT)
    tower = teach_image_tower(recipe, seen, space)
    report = report_on(recipe, seen.features, tower, judged, Spoken(text, tokenizer))
    size = write_checkpoint(recipe.out, tower, text, tokenizer)
    told = model_card.model_card(
        report, texts=len(texts), left_out=len(things.LEFT_OUT), size_bytes=size
    )
    (recipe.out / "MODEL_CARD.md").write_text(told, encoding="utf-8")
    log.info("checkpoint_written", folder=str(recipe.out), megabytes=round(size / 1e6, 1))


if __name__ == "__main__":
    main()
