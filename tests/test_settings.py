"""Settings are places, told by the environment, then the file, then defaults."""

from pathlib import Path

import pytest

from evenstock.settings import Settings


def test_without_any_word_everything_lies_in_one_folder(tmp_path: Path) -> None:
    settings = Settings.load({}, tmp_path)

    assert settings.home == tmp_path / ".evenstock"
    assert settings.database == f"sqlite:///{tmp_path}/.evenstock/evenstock.db"
    assert settings.snapshots == tmp_path / ".evenstock" / "snapshots"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "evenstock.toml").write_text('home = "from-file"\ndatabase = "memory:"\n')

    assert Settings.load({}, tmp_path).database == "memory:"
    assert Settings.load({"EVENSTOCK_DATABASE": "postgresql://h/d"}, tmp_path).database == "postgresql://h/d"
    assert Settings.load({"EVENSTOCK_HOME": "/x"}, tmp_path).home == Path("/x")


@pytest.mark.parametrize(
    ("text", "said"), [("hom = 'x'", "unknown setting 'hom'"), ("home = 3", "home is text in quotes")]
)
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "evenstock.toml").write_text(text)

    with pytest.raises(ValueError, match=f"evenstock.toml: {said}"):
        Settings.load({}, tmp_path)
