"""The reference page of the API: operations by tag, fields as rows, models.

It is made from the OpenAPI document alone, so page and document can't differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from web.api.documentation.example_calls import example_call

Schema = Mapping[str, Any]
REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class ValueKind:
    """The type of a value, in words, with a model where it is one."""

    words: str
    model: str | None = None
    after: str = ""  # words after the model's name


@dataclass(frozen=True, slots=True)
class DocumentedField:
    """A parameter, or a field of a model."""

    name: str
    kind: ValueKind
    text: str
    required: bool
    default: str | None
    allowed: str  # values or bounds; empty: any


@dataclass(frozen=True, slots=True)
class Body:
    """One way to send a request's body."""

    media: str
    rows: tuple[DocumentedField, ...]


@dataclass(frozen=True, slots=True)
class DocumentedAnswer:
    """The answer of one status."""

    status: str
    text: str
    media: str
    kind: ValueKind | None
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    id: str
    method: str
    path: str
    summary: str
    paragraphs: tuple[str, ...]
    scope: str | None  # None: no key needed, ever
    optional: bool  # it works without a key too
    parameters: tuple[DocumentedField, ...]
    bodies: tuple[Body, ...]
    answers: tuple[DocumentedAnswer, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperationGroup:
    """The operations of a tag."""

    name: str
    text: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class DocumentedModel:
    """A model that occurs in answers."""

    name: str
    text: str
    rows: tuple[DocumentedField, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """What the page shows."""

    version: str
    paragraphs: tuple[str, ...]
    sections: tuple[OperationGroup, ...]
    models: tuple[DocumentedModel, ...]
    headers: tuple[tuple[str, str], ...]


def read_reference(document: Schema, address: str) -> Reference:
    """Return the contents of the page.

    Args:
        document: OpenAPI 3.1.
        address: Address of this shop, for example calls.
    """
    operations = [
        (one["tags"][0], _operation(document, address, method, path, one))
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]
    schemas = document["components"]["schemas"]
    sent = set(_request_models(document))
    return Reference(
        version=document["info"]["version"],
        paragraphs=tuple(document["info"]["description"].split("\n\n")),
        sections=tuple(
            OperationGroup(
                tag["name"],
                tag["description"],
                tuple(one for name, one in operations if name == tag["name"]),
            )
            for tag in document["tags"]
        ),
        models=tuple(
            DocumentedModel(name, schema.get("description", ""), tuple(_rows(schema)))
            for name, schema in sorted(schemas.items())
            if name not in sent
        ),
        headers=tuple(
            (name, header["description"])
            for name, header in document["components"]["headers"].items()
        ),
    )


def _operation(document: Schema, address: str, method: str, path: str, one: Schema) -> Operation:
    needs = [scheme["key"][0] for scheme in one["security"] if scheme]
    content = one.get("requestBody", {}).get("content", {})
    return Operation(
        id=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        paragraphs=tuple(part for part in one["description"].split("\n\n") if part),
        scope=needs[0] if needs else None,
        optional={} in one["security"],
        parameters=tuple(
            _row(each["name"], {**each["schema"], "description": each.get("description", "")}, each)
            for each in one["parameters"]
        ),
        bodies=tuple(
            Body(media, tuple(_rows(_resolved(document, body["schema"]))))
            for media, body in content.items()
        ),
        answers=tuple(
            _answer(status, answer) for status, answer in sorted(one["responses"].items())
        ),
        calls=tuple(example_call(address, method, path, one)),
    )


def _answer(status: str, answer: Schema) -> DocumentedAnswer:
    contents: Mapping[str, Schema] = answer.get("content", {})
    media = next(iter(contents), "")
    content = contents.get(media, {})
    return DocumentedAnswer(
        status=status,
        text=answer["description"],
        media=media,
        kind=_kind(content["schema"]) if "schema" in content else None,
        headers=tuple(answer["headers"]),
    )


def _rows(schema: Schema) -> Iterator[DocumentedField]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield _row(name, field, {"required": name in required})


def _row(name: str, schema: Schema, of: Schema) -> DocumentedField:
    default = schema.get("default")
    return DocumentedField(
        name=name,
        kind=_kind(schema),
        text=schema.get("description", ""),
        required=bool(of.get("required")),
        default=None if default in (None, "", []) else _plain(default),
        allowed=_allowed(schema),
    )


def _kind(schema: Schema) -> ValueKind:
    """Return the type of a value."""
    if "$ref" in schema:
        return ValueKind("", schema["$ref"].removeprefix(REFERENCE))
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"]]
        model = next((kind for kind in kinds if kind.model), None)
        others = [kind.words for kind in kinds if kind is not model and kind.words]
        if model is not None:
            return ValueKind(model.words, model.model, "".join(f" or {word}" for word in others))
        return ValueKind(" or ".join(dict.fromkeys(others)))
    if schema.get("type") == "array":
        inner = _kind(schema.get("items", {}))
        return ValueKind(f"list of {inner.words}", inner.model, inner.after)
    if isinstance(schema.get("additionalProperties"), Mapping):
        inner = _kind(schema["additionalProperties"])
        return ValueKind(f"object of {inner.words}", inner.model, inner.after)
    words: str = schema.get("type", "anything")
    return ValueKind(FORMATS.get(schema.get("format", ""), words))


FORMATS = {"binary": "file", "date-time": "time"}
BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "maxLength": "at most {} characters",
    "pattern": "like {}",
}


def _allowed(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(_plain(value) for value in schema["enum"] if value != "")
    parts = [words.format(_plain(schema[b])) for b, words in BOUNDS.items() if b in schema]
    alternatives = [_allowed(each) for each in schema.get("anyOf", ())]
    return " ".join(parts) or next(filter(None, alternatives), "")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _resolved(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].removeprefix(REFERENCE)]
    return found


def _request_models(document: Schema) -> Iterator[str]:
    """Yield the models that only requests have; they are shown with their operations."""
    answered = str([one["responses"] for ms in document["paths"].values() for one in ms.values()])
    schemas = document["components"]["schemas"]
    nested = str(list(schemas.values()))
    for name in schemas:
        reference = f"'{REFERENCE}{name}'"
        if reference not in answered and reference not in nested:
            yield name
