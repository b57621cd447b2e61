"""Loads a model of transformers from a local folder, whole or not at all.

The hub is never asked. Weights are read as safetensors only. Code that comes with a checkpoint is
never run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.encoder.torchvision_ops import declare_missing_operators
from search.errors import ModelUnavailable
from search.text.normalise import single_spaced


def load_whole(
    folder: Path, kind: str, parts: tuple[str, ...], refusal: Callable[[str], ModelUnavailable]
) -> list[Any]:
    """Load a model and what prepares its input.

    Args:
        folder: As `save_pretrained` of all parts writes it.
        kind: The model type that its `config.json` must name.
        parts: Classes of transformers, the model first.
        refusal: Makes the error out of a reason, a sentence.

    Returns:
        One object for each part; the model in evaluation mode, on the CPU.

    Raises:
        ModelUnavailable: made by `refusal`: a part is missing, damaged, or of another kind.
    """
    declare_missing_operators()
    if not (folder / "config.json").is_file():
        raise refusal("there is no config.json in it.")
    import transformers
    from transformers.utils import logging

    noisy, _ = logging.is_progress_bar_enabled(), logging.disable_progress_bar()
    try:
        found_kind = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True
        ).model_type
        loaded: Any = getattr(transformers, parts[0]).from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        others = [
            getattr(transformers, part).from_pretrained(folder, local_files_only=True)
            for part in parts[1:]
        ]
    except Exception as error:  # of any kind: transformers raises many
        said = single_spaced(str(error)) or type(error).__name__
        raise refusal(f"{said[:300]}") from error
    finally:
        if noisy:
            logging.enable_progress_bar()
    if found_kind != kind:
        raise refusal(f"its config.json is that of a {found_kind} model.")
    network, found = loaded
    if missing := sorted(found["missing_keys"]):
        # transformers would fill them with random numbers.
        raise refusal(f"its weights lack {len(missing)} parts, such as {missing[0]}.")
    return [network.eval(), *others]
