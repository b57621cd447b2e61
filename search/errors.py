"""The error tree. Every error says what is wrong and what to do.

FindalikeError
├── WrongSetting            a FINDALIKE_* variable has a value that is not allowed
├── UnusableVocabulary      a vocabulary file that can't be used
├── DatabaseUnavailable     PostgreSQL does not answer
├── SchemaOutdated          the database lacks migrations
├── ModelUnavailable        the encoder can't be loaded
├── DeviceOutOfMemory       not even one picture fits beside the model
├── UnusablePicture         bytes that are no usable picture; carries a reason code
├── UnusableCatalogue       a catalogue source that can't be read at all
│   └── CatalogueShrunk     it lost more products than are retired without asking
├── UnusableQuery           a query that asks for nothing or for nonsense
├── UnknownProduct          a sku that the catalogue does not hold
├── UnknownPicture          a picture that the live index does not hold
├── NoLocalFeatures         pictures can't be compared part by part
├── UnknownEvent            a search event that does not exist, or no longer
├── NotShown                a click on a product that an answer did not show
├── UnusableRule            a business rule that contradicts itself
├── UnknownRule             there is no such business rule
├── UnusableEntry           an account, a key or a saved thing that can't be kept as it is
│   └── EditedMeanwhile     somebody else changed what an editor saw
├── UnknownEntry            there is no such account, key or saved thing
├── TooManyChanges          too many changes of products wait already
├── NoGeneration            nothing is published yet
├── UnknownGeneration       there is no such generation to publish or go back to
├── ModelMismatch           a model is not the one that built an index
├── DimensionMismatch       vectors of different dimensions
├── DamagedGeneration       a generation's files are not what its manifest says
├── DamagedShard            a shard is not what the database says
├── RehearsalRefused        a built index fails a check before it goes live
├── NothingToBuild          no embedding to build from
├── JobFailed               a background job ended in failure
└── AlreadyRunning          another run holds the lock
"""

from typing import Any


class FindalikeError(Exception):
    """Base of all errors raised on purpose. They keep their arguments, so they can be pickled."""


class WrongSetting(FindalikeError):
    """A `FINDALIKE_*` variable has a value that is not allowed."""

    def __init__(self, variable: str, value: str, allowed: str) -> None:
        super().__init__(variable, value, allowed)
        self.variable, self.value, self.allowed = variable, value, allowed

    def __str__(self) -> str:
        return f"{self.variable}={self.value} is not allowed: {self.allowed}."


class UnusableVocabulary(FindalikeError):
    """A vocabulary file can't be read, or an entry in it is wrong; the message says which."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"The vocabulary {self.path} can't be used: {self.reason} Correct the file."


class DatabaseUnavailable(FindalikeError):
    """PostgreSQL does not answer; the message says where and what to check."""


class SchemaOutdated(FindalikeError):
    """The database lacks migrations; run `findalike migrate`."""


class ModelUnavailable(FindalikeError):
    """The encoder can't be loaded; the message says why and what to do."""


class DeviceOutOfMemory(FindalikeError):
    """Not even one picture fits into the memory of the device that holds the model."""


class UnusablePicture(FindalikeError):
    """Bytes that are no usable picture.

    Args:
        reason: A short code that lists can be filtered by, such as `truncated`.
        detail: A sentence that an operator can act on.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return self.detail


class UnusableCatalogue(FindalikeError):
    """A catalogue source that can't be read at all."""


class CatalogueShrunk(UnusableCatalogue):
    """A catalogue lost more products than are retired without asking; none was retired."""

    def __init__(self, source: str, gone: int, before: int) -> None:
        super().__init__(source, gone, before)
        self.source, self.gone, self.before = source, gone, before

    def __str__(self) -> str:
        return (
            f"{self.source} lacks {self.gone:,} of its {self.before:,} products. Its rows were "
            "ingested, but no product was retired. Check that the export is complete; if it is, "
            "ingest it again with --allow-shrink."
        )


class UnusableQuery(FindalikeError):
    """A query that asks for nothing or for nonsense; the message says which field."""


class UnknownProduct(FindalikeError):
    """A sku that the catalogue does not hold."""

    def __init__(self, sku: str) -> None:
        super().__init__(sku)
        self.sku = sku

    def __str__(self) -> str:
        return f"No product has the sku {self.sku!r}."


class UnknownPicture(FindalikeError):
    """The live index does not hold this picture."""

    def __init__(self, image_id: int) -> None:
        super().__init__(image_id)
        self.image_id = image_id

    def __str__(self) -> str:
        return f"The live index holds no picture {self.image_id}; take one of a current answer."


