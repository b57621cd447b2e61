"""Texts of any kind and length are cleaned, prompted, split if long, and pooled."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs

from search.encoder import OpenClipEncoder, load_encoder
from search.encoder.text_windows import MAX_CHARACTERS, MAX_WINDOWS, TextWindows, clean
from search.errors import ModelUnavailable
from tests.support.models.checkpoints import SENTENCES, write_checkpoint, write_tokenizer

LONG = " ".join(SENTENCES * 6)  # about 300 tokens
ODD_TEXTS = {
    "empty": "",
    "blank": "   ",
    "emoji": "🙂👟" * 200,
    "family": "👨‍👩‍👧‍👦 sofa",
    "arabic": "كرسي خشبي " * 60,
    "hebrew and english": "\u202eכיסא\u202c chair",
    "chinese without spaces": "红色天鹅绒扶手椅" * 300,
    "accents": "smörgåsbord 2000 ½",
    "control": "\x00\n\t\x1b[0m",
    "half a character": "\ud83d chair",
    "markup": "<b>chair</b> &amp; &lt;table&gt;",
    "special tokens": "<end_of_text> [SEP] </s> chair",
    "one word": "x" * 5000,
    "a megabyte": "mug " * 262_144,
    "a megabyte in one word": "ab" * 524_288,
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    """CLIP's own tokenizer."""
    return load_encoder(f"local-dir:{write_checkpoint(tmp_path_factory.mktemp('clip'))}", "cpu")


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    """A tokenizer of the `tokenizers` library."""
    folder = write_checkpoint(tmp_path_factory.mktemp("siglip"), "siglip")
    return load_encoder(f"local-dir:{folder}", "cpu")


@pytest.fixture(params=["embedded", "clip", "siglip"])
def any_encoder(request: pytest.FixtureRequest) -> OpenClipEncoder:
    name = "encoder" if request.param == "embedded" else request.param
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> OpenClipEncoder:
    """The same weights as `clip`, with two prompts."""
    prompts = {"text_templates": ["a photo of {}", "{} on a white ground"]}
    folder = write_checkpoint(tmp_path_factory.mktemp("prompted"), findalike=prompts)
    return load_encoder(f"local-dir:{folder}", "cpu")


def direct(encoder: OpenClipEncoder, texts: list[str]) -> Any:
    """Encode texts with open_clip alone: its tokenizer, which truncates, and its model."""
    tokens = encoder._texts._tokenizer(texts)
    with torch.inference_mode():
        return torch.nn.functional.normalize(encoder._model.encode_text(tokens), dim=1).numpy()


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


