"""Whatever people write in a study is text: in no output of a run does it become anything else."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import escape
from access.charts.chart import Chart
from access.errors import StudyError
from access.sources.folder import _template_files
from access.study import load_study
from tests.conftest import one_picture
from tests.hostile import CORPUS, NEVER, hostile_study, run

pytestmark = pytest.mark.usefixtures("settings_few")


@pytest.fixture(scope="module", autouse=True)
def drawn() -> Iterator[None]:
    """Draw each picture once: as lines where both are asked for, else of few dots.

    No test looks at one, but all that is written in it is drawn.
    """
    files, drawn = Chart._files, {}
    plain = Chart("One bar", "One bar.", "", lambda figure, axes: axes.bar([0], [1])).png(dpi=20)

    def once(self, kinds, titled):
        key = self.title, self.alt, *kinds
        if key not in drawn:
            kind, options = list(kinds.items())[-1]
            (one,) = files(self, {kind: options | {"dpi": 20}}, titled)
            drawn[key] = dict.fromkeys(kinds, plain) | {kind: one}
        return [*drawn[key].values()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chart, "_files", once)
        yield


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    marker = folder / "marker"
    study = hostile_study(folder / "study", marker)
    done = run("run", study, "--out", folder / "out")
    assert done.returncode == 0, done.stderr[-3000:]
    return study, folder / "out", marker, done


class TestEveryOutputOfARun:
    def test_nothing_of_a_study_is_run(self, ran):
        _, out, marker, _ = ran
        assert not marker.exists()
        for page in ("map.html", "explorer.html"):
            text = (out / page).read_text("utf-8")
            assert "<img src=x" not in text
            assert "<script>alert" not in text
            assert 'http-equiv="Content-Security-Policy"' in text
        shown = html.unescape((out / "map.html").read_text("utf-8").replace("\\u0026", "&"))
        assert "{{ 7*7 }}" in shown
        assert "{% endraw %}{{ 7*7 }}" in shown

    def test_the_map_has_no_script_but_its_own(self, ran):
        text = (ran[1] / "map.html").read_text("utf-8")
        assert text.count("<script") == text.count("</script>") == 3

    def test_no_cell_or_heading_of_a_table_is_a_formula(self, ran):
        for path in sorted(ran[1].glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.reader(file):
                    for cell in row:
                        if not re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?|-?inf", cell):
                            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
        for sheet in openpyxl.load_workbook(ran[1] / "tables.xlsx"):
            kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
            assert "f" not in kinds

    def test_names_come_through_unchanged(self, ran):
        study, out, _, _ = ran
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        assert "{{ 7*7 }}" in json.dumps(summary["proposals"])
        ids = pd.read_csv(study / "areas.csv", dtype=str, keep_default_na=False)["id"].str.strip()
        assert pd.read_parquet(out / "areas.parquet")["id"].tolist() == ids.tolist()
        layer = pyogrio.read_dataframe(out / "study.gpkg", layer="areas")
        assert layer["id"].tolist() == ids.tolist()
        with zipfile.ZipFile(out / "report.docx") as word:
            text = html.unescape(word.read("word/document.xml").decode())
        assert "{{ 7*7 }}" in text

    def test_file_names_are_ours(self, ran):
        with zipfile.ZipFile(ran[1] / "evidence.zip") as pack:
            assert all(re.fullmatch(r"(study/)?[\w.-]+", name) for name in pack.namelist())

    def test_the_terminal_is_told_nothing(self, ran):
        printed = ran[3].stdout + ran[3].stderr
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", printed)
        assert ":smile:" in printed
        assert "Warning" not in printed

    def test_a_pack_is_run_again_as_harmlessly(self, ran, tmp_path):
        _, out, marker, _ = ran
        with zipfile.ZipFile(out / "evidence.zip") as pack:
            pack.extractall(tmp_path)
        done = run("replay", tmp_path / "ledger.json", "--study", tmp_path / "study")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not marker.exists()

    def test_the_other_commands_write_it_as_harmlessly(self, ran, tmp_path):
        study, _, marker, _ = ran
        with one_picture():
            self.ask_all_else(study, tmp_path)
        assert not marker.exists()
        for path in sorted(tmp_path.rglob("*.csv")):
            for row in csv.reader(io.StringIO(path.read_bytes().decode())):
                assert not any(c.startswith(("=", "+", "@")) for c in row)

    def ask_all_else(self, study, tmp_path):
        for words in (("check", study), ("map", study, "--static", "--out", tmp_path / "m"),
                      ("rank", study, "--out", tmp_path / "r"),
                      ("site", study, "--hubs", "2", "--out", tmp_path / "s"),
                      ("compare", study, "--close", "C1", "--out", tmp_path / "c")):  # fmt: skip
            done = run(*words)
            assert done.returncode == 0, (words, done.stderr[-2000:])
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stdout)


class TestWhatCanBeNoText:
    @pytest.mark.parametrize("text", NEVER, ids=["NUL", "ESC", "CSI", "ten million letters"])
    def test_a_table_is_refused_by_file_row_and_column(self, tmp_path, text):
        folder = tmp_path / "town"
        folder.mkdir()
        for name, content in _template_files("town").items():
            (folder / name).write_text(content, encoding="utf-8")
        path = folder / "centres.csv"
        path.write_text(path.read_text().replace("Hilltop Children's Centre", text), "utf-8")
        with pytest.raises(StudyError) as refused:
            load_study(folder)
        assert "centres.csv, row 3, name" in str(refused.value)
        assert "characters" in str(refused.value)
        assert len(str(refused.value)) < 1000
        assert escape.terminal_text(str(refused.value)) == str(refused.value)

    @pytest.mark.parametrize("text", NEVER[:3])
    def test_a_setting_is_refused(self, tmp_path, text):
        folder = tmp_path / "town"
        folder.mkdir()
        for name, content in _template_files("town").items():
            (folder / name).write_text(content, encoding="utf-8")
        path = folder / "study.toml"
        old = '"Why, in your own words."'
        path.write_text(path.read_text().replace(old, escape.toml_text(text)), "utf-8")
        with pytest.raises(StudyError, match=r"proposals\.three_to_two\.comment"):
            load_study(folder)

    @pytest.mark.parametrize(
        "name", ["../centres.csv", "/etc/passwd", "C:\\x.csv", "a/../../x.csv", ""]
    )
    def test_a_table_lies_in_its_own_folder(self, tmp_path, name):
        folder = tmp_path / "town"
        folder.mkdir()
        for file, content in _template_files("town").items():
            (folder / file).write_text(content, encoding="utf-8")
        with (folder / "study.toml").open("a") as file:
            file.write(f"\n[tables]\ncentres = {escape.toml_text(name)}\n")
        with pytest.raises(StudyError, match=r"inside the study folder|text that is not empty"):
            load_study(folder)


class TestEscapes:
    @given(st.text())
    def test_text_in_a_template_is_only_ever_text(self, text):
        import jinja2

        safe = escape.template_text(text)
        assert jinja2.Template(safe).render() == safe, "however often it is rendered"
        assert not set(safe) & set("<>\"'`${}\\%\r\n")
        assert escape.plain(html.unescape(safe)) == escape.plain(text)

    @given(st.text())
    def test_no_cell_is_a_formula_and_the_text_can_be_had_back(self, text):
        cell = escape.cell_text(text)
        assert not re.match("[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]", cell.lstrip())
        if not text.startswith("'"):
            assert escape.cell_text_undone(cell) == text

    @given(st.text())
    def test_json_stays_the_same_json_on_a_terminal(self, text):
        written = json.dumps({"name": text}, ensure_ascii=False)
        assert json.loads(escape.terminal_text(written)) == {"name": text}

    def test_a_notebook_sets_no_name_as_maths(self):
        from access.display import _html_table

        table = _html_table(["$x$"], [["Play for $1 or $2"], ["<b>"]])
        assert not re.search(r"\$[^<>]+\$", table)
        assert "<b>" not in table

    @given(st.lists(st.text(max_size=4), max_size=8))
    def test_columns_of_a_geopackage_differ(self, names):
        given_names = [name.lower() for name in escape.column_names(names)]
        assert len(set(given_names)) == len(names)

    @pytest.mark.parametrize("names", [CORPUS[k::3] for k in range(3)], ids=["1", "2", "3"])
    def test_a_chart_draws_every_name_as_it_is_written(self, names, monkeypatch):
        def draw(figure, axes):
            axes.set_yticks(range(len(names) + 1), [*names, "Play for $1 or $2"])
            for name in names:
                axes.annotate(name, (0.5, 0.5))
            axes.set_xlabel("\n".join(names))

        told = " ".join(names)
        figures, lay_out = [], Chart.figure

        def kept(self, **given):
            figures.append(lay_out(self, **given))
            return figures[-1]

        monkeypatch.setattr(Chart, "figure", kept)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a name that is wider than the picture
            Chart(told, told, told, draw).png(dpi=20)
        (axes,) = figures[0].axes
        for name, text in zip(names, axes.texts, strict=True):
            shown = text.get_text()
            if len(name) < 120:
                assert shown == escape.chart_text(name)
            else:
                assert len(shown) < len(name)
                assert shown.endswith("…")


def test_escapes_stand_once():
    package = Path(str(files("access")))
    wrong = [
        str(path)
        for path in sorted(package.rglob("*.py"))
        if path.name != "escape.py"
        and re.search(r"html\.escape|import html\b|typer\.echo|(?<!console\.)\bprint\(", re.sub(
            r'(?m)^\s*(>>>|\.\.\.).*$', "", path.read_text("utf-8")))
        and path.name != "terminal.py"  # where the command line speaks
    ]  # fmt: skip
    assert not wrong
