"""`access new`: a made-up study that is accepted as it is, and never overwrites."""

from __future__ import annotations


def test_it_never_overwrites(access_command, tmp_path):
    folder = tmp_path / "my_town"
    folder.mkdir()
    (folder / "centres.csv").write_text("mine", encoding="utf-8")
    done = access_command("new", folder)
    assert done.returncode == 8
    assert "already holds centres.csv" in done.stderr
    assert [f.name for f in folder.iterdir()] == ["centres.csv"]


def test_a_name_that_cannot_be_one(access_command, tmp_path):
    done = access_command("new", tmp_path / "My Town")
    assert done.returncode == 2
    assert "small letters" in done.stderr
    assert not (tmp_path / "My Town").exists()


def test_new_check_run(access_command, town_run):
    checked = access_command("check", town_run / "my_town")
    assert checked.returncode == 0, checked.stderr
    assert "3 -> 2" in checked.stdout
    said = (town_run / "said.txt").read_text(encoding="utf-8")
    assert "Riverside" in said
    assert "Everything in this study is made up" in said
