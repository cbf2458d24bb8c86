"""docs/reference says what the code says."""

import pytest
from django.core.management import CommandError, call_command


def test_the_reference_is_current():
    call_command("write_reference", check=True)


def test_a_stale_page_is_told_with_a_diff(tmp_path, capsys):
    call_command("write_reference", folder=tmp_path, verbosity=0)
    page = tmp_path / "states.md"
    page.write_text(page.read_text().replace("# States", "# Statures"))
    capsys.readouterr()
    with pytest.raises(CommandError, match=r"states\.md"):
        call_command("write_reference", check=True, folder=tmp_path)
    assert "-# Statures\n+# States\n" in capsys.readouterr().out


def test_a_missing_page_is_told(tmp_path):
    call_command("write_reference", folder=tmp_path, verbosity=0)
    (tmp_path / "actions.md").unlink()
    with pytest.raises(CommandError, match=r"actions\.md"):
        call_command("write_reference", check=True, folder=tmp_path)


def test_a_page_of_nobody_is_told(tmp_path):
    call_command("write_reference", folder=tmp_path, verbosity=0)
    (tmp_path / "old.md").touch()
    with pytest.raises(CommandError, match=r"old\.md"):
        call_command("write_reference", check=True, folder=tmp_path)
