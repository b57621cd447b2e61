"""Predicts what the merchant does not say of a product: category, colour, pattern, material, ….

Each attribute has a probe (`indexer.attributes.ridge_classifier`) over the pooled vectors of a
product's pictures. Its prior is what the model makes of the values' names, zero-shot; for colours
it is the shares of the pixels instead. Its examples are what merchants wrote: fields, titles and
descriptions. A prediction below `LEAST_CONFIDENCE` is dropped. Nothing here overwrites what a
merchant wrote.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from indexer.attributes.ridge_classifier import Floats, Probe, fit_probe
from indexer.snapshot.catalogue_snapshot import Snapshot
from indexer.snapshot.title_values import TitleValues, named_code
from search.encoder import Encoder
from search.index.product_columns import FIELDS, ColumnRow
from search.pictures.colour_names import NAMES
from search.results import Codes, HalfVectors, Ids
from search.text.attribute_vocabulary import Attribute, Value, Vocabulary

LEAST_CONFIDENCE = 0.7
"""Measured on drawn shops of seeds 13, 29 and 7, on products whose words were held back. Of the
predictions above it these shares are right: colours 0.96 to 0.98 where half or a tenth of the shop
names them (0.92 by pixels alone), patterns and categories 0.99. Where there are no examples few
predictions reach it: 3% of patterns, of which 0.98 are right, and 2% of materials, of which 0.7 are
right."""
LEAST_EXAMPLES = 50
"""With fewer examples the prior stands alone."""
EXAMPLES = 20_000
"""Most products that a probe learns from."""
PRIOR_SPREAD = 0.1
"""Standard deviation over values to which the scores of any model are scaled; twice that of the
embedded model. Tuned on a drawn shop of seed 13, like the temperatures below."""
PRIOR_TEMPERATURE = 0.13
"""Of a prior by the values' names, without examples."""
SHARE_TEMPERATURE = 0.09
"""Of a prior by colour shares, without examples."""
SEED = 4
BLOCK = 4_000_000
"""Numbers in memory at a time."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PredictedAttribute:
    """One attribute of all products; codes are positions in `values`, -1 where nothing is known."""

    name: str
    values: tuple[str, ...]
    in_title: Codes  # (p,) what the title names
    in_pictures: Codes  # (p,) what the pictures show
    confidence: Floats  # (p,) of what the pictures show


@dataclass(frozen=True, slots=True)
class PredictedAttributes:
    """What is known of products besides their fields."""

    product_ids: Ids  # (p,) ascending
    attributes: tuple[PredictedAttribute, ...]

    def fill_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot whose rows are filled, with the facets that this adds."""
        further = (each.name for each in self.attributes if each.name not in FIELDS)
        return replace(snapshot, rows=self.fill_rows(snapshot.rows), facets=(*FIELDS, *further))

    def fill_rows(self, rows: Sequence[ColumnRow]) -> list[ColumnRow]:
        """Return rows with the values that fields and merchandisers leave open.

        The title is believed before the pictures.
        """
        filled = []
        places = np.searchsorted(self.product_ids, [row.product_id for row in rows])
        for row, place in zip(rows, places.tolist(), strict=True):
            values = dict(row.values)
            for each in self.attributes:
                code = each.in_title[place]
                code = code if code >= 0 else each.in_pictures[place]
                if not values.get(each.name) and code >= 0:
                    values[each.name] = each.values[code]
            filled.append(replace(row, values=values))
        return filled


