"""The table: each row stands for a field of its part's struct, with a default that the field can hold."""

from __future__ import annotations

import msgspec
import pytest

from gridrunner.settings.loading import OTHER_VARIABLES, Settings
from gridrunner.settings.table import BY_KEY, PART_OF, PARTS, SETTINGS, default_of, hide_secrets, keys_of
from gridrunner.settings.values import Setting


def test_names_are_unique() -> None:
    assert len(BY_KEY) == len(SETTINGS)
    shorts = [row.short for row in SETTINGS if row.short]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_row_has_a_field_of_its_type(row: Setting) -> None:
    default = default_of(row.key)
    kind = {field.name: field.type for field in msgspec.structs.fields(PART_OF[row.key].defaults)}[row.attribute]
    assert msgspec.convert(default, kind) == default
    assert row.is_list is isinstance(default, tuple)
    assert row.is_flag is isinstance(default, bool)


def test_every_part_is_an_attribute_of_the_settings() -> None:
    settings = Settings()
    assert all(getattr(settings, part.name) == part.defaults for part in PARTS)


def test_no_setting_is_called_as_a_variable_that_is_read_elsewhere() -> None:
    assert not {row.key.upper() for row in SETTINGS} & set(OTHER_VARIABLES)


def test_keys_of_several_parts_are_those_of_the_table_in_its_order() -> None:
    assert keys_of(*(part.rows for part in PARTS)) == tuple(BY_KEY)


def test_the_values_of_secret_settings_are_not_in_a_command_line_that_is_kept() -> None:
    words = ["run", "--notify", "slack://token", "--notify=json://user:x@host", "--sites", "a.yaml", "--notify"]
    assert hide_secrets(words) == ("run", "--notify", "…", "--notify=…", "--sites", "a.yaml", "--notify")
