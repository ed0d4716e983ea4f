"""Sites that must or may not be hubs, room and costs known of some: no wish fails another plan."""

from __future__ import annotations

import html
import itertools
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pyogrio
import pytest

from access.analysis.analysis import Analysis
from access.analysis.hub_plans import HubsForPage
from access.analysis.job import measure_study
from access.charts.results import hub_chart
from access.document.document import Paragraph
from access.errors import ParameterError, StudyError
from access.maps.planner_map import PlannerMap
from access.network.matrix import Status
from access.notebook.place_views import HubView
from access.report.findings import Wording
from access.report.hub_plans import (
    PlanFindings,
    _place,
)
from access.report.hubs import _hub_blocks
from access.run.findings import HubFindings
from access.run.write import write_geopackage
from access.siting.plans import PlanRules
from access.study.config import StudyConfig
from access.text import NOT_APPLICABLE
from tests.small import small_study

#: What only the program's own parts are called: no reader of a message knows them.
INNER = ("locked_open", "locked_closed", "modification", "shape (", "site cannot be worked out")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wishes") / "s"
    return measure_study(small_study(folder, services={"library": 4}, side=5, costs=False))


def wishing(measured, capacity=(), cost=(), localities=None, **hubs):
    """Put other wishes, and a register that knows some rooms and costs, to the same study."""
    study = measured.study
    given = study.config.model_dump(exclude_unset=True)
    given["hubs"] = {**given.get("hubs", {}), **hubs}
    sites = study.centres["id"].astype(str)
    known = {"capacity": dict(capacity), "annual_cost_gbp": dict(cost)}
    centres = study.centres.assign(
        **{column: sites.map(of).astype(float) for column, of in known.items()}
    )
    candidates = study.candidates.assign(
        **{c: study.candidates["id"].map(of).astype(float) for c, of in known.items()}
    )
    if localities:
        centres, candidates, placed = (
            t.assign(locality=t["id"].map(localities).fillna(""))
            for t in (centres, candidates, measured.sites)
        )
        measured = replace(measured, sites=placed)
    own = replace(
        study, config=StudyConfig.model_validate(given), centres=centres, candidates=candidates
    )
    return Analysis(replace(measured, study=own))


def plans(analysis, size=None, **asked):
    found = analysis.hubs(size, draws=0, **asked).plans
    return {p.key: p.chosen for p in found.plans}, " ".join(found.notes)


def test_several_sites_that_must_be_hubs_are_in_every_plan(measured):
    found, said = plans(wishing(measured, must=["K1", "K2"]), 3)
    assert len(found) >= 4 and all({"K1", "K2"} <= set(ids) for ids in found.values())
    assert "not made, for Town library 1 (K1) and Town library 2 (K2), which every plan has" in said


def test_what_a_question_wishes_holds_for_its_plans_as_well(measured):
    asked = wishing(measured)
    found, said = plans(asked, 3, locked_open=["K1", "Library house 2"], locked_closed=["L1"])
    assert len(found) >= 4 and all({"K1", "L2"} <= set(ids) for ids in found.values())
    assert not any("L1" in ids for ids in found.values())
    assert "keep the rules on" not in said
    with pytest.raises(ParameterError, match=r"Town library 1 \(K1\) must be a hub and may not be"):
        plans(wishing(measured, must=["K1"]), 3, locked_closed=["K1"])


def test_a_rule_that_plans_do_not_keep_is_named(measured):
    sites = measured.sites.assign(locality=np.where(measured.sites["id"] < "L", "South", "North"))
    asked = Analysis(replace(measured, sites=sites))
    said = plans(asked, 3, min_per_locality=1)[1]
    assert "keep the rules on North and South; the plans side by side keep what each" in said


def test_as_many_hubs_are_looked_for_as_must_be(measured):
    found, _ = plans(wishing(measured, must=["K1", "K2", "L1", "L2"]))
    assert {len(ids) for ids in found.values()} == {4}


