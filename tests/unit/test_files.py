"""Outputs are whole or not there, and never stand where an input stood."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import warnings
import zipfile
from pathlib import Path

import pytest

import access.files
from access.errors import OutputError
from access.files import (
    _UNFINISHED,
    any_clock,
    check_file,
    check_folder,
    one_writer,
    replacing,
    sha256_of,
    whole_folder,
    write_file,
)

OLD = {"a.csv": "old a", "b.csv": "old b", "stale.csv": "old stale"}
NEW = {"a.csv": "new a", "b.csv": "new b", "c.csv": "new c"}
MINE = {"notes.txt": "mine", "deep/er/notes.txt": "mine too"}


def write_run(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    ledger = {"command": {}, "inputs": [], "outputs": dict.fromkeys(files, ""), "versions": {}}
    (folder / "ledger.json").write_text(json.dumps(ledger))


def run(out: Path, files: dict[str, str], **options: bool) -> None:
    with whole_folder(out, **options) as work:
        write_run(work, files)


def held(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "ledger.json"
    }


def litter(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob(f"{_UNFINISHED}*")]


@pytest.fixture
def out(tmp_path):
    run(tmp_path / "out", OLD)
    for name, text in MINE.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(text)
    return tmp_path / "out"


class TestWhole:
    def test_a_run_takes_the_place_of_the_former_and_files_of_others_stay(self, out):
        (out / ".unfinished-of-old").mkdir()
        run(out, NEW)
        assert held(out) == NEW | MINE
        assert not litter(out.parent)

    def test_what_adds_keeps_the_former_outputs_too(self, out):
        with whole_folder(out, adds=True) as work:
            (work / "a.csv").write_text("added")
        assert held(out) == OLD | MINE | {"a.csv": "added"}

    def test_an_empty_a_new_and_a_deep_folder(self, tmp_path):
        (tmp_path / "empty").mkdir()
        for name in ("empty", "new", "x/y/z", "b" * 255):
            run(tmp_path / name, NEW)
            assert held(tmp_path / name) == NEW

    @pytest.mark.parametrize("failure", [RuntimeError("x"), KeyboardInterrupt()])
    def test_a_failure_half_way_leaves_what_was_there(self, out, failure):
        with pytest.raises(type(failure)), whole_folder(out) as work:
            (work / "a.csv").write_text("new")
            raise failure
        assert held(out) == OLD | MINE
        assert not litter(out.parent)

    def test_a_full_disk_is_told_plainly(self, out):
        with pytest.raises(OutputError, match=r"No space left.*untouched"), whole_folder(out):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        assert held(out) == OLD | MINE

    def test_the_rights_of_the_folder_stay(self, out):
        out.chmod(0o750)
        run(out, NEW)
        assert out.stat().st_mode & 0o777 == 0o750

    def test_a_link_to_a_folder_stays_a_link(self, out, tmp_path):
        (tmp_path / "link").symlink_to(out)
        run(tmp_path / "link", NEW)
        assert (tmp_path / "link").is_symlink()
        assert held(out) == NEW | MINE

    def test_links_of_the_user_stay_links(self, out, tmp_path):
        (out / "link").symlink_to(tmp_path / "nowhere")
        run(out, NEW)
        assert (out / "link").readlink() == tmp_path / "nowhere"

    def test_a_file_of_the_user_with_an_output_s_name_is_refused(self, out):
        (out / "c.csv").write_text("mine")
        with pytest.raises(OutputError, match=r"c\.csv is not of a former run"):
            run(out, NEW)
        assert held(out) == OLD | MINE | {"c.csv": "mine"}

    def test_a_second_run_at_once_is_refused(self, out):
        with whole_folder(out) as work:
            with pytest.raises(OutputError, match="another run is writing"):
                run(out, OLD)
            write_run(work, NEW)
        assert held(out) == NEW | MINE


class TestRefused:
    def test_a_folder_with_files_and_no_run(self, tmp_path):
        (tmp_path / "areas.csv").write_text("mine")
        with pytest.raises(OutputError, match=r"no former run \(areas\.csv"):
            run(tmp_path, NEW)
        assert held(tmp_path) == {"areas.csv": "mine"}

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '"x"', "{", "7"])
    def test_a_ledger_that_is_none(self, tmp_path, text):
        (tmp_path / "ledger.json").write_text(text)
        with pytest.raises(OutputError, match="no former run"):
            check_folder(tmp_path)

    @pytest.mark.parametrize("way", ["study", "study/", "./study", "study/../study", "link", "."])
    def test_a_folder_with_an_input(self, tmp_path, monkeypatch, way):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "study").mkdir()
        (tmp_path / "link").symlink_to("study")
        with pytest.raises(OutputError, match="holds an input"):
            check_folder(Path(way), [Path("study")])

    def test_an_input_deep_in_a_former_run(self, out, tmp_path):
        with pytest.raises(OutputError, match="holds an input"):
            check_folder(out, [out / "deep/er/notes.txt"])

    def test_a_folder_inside_the_study_is_free(self, tmp_path):
        (tmp_path / "study").mkdir()
        assert check_folder(tmp_path / "study/out", [tmp_path / "study"])

    def test_the_folder_one_is_in(self, out, monkeypatch):
        monkeypatch.chdir(out / "deep")
        with pytest.raises(OutputError, match="the folder you are in"):
            check_folder(out)

    @pytest.mark.parametrize("name", ["file", "file/x", "a" * 256, "x\udcff", "a\0b", "/dev/null"])
    def test_what_cannot_be_a_folder(self, tmp_path, name):
        (tmp_path / "file").write_text("kept")
        with pytest.raises(OutputError, match="cannot write into"):
            run(tmp_path / name, NEW)
        assert held(tmp_path) == {"file": "kept"}


class TestFile:
    @pytest.mark.parametrize("name", ["a" * 256, "x\udcff", "folder", "/dev/null", "in/file/x"])
    def test_what_cannot_be_a_file(self, tmp_path, name):
        (tmp_path / "folder").mkdir()
        (tmp_path / "in").write_text("")
        with pytest.raises(OutputError):
            write_file(tmp_path / name, b"new")
        assert not litter(tmp_path)

    def test_an_input_is_not_written_over_by_any_of_its_names(self, tmp_path):
        (tmp_path / "in.xlsx").write_bytes(b"PK\x03\x04")
        (tmp_path / "link.xlsx").symlink_to("in.xlsx")
        (tmp_path / "hard.xlsx").hardlink_to(tmp_path / "in.xlsx")
        for name in ("in.xlsx", "link.xlsx", "hard.xlsx", "../" + tmp_path.name + "/in.xlsx"):
            with pytest.raises(OutputError, match="is an input"):
                check_file(tmp_path / name, [tmp_path / "in.xlsx"])

    def test_a_file_of_another_kind_is_not_written_over(self, tmp_path):
        (tmp_path / "a.xlsx").write_text("id,count")
        with pytest.raises(OutputError, match="not what its name says"):
            write_file(tmp_path / "a.xlsx", b"PK")

    def test_what_a_killed_writer_left_goes_and_a_living_writer_s_stays(self, tmp_path):
        (tmp_path / f"{_UNFINISHED}dead.part").write_text("")
        with replacing(tmp_path / "a") as one, replacing(tmp_path / "b") as other:
            one.write(b"a"), other.write(b"b")
            assert len(litter(tmp_path)) == 2
        assert held(tmp_path) == {"a": "a", "b": "b"}

    def test_a_failure_leaves_the_former(self, tmp_path):
        write_file(tmp_path / "a", b"old")
        with pytest.raises(ValueError), replacing(tmp_path / "a") as handle:
            handle.write(b"new")
            raise ValueError
        assert held(tmp_path) == {"a": "old"}


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("k", range(40))
def test_an_error_at_every_step_leaves_old_or_new(out, monkeypatch, k, exchange):
    if not exchange:
        monkeypatch.setattr(access.files, "_exchange", lambda one, other: False)
    steps = 0

    def failing(real):
        def call(*given, **named):
            nonlocal steps
            steps += 1
            if steps > k:  # and it stays broken
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*given, **named)

        return call

    with monkeypatch.context() as broken:
        for name in ("rename", "replace", "link", "fsync", "mkdir"):
            broken.setattr(os, name, failing(getattr(os, name)))
        try:
            run(out, NEW)
        except OutputError:
            done = False
        else:
            done = True
    with whole_folder(out, adds=True):
        pass  # the next start
    assert held(out) == (NEW if done else OLD) | MINE or held(out) == NEW | MINE
    assert not litter(out.parent)


def killed(out: Path, k: int, way: str) -> int:
    """Write in a copy of this process that is killed at its step k; give how it ended."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        child = os.fork()  # other threads of this process are not asked for anything in the copy
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    steps = itertools.count(1)

    def deadly(real):
        def call(*given, **named):
            if next(steps) == k:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return call

    try:
        if way == "two":
            access.files._exchange = lambda one, other: False
        for name in ("rename", "link", "fsync", "mkdir", "unlink", "rmdir", "open"):
            setattr(os, name, deadly(getattr(os, name)))
        run(out, NEW)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def kill_at_every_step(home: Path, way: str) -> None:
    seen = set()
    for k in range(1, 60):
        out = home / str(k) / "out"
        run(out, OLD)
        ended = killed(out, k, way)
        assert ended in (0, -9)
        if way == "one":
            assert held(out) in (OLD, NEW), k
        with whole_folder(out, adds=True):
            pass
        assert held(out) in (OLD, NEW), k
        assert not litter(home / str(k))
        seen.add((ended, held(out) == NEW))
        if ended == 0:
            break
    assert {(-9, False), (-9, True), (0, True)} <= seen


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("way", ["one", "two"])
def test_killed_at_any_step_the_folder_is_old_or_new(tmp_path, way):
    # from a small process: a copy of this one, with all that is imported here, takes far longer
    code = (
        "import os, pathlib\n"
        "from tests.unit import test_files\n"
        "os.fsync = lambda handle: None\n"
        f"test_files.kill_at_every_step(pathlib.Path({str(tmp_path)!r}), {way!r})"
    )
    home = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_clock_before_1980(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "localtime", lambda *_: time.struct_time((1970, 1, 1, *[0] * 6)))
    with any_clock(), zipfile.ZipFile(tmp_path / "a.zip", "w") as pack:
        pack.writestr("a", b"a")
    with zipfile.ZipFile(tmp_path / "a.zip") as pack:
        assert pack.getinfo("a").date_time[0] == 1980


