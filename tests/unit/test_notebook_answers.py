"""The answers of a notebook: wrong questions first, then that they hand on what others found."""

from __future__ import annotations

import inspect
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import openpyxl
import pandas as pd
import pytest

import access
from access import notebook
from access.charts.chart import MINUTES_COLOURS, MINUTES_EDGES
from access.document.table import Table
from access.errors import OutputError, ParameterError, ScenarioError
from access.measure import describe, nearest, share_within
from access.notebook import area_chart, places_chart, streets_chart
from access.notebook.change_views import _MOST_ROWS, _options_list
from access.scenario import compare, rank_closures
from access.sources.folder import new_study
from tests.conftest import few_draws, one_picture, plain_pages

NASTY = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "made_up"
    new_study(folder)
    return access.answer(folder)


@pytest.fixture(scope="module")
def rotherham(rotherham_answers):
    return rotherham_answers


def with_title(answers, title):
    study = answers.study
    named = study.config.study.model_copy(update={"title": title})
    services = {k: s.model_copy(update={"title": title}) for k, s in study.config.services.items()}
    config = study.config.model_copy(update={"study": named, "services": services})
    results = replace(answers.results, study=replace(study, config=config))
    results = replace(results, sites=results.sites.assign(name=title))
    return access.Answers(results)


# ---- wrong questions: what is wrong is named, and what there is


def test_a_proposal_that_is_not_there_is_told_with_those_that_are(answers):
    for ask in (answers.impact, answers.ranking, answers.robustness, answers.weights):
        with pytest.raises(ParameterError, match=r"no proposal 'nine'.*three_to_two"):
            ask("nine")


def test_a_mode_that_was_not_measured_is_told(answers):
    for ask in (answers.impact, answers.ranking, answers.today, answers.travel, answers.what_if):
        with pytest.raises(ParameterError, match=r"no mode 'bus'.*walk"):
            ask(mode="bus")
    with pytest.raises(ParameterError, match="no network 'typical'"):
        answers.network("typical")


def test_a_service_that_is_not_there_is_told(answers):
    with pytest.raises(ParameterError, match=r"no service 'library'.*childrens_centre"):
        answers.today("library")
    with pytest.raises(ParameterError, match="no service 'library'"):
        answers.alternatives(keep=2, service="library")


def test_a_centre_that_is_not_one_of_todays_cannot_close(answers):
    with pytest.raises(ParameterError, match=r"\['C9'\] are no childrens_centre of today"):
        answers.what_if(close=["C9"])


def test_a_site_that_is_not_of_the_study_cannot_open(answers):
    with pytest.raises(ParameterError, match=r"\['X1'\] are no sites of the study"):
        answers.what_if(open=["X1"])


def test_a_site_cannot_close_and_open(answers):
    with pytest.raises(ParameterError, match="asked to close and to open"):
        answers.what_if(close=["C1"], open=["C1"])


def test_one_id_without_its_list_is_told_how_to_write_it(answers):
    with pytest.raises(ParameterError, match=r"close='C1'; expected a list.*\['C1'\]"):
        answers.what_if(close="C1")


def test_closing_everything_is_refused(answers):
    with pytest.raises(ScenarioError):
        answers.what_if(close=["C1", "C2", "C3"])


def test_centres_of_two_services_cannot_be_asked_of_at_once(rotherham):
    with pytest.raises(ParameterError, match="one at a time"):
        rotherham.what_if(close=["CC01", "YC01"])


def test_a_study_without_two_services_ranks_no_pairs(answers):
    with pytest.raises(ParameterError, match="no two services"):
        answers.both_services()


def test_a_chart_or_table_that_is_not_there_is_told(answers):
    with pytest.raises(ParameterError, match=r"no chart 'pie'.*'change'"):
        answers.plot("pie")
    with pytest.raises(ParameterError, match=r"no table 'pie'.*'closing'"):
        answers.impact().table("pie")
    with pytest.raises(ParameterError, match=r"no chart 'pie'.*'front'"):
        answers.ranking().plot("pie")
    with pytest.raises(ParameterError, match="criterion 'savings'"):
        answers.ranking().map("savings")


def test_a_study_without_group_counts_has_no_table_of_them(answers, tmp_path):
    new_study(tmp_path / "bare")
    file = tmp_path / "bare" / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[[groups]]")], encoding="utf-8")
    with pytest.raises(ParameterError, match="no equality groups"):
        access.answer(tmp_path / "bare").equality()
    assert answers.equality().to_frame()["Group"].tolist() == ["Children under 5"]