def test_a_register_that_knows_too_few_rooms_fails_no_other_plan(measured):
    usual = set(plans(wishing(measured), 2)[0])
    found, said = plans(wishing(measured, capacity={"L1": 1e6}), 2)
    assert set(found) == usual
    assert (
        "Best two hubs with room for everybody: not made, for only one site can be chosen" in said
    )
    found, said = plans(wishing(measured, cost={"L1": 1.0}, budget_gbp=5.0), 2)
    assert set(found) == usual and "not made, for only one site can be chosen then" in said


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_wished_is_kept_or_refused_in_words(measured, seed):
    rng = np.random.default_rng(seed)
    sites = np.array(["L1", "L2", "L3", "L4", "K1", "K2", "K3"])
    mixed = rng.permutation(sites)
    must, never = mixed[: rng.integers(0, 4)].tolist(), mixed[4 : 4 + rng.integers(0, 4)].tolist()
    some = {i: float(rng.choice([0, 40, 200, 5000])) for i in rng.choice(sites, rng.integers(0, 8))}
    wishes = {"must": must, "never": never}
    if rng.random() < 0.4:
        wishes["at_most"] = {"library": int(rng.integers(0, 3))}
    if rng.random() < 0.4:
        wishes["budget_gbp"] = float(rng.choice([10, 300, 9000]))
    if rng.random() < 0.3:
        wishes["apart_m"] = float(rng.choice([200, 1500]))
    if rng.random() < 0.3:
        wishes["sizes"] = [1, 2, 4]
    size = None if rng.random() < 0.3 else int(rng.integers(1, 5))
    try:
        found, said = plans(wishing(measured, capacity=some, cost=some, **wishes), size)
    except (ParameterError, StudyError) as refused:
        assert not [word for word in INNER if word in str(refused)], str(refused)
        return
    assert found
    for key, ids in found.items():
        assert set(must) <= set(ids), key
        assert not set(never) & set(ids), key
    assert not [word for word in INNER if word in said], said


def test_why_not_is_told_before_any_search(measured):
    made = []
    import access.analysis.hubs as hubs

    with pytest.MonkeyPatch.context() as patch:
        real = hubs._PlanMaker
        patch.setattr(hubs, "_PlanMaker", lambda *a, **k: made.append(real(*a, **k)) or made[0])
        plans(wishing(measured), 2)
    (maker,) = made
    assert maker.why_not(PlanRules(), 7) == ""
    assert maker.why_not(PlanRules(), 8) == "only seven sites can be chosen then"
    assert maker.why_not(PlanRules(must=("K1", "L1")), 1) == "every plan has two sites"
    assert maker.why_not(PlanRules(among=()), 1) == "no site can be chosen then"
    outside = maker.why_not(PlanRules(must=("K1",), among=("L1", "L2")), 2)
    assert outside == (
        "Town library 1 (K1), which every plan has, is not among the sites to choose from then"
    )


def test_a_study_whose_every_centre_closes_has_no_site_to_choose_from(tmp_path):
    closing = "".join(
        f'[proposals.p{k}]\ntitle = "P{k}"\nservice = "library"\nclose = ["L{k}"]\n' for k in (1, 2)
    )
    study = small_study(
        tmp_path / "s", services={"library": 2}, side=4, candidates=0, proposals=closing
    )
    analysis = Analysis(measure_study(study))
    with pytest.raises(ParameterError, match="there is no site to choose hubs from"):
        analysis.hubs(2)
    assert analysis.hubs(2, among=["L1", "L2"], draws=0).plain.best.chosen == ("L1", "L2")


