"""The key that signs cookies."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from search.settings import Settings
from web.protection.cookie_key import load_secret_key


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")

    key = load_secret_key(settings)

    assert len(key) >= 32
    assert load_secret_key(settings) == key
    assert stat.S_IMODE((settings.root / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in settings.root.iterdir()] == ["secret_key"]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_secret_key(settings), range(32)))

    assert len(keys) == 1


def test_the_operators_key_wins(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret_key="an operator's own key")

    assert load_secret_key(settings) == "an operator's own key"
    assert not (tmp_path / "secret_key").exists()