def test_what_another_writer_buries_between_two_steps_is_written_all_the_same(
    tmp_path, monkeypatch
):
    lock, move = access.files._locked, os.replace
    buried = []

    def late_lock(handle):  # another writer looks in before the lock is there
        if handle.mode == "xb" and not buried:
            buried.append(handle.name)
            Path(handle.name).unlink()
        return lock(handle)

    def late_move(source, target):  # and again when all is written
        access.files._bury_files(tmp_path)
        move(source, target)

    monkeypatch.setattr(access.files, "_locked", late_lock)
    monkeypatch.setattr(access.files.os, "replace", late_move)
    access.files.write_file(tmp_path / "a.txt", b"whole")
    assert buried
    assert (tmp_path / "a.txt").read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pipes")
class TestPipes:
    """A pipe that is opened is waited for without end."""

    @pytest.mark.parametrize("name", ["report.pdf", "ledger.json", "notes.txt"])
    def test_a_pipe_in_a_folder_is_a_file_of_others(self, tmp_path, name):
        (tmp_path / "out").mkdir()
        os.mkfifo(tmp_path / "out" / name)
        with pytest.raises(OutputError, match="no former run"):
            check_folder(tmp_path / "out")

    def test_a_pipe_of_the_user_beside_a_run_stays(self, out):
        os.mkfifo(out / "report.pdf")
        run(out, NEW)
        assert (out / "report.pdf").is_fifo()
        assert held(out) == NEW | MINE

    def test_nothing_but_a_file_is_hashed(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for place in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
            with pytest.raises(OSError, match="no regular file"):
                sha256_of(place)


def test_parts_that_a_ledger_lists_in_folders_go_unless_they_are_kept(tmp_path):
    out = tmp_path / "out"
    parts = {"parts/a": "a", "parts/b": "b"}
    (out / "parts").mkdir(parents=True)
    for name, text in parts.items():
        (out / name).write_text(text)
    write_run(out, {"table.csv": "old", **parts})
    (out / "parts" / "mine").write_text("mine")
    with whole_folder(out, keeps={"parts/b"}) as work:
        write_run(work, {"table.csv": "new"})
    assert held(out) == {"table.csv": "new", "parts/b": "b", "parts/mine": "mine"}


def test_a_folder_written_part_by_part_has_one_writer(tmp_path):
    with one_writer(tmp_path / "out"):
        with pytest.raises(OutputError, match="another run"), one_writer(tmp_path / "out"):
            pass
        with whole_folder(tmp_path / "out") as work:
            (work / "a").write_text("a")
    assert not litter(tmp_path)


def test_an_input_that_cannot_be_found_is_not_blamed_on_the_folder(tmp_path):
    for name in ("x" * 300, os.fsdecode(b"caf\xe9"), "loop"):
        (tmp_path / "loop").unlink(missing_ok=True)
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        assert check_folder(tmp_path / "out", [tmp_path / name]) == tmp_path / "out"


@pytest.mark.parametrize("name", ["od.xlsx", "result.CSV", "page.html", "all.zip"])
def test_a_folder_is_not_made_under_the_name_of_a_file(tmp_path, name):
    with pytest.raises(OutputError, match="named as a file is"):
        check_folder(tmp_path / name)
    assert not list(tmp_path.iterdir())
    (tmp_path / name).mkdir()
    assert check_folder(tmp_path / name) == tmp_path / name
    assert check_folder(tmp_path / "year.2024") == tmp_path / "year.2024"