class _Products:
    """The pictures of a snapshot, by product."""

    def __init__(self, snapshot: Snapshot, vectors: HalfVectors) -> None:
        of_rows = np.array([row.product_id for row in snapshot.rows], dtype=np.int64)
        self.ids, self._starts, self._counts = np.unique(
            of_rows, return_index=True, return_counts=True
        )
        self._vectors, self._colours = vectors, snapshot.colours
        self.dim = vectors.shape[1]
        self.first_rows = [snapshot.rows[start] for start in self._starts.tolist()]

    def features(self, places: Ids, *, colours: bool) -> Floats:
        """Return the pooled unit vectors of some products, and the roots of their colour shares.

        Shares sum to 1, so their roots have unit length, as vectors have.
        """
        counts = self._counts[places]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
        rows = np.repeat(self._starts[places], counts) + within
        pooled = np.add.reduceat(self._vectors[rows].astype(np.float32), ends - counts, axis=0)
        pooled /= np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-6)
        if not colours:
            return pooled
        shares = np.add.reduceat(self._colours[rows], ends - counts, axis=0)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-6)
        return np.hstack([pooled, np.sqrt(shares)])

    def sample(self, places: Ids, most: int) -> Ids:
        """Return at most so many of some places, drawn with a fixed seed, in order."""
        if len(places) <= most:
            return places
        return np.sort(np.random.default_rng(SEED).choice(places, most, replace=False))

    def blocks(self, width: int) -> Iterator[Ids]:
        """Yield the places of all products, block by block; a product takes `width` numbers."""
        step = max(1, BLOCK // width)
        for start in range(0, len(self.ids), step):
            yield np.arange(start, min(start + step, len(self.ids)))


def predict_attributes(
    snapshot: Snapshot,
    vectors: HalfVectors,
    encoder: Encoder,
    vocabulary: Vocabulary,
) -> PredictedAttributes:
    """Predict every attribute of every product.

    Args:
        snapshot: Its rows belong to the vectors. It says what titles name: the catalogue, which may
            have changed since, is not read again.
        vectors: (n, d) float16, unit length.
        encoder: The model that made the vectors.
        vocabulary: The attributes and their values.
    """
    products = _Products(snapshot, vectors)
    predicted = []
    for attribute in (_categories(products), *vocabulary.attributes):
        if len(attribute.values) < 2:
            continue
        words = snapshot.title_values.get(attribute.name) or TitleValues.none(len(products.ids))
        examples = _examples(attribute, products, words)
        probe = _fitted(attribute, products, examples, encoder)
        codes, confidence = _predicted(products, probe, colours=attribute.name == "colour")
        values = tuple(value.name for value in attribute.values)
        predicted.append(
            PredictedAttribute(attribute.name, values, words.in_title, codes, confidence)
        )
        log.info(
            "attribute_predicted",
            attribute=attribute.name,
            examples=int((examples >= 0).sum()),
            predicted=int((codes >= 0).sum()),
            temperature=round(probe.temperature, 3),
        )
    return PredictedAttributes(products.ids, tuple(predicted))


def _categories(products: _Products) -> Attribute:
    """Return the catalogue's own categories as an attribute, called by their last step."""
    paths = sorted({path for row in products.first_rows if (path := row.values["category"])})
    values = (Value("category", path, (path.split(">")[-1].strip() or path,)) for path in paths)
    return Attribute("category", ("{}",), tuple(values))


def _examples(attribute: Attribute, products: _Products, words: TitleValues) -> Codes:
    """Return the class of each product by what the merchant wrote; all -1 where examples are few.

    An empty field is an oversight. A title that names no pattern is not: hardly any title says
    "plain". So words are examples only where the words of most products name a value.
    """
    nothing = np.full(len(products.ids), -1, dtype=np.int32)
    if attribute.name not in FIELDS:
        enough = (words.anywhere >= 0).mean() >= 0.5
        codes = words.anywhere if enough else nothing
    else:
        places = {value.name: place for place, value in enumerate(attribute.values)}
        codes = words.anywhere.copy()
        for i, row in enumerate(products.first_rows):
            if written := row.values.get(attribute.name):
                code = places.get(written)
                codes[i] = named_code(attribute, written) if code is None else code
    if (codes >= 0).sum() < LEAST_EXAMPLES:
        return nothing
    return codes


def _fitted(attribute: Attribute, products: _Products, examples: Codes, encoder: Encoder) -> Probe:
    """Fit the probe of an attribute; without examples it is the prior alone."""
    colours = attribute.name == "colour"
    known = products.sample(np.flatnonzero(examples >= 0), EXAMPLES)
    prior = _colour_prior(attribute, products.dim) if colours else None
    if prior is None:
        sample = products.sample(np.arange(len(products.ids)), EXAMPLES)
        prior = _text_prior(attribute, products.features(sample, colours=False), encoder)
    if not len(known):
        alone = np.vstack([prior, np.zeros((1, prior.shape[1]), dtype=np.float32)])
        return Probe(alone, SHARE_TEMPERATURE if colours else PRIOR_TEMPERATURE)
    return fit_probe(products.features(known, colours=colours), examples[known], prior)


def _text_prior(attribute: Attribute, features: Floats, encoder: Encoder) -> Floats:
    """Return weights (d, values) that score a product by the likeness to the values' prompts."""
    prompts = [
        prompt.replace("{}", value.words[0])
        for value in attribute.values
        for prompt in attribute.prompts
    ]
    vectors = encoder.encode_texts(prompts)
    weights = vectors.reshape(len(attribute.values), -1, vectors.shape[1]).mean(axis=1).T
    weights /= np.maximum(np.linalg.norm(weights, axis=0), 1e-6)
    spread = float((features @ weights).std(axis=1).mean())
    return np.asarray(weights * (PRIOR_SPREAD / max(spread, 1e-6)), dtype=np.float32)


def _colour_prior(attribute: Attribute, dim: int) -> Floats:
    """Return weights (d + colours, values) that score a colour by the root of its share."""
    weights = np.zeros((dim + len(NAMES), len(attribute.values)), dtype=np.float32)
    for column, value in enumerate(attribute.values):
        if value.name in NAMES:
            weights[dim + NAMES.index(value.name), column] = 1
    return weights


def _predicted(products: _Products, probe: Probe, *, colours: bool) -> tuple[Codes, Floats]:
    """Return each product's likeliest value, -1 below `LEAST_CONFIDENCE`, and its probability."""
    codes = np.full(len(products.ids), -1, dtype=np.int32)
    confidence = np.zeros(len(products.ids), dtype=np.float32)
    for places in products.blocks(max(probe.weights.shape)):
        likely = probe.probabilities(products.features(places, colours=colours))
        best = likely.max(axis=1)
        codes[places] = np.where(best >= LEAST_CONFIDENCE, likely.argmax(axis=1), -1)
        confidence[places] = best
    return codes, confidence