@pytest.mark.parametrize(
    ("when", "said"), [("2099", ", chosen later (2099)"), ("2001", ""), (None, "")]
)
def test_every_output_dates_a_choice_of_hubs_that_the_study_s_date_did_not_know(
    measured, when, said, tmp_path
):
    hubs = {"council_choice": ["K1", "K3"]} | ({} if when is None else {"council_date": when})
    asked = wishing(measured, **hubs)
    results = replace(asked.results, hubs=asked.hubs(2, draws=0))
    page = PlannerMap.of_study(results).page()
    told = html.unescape(page.replace("\\u0026", "&"))
    dates = re.findall(r"the council's own(?: hub)?(, chosen later \(\d+\))?", told)
    assert len(dates) > 3 and set(dates) == {said}, "layer, key and every sign"
    packed = write_geopackage(results, tmp_path / "s.gpkg")
    layer = pyogrio.read_dataframe(packed, layer="hub_candidates", read_geometry=False)
    for table in (HubFindings(results, results.hubs).points(), layer):
        own = table[table["council"].astype(bool)]
        assert own["id"].tolist() == ["K1", "K3"]
        assert set(own["council_date"]) == {when or ""}
        assert not table.loc[~table["council"].astype(bool), "council_date"].fillna("").any()
    chart = hub_chart(results, results.hubs.plain, results.hubs.mode, 7)
    assert ("The council chose later (2099)." in chart.caption) is bool(said)
    view = HubView.of(results, results.hubs)
    assert ("The council chose later (2099)." in view.map().caption) is bool(said)
    assert f"2, the council's own{said}" in view.table("curve").to_frame()["Hubs"].tolist()
    assert HubsForPage.of(results).labels.get("council", "") == (when if said else "")


def test_hubs_that_are_not_proven_best_are_called_the_best_found(measured):
    asked = wishing(measured, council_choice=["K1", "K3"])
    results = replace(asked.results, hubs=asked.hubs(2, draws=0))
    view = HubView.of(results, results.hubs)
    assert "Star: one of the best hubs." in PlannerMap.of_study(results).page()
    unsure = replace(view.found.curve.solutions[2], status="feasible")
    plain = replace(results.hubs.plain, best=unsure)
    not_sure = replace(results, hubs=replace(results.hubs, plain=plain))
    assert "Star: one of the best hubs found." in PlannerMap.of_study(not_sure).page()
    curve = replace(view.found.curve, solutions={2: unsure})
    assert view.map(2).title.startswith("The best 2 hubs, ")
    unsure_view = replace(view, found=replace(view.found, curve=curve))
    assert unsure_view.map(2).title.startswith("The best 2 hubs found, ")


PARTS = {"L1": "West", "L2": "West", "K1": "West", "L3": "East", "L4": "East", "K2": "East",
         "K3": "East"}  # fmt: skip
COST = dict.fromkeys(PARTS, 1000.0)
RULE = "at least two hubs in each of East and West"


def told(analysis, size=None, **asked):
    found = analysis.hubs(size, draws=0, **asked).plans
    return found, " ".join(PlanFindings(found, {}, Wording()).words())


@pytest.mark.parametrize("never", [[], ["K2"]])
def test_a_place_is_among_the_sets_that_it_is_said_to_be_among(measured, never):
    left = sorted({*PARTS} - {*never})

    def sets(size, rule):
        every = itertools.combinations(left, size)
        return sum(not rule or min(Counter(map(PARTS.get, c)).get(p, 0) for p in ("East", "West"))
                   >= 2 for c in every)  # fmt: skip

    other = " that keep the other rules asked for" if never else ""
    wished = " that keep the rules asked for" if never else ""
    asked = {"localities": PARTS, "per_locality": 2, "never": never, "sizes": [3, 4]}
    # the council's four can keep a rule that two hubs cannot: the place is under it, and says so
    four = wishing(measured, council_choice=["L1", "L2", "L3", "L4"], **asked)
    found, text = told(four, 2)
    assert f"Among the {sets(4, True)} sets of 4 with {RULE}{other}, the council's own" in text
    assert f"of all {sets(4, False)}{wished} by average trip." in text
    # and the council's two cannot, where four were asked for
    two = wishing(measured, council_choice=["L1", "L2"], **asked)
    found, text = told(two, 4)
    assert f"Among the {sets(2, False)} sets of 2{wished}, the council's own" in text
    assert "Without that rule" not in text
    few = f"Place: among sets of as many with {RULE} (where as many can keep that){other}, by"
    for table in (PlanFindings(found).standing_table(), PlanFindings(found).beside_table()):
        assert few in table.notes[0]
    titles = {p.key: p.title for p in found.plans}
    assert titles["locality"] == "Best four hubs, two or more in each locality"
    assert titles["size_3"] == "Best three hubs"


