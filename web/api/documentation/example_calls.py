"""Example calls of the API as shell commands, made from the OpenAPI document's examples."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

LINE = 88
KEY = '-H "Authorization: Bearer $KEY"'


def example_call(
    address: str, method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a curl command for each kind of body of an operation; one where it has no body.

    Args:
        address: Address of the shop, such as `https://shop.example`.
        method: The operation's method, lower case.
        path: The operation's path, with its parameters in braces.
        operation: The operation in the OpenAPI document.
    """
    url = address + _filled(path, operation["parameters"])
    start = ["curl"] if {} in operation["security"] or not operation["security"] else ["curl", KEY]
    content = operation.get("requestBody", {}).get("content", {})
    if method in ("delete", "put"):
        start.append(f"-X {method.upper()}")
    if not content:
        yield _joined([*start, f"'{url}'" if "?" in url else url])
    for media, body in content.items():
        if "example" in body:
            yield _joined([*start, *_body(media, body["example"]), url])


def _joined(parts: list[str]) -> str:
    """Return a command as one line, or as several where it is long."""
    line = " ".join(parts)
    return line if len(line) <= LINE else " \\\n  ".join([" ".join(parts[:2]), *parts[2:]])


def _body(media: str, example: Mapping[str, Any]) -> list[str]:
    if media == "application/json":
        return [f"--json '{json.dumps(example, ensure_ascii=False)}'"]
    return [f"-F {name}={shlex.quote(str(value))}" for name, value in example.items()]


def _filled(path: str, parameters: list[Mapping[str, Any]]) -> str:
    query = []
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(str(parameter["example"])))
        elif parameter.get("required") or name == "text":
            query.append((name, parameter["schema"]["examples"][0]))
    return f"{path}?{urlencode(query)}" if query else path