def test_a_workbook_must_be_named_as_one(answers, tmp_path):
    for ask in (answers, answers.impact(), answers.ranking(), answers.today(),
                answers.impact().table()):  # fmt: skip
        with pytest.raises(OutputError, match=r"ends in \.xlsx"):
            ask.to_excel(tmp_path / "table.csv")
    assert not list(tmp_path.iterdir())


def test_a_study_without_a_proposal_is_told_what_to_ask(answers):
    bare = access.Answers(replace(answers.results, proposals={}))
    with pytest.raises(ParameterError, match="use what_if"):
        bare.impact()
    assert bare.what_if(close=["C3"]).closed == ("C3",)


def test_a_proposal_that_opens_a_site_is_not_ranked(answers):
    closing = answers.results.proposals["three_to_two"]
    result = replace(closing, after=[*closing.after, "C9"], rankings={})
    unranked = access.Answers(replace(answers.results, proposals={"three_to_two": result}))
    with pytest.raises(ParameterError, match=r"use alternatives\(keep=...\)"):
        unranked.ranking()


def test_a_map_needs_one_value_an_area_and_one_colour_a_class(answers):
    with pytest.raises(ParameterError, match=r"expected one an area, \(20,\)"):
        area_chart(answers.study, [1.0], title="t", edges=[0], colours=["#000"], labels=["a"],
                   alt="a")  # fmt: skip
    with pytest.raises(ParameterError, match="1 edges, 2 colours"):
        area_chart(answers.study, np.zeros(20), title="t", edges=[0], colours=["#000", "#fff"],
                   labels=["a"], alt="a")  # fmt: skip
    areas = answers.study.areas.drop(columns="imd_decile")
    with pytest.raises(ParameterError, match="no imd_decile"):
        places_chart(replace(answers.study, areas=areas))


# ---- the figures are those of the rooms that work them out


def test_todays_figures_are_those_of_the_nearest_centre(rotherham):
    ids = rotherham.study.centres_of("childrens_centre")["id"].tolist()
    minutes = nearest(rotherham.travel("walk"), ids).minutes
    count = rotherham.study.demand("childrens_centre")["count"].to_numpy(float)
    row = rotherham.today("childrens_centre").to_frame().loc["walk"]
    expected = describe(minutes, count)
    assert row[["mean", "median", "p90", "max"]].tolist() == pytest.approx(
        [expected[k] for k in ("mean", "median", "p90", "max")]
    )
    assert row["within_20"] == pytest.approx(share_within(minutes, count, 20))


def test_every_family_is_in_one_bar_of_todays_chart(rotherham):
    today = rotherham.today("youth_centre", mode="drive")
    assert sum(n for _, n, _ in today._bins()) == pytest.approx(24192)


def test_the_chart_of_today_says_the_share_within_the_threshold(answers):
    share = answers.today().to_frame().loc["walk", "within_20"]
    assert answers.today(mode="walk").plot().title.startswith(f"{100 * share:.0f}% of ")


def test_families_who_reach_none_are_told_and_drawn(answers):
    walk = answers.results.matrices["walk"]
    minutes = walk.total_minutes.copy()
    minutes[0] = np.inf
    matrices = dict(answers.results.matrices)
    matrices["walk"] = access.TravelMatrix.from_minutes(
        minutes, area_ids=walk.area_ids, site_ids=walk.site_ids
    )
    cut = access.Answers(replace(answers.results, matrices=matrices)).today(mode="walk")
    assert "24 cannot reach any, and are in no average." in cut.sentence()
    assert cut._bins()[-1] == ("none in reach", 24.0, "#ffffff")
    assert cut.map().png()[:4] == b"\x89PNG"
    far = answers.today(mode="walk").map().title.partition(" of ")[0]
    assert cut.map().title.startswith(f"{far} of "), "who can reach none has no long walk"
    assert cut.map().title.endswith(" today; 24 cannot reach any")
    minutes[:] = np.inf
    matrices["walk"] = access.TravelMatrix.from_minutes(
        minutes, area_ids=walk.area_ids, site_ids=walk.site_ids
    )
    none = access.Answers(replace(answers.results, matrices=matrices)).today(mode="walk")
    assert "not known: none can be reached" in none.sentence()
    assert "not known" in repr(none)