def test_a_choice_that_breaks_the_wishes_has_no_place_among_those_that_keep_them(measured):
    asked = {"localities": PARTS, "council_choice": ["L1", "L2", "L3"], "never": ["L1"]}
    found, text = told(wishing(measured, **asked))
    assert "It is none of the" in text and "Without that rule" not in text
    assert _place(found.get("council")) == "breaks the rules"
    found, text = told(wishing(measured, **{**asked, "must": ["L2", "L3", "K1", "K3"]}))
    assert "No 3 sites keep the rules asked for, so the council's own has no place." in text
    assert _place(found.get("council")) == "breaks the rules"


def test_sets_near_the_best_are_counted_as_the_question_says_or_not_at_all(measured):
    asked = wishing(measured, cost=COST, capacity=dict.fromkeys(PARTS, 400.0), budget_gbp=9e9)
    for within in (0.02, 0.3):
        found, _ = told(asked, 3, within=within)
        near = {p.key: p.choice for p in found.plans}
        assert near["budget"].near_count == near["freely"].near_count, within
    table = PlanFindings(found).standing_table()
    column = {c.key: k for k, c in enumerate(table.columns)}
    rows = dict(zip([p.key for p in found.plans], table.rows, strict=True))
    assert rows["room"][column["near"]] == "1 or more"  # none but the best was looked for
    assert rows["room"][column["firm"]] is NOT_APPLICABLE
    for plan, row in zip(found.plans, table.rows, strict=True):
        few = plan.choice.near_count < 3
        assert (row[column["firm"]] is NOT_APPLICABLE) == few, plan.key


def test_an_offer_that_nobody_is_counted_for_weighs_nothing_and_is_told(measured):
    offers = {"own": {"title": "Reading", "demand": "people_library"},
              "none": {"title": "Chess", "demand": "nobody"}}  # fmt: skip
    given = wishing(measured)
    study = replace(given.results.study, areas=given.results.study.areas.assign(nobody=0))
    both = wishing(replace(given.results, study=study), offers=offers)
    alone = wishing(measured, offers={"own": offers["own"]})
    ours, theirs = (a.hubs(2, draws=0) for a in (both, alone))
    assert ours.plain.best.chosen == theirs.plain.best.chosen
    assert "Chess: nobody is counted for it, so it weighs nothing in where hubs stand." in (
        ours.plain.assumptions
    )
    texts = [
        [str(b.text) for b in _hub_blocks(replace(a.results, hubs=r), Wording())
         if isinstance(b, Paragraph)] for a, r in ((both, ours), (alone, theirs))
    ]  # fmt: skip
    assert texts[0] == texts[1]
    assert "not known" not in " ".join(texts[0])


@pytest.mark.parametrize("status", ["within_gap", "feasible", "usual_minutes"])
def test_a_plan_that_is_not_proven_is_nowhere_the_best(measured, status):
    asked = wishing(measured, council_choice=["K1", "K3"])
    answer = asked.hubs(2, draws=0)
    found = answer.plans
    shown = replace(asked.results, hubs=answer)
    assert all(plan.sure for plan in HubsForPage.of(shown).plans)
    near = tuple(itertools.combinations(["L1", "L2", "L3"], 2))
    few = {"status": status, "gap": 0.2, "near": near, "near_count": 3, "near_complete": False,
           "firm": ("L1",)}  # fmt: skip
    unsure = tuple(
        replace(
            p,
            choice=None if p.choice is None else replace(p.choice, **few),
            stays=replace(
                p.stays,
                today={k: v - 5 for k, v in p.stays.today.items()},
                after=p.stays.kept if p.by == "stays" else p.stays.after,
            ),
        )
        for p in found.plans
    )
    plans = replace(found, plans=unsure, closures=("The closures",))
    text = " ".join(PlanFindings(plans, {}, Wording()).words())
    assert "The best found two hubs anywhere" in text
    assert "the best hubs found for this" in text
    assert "no hubs among these sites give any" not in text
    assert "within 2% of the best found; firm, in nine of ten of the 3 nearest to it: L1" in text
    assert not re.search(r"[Tt]he best (two|hubs for)|of the best[;.]", text)
    rows = PlanFindings(plans).standing_table().rows
    assert rows[-1][3] == "L1 (of the 3 nearest to it)"
    shown = replace(asked.results, hubs=replace(answer, plans=plans))
    assert [p.sure for p in HubsForPage.of(shown).plans] == [p.choice is None for p in plans.plans]


