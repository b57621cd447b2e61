"""Small BLIP models with random weights, and their tokenizers."""

from pathlib import Path

from search.encoder.torchvision_ops import declare_missing_operators
from tests.support.models.checkpoints import SENTENCES

SIDE_PX = 32
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def write_blip(folder: Path, *, seed: int = 3) -> Path:
    """Write a complete model for image-text matching; the same seed gives the same weights."""
    declare_missing_operators()
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForImageTextRetrieval,
        BlipImageProcessorPil,
    )

    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    words.train_from_iterator(SENTENCES, trainer)
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    BertTokenizerFast(tokenizer_object=words).save_pretrained(folder)

    config = BlipConfig(
        text_config={
            **SIZES,
            "vocab_size": words.get_vocab_size(),
            "encoder_hidden_size": SIZES["hidden_size"],
            "max_position_embeddings": 24,
            "attention_probs_dropout_prob": 0.0,
            "hidden_dropout_prob": 0.0,
        },
        vision_config={**SIZES, "image_size": SIDE_PX, "patch_size": 8},
        image_text_hidden_size=8,
    )
    torch.manual_seed(seed)
    network = BlipForImageTextRetrieval(config)
    for parameter in network.parameters():  # unchanged, all scores are nearly the same
        parameter.data += 0.4 * torch.randn_like(parameter)
    network.save_pretrained(folder)
    BlipImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}).save_pretrained(folder)
    return folder