def greedy_windows(encoder: OpenClipEncoder, text: str, room: int) -> list[str]:
    tokenizer = encoder._texts._tokenizer
    windows: list[str] = []
    for word in text.split():
        longer = f"{windows[-1]} {word}" if windows else word
        if windows and len(tokenizer.encode(longer)) <= room:
            windows[-1] = longer
        else:
            windows.append(word)
    return windows


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("  red \t\n mug ", "red mug"),
        ("cafe\u0301", "caf\u00e9"),  # NFC
        ("red\x00mug\x1b", "red mug"),
        ("\ufeffred\u200b mu\u00adg\u200e", "red mug"),
        ("\u202eכיסא\u202c", "כיסא"),
        ("\ud83d chair", "chair"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),  # joiners are part of the emoji
        ("می‌خواهم", "می‌خواهم"),  # and of Persian words
        ("Red Mug!", "Red Mug!"),  # case and punctuation are left to the tokenizer
        ("", ""),
    ],
)
def test_cleaning(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_cleaning_reads_so_much_and_keeps_words_whole() -> None:
    cleaned = clean("armchair " * 10_000)

    assert MAX_CHARACTERS - 20 < len(cleaned) <= MAX_CHARACTERS
    assert set(cleaned.split()) == {"armchair"}


@pytest.mark.parametrize("kind", sorted(ODD_TEXTS))
def test_any_text_is_encoded(any_encoder: OpenClipEncoder, kind: str) -> None:
    vector = any_encoder.encode_texts([ODD_TEXTS[kind]])

    assert vector.shape == (1, any_encoder.dim)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_a_long_text_is_the_mean_of_its_windows(clip: OpenClipEncoder) -> None:
    windows = greedy_windows(clip, LONG, 77 - 2)
    weights = [len(clip._texts._tokenizer.encode(window)) for window in windows]

    found = clip.encode_texts([LONG])[0]

    assert len(windows) > 3
    expected = unit(np.average(direct(clip, windows), axis=0, weights=weights))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found @ direct(clip, [LONG])[0] < 0.9999, "not what a cut text gives"


@pytest.mark.parametrize("name", ["clip", "siglip", "prompted", "encoder"])
def test_nothing_is_cut(name: str, request: pytest.FixtureRequest) -> None:
    """Each window ends with the tokenizer's closing token, and no word is lost."""
    texts: TextWindows = request.getfixturevalue(name)._texts

    plan = texts.plan([LONG])

    room = texts._room
    assert all(count <= room for count in texts._count(plan.prompts))
    assert len(plan.prompts) == len(plan.weights[0]) * len(texts.templates) > 3
    first = plan.prompts[:: len(texts.templates)]
    before, after = texts.templates[0].split("{}")
    words = [prompt.removeprefix(before).removesuffix(after) for prompt in first]
    assert " ".join(words) == LONG


def test_the_end_of_a_long_text_counts(any_encoder: OpenClipEncoder) -> None:
    with_lamp, with_mug = any_encoder.encode_texts([f"{LONG} lamp", f"{LONG} mug"])

    assert np.abs(with_lamp - with_mug).max() > 1e-4


def test_windows_of_a_word_that_exceeds_the_context(clip: OpenClipEncoder) -> None:
    plan = clip._texts.plan(["👟" * 120])

    assert len(plan.prompts) > 1
    assert "".join(plan.prompts) == "👟" * 120
    assert max(clip._texts._count(plan.prompts)) <= 75


def test_prompts_are_averaged(clip: OpenClipEncoder, prompted: OpenClipEncoder) -> None:
    found = prompted.encode_texts(["red mug"])[0]

    both = direct(clip, ["a photo of red mug", "red mug on a white ground"])
    np.testing.assert_allclose(found, unit(both.mean(axis=0)), atol=1e-5)
    assert prompted.tag.split("-")[-1] != clip.tag.split("-")[-1]


def test_prompts_and_windows_together(clip: OpenClipEncoder, prompted: OpenClipEncoder) -> None:
    windows = greedy_windows(clip, LONG, 77 - 2 - 4)  # "on a white ground" takes four tokens
    weights = [len(clip._texts._tokenizer.encode(window)) for window in windows]

    found = prompted.encode_texts([LONG])[0]

    means = [
        unit(direct(clip, [f"a photo of {w}", f"{w} on a white ground"]).mean(axis=0))
        for w in windows
    ]
    np.testing.assert_allclose(found, unit(np.average(means, axis=0, weights=weights)), atol=1e-5)


def test_braces_in_a_text_are_text(prompted: OpenClipEncoder) -> None:
    plan = prompted._texts.plan(["{0} {x} {} mug"])

    assert plan.prompts[0] == "a photo of {0} {x} {} mug"


def test_the_embedded_model_reads_bare_phrases(encoder: OpenClipEncoder) -> None:
    assert encoder._texts.templates == ("{}",)


def test_a_huge_text_is_bounded_and_says_so(clip: OpenClipEncoder) -> None:
    with capture_logs() as logs:
        plan = clip._texts.plan(["👟 " * 500_000, "red mug"])

    assert [len(weights) for weights in plan.weights] == [MAX_WINDOWS, 1]
    assert {entry["event"] for entry in logs} == {"text_bounded"}


@pytest.fixture
def batches(clip: OpenClipEncoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the forward passes."""
    sizes: list[int] = []
    forward = clip._forward_texts

    def count(texts: list[str]) -> Any:
        sizes.append(len(texts))
        return forward(texts)

    monkeypatch.setattr(clip, "_forward_texts", count)
    return sizes


def test_windows_of_all_texts_share_batches(clip: OpenClipEncoder, batches: list[int]) -> None:
    texts = [f"{SENTENCES[i % 5]} {i}" for i in range(300)]
    texts[7:7] = [LONG]
    texts.append(LONG)

    together = clip.encode_texts(texts)

    windows = 300 + 2 * len(clip._texts.plan([LONG]).prompts)
    assert sum(batches) == windows
    assert len(batches) == math.ceil(windows / 256)
    for i in (0, 7, 8, 150, len(texts) - 1):
        np.testing.assert_allclose(together[i], clip.encode_texts([texts[i]])[0], atol=1e-5)


def test_threads_share_a_tokenizer(siglip: OpenClipEncoder) -> None:
    """Tokenizers in Rust fail with `Already borrowed` if threads use them at once."""
    texts = [SENTENCES[i % 5] if i % 2 else LONG for i in range(64)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: siglip.encode_texts([text])[0], texts))

    np.testing.assert_allclose(found[:2], siglip.encode_texts(texts[:2]), atol=1e-5)
    np.testing.assert_allclose(found[::10], np.resize(found[0], (7, siglip.dim)), atol=1e-5)


def test_words_are_not_dropped_at_random(tmp_path: Path) -> None:
    """CLIPA's own tokenizers drop words of texts that exceed their context."""
    from open_clip.tokenizer import SimpleTokenizer

    texts = TextWindows(SimpleTokenizer(context_length=32, reduction_mask="random"), ("{}",))

    plan = texts.plan([LONG])

    assert " ".join(plan.prompts) == LONG
    assert torch.equal(texts.tokens(plan.prompts), texts.tokens(plan.prompts))


def test_room_for_the_class_token_of_clips(tmp_path: Path) -> None:
    from open_clip.tokenizer import HFTokenizer

    write_tokenizer(tmp_path)
    tokenizer = HFTokenizer(str(tmp_path), context_length=24, tokenizer_mode="clips")
    tokenizer.tokenizer.add_special_tokens({"bos_token": "<pad>", "cls_token": "<unk>"})
    texts = TextWindows(tokenizer, ("{}",))

    prompts = texts.plan([LONG]).prompts

    ends = (texts.tokens(prompts) == tokenizer.tokenizer.eos_token_id).any(dim=1)
    assert bool(ends.all()), "the end is still there, so nothing before it was cut"
    assert max(texts._count(prompts)) <= 24 - 3


def test_the_tokenizer_forgets_words(
    clip: OpenClipEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLIP's own tokenizer remembers every word, so strangers could fill the memory."""
    monkeypatch.setattr("search.encoder.text_windows._MAX_REMEMBERED", 50)
    before = clip.encode_texts(["red mug"])

    clip.encode_texts([f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(200)])
    after = clip.encode_texts(["red mug"])

    assert len(clip._texts._tokenizer.cache) <= 60
    assert "<start_of_text>" in clip._texts._tokenizer.cache
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("templates", "complaint"),
    [
        ([], "text_templates"),
        ("a photo of {}", "text_templates"),
        (["a photo"], "text_templates"),
        (["{} or {}"], "text_templates"),
        ([7], "text_templates"),
        (["very " * 80 + "{}"], "no room"),
    ],
)
def test_prompts_that_cannot_work(tmp_path: Path, templates: object, complaint: str) -> None:
    folder = write_checkpoint(tmp_path / "odd", findalike={"text_templates": templates})

    with pytest.raises(ModelUnavailable, match=complaint):
        load_encoder(f"local-dir:{folder}", "cpu")