def test_the_map_of_today_gives_no_small_count_away(answers):
    walk, study = answers.results.matrices["walk"], answers.results.study
    few = study.areas["id"].iloc[0]
    areas = study.areas.assign(
        children_0_4=study.areas["children_0_4"].where(study.areas["id"] != few, 3)
    )
    for far in (45.0, np.inf):
        minutes = np.minimum(walk.total_minutes, 20.0)
        minutes[list(walk.area_ids).index(few)] = far
        matrix = access.TravelMatrix.from_minutes(
            minutes, area_ids=walk.area_ids, site_ids=walk.site_ids
        )
        results = replace(
            answers.results,
            study=replace(study, areas=areas),
            matrices={**answers.results.matrices, "walk": matrix},
        )
        today = access.Answers(results).today(mode="walk")
        told = today.map().title + today.sentence()
        assert "ewer than 5 " in told
        assert not re.search(r"\b3 (of|cannot)", told)


def test_an_impact_is_the_one_that_compare_gives(answers):
    own = answers.what_if(close=["C3"], mode="walk")
    direct = compare(
        answers.travel("walk"),
        before=["C1", "C2", "C3"],
        after=["C1", "C2"],
        demand=answers.study.demand("childrens_centre"),
        national_areas=33755,
        within_minutes=[10, 15, 20, 30],
        who="children under five",
    )
    assert own.summary == direct.summary
    assert own.summary == answers.impact(mode="walk").summary
    pd.testing.assert_frame_equal(own.areas, direct.areas)


def test_an_impact_can_be_asked_by_every_mode(answers):
    impact = answers.impact()
    assert impact.by_mode("drive").summary == answers.impact(mode="drive").summary
    with pytest.raises(ParameterError, match="no mode 'bus'"):
        impact.by_mode("bus")


def test_alternatives_are_those_that_rank_closures_gives(answers):
    direct = rank_closures(
        answers.travel("walk"),
        keep=2,
        demand=answers.study.demand("childrens_centre"),
        sites=["C1", "C2", "C3"],
        national_areas=33755,
    )
    pd.testing.assert_frame_equal(answers.alternatives(keep=2, mode="walk").table, direct.table)
    pd.testing.assert_frame_equal(answers.ranking(mode="walk").table, direct.table)


def test_the_best_options_impact_is_that_of_closing_it(answers):
    ranking = answers.alternatives(keep=1)
    best = ranking.best("mean")
    impact = ranking.best_impact("mean")
    assert set(impact.closed) == set(best["closed"])
    assert impact.summary["mean_minutes_after"] == pytest.approx(best["mean"])


def test_of_equals_the_best_is_the_one_with_the_least_mean(rotherham):
    ranking = rotherham.ranking(mode="walk")
    equals = ranking.table[ranking.table["rank_worst"] == 1]
    assert len(equals) > 1
    assert ranking.best("worst")["mean"] == equals["mean"].min()
    cells = {row[0]: row for row in ranking._shown()[1]}
    assert cells["the longest walk"][2] == f"joint 1st (with {len(equals) - 1} others)"
    assert cells["the longest walk"][4].endswith(f"or {len(equals) - 1} others as good")


def test_two_services_together_have_an_impact_each(rotherham):
    both = rotherham.both_services(mode="walk")
    closed = set(both.best("mean")["closed"])
    found = [both.best_impact("mean", service=s).closed for s in both.services]
    assert set(found[0]) | set(found[1]) == closed
    assert [len(f) for f in found] == [3, 5]
    assert "Youth Centres: best by average walk" in both.map("mean").get_root().render()
    with pytest.raises(ParameterError, match="no service of this ranking 'library'"):
        both.best_impact("mean", service="library")


def test_a_centre_says_whose_families_are_asked_about(rotherham):
    assert rotherham.what_if(close=["YC01"]).who == "young people aged 11 to 18"
    assert rotherham.what_if(open=["YC01"]).who == "children under five"


def test_asking_for_no_change_is_not_warned_of(answers):
    assert answers.what_if().summary["lengthened"] == 0


# ---- tables: public unless asked otherwise


def test_a_small_count_is_hidden_until_it_is_asked_for(answers):
    from access.document.table import Column
    from access.notebook import TableAnswer

    table = Table("T", (Column("a", "Site"), Column("n", "People", "people")),
                  (("X", 3), ("Y", 40), ("Z", 50)))  # fmt: skip
    public, internal = (TableAnswer(table, answers.results, k) for k in (False, True))
    assert public.to_frame()["People"].isna().tolist() == [True, False, False]
    assert "[c]" in repr(public)
    assert "[c]" in public._repr_html_()
    assert internal.to_frame()["People"].tolist() == [3, 40, 50]


