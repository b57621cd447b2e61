"""Fetches files of models from the Hugging Face hub into its cache.

A cached file is used without asking the hub. So a start needs no network, and the model of an index
can't change. A missing file is fetched; if that fails, the error says what to do.
"""

from pathlib import Path
from typing import NoReturn

from search.errors import ModelUnavailable

_PATIENCE_S = 10.0  # the hub's own client would try for half a minute or more, for each file
_TOKENIZER_FILES = (
    "tokenizer.json", "special_tokens_map.json", "added_tokens.json", "config.json", "vocab.json",
    "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
)  # fmt: skip


def fetch(repository: str, *names: str) -> Path:
    """Return the first of these files that a repository has, fetched if the cache has none.

    Args:
        repository: `ORG/NAME`.
        names: File names, the preferred one first.

    Raises:
        ModelUnavailable: it has none of them, or the hub can't be reached, or refuses the file.
    """
    cached = _cached(repository, *names)
    if cached is not None:
        return cached
    _require_reachable(f"{names[0]} of {repository}")
    for name in names:
        found = _download(repository, name)
        if found is not None:
            return found
    raise ModelUnavailable(
        f"{repository} on the Hugging Face hub has no {' or '.join(names)}, so it is no model that "
        "open_clip can load. `findalike models` lists models that work."
    )


def fetch_tokenizer(repository: str) -> Path:
    """Return the folder of a repository's tokenizer, fetched if the cache has none.

    A tokenizer that loads from a folder does not ask the hub for files that never existed.

    Raises:
        ModelUnavailable: it has none, or the hub can't be reached, or refuses it.
    """
    whole = _cached(repository, "tokenizer.json", "spiece.model", "vocab.json", "vocab.txt")
    settings = _cached(repository, "tokenizer_config.json")
    if whole is None or settings is None or whole.parent != settings.parent:
        settings = fetch(repository, "tokenizer_config.json")
        _require_reachable(f"The tokenizer {repository}")
        for name in _TOKENIZER_FILES:
            _download(repository, name)
    return settings.parent


def _cached(repository: str, *names: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    for name in names:
        found = try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return Path(found)
    return None


def _require_reachable(what: str) -> None:
    """Refuse at once, instead of after many tries, if nothing can be fetched from the hub.

    Raises:
        ModelUnavailable: says what is missing, and names the cache folder and the offline switch.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailable(
            f"{what} is not in the cache folder {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is "
            "set, so nothing is fetched. Copy that folder from a machine that has the model; or "
            "unset HF_HUB_OFFLINE to fetch it; or set FINDALIKE_MODEL=embedded."
        )
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE_S)
    except Exception as error:  # the client's own errors, whichever library it is built on
        reason = f"the Hugging Face hub, {constants.ENDPOINT}, does not answer: {_line(error)}"
        _unreachable(what, reason, error)


def _unreachable(what: str, reason: str, cause: Exception) -> NoReturn:
    from huggingface_hub import constants

    raise ModelUnavailable(
        f"{what} is not in the cache folder {constants.HF_HUB_CACHE}, and {reason}. Check the "
        "network and its proxy (HTTPS_PROXY); or copy that folder from a machine that has the "
        "model, and set HF_HUB_OFFLINE=1; or set FINDALIKE_MODEL=embedded."
    ) from cause


def _download(repository: str, name: str) -> Path | None:
    """Fetch a file; None if the repository lacks it."""
    from huggingface_hub import constants, errors, hf_hub_download

    try:
        return Path(hf_hub_download(repository, name))
    except errors.RemoteEntryNotFoundError:
        return None
    except errors.GatedRepoError as error:
        raise ModelUnavailable(
            f"{repository} is given out only to those who accepted its terms: accept them at "
            f"{constants.ENDPOINT}/{repository}, then run `hf auth login` or set HF_TOKEN."
        ) from error
    except errors.HfHubHTTPError as error:
        if error.response.status_code not in (401, 404):
            _unreachable(f"{name} of {repository}", f"fetching it failed: {_line(error)}", error)
        raise ModelUnavailable(
            f"The Hugging Face hub, {constants.ENDPOINT}, knows no {repository}, or keeps it "
            "private. Check the name; for a private one run `hf auth login` or set HF_TOKEN."
        ) from error
    except OSError as error:  # no connection after all, or a full disk
        cause = error.__cause__ or error
        _unreachable(f"{name} of {repository}", f"fetching it failed: {_line(cause)}", error)


def _line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return said[0] if said else type(error).__name__
