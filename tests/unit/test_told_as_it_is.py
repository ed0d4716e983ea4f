"""What reports, maps and answers say, held against the figures that they say it of."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from access import TravelMatrix
from access.analysis import analysis
from access.analysis.analysis import Analysis, Beforehand
from access.analysis.headline import BesideHeadline
from access.analysis.job import measure_study
from access.analysis.questions import Request
from access.charts import rank_chart
from access.document.document import TableBlock
from access.document.table import Column, Table
from access.errors import ParameterError, ScenarioError
from access.maps.explorer_data import _example_data
from access.maps.ground import places_chart
from access.maps.planner_map import PlannerMap, _added_colour, _change_words, _hub_key
from access.maps.static_map import static_map
from access.notebook.answers import Answers
from access.report import alternatives, board, hubs, paper, people, summary
from access.report import findings as say
from access.report.findings import findings_of
from access.report.robustness import _firm_sentence
from access.run import findings as answers
from access.run import run_job
from access.run.geopackage import _area_symbols
from access.run.summary import RunSummary, _place_words, _whom
from access.run.write import write_geopackage
from access.scenario import compare, options
from access.scenario.sampled import SampledRanking
from access.text import figure, half_up, ordinal, share_span
from tests.conftest import one_picture
from tests.small import small_study

pytestmark = pytest.mark.usefixtures("settings_few")

PROPOSALS = """
[proposals.one]
title = "One shuts"
service = "club"
close = ["C2"]
[proposals.two]
title = "Two shut"
service = "club"
close = ["C2", "C3"]
[proposals.more]
title = "One opens"
service = "hall"
open = ["K1"]
[[report.money]]
what = "All of it"
year = "2019/20"
gbp = 5000
"""


@pytest.fixture(scope="module")
def results(settings_few, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "s"
    return run_job(
        small_study(folder, services={"club": 4, "hall": 2}, proposals=PROPOSALS, side=6)
    )


@pytest.fixture(scope="module")
def found(results):
    return findings_of(results)


def test_a_change_of_shares_is_the_difference_of_what_stands_beside_it(found):
    columns = [Column(k, k, "share", decimals=d) for k, d in (("a", 1), ("b", 1))]
    columns.append(Column("c", "c", "share", signed=True, rise_of=("a", "b")))
    row = Table("t", tuple(columns), ((0.85849, 0.84051, 0.84051 - 0.85849),)).view().rows[0]
    assert [cell.text for cell in row] == ["85.8", "84.1", "−1.7"]
    for own in found:
        for _, before, after, change in people.PeopleTables(own).within().view().rows:
            exact = float(after.value) - float(before.value)
            assert float(change.value) == pytest.approx(exact, abs=1e-9)


def test_money_by_building_is_not_said_to_be_unknown_where_the_register_has_it(results, found):
    def told(costs):
        centres = results.study.centres.assign(annual_cost_gbp=costs)
        study = replace(results.study, centres=centres)
        return paper._standing_table(replace(results, study=study), found).rows[0][1]

    costs = results.study.centres["annual_cost_gbp"]
    assert told(costs).endswith("by building: known, by the register")
    some = costs.where(results.study.centres["id"] != "C2")
    assert told(some).endswith("known for one of the two sites that would close")
    assert told(np.nan).endswith("by building: not known")


def test_more_saved_is_better_and_an_empty_list_is_said_to_be_one(results, found):
    own = found[0]
    table = alternatives._rejected_table(results, own, own.ranking, {})
    saved = [c.key for c in table.columns].index("savings")
    assert any(row[saved] for row in table.rows)
    assert "below zero is better than the proposal, and in savings above zero" in table.notes[0]
    bare = alternatives._rejected_table(results, own, own.ranking, {}, only=("mean",))
    assert "savings" not in bare.notes[0]
    none = alternatives._strongest_words(0, 0, 4)
    assert none == "No other is beaten by none on all measures at once, of 4."


@pytest.mark.parametrize("low, high", [(0.0, 0.000184), (0.0004, 0.0031), (0.7324, 0.7431)])
def test_an_interval_of_a_share_is_one_wherever_it_is_told(low, high):
    row = {"rank_high": 9, "share_better_low": low, "share_better_high": high}
    ranking = SimpleNamespace(row=lambda criterion: row, what="ways", criteria=("mean",))
    said = SampledRanking._better(ranking, "mean")
    assert said == share_span(low, high)
    assert alternatives._sampled_share(ranking)[0].removeprefix("at most ") == said.removeprefix(
        "0 to "
    )


def test_the_rules_of_alternatives_are_told_where_they_are_drawn_too(results):
    study = results.study
    ruled = SimpleNamespace(
        rules=lambda service: {"never_close": ("C1",), "min_per_locality": {}}, config=study.config
    )
    drawn = replace(results.proposals["one"], rankings={}, sampled={"walk": object()})
    told = board._rule_rows(replace(results, study=ruled, proposals={"one": drawn}))
    assert [words for words, _ in told] == ["Club houses that stay open in every alternative"]


def test_a_command_that_makes_an_internal_copy_again_asks_for_one(results):
    for internal in (False, True):
        first = board._replay(results, internal=internal)[0]
        assert ("--internal" in str(first)) is internal


def test_a_largest_rise_is_told_of_those_whose_trip_grows_alone(results, found):
    table = alternatives._asked_table(results, found[2], [Request("More", open=("K2",))])
    most = [c.key for c in table.columns].index("most")
    assert table.view().rows[0][most].state == "not applicable"


def receiving(*rows):
    names = ("site", "families_added", "families_after", "capacity")
    frame = pd.DataFrame(
        [dict(zip(names, row, strict=True), name=row[0], families_before=0.0) for row in rows]
    )
    return SimpleNamespace(
        impact=SimpleNamespace(receiving_sites=frame), names={}, one="club", rivals=False, label="x"
    )


def test_who_takes_on_most_are_all_named_and_their_room_as_the_register_has_it():
    nan = float("nan")
    two = paper._room_risk(receiving(("A", 9.0, 30.0, nan), ("B", 9.0, 20.0, 40.0)))
    assert two.startswith("A and B would each take on the largest number")
    assert two.endswith("whether A has room is not known")
    room = paper._room_risk(receiving(("A", 9.0, 30.0, 30.0), ("B", 1.0, 2.0, nan)))
    assert room.endswith(": by the register it has room for all")
    full = paper._room_risk(receiving(("A", 9.0, 31.0, 30.0)))
    assert full.endswith(": by the register it has not room for all")


def test_near_ones_that_are_not_named_are_counted_and_none_are_not_told(found):
    ranking = found[1].ranking
    many = replace(ranking, table=pd.concat([ranking.table] * 9, ignore_index=True))
    near = len(many.near_ties(many.criteria[0], 0.01)) - 1
    assert near > 6
    assert f"{near - 5} others" in answers._near_lines(many)[0].replace("three", "3")
    one = SimpleNamespace(
        table=pd.DataFrame({"why": ["the proposal"], "closed": [("C1",)]}), notes=(), proposal=None
    )
    near = one.table[one.table["why"].str.startswith("near")]["closed"]
    assert answers._near_words(near) == ""


def test_no_number_that_is_not_told_follows_from_those_beside_it():
    m = TravelMatrix.from_minutes(
        [[1, 5, 9], [1, 9, 5], [1, 9, 5]], area_ids=["a", "b", "c"], site_ids=["X", "Y", "Z"]
    )
    demand = pd.DataFrame({"id": ["a", "b", "c"], "count": [3, 30, 10]})
    impact = compare(m, before=["X", "Y", "Z"], after=["Y", "Z"], demand=demand)
    row = impact.closed_sites.to_dict("records")[0]
    config = SimpleNamespace(measures=SimpleNamespace(walk_limit_minutes=60.0))
    results = SimpleNamespace(headline="walk", study=SimpleNamespace(config=config))
    said = _whom(row, BesideHeadline(results, SimpleNamespace(impacts={"walk": impact})))
    assert "fewer than 5" in said
    assert "40" not in said, "43 of whom 40 go to one place leaves 3"


def test_the_map_says_what_opens_and_what_can_be_reached_now(results):
    page = PlannerMap.of_study(results).page()
    assert "Town library 1, opens" in page
    assert "Round: stays open or opens." in page
    assert _added_colour(-np.inf) == _added_colour(-20.0) != _added_colour(np.inf)
    assert _added_colour(np.nan) == _added_colour(np.inf)
    assert (_change_words(10, 10.5, 0.5), _change_words(10, 12.5, 2.5)) == ("+1 min", "+3 min")


@given(st.floats(0, 90), st.floats(0, 90))
def test_minutes_of_one_area_on_the_map_agree(before, after):
    change = after - before
    told = _change_words(before, after, change)
    shown = half_up(after, 0) - half_up(before, 0)
    if told == "no change":
        assert shown == 0
        assert _added_colour(change) == _added_colour(0.0) or change == -0.5
    elif told.startswith("less than a minute "):
        assert abs(change) < 1
        assert told.endswith("more" if change > 0 else "less")
    else:
        assert told == f"{figure(shown, signed=True)} min"


def test_what_can_be_reached_now_is_not_said_to_be_ten_minutes_less():
    data = _example_data()
    service = data.services[0]
    minutes = pd.DataFrame(10.0, index=data.walk.area_ids, columns=data.walk.site_ids)
    before, new = service.after[:1], service.after[1]
    minutes.iloc[0] = np.inf
    minutes.iloc[0, minutes.columns.get_loc(new)] = 8.0
    walk = TravelMatrix.from_minutes(minutes, mode="walk")
    opening = replace(service, before=before, after=(*before, new))
    found = static_map(replace(data, walk=walk, services=(opening, data.services[1])), service.key)
    assert "10 less or more; can now be reached 1;" in found.alt
    minutes.iloc[0, minutes.columns.get_loc(before[0])] = 40.0
    walk = TravelMatrix.from_minutes(minutes, mode="walk")
    found = static_map(replace(data, walk=walk, services=(opening, data.services[1])), service.key)
    assert "10 less or more 1;" in found.alt


def test_a_key_names_the_signs_that_are_there():
    def answer(council):
        own = None if council is None else SimpleNamespace(chosen=council)
        best = SimpleNamespace(chosen=("A", "B"), status="proven_optimal")
        plain = SimpleNamespace(best=best, council=own)
        return SimpleNamespace(plain=plain, candidates=pd.DataFrame({"id": ["A", "B", "C"]}))

    star = "Star: one of the best hubs."
    assert _hub_key(answer(None), "own") == _hub_key(answer(("A", "B")), "own") == star
    assert _hub_key(answer(("A", "C")), "our own hub") == f"{star} Diamond: our own hub."


def test_a_layer_names_every_proposal_that_closes_a_site(results, tmp_path):
    package = write_geopackage(results, tmp_path / "study.gpkg")
    centres = pyogrio.read_dataframe(package, layer="centres").set_index("id")["closed_by"]
    assert centres["C2"] == "one two"
    assert centres["C3"] == "two"
    rules = {label: rule for label, rule, _ in _area_symbols("x_change", "x_after")}
    assert rules["not reached"] == '"x_after" IS NULL'
    assert '"x_after" IS NOT NULL' in rules["can be reached now"]


def test_a_still_map_says_that_some_are_cut_off_and_rounds_no_share_to_all():
    data = _example_data()
    before, after = data.services[0].before, data.services[0].after
    minutes = pd.DataFrame(10.0, index=data.walk.area_ids, columns=data.walk.site_ids)
    minutes.iloc[0] = np.inf
    minutes.iloc[0, [minutes.columns.get_loc(i) for i in set(before) - set(after)]] = 10.0
    cut = _example_data(walk=TravelMatrix.from_minutes(minutes, mode="walk"))
    assert static_map(cut, data.services[0].key).title.startswith("Some people could no longer")
    share = static_map(cut, data.services[0].key, "after").title
    assert share.startswith("More than 99%")
    minutes.iloc[0] = 10.0
    minutes.iloc[1, [minutes.columns.get_loc(i) for i in after]] = 10.3
    slow = _example_data(walk=TravelMatrix.from_minutes(minutes, mode="walk"))
    assert static_map(slow, data.services[0].key).title.endswith("by less than a minute")


def test_a_chart_names_the_streets_whole(results, found):
    streets = "Streets: old-town.osm.pbf (© OpenStreetMap contributors, ODbL), as drawn there."
    drawn = answers.ImpactFindings(replace(results, streets=streets), found[0].impact).charts()
    assert streets in drawn["change"]().caption


def test_a_share_that_stands_for_few_is_hidden_as_they_are():
    columns = (
        Column("who", "Who"),
        Column("people", "People", "people"),
        Column("share", "Share", "share", decimals=0, share_of="people"),
    )
    rows = (("a", 40, 0.075), ("b", 40, 0.0), ("c", 40, 0.5), ("d", 40, None))
    table = Table("t", columns, rows)
    assert [row[2].text for row in table.view().rows] == ["[c]", "0", "50", "not known"]
    assert [row[1].text for row in table.view().rows] == ["40"] * 4
    assert table.view(internal=True).rows[0][2].text == "8"


def test_tables_and_sentences_hide_the_few_of_the_most_deprived_who_have_further_to_go():
    m = TravelMatrix.from_minutes(
        [[1, 5], [1, 9], [9, 1], [1, 8]], area_ids=list("abcd"), site_ids=["X", "Y"]
    )
    demand = pd.DataFrame(
        {"id": list("abcd"), "count": [3, 37, 57, 60], "imd_decile": [1, 9, 1, 9]}
    )
    impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    said = summary._fifth_and_others(impact.by("imd_fifth"), "children")
    fifth = "the children in the nation's most deprived fifth"
    assert said == f"Fewer than 5 of {fifth} would have further to go."
    other = demand.assign(imd_decile=[9, 1, 9, 1])
    rest = summary._fifth_and_others(
        compare(m, before=["X", "Y"], after=["Y"], demand=other).by("imd_fifth"), "children"
    )
    assert rest == f"Fewer than 5 of all others than {fifth} would have further to go."
    own = summary._fifth_and_others(
        impact.by("imd_fifth"), "children", wording=say.Wording(internal=True)
    )
    assert own.startswith("5% of")
    few = demand.assign(count=[3, 0, 57, 0])
    told = say.ImpactWords(compare(m, before=["X", "Y"], after=["Y"], demand=few)).affected("club")
    assert told.startswith("Fewer than 5")
    assert "%" not in told
    columns = {c.key: c for c in summary._option_columns(
        SimpleNamespace(mode="walk", nation="the nation", noun="children"),
        spent=False, priced=False, ranked=False)}  # fmt: skip
    assert columns["deprived"].share_of == "further"


def tenths(moved):
    """60 children a tenth, of whom so many live at the site that shuts."""
    ids = [f"{d}{side}" for d in range(1, 11) for side in "XY"]
    m = TravelMatrix.from_minutes(
        [[1, 9] if i.endswith("X") else [9, 1] for i in ids], area_ids=ids, site_ids=["X", "Y"]
    )
    counts = [n for d in range(10) for n in (moved[d], 60 - moved[d])]
    decile = [d for d in range(1, 11) for _ in "XY"]
    demand = pd.DataFrame({"id": ids, "count": counts, "imd_decile": decile})
    impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    result = SimpleNamespace(impacts={"walk": impact}, title="One shuts", closed=("X",))
    own = say._Option("The proposal", ("X",), ("Y",), impact, {}, {}, savings=None)
    return say.ProposalFindings(
        result, "Centres", "centre", "children", "walk", None, (own,), {"X": "Mill", "Y": "Hill"}
    )


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ([30, 3, 15, *[40] * 7], False),  # one of the fifth's tenths and one beyond it are hidden
        ([30, 40, 3, 15, *[40] * 6], True),  # both beyond it: their sum is what the fifth leaves
        ([3, 15, *[40] * 8], True),  # both in it
        ([30] * 10, True),
    ],
)
def test_the_fifth_s_own_share_narrows_no_count_that_is_hidden(moved, told):
    found = tenths(moved)
    said = str(summary._deprivation(found))
    assert ("%" in said) == told
    assert ("is not told: it would narrow a number below 5 that is hidden" in said) != told
    assert "%" in summary._deprivation(found, say.Wording(internal=True))
    table = summary.options_table(found)
    key = [c.key for c in table.columns].index("deprived")
    cell, inside = (table.view(internal=i).rows[0][key].text for i in (False, True))
    assert (cell == "[c]") != told
    assert inside.isdigit()


SHUT = """
[proposals.one]
title = "One shuts"
service = "club"
close = ["C1"]
[localities]
never_close = ["C2"]
"""


def test_a_centre_that_is_shut_today_is_in_no_rule_cost_map_or_count(tmp_path):
    folder = tmp_path / "s"
    shut = [{"id": "C2", "status": "closed"}]
    study = small_study(folder, services={"club": 4}, side=5, proposals=SHUT, more=shut)
    assert Beforehand(study).ways_words()["one"]["ways"] == 3
    results = run_job(study)
    assert not results.left_out
    assert set(results.proposals["one"].rankings) >= {"walk", "drive"}
    bare = PlannerMap.of_study(replace(results, proposals={})).page()
    assert "Club house 1, open today" in bare
    assert "Club house 2, open today" not in bare
    areas = study.areas.assign(imd_decile=[1] + [9] * (len(study.areas) - 1))
    title = places_chart(replace(study, areas=areas)).title
    assert title.startswith("Three centres, and deprivation around them: 1 of 25 areas is in")
    package = write_geopackage(results, tmp_path / "study.gpkg")
    centres = pyogrio.read_dataframe(package, layer="centres").set_index("id")["open_today"]
    assert centres.to_dict() == {"C1": 1, "C2": 0, "C3": 1, "C4": 1}


BROKEN = """
[proposals.one]
title = "One shuts"
service = "club"
close = ["C2"]
[localities]
never_close = {never}
"""


@pytest.mark.parametrize("never", [["C2"], ["C2", "C3"], ["C2", "C3", "C4"]])
def test_a_proposal_that_breaks_a_rule_is_called_none_of_the_ways(tmp_path, never):
    text = BROKEN.format(never=never).replace("'", '"')
    study = small_study(tmp_path / "s", services={"club": 4}, side=5, proposals=text)
    results = measure_study(study)
    proposal = results.proposals["one"]
    ranking = proposal.rankings["walk"]
    ways, own = ranking.table, ranking.proposal
    assert (len(ways), own["allowed"]) == (4 - len(never), False)
    told = [str(_place_words(proposal, "walk")), rank_chart(ranking).title]
    told += [str(alternatives._StandingWords(findings_of(results, mode="walk")[0]).place())]
    for said in filter(None, told):
        assert said.startswith("Set beside")
        assert not re.search(r"\b(the only option|best of|last|level with)\b", said)
        assert f"{ordinal(own['rank_mean'])}" in said
    found = findings_of(results, mode="walk")[0]
    if len(ways) > 1:
        for more in ({"rank_mean": 1}, {"rank_mean": 2}):
            near = {**own, **more, "near_ties_5pct_mean": 1, "within_5pct_mean": True}
            close = replace(found, ranking=replace(ranking, proposal=near))
            said = alternatives._StandingWords(close).near_ties(modelled=False)
            assert said.endswith("; the proposal, which is none of them, does so too.")
            assert [claim.what for claim in said.claims] == ["near_best"]
    else:
        free = replace(found, ranking=replace(ranking, table=pd.concat([ways, ways])))
        told = summary._priority_table([free, found]).notes
        assert any(note.startswith("Not ranked, for there is one way") for note in told)
    if len(ways) > 1:
        tables = [
            alternatives._criteria_table(results, found, ranking),
            alternatives._places_table(results, found, ranking, None),
            summary.options_table(found),
            summary._priority_table([found]),
            paper._package_table([found]),
        ]
        assert all("breaks a rule and is none of the sets" in " ".join(t.notes) for t in tables)
        firm = Analysis(results).robustness("club", after=proposal.after, draws=20)
        told = (firm.sentence(), _firm_sentence(found, firm))
        assert all(re.search(rf" beside {len(ways)} ", text) for text in told), told
    figure_ = Figure(figsize=(7, 5))
    axes = figure_.add_subplot()
    rank_chart(ranking).draw(figure_, axes)
    ranks = [own[f"rank_{c}"] for c in ranking.criteria]
    assert axes.get_xlim()[1] > max(ranks)


def test_a_check_says_whether_a_run_will_list_the_ways_as_the_run_decides(tmp_path, monkeypatch):
    def told(close, rules, name):
        more = [{"id": f"C{k + 1}", "locality": f"L{k // 2}"} for k in range(8)]
        text = f'[proposals.a]\ntitle = "A"\nservice = "club"\nclose = {close}\n{rules}'
        study = small_study(
            tmp_path / name, services={"club": 8}, side=5, more=more, proposals=text
        )
        return study, Beforehand(study).ways_words()["a"]

    study, said = told('["C1", "C3"]', "[localities]\nminimum_open = 1", "a")
    assert said["ways"] == 24
    assert said["listed"]
    monkeypatch.setattr(options, "MAX_OPTIONS", 23)  # one less
    assert not Beforehand(study).ways_words()["a"]["listed"]
    assert "not listed" in Beforehand(study).ways_words()["a"]["words"]
    _, said = told('["C1"]\nopen = ["K1"]', "", "b")
    assert said["words"].endswith("it opens a site or closes none")


PAIR = """
[proposals.club]
title = "Club"
service = "club"
close = ["C2"]
[proposals.hall]
title = "Hall"
service = "hall"
close = ["H2", "H3"]
[localities]
never_close = ["H1", "H4", "H5"]
"""


def test_pairs_of_two_services_are_counted_by_what_the_rules_leave(tmp_path, monkeypatch):
    services = {"club": 3, "hall": 6}
    study = small_study(tmp_path / "s", services=services, side=5, proposals=PAIR)
    monkeypatch.setattr(analysis, "MAX_OPTIONS", 9)  # 45 without the rules
    results = measure_study(study)
    assert not results.left_out
    ways = [told["ways"] for told in Beforehand(study).ways_words().values()]
    assert ways == [3, 3]
    assert {len(joint.table) for joint in results.joint.values()} == {9}
    monkeypatch.setattr(analysis, "MAX_OPTIONS", 8)
    many = measure_study(study)
    reasons = {part.reason for part in many.left_out}
    assert len(reasons) == 1
    why = "9 pairs of alternatives are too many to list (at most 8"
    assert reasons.pop().startswith(why)
    with pytest.raises(ScenarioError, match=re.escape(why)):  # asked again, it says why
        Answers(many).both_services()


def test_two_services_together_keep_and_save_by_id_and_by_name(tmp_path):
    services = {"club": 3, "hall": 6}
    study = small_study(tmp_path / "s", services=services, side=5, proposals=PAIR, costs=False)
    asked = Answers(measure_study(study))
    assert asked.both_services().what.startswith("9 ways")
    for never, ways in (
        (["C3"], 6),
        (["club house 3"], 6),
        (["H6"], 3),
        (["C3", "Hall house 6"], 2),
    ):
        assert asked.both_services(never_close=never).what.startswith(f"{ways} ways")
    with pytest.raises(ParameterError, match="never_close"):
        asked.both_services(never_close=["Nowhere"])
    saved = {"C1": 5.0, "C2": 7.0, "C3": 9.0, "H2": 1.0, "H3": 2.0, "H6": 4.0}
    names = {str(asked.results.names()[i]): gbp for i, gbp in saved.items()}
    for told in (saved, names):
        ranking = asked.both_services(savings=told)
        assert "savings" in ranking.criteria
        assert ranking.proposal["savings"] == 7 + 1 + 2
        assert asked.rank(close=["C3"], savings=told).proposal["savings"] == 9
    refused = [({"Nowhere": 5.0}, "Nowhere"), ({"K1": 5.0}, "no centres"), ([5.0], "by id")]
    for wrong, words in [*refused, ({"C1": 5.0, "club house 1": 6.0}, "twice")]:
        with pytest.raises(ParameterError, match=words):
            asked.rank(close=["C3"], savings=wrong)


def test_a_register_is_complete_where_every_cell_is_known(results):
    facts = {"annual_cost_gbp": 1.0, "annual_visits": 1.0, "condition": "good", "capacity": 9.0}
    whole = results.study.centres.assign(**facts)

    def told(centres):
        study = replace(results.study, centres=centres)
        return summary._to_ask(replace(results, study=study, modelled=False))

    assert told(whole) == "The register is complete, and the streets are real."
    some = whole.assign(capacity=whole["capacity"].where(whole["id"] != "C1"))
    assert "how many people each building can take, which is known of some" in told(some)
    none = whole.assign(capacity=np.nan)
    assert told(none).endswith("how many people each building can take.")


def test_minutes_before_after_and_between_agree_in_words_too(results):
    m = TravelMatrix.from_minutes([[6.26, 12.54]], area_ids=["a"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a"], "count": [50], "imd_rank": [100]})
    impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand, weights="linear")
    assert "goes from 6.3 to 12.5 minutes (+6.2 minutes;" in impact.sentence()
    proposal = replace(results.proposals["one"], impacts={"walk": impact, "drive": impact})
    told = RunSummary(replace(results, proposals={"one": proposal})).words()
    row = next(line for line in told.splitlines() if line.strip().startswith("walking"))
    assert row.split()[1:4] == ["6.3", "12.5", "6.2"]


def test_the_number_that_one_site_takes_on_does_not_give_away_who_is_there_today():
    m = TravelMatrix.from_minutes([[1, 5], [9, 1]], area_ids=["a", "b"], site_ids=["X", "Y"])
    for there, told in ((3, False), (30, True)):
        demand = pd.DataFrame({"id": ["a", "b"], "count": [57, there]})
        impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
        said = say.ImpactWords(impact, say.Wording()).most_added({})
        assert ("57" in said) is told
        assert "57" in say.ImpactWords(impact, say.Wording(internal=True)).most_added({})


@pytest.mark.parametrize(("closures", "said"), [(("One",), "One"), (("One", "Two"), "One and Two")])
def test_what_is_proposed_adds_minutes_be_it_one_or_several(closures, said):
    stays = SimpleNamespace(lost=0.0, added=6.0, given_back=4.0)
    plan = SimpleNamespace(key="stays", stays=stays, choice=None)
    plans = SimpleNamespace(get=lambda key: plan if key == "stays" else None, closures=closures)
    told = hubs._back_sentence(plans, say.Wording())
    assert told.startswith(f"What is proposed, {said}, adds 6 minutes")


def test_no_two_tables_of_rival_proposals_have_one_title(results):
    with one_picture():
        document = board.board_report(results, draws=0)
    tables = [block.table for block in document.blocks if isinstance(block, TableBlock)]
    for names in ([table.title for table in tables], [table.short for table in tables]):
        assert len(names) > 30
        assert not [name for name in names if names.count(name) > 1]


DAYS = """
[proposals.less]
title = "Fewer days"
service = "club"
change = [{site = "C1", action = "status", status = "part_time", days = 2}]
"""


def test_the_first_page_says_what_fewer_days_do_over_a_week(tmp_path):
    study = small_study(tmp_path / "s", services={"club": 3}, side=4, proposals=DAYS)
    results = run_job(study)
    (own,) = findings_of(results)
    said = summary._short(results, own, say.Wording())
    assert "None of the club people" in said
    assert "over a week" in said


@pytest.mark.parametrize("count", [3, 5])
def test_no_note_tells_a_number_that_the_table_above_it_hides(tmp_path, count):
    one = PROPOSALS.split("[proposals.two]")[0]
    study = small_study(tmp_path / "s", services={"club": 3}, proposals=one, side=2)
    few = study.areas.assign(people_club=[0, 0, 0, count])
    results = measure_study(replace(study, areas=few))
    for found in findings_of(results):
        (note, *_) = summary.options_table(found).view().notes
        said = {3: "fewer than 5", 5: "5"}[count]
        assert note == f"Club people in all: {said}."


def test_one_of_a_kind_is_said_as_one(tmp_path):
    """A number of things that are listed is followed by their name as it fits the number."""
    study = small_study(tmp_path / "s", services={"hall": 1}, side=1, candidates=0)
    answers_ = Answers(measure_study(study))
    today, found = answers_.today("hall"), answers_.hubs(1)
    picture, tables = found.map(), ("near_best", "plans", "curve", "front", "standing")
    told = [
        study.described(), study.sentence(), today.sentence(), today.map().alt,
        picture.title, picture.caption, found.plot().caption, found.plan_words(), repr(found),
        *(repr(found.table(name)) for name in tables),
    ]  # fmt: skip
    many = re.compile(r"(?<![\d.,])1 (?!is\b|minutes)(\w+s)\b")
    assert [match[0] for text in told for match in many.finditer(str(text))] == []
    assert "and 1 hall house: the walk" in today.sentence()
    assert picture.title == "The best hub, and the minutes to it"
    assert "1 area (area), 0 candidate sites" in study.described()