def test_every_table_of_an_impact_can_be_shown_and_framed(rotherham):
    impact = rotherham.impact()
    for what in ("closing", "receiving", "change", "within", "worst", "equality", "offer",
                 "options", "imd_decile", "imd_fifth", "ward", "locality", "p_no_car"):  # fmt: skip
        table = impact.table(what)
        frame = table.to_frame()
        assert len(frame) == len(table.view.rows) > 0
        assert len(frame.columns) == len(table.view.columns)
        assert table.view.title in " ".join(repr(table).split())


def test_the_table_of_groups_carries_its_warning_everywhere(rotherham, tmp_path):
    table = rotherham.equality()
    assert "ecological fallacy" in repr(table)
    shown = table._repr_html_()
    assert "ecological fallacy" in shown[: shown.index("<details>")]
    book = openpyxl.load_workbook(table.to_excel(tmp_path / "groups.xlsx"))
    words = [str(c.value) for row in book.worksheets[1].iter_rows() for c in row if c.value]
    assert any("ecological fallacy" in w for w in words)


# ---- workbooks


def test_an_impacts_workbook_holds_its_tables_and_what_they_assume(rotherham, tmp_path):
    path = rotherham.what_if(close=["CC02"]).to_excel(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    ends = ["options", "closing", "receiving", "change", "within", "on offer", "worst", "equal"]
    for end in ends:
        assert any(end in name.lower() for name in book.sheetnames)
    assert len(book.sheetnames) == 1 + len(ends) + 5  # the front, and five columns to group by
    front = " ".join(str(c.value) for row in book["Contents"].iter_rows() for c in row if c.value)
    for sentence in rotherham.assumptions:
        assert " ".join(sentence.split()) in front
    assert "close Coleridge" in front


def test_the_same_question_gives_the_same_bytes(answers, tmp_path):
    first = answers.ranking().to_excel(tmp_path / "a.xlsx").read_bytes()
    again = answers.ranking().to_excel(tmp_path / "b.xlsx").read_bytes()
    assert first == again


def test_a_long_list_of_options_is_cut_and_says_so(rotherham):
    table = _options_list(rotherham.both_services().found)
    assert len(table.rows) == _MOST_ROWS
    assert table.notes[0].startswith(f"{101_640 - _MOST_ROWS:,} options that are worse by mean")
    ranks = [row[3] for row in table.rows]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1


def test_a_list_of_options_names_every_one(answers):
    table = _options_list(answers.alternatives(keep=2).found)
    assert [row[1] for row in table.rows] == [
        " ".join(c)
        for c in answers.alternatives(keep=2, mode="walk").table.sort_values("rank_mean")["closed"]
    ]
    assert not any("not listed" in note for note in table.notes)


def test_the_boards_tables_come_in_one_workbook(answers, tmp_path):
    with one_picture(), few_draws():
        path = answers.to_excel(tmp_path / "board.xlsx")
    book = openpyxl.load_workbook(path, read_only=True)  # no cell is looked at
    names = book.sheetnames
    book.close()
    assert names[0] == "Contents"
    assert len(names) > 5


# ---- what is shown


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)


def test_names_from_outside_are_never_taken_for_html(answers):
    odd = with_title(answers, NASTY)
    odd = access.Answers(replace(odd.results, streets=NASTY))
    shown = [odd, odd.today(), odd.what_if(close=["C3"]), odd.what_if(close=["C3"]).table(),
             odd.alternatives(keep=2), odd.robustness(draws=3), odd.weights()]  # fmt: skip
    for thing in shown:
        tags = Tags()
        tags.feed(thing._repr_html_())
        assert "script" not in tags.tags
        assert "&lt;script&gt;" in thing._repr_html_()


def test_every_answer_tells_what_it_assumes(answers):
    for thing in (answers, answers.today(), answers.impact(), answers.impact().table(),
                  answers.ranking(), answers.robustness(draws=3), answers.weights()):  # fmt: skip
        assert "Everything in this study is made up." in thing._repr_html_()
        assert "Modelled streets" in thing._repr_html_()


def test_every_answer_prints_as_a_sentence_and_a_table(answers):
    for thing in (answers.today(), answers.impact(), answers.ranking(),
                  answers.robustness(draws=3), answers.weights()):  # fmt: skip
        lines = repr(thing).splitlines()
        start = next(k for k, line in enumerate(lines) if line.startswith("  "))
        assert " ".join(lines[:start]) == thing.sentence()
        assert len(lines) > start + 1
        assert len(thing.to_frame()) > 0


def test_maps_hold_the_change_that_was_asked(answers):
    page = answers.what_if(close=["C1"], mode="drive").map().get_root().render()
    assert "close Market Street" in page
    assert "Minutes added, driving" in page
    assert "tile.openstreetmap" not in page