def cut_off(measured, site, areas):
    """Let a site alone reach some areas, an hour away from everybody."""
    matrices = {}
    for mode, m in measured.matrices.items():
        column = m.site_ids.index(site)
        minutes, status = m.total_minutes.copy(), m.status.copy()
        minutes[areas], status[areas] = np.inf, Status.UNREACHABLE
        minutes[:, column], status[:, column] = 60.0, Status.OK
        matrices[mode] = replace(m, total_minutes=minutes, status=status)
    return replace(measured, matrices=matrices)


def test_who_reaches_no_hub_is_told_and_every_best_is_one_set(measured):
    far = [0, 1, 2]
    asked = wishing(cut_off(measured, "K3", far), council_choice=["L1"])
    answer = asked.hubs(1, draws=40)
    found = {p.key: p for p in answer.plans.plans}
    people = asked.results.study.areas["people_library"].to_numpy(float)
    share = people[far].sum() / people.sum()
    assert answer.plain.best.chosen == found["freely"].chosen == ("K3",)
    assert answer.plain.council.missed == pytest.approx(share)
    council = found["council"]
    assert council.figures.unserved == pytest.approx(share)
    assert (council.standing or council.freely).rank["mean"] > 1
    # in no setting is it as good as one that leaves nobody out, and its own minutes are of others
    assert (council.held.near, council.held.best) == (0.0, 0.0)
    assert council.held.high < 60.0
    assert council.held.low < council.figures.joint * 1.3
    assert (found["freely"].held.near, found["freely"].held.best) == (1.0, 1.0)
    told = f"{100 * share:.1f}%"
    words = HubFindings(asked.results, answer).words()
    report = " ".join(
        str(b.text) for b in _hub_blocks(replace(asked.results, hubs=answer), Wording())
        if isinstance(b, Paragraph)
    )  # fmt: skip
    assert f"({told} reach none)" in words
    assert f"{told} more of the demand than with the best 1 reaches none" in words
    assert f"for those who reach one; {told} more of the demand reaches none." in report
    assert "shorter" not in report and "inf" not in words and "more than the best" not in words
    for table in (
        PlanFindings(answer.plans).beside_table(),
        PlanFindings(answer.plans).minutes_table(),
    ):
        assert f"In no mean, for they reach no hub of the plan: A {told}" in table.notes[-1]
    assert "in no mean" in hub_chart(asked.results, answer.plain, answer.mode, 7).caption
    figures = HubFindings(asked.results, answer).summary()["plain"]["council"]
    assert figures["more_than_best_minutes"] is None
    assert figures["share_left_out_more_than_best"] == pytest.approx(share)
    page = HubsForPage.of(replace(asked.results, hubs=answer))
    assert page is None or len(page.plans) == len(found)


def test_one_set_alone_is_called_that_once_and_a_size_of_any_whole_kind_is_one(measured):
    asked = wishing(measured, council_choice=["K1", "K2"])
    answer = asked.hubs(np.int64(2), draws=0, among=["K1", "K2"])
    assert answer.plain.best.chosen == ("K1", "K2")
    words = HubFindings(asked.results, answer).words()
    assert words.count("There is only one set of 2 to choose here, the council's own.") == 1
    assert "no other set to choose" not in words
    assert not re.search(r"\b1 sets|all 1\b", words)
    found, said = told(asked, 2, among=["K1", "K2", "K3"], locked_open=["K2", "K3"])
    assert found.plan("freely").chosen == ("K2", "K3")
    assert "It is not the only set of 2 that keeps the rules; it would be" in said
    assert "these sites and rules allow this one alone" in said
