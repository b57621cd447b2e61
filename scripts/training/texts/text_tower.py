"""Trains a small open_clip text transformer to give the target vectors of texts.

A target is [zero for the visual part, meaning, colours]. The columns of the text projection that
feed the visual part are fixed at zero.
"""

import copy
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from open_clip.transformer import TextTransformer
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from scripts.training.texts.text_space import Floats
from search.files.atomic_files import write_whole

log = structlog.get_logger()

TEXT_CFG: dict[str, Any] = {
    "context_length": 32,
    "hf_tokenizer_name": "findalike-embedded",
    "width": 192,
    "heads": 6,
    "layers": 4,
    "mlp_ratio": 2.0,
    # Causal, read at the closing [SEP]: padding after it has no effect, so texts need no mask,
    # which open_clip's configuration could not express.
    "pool_type": "eos",
    "eos_id": 3,
    "pad_id": 0,
    "proj_bias": False,
}


def new_text_tower(vocab_size: int, visual_dim: int, dim: int) -> TextTransformer:
    """Build the tower with its visual columns at zero."""
    settings = {k: v for k, v in TEXT_CFG.items() if k != "hf_tokenizer_name"}
    tower = TextTransformer(vocab_size=vocab_size, output_dim=dim, **settings)
    with torch.no_grad():
        tower.text_projection[:, :visual_dim] = 0
    return tower


def start_from_teacher(tower: TextTransformer, tokenizer: Tokenizer, teacher: Path) -> None:
    """Start the token embeddings from the teacher's, reduced by principal components."""
    names = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    table = load_file(teacher / "model.safetensors")["embeddings.word_embeddings.weight"].float()
    rows = torch.stack([table[names[t]] for t in _pieces(tokenizer)])
    rows = rows - rows.mean(0)
    width = tower.width
    _, _, directions = torch.linalg.svd(rows, full_matrices=False)
    reduced = rows @ directions[:width].T
    with torch.no_grad():
        tower.token_embedding.weight.copy_(reduced * (0.03 / reduced.std()))


def _pieces(tokenizer: Tokenizer) -> list[str]:
    ordered = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    return [piece for piece, _ in ordered]


def train_text_tower(  # noqa: PLR0913 - each is one decision of the run
    tower: TextTransformer,
    tokens: list[list[int]],
    targets: Floats,
    *,
    visual_dim: int,
    steps: int,
    batch: int,
    seed: int,
    checkpoint: Path,
) -> TextTransformer:
    """Fit the tower's outputs to `targets` by cosine; return a tower with the averaged weights.

    Args:
        tower: From `new_text_tower`.
        tokens: Token ids of each text, with special tokens.
        targets: (n, meaning + colour) unit rows.
        visual_dim: Leading columns of the output that stay zero.
        steps: Optimiser steps.
        batch: Texts in a step, of similar length, to save padding.
        seed: Of the order.
        checkpoint: Written every 250 steps; an interrupted run continues from it.
    """
    average = copy.deepcopy(tower)
    optimiser = torch.optim.AdamW(tower.parameters(), lr=2e-3, weight_decay=0.02, betas=(0.9, 0.98))
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        tower.load_state_dict(state["tower"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    lengths = np.array([len(t) for t in tokens])
    wanted = torch.from_numpy(targets)
    for step in range(first, steps):
        rng = np.random.default_rng([seed, step])
        pool = rng.integers(0, len(tokens), size=batch * 8)
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        rows = pool[(k := int(rng.integers(8))) * batch : (k + 1) * batch]
        rate = 2e-3 * min(1.0, (step + 1) / 200) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = float(rate) + 1e-6
        out = F.normalize(_short(tower, [tokens[i] for i in rows])[:, visual_dim:], dim=1)
        goal = wanted[rows]
        # The cosine pulls each text to its target; the similarities keep neighbours in order.
        loss = (1 - (out * goal).sum(1)).mean() + 2 * F.mse_loss(out @ out.T, goal @ goal.T)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        tower.text_projection.grad[:, :visual_dim] = 0
        optimiser.step()
        with torch.no_grad():
            tower.text_projection[:, :visual_dim] = 0
            keep = min(0.998, (step + 1) / (step + 10))
            for slow, fast in zip(average.parameters(), tower.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
        if step % 250 == 249 or step == steps - 1:
            log.info("text_tower_trained", step=step + 1, steps=steps, loss=round(loss.item(), 4))
            _save(checkpoint, tower, average, optimiser, step + 1)
    return average.eval()


def _save(
    path: Path,
    tower: TextTransformer,
    average: TextTransformer,
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    state = {"tower": tower.state_dict(), "average": average.state_dict(), "step": step}
    content = BytesIO()
    torch.save({**state, "optimiser": optimiser.state_dict()}, content)
    write_whole(path, content.getbuffer())


def _short(tower: TextTransformer, tokens: list[list[int]]) -> Tensor:
    """Run the tower over as many positions as the longest text has, a third of all of them."""
    padded = _padded(tokens)
    tower.attn_mask = tower.build_causal_mask()[: padded.shape[1], : padded.shape[1]]
    vectors: Tensor = tower(padded)
    tower.attn_mask = tower.build_causal_mask()
    return vectors


def _padded(tokens: list[list[int]]) -> Tensor:
    longest = max(map(len, tokens))
    return torch.tensor([t + [0] * (longest - len(t)) for t in tokens])


@torch.inference_mode()
def encode_tokens(tower: TextTransformer, tokens: list[list[int]]) -> Tensor:
    """Return (n, d) unit rows for token ids."""
    parts = [_short(tower, tokens[i : i + 256]) for i in range(0, len(tokens), 256)]
    return F.normalize(torch.cat(parts), dim=1)
