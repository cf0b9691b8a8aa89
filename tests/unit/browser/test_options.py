"""The switches of a session."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pytest

from gridrunner.browser.binaries import Browser
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.settings.grid import BrowserName

CHROMIUM = Browser(name=BrowserName.CHROMIUM, binary=Path("/b/chromium"), chromedriver=Path("/b/chromedriver"))


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "images" / "mark.svg").write_text("<svg/>")
    return tmp_path


@pytest.mark.parametrize("has_extension", [False, True])
def test_only_one_switch_disables_features(extension: Path, has_extension: bool) -> None:
    asked = SessionOptions(name="x", extensions=(extension,) if has_extension else ())
    switches = [switch for switch in make_options(asked, CHROMIUM).arguments if "--disable-features" in switch]
    assert len(switches) == 1
    assert "Translate" in switches[0]
    assert ("DisableLoadExtensionCommandLineSwitch" in switches[0]) is has_extension


def test_extension_of_this_machine_is_loaded_from_its_folder(extension: Path) -> None:
    options = make_options(SessionOptions(name="x", extensions=(extension, extension)), CHROMIUM)
    assert f"--load-extension={extension},{extension}" in options.arguments
    assert options.extensions == []


def test_extension_travels_to_a_hub_as_a_zip_file(extension: Path) -> None:
    options = make_options(SessionOptions(name="x", extensions=(extension,)), None)
    assert not any("--load-extension" in switch for switch in options.arguments)
    (packed,) = options.extensions
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as files:
        assert sorted(files.namelist()) == ["images/mark.svg", "manifest.json"]


def test_browser_that_was_named_is_asked_of_a_hub_by_a_switch() -> None:
    asked = SessionOptions(name="x", browser_on_hubs=BrowserName.CHROMIUM)
    assert "--gridrunner-browser=chromium" in make_options(asked, None).arguments
    assert not [switch for switch in make_options(asked, CHROMIUM).arguments if "gridrunner" in switch]
    assert not [switch for switch in make_options(SessionOptions(name="x"), None).arguments if "gridrunner" in switch]