class NoLocalFeatures(FindalikeError):
    """The live index was built without local features."""

    def __init__(self, model_tag: str) -> None:
        super().__init__(model_tag)
        self.model_tag = model_tag

    def __str__(self) -> str:
        return (
            f"Parts of pictures can't be compared: {self.model_tag} says nothing of them. The "
            "embedded encoder does, as do most open_clip models: set FINDALIKE_MODEL to one, then "
            "run `findalike reindex`."
        )


class UnknownEvent(FindalikeError):
    """A search event that does not exist, or no longer."""

    def __init__(self, event_id: int) -> None:
        super().__init__(event_id)
        self.event_id = event_id

    def __str__(self) -> str:
        return f"There is no search event {self.event_id}; send that of a recent answer."


class NotShown(FindalikeError):
    """A click on a product that an answer did not show, or not at this rank."""

    def __init__(self, event_id: int, sku: str, rank: int) -> None:
        super().__init__(event_id, sku, rank)
        self.event_id, self.sku, self.rank = event_id, sku, rank

    def __str__(self) -> str:
        shown = f"{self.sku!r} at rank {self.rank}"
        return f"Search event {self.event_id} did not show {shown}. Send a hit's own sku and rank."


class UnusableRule(FindalikeError):
    """A business rule that contradicts itself; the message says what it needs."""


class UnknownRule(FindalikeError):
    """There is no such business rule."""

    def __init__(self, rule_id: int) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id

    def __str__(self) -> str:
        return f"There is no rule {self.rule_id}. `findalike rules list` shows all."


class UnusableEntry(FindalikeError):
    """An account, a key or a saved thing can't be kept as it is; the message says why."""


class UnknownEntry(FindalikeError):
    """There is no such account, key or saved thing."""

    def __init__(self, kind: str, name: object, advice: str) -> None:
        super().__init__(kind, name, advice)
        self.kind, self.name, self.advice = kind, name, advice

    def __str__(self) -> str:
        return f"There is no {self.kind} {self.name}. {self.advice}"


class EditedMeanwhile(UnusableEntry):
    """Somebody else changed what an editor saw; the message says who and what."""


class TooManyChanges(FindalikeError):
    """Too many changes of products wait already; the message says how many."""


class NoGeneration(FindalikeError):
    """Nothing is published yet."""

    def __str__(self) -> str:
        return "No index is published yet. Run `findalike reindex SOURCE` first."


class UnknownGeneration(FindalikeError):
    """There is no such generation to publish or go back to; the message says what there is."""


class ModelMismatch(FindalikeError):
    """What loads under a model's name is not the model that built the index."""

    def __init__(self, index_tag: str, found_tag: str) -> None:
        super().__init__(index_tag, found_tag)
        self.index_tag, self.found_tag = index_tag, found_tag

    def __str__(self) -> str:
        return (
            f"The index holds {self.index_tag} vectors, but its model loads as {self.found_tag} "
            "now: its files were changed. Put the old ones back, or run `findalike reindex "
            "--publish-new-model`, which encodes the catalogue anew."
        )


class DimensionMismatch(FindalikeError):
    """Vectors that are compared have different dimensions."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(expected, found)
        self.expected, self.found = expected, found

    def __str__(self) -> str:
        return f"Vectors of {self.found} dimensions where {self.expected} are needed."


class DamagedGeneration(FindalikeError):
    """A generation's files are not what its manifest says."""


class DamagedShard(FindalikeError):
    """A shard is not what the database says."""


class RehearsalRefused(FindalikeError):
    """A generation fails checks before it goes live; carries `Rehearsal.as_dict()`."""

    def __init__(self, sentence: str, rehearsal: dict[str, Any]) -> None:
        super().__init__(sentence, rehearsal)
        self.sentence, self.rehearsal = sentence, rehearsal

    def __str__(self) -> str:
        return self.sentence


class NothingToBuild(FindalikeError):
    """No embedding to build from."""

    def __str__(self) -> str:
        return (
            "No product has an encoded picture. Run `findalike ingest SOURCE` and "
            "`findalike encode`; `findalike status` lists refused pictures."
        )


class JobFailed(FindalikeError):
    """A background job ended in failure; carries its id and message."""

    def __init__(self, job_id: int, message: str) -> None:
        super().__init__(job_id, message)
        self.job_id, self.message = job_id, message

    def __str__(self) -> str:
        return f"Job {self.job_id} failed: {self.message}"


class AlreadyRunning(FindalikeError):
    """Another run holds the lock; the message says which."""