def test_pictures_are_the_same_each_time_and_have_words(answers):
    charts = [answers.plot(w) for w in ("change", "deprivation", "ranks", "front", "places")]
    charts += [answers.today().map(), answers.today().plot(), streets_chart(answers.network()),
               answers.robustness(draws=3).plot()]  # fmt: skip
    for chart in charts:
        assert chart.title
        assert chart.alt
        assert chart.png(dpi=40) == chart.png(dpi=40)


def test_areas_are_coloured_by_the_class_that_their_value_is_in(answers):
    values = np.full(20, np.nan)
    values[:3] = [0.0, 10.0, 1000.0]
    chart = area_chart(
        answers.study, values, title="t", edges=MINUTES_EDGES, colours=MINUTES_COLOURS,
        labels=[str(e) for e in MINUTES_EDGES], alt="a",
    )  # fmt: skip
    (collection,) = chart.figure().axes[0].collections
    from matplotlib.colors import to_hex

    seen = {to_hex(c) for c in collection.get_facecolor()}
    expected = {MINUTES_COLOURS[0], MINUTES_COLOURS[1], MINUTES_COLOURS[-1], "#ffffff"}
    assert seen == {c.lower() for c in expected}
    words = [t.get_text() for t in chart.figure().axes[0].get_legend().get_texts()]
    assert "no figure" in words


# ---- files


def test_the_explorer_the_report_and_everything_can_be_written(answers, tmp_path):
    assert answers.explorer(tmp_path / "explorer.html").stat().st_size > 10_000
    with one_picture(), few_draws():
        names = {p.name for p in answers.report(tmp_path / "report")}
        with plain_pages():  # as the report just was
            saved = answers.save(tmp_path / "all")
    assert names == {"report.docx", "report.pdf", "tables.xlsx"}
    assert {"summary.json", "ledger.json", "explorer.html"} <= {p.name for p in saved.iterdir()}


def test_frames_hold_every_area_and_every_option(answers):
    assert len(answers.to_frame()) == 20
    assert len(answers.options_frame()) == 3 * 3


def test_a_map_in_a_notebook_leaves_room_for_its_key(answers):
    first, again = (answers.map().get_root().render() for _ in range(2))
    assert first == again
    assert '"paddingTopLeft": [10, 10]' in first, "the key stands beside the map, not on it"
    assert "640px" in answers.map()._repr_html_()


# ---- the front door is documented


def public_things():
    for home, names in ((access, access.__all__), (notebook, notebook.__all__)):
        for name in names:
            thing = getattr(home, name)
            if name == "__version__":
                continue
            yield f"{home.__name__}.{name}", thing
            if not inspect.isclass(thing):
                continue
            for kind in thing.__mro__:
                if not kind.__module__.startswith("access.notebook"):
                    continue
                for own, method in vars(kind).items():
                    method = getattr(method, "__func__", method)
                    if inspect.isfunction(method) and not own.startswith("_"):
                        yield f"{home.__name__}.{name}.{own}", method


@pytest.mark.parametrize(
    "thing", [pytest.param(thing, id=name) for name, thing in dict(public_things()).items()]
)
def test_everything_public_says_what_it_is_with_an_example(thing):
    words = inspect.getdoc(thing)
    assert words
    assert words.splitlines()[0].endswith(".")
    if isinstance(thing, type) and issubclass(thing, Exception):
        return
    assert "Examples\n--------" in words


def test_what_if_measures_the_trip_that_is_read_and_the_others_when_they_are(answers, monkeypatch):
    from access.analysis.analysis import Analysis

    measured, real = [], Analysis.compare

    def compare_by(self, *given, **options):
        measured.append(options["mode"])
        return real(self, *given, **options)

    monkeypatch.setattr(Analysis, "compare", compare_by)
    asked = answers.what_if(close=["C3"])
    assert measured == [answers.results.headline]
    result = asked.result
    modes = [*answers.results.matrices]
    assert list(result.impacts) == modes and len(result.impacts) == len(modes)
    assert "by magic carpet" not in result.impacts
    assert {mode: i.mode for mode, i in result.impacts.items()} == {mode: mode for mode in modes}
    assert sorted(measured) == sorted(modes), "each once, however often it is read"
    kept = pickle.loads(pickle.dumps(result.impacts))
    assert type(kept) is dict and list(kept) == modes


def test_what_if_refuses_at_once_what_cannot_be_measured(answers):
    with pytest.raises(ParameterError, match="weights"):
        answers.what_if(close=["C3"], weights="no_such_column")
