"""Small OWLv2 detectors with random weights."""

from pathlib import Path

from search.encoder.torchvision_ops import declare_missing_operators

SIDE_PX, PATCH_PX = 64, 8
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
WORDS = {"vocab_size": 40, "max_position_embeddings": 8, "bos_token_id": 0, "eos_token_id": 1}


def write_owlv2(folder: Path, *, seed: int = 3) -> Path:
    """Write a complete detector; the same seed gives the same weights."""
    declare_missing_operators()
    import torch
    from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessorPil

    config = Owlv2Config(
        text_config={**SIZES, **WORDS},
        vision_config={**SIZES, "image_size": SIDE_PX, "patch_size": PATCH_PX},
        projection_dim=8,
    )
    torch.manual_seed(seed)
    network = Owlv2ForObjectDetection(config)
    for head in (network.box_head, network.objectness_head):
        for parameter in head.parameters():
            parameter.data *= 0.25  # as initialised, boxes are random and scores are 1
    network.save_pretrained(folder)
    Owlv2ImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}).save_pretrained(folder)
    return folder
