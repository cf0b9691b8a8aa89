from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.run.manifests import require_manifest

GOOD = '{"manifest_version": 3, "name": "mine", "version": "1.0"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{bad", "manifest.json:1:2: not JSON: Expecting property name"),
        ("[]", "it is not an object"),
        ('{"manifest_version": 9, "name": "mine", "version": "1"}', "manifest_version is 9, and has to be 3"),
        ('{"manifest_version": 3, "version": "1"}', "name is missing"),
        ('{"manifest_version": 3, "name": "mine", "version": 1}', "version has to be a text"),
        (
            '{"manifest_version": 3, "name": "m", "version": "1", "content_scripts": [{"js": ["gone.js"]}]}',
            "content_scripts[0].js names gone.js, which does not exist",
        ),
        (
            '{"manifest_version": 3, "name": "m", "version": "1", "background": {"service_worker": "w.js"}}',
            "background.service_worker names w.js, which does not exist",
        ),
    ],
)
def test_what_chromium_would_refuse_is_told_before_a_browser_starts(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        require_manifest(tmp_path)
    assert said in str(caught.value)


def test_a_folder_without_a_manifest_is_no_extension(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not an unpacked extension"):
        require_manifest(tmp_path)


@pytest.mark.parametrize("prefix", ["", "\ufeff"])
def test_a_good_manifest_passes(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "manifest.json").write_text(prefix + GOOD)
    require_manifest(tmp_path)
