"""What all tests share: a calm hypothesis, and no leaks from the user's own environment."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "kerastui", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kerastui")


def pytest_collection_finish() -> None:
    """Keep the garbage collector away from Keras and from what was collected: they stay."""
    gc.freeze()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a workspace and a settings folder of its own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("KERASTUI_HOME", str(home / "saved"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    # Nothing outside this machine is ever asked: a proxy that is not there refuses at once.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    return home
