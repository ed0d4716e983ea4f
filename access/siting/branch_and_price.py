"""Sites with limited room by branch and price: each site's areas are chosen by a knapsack.

A column is a site with the areas that it takes. Its price is found for all sites at once by
dynamic programming, which bounds every node whether or not the columns are complete.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from access.siting.column_programme import _HALF, _broken, _fill_at_prices, _Master, _Node, _Point
from access.siting.search import Bools, Floats, Ints, _SideRows, _Watch

_SMOOTH = 0.5
"""Prices at which columns are sought: so much of the best so far, the rest of the last ones."""
_FIRM = 0.8
"""From this share on a dive takes a column as it is."""
_CLOSE_ENOUGH = 0.002
_PAYS = 1e-7
_MANY_PAIRS = 30_000
"""Pairs of area and site from which on the root is not dived from: its parts are solved."""
_MOST_TWICE = 120_000
"""Pairs up to which the root is dived from again when it is cut: the answer is better by it."""
_SEEK_AT = {1, *(200 * 2**k for k in range(12))}
"""Nodes at which a better answer is sought by an integer programme."""

_PLAN_AT = {10 * 3**k for k in range(12)}
"""Nodes at which a better plan is sought among the columns of a large problem."""
_PLAN_TIME, _PLAN_WORK = 0.25, 40_000
"""Share of the time that is left which that may take, and work of each column."""
_PROBED = 4
"""Branches that are tried before one is taken."""
_CUT_ROUNDS, _MOST_EFFORT = 20, 10.0
"""Rounds of cuts at the root, and fillings a site that a bound may take for more to be made."""

_QUICKLY, _SHARPLY = 2.0, 120.0
"""Fillings under prices of cuts, as a multiple of the sites: while columns come, and after."""
_TAIL = 0.02
"""Part of the distance to the cutoff by which a node's bound may stop short."""

Knapsack = Callable[[Floats, Ints], tuple[Floats, Floats]]
"""Savings (areas, sites) and sites to what each one's best filling saves, and whom it takes."""


@dataclass(frozen=True, eq=False)
class _Priced:
    """What the relaxation gives at some prices: a bound, and what it would be if sharpened."""

    value: float
    guess: float
    prices: Floats
    row_prices: Floats
    worth: Floats
    rho: Floats
    chosen: Ints
    taken: Floats


def _apart(cost: Floats) -> Floats:
    """Give how unlike sites are: the mean difference of what they cost the areas."""
    m = cost.shape[1]
    top = float(cost[np.isfinite(cost)].max(initial=0.0))
    full = np.where(np.isfinite(cost), cost, top)
    out = np.zeros((m, m))
    for j in range(m):
        out[j] = np.abs(full - full[:, [j]]).mean(axis=0)
    return out


class _BranchAndPrice:
    """Best-bound branch and price over one problem.

    Parameters
    ----------
    cost : ndarray, shape (areas, sites)
        Weighted minutes; ``inf`` where an area may not go.
    p : int
        How many sites are open.
    rows : _SideRows
        The rules on open sites.
    fill : callable
        The knapsacks.
    size : float
        Work of one site's.
    offer : callable
        Takes open sites and each area's site, all told; gives the cutoff afterwards: answers
        above it are not sought.
    mend : callable
        Takes the areas' prices, how far each site is open at the root, and whether the plan is
        bettered part by part; seeks a better answer and gives the cutoff afterwards.
    seek : callable
        Takes sites that must be and may be open, and what each pair costs the bound; seeks a
        better answer and gives the cutoff afterwards.
    watch : _Watch
    cuts : bool
        Whether cuts are made at the root: each bound takes longer, and fewer are needed.

    Attributes
    ----------
    bound : float
        No answer that was not handed in lies below; the cutoff at the end of the search.
    """

    def __init__(
        self,
        cost: Floats,
        p: int,
        rows: _SideRows,
        fill: Knapsack,
        size: float,
        offer: Callable[[Ints, Ints], float],
        mend: Callable[[Floats, Floats, bool], float],
        seek: Callable[[Bools, Bools, Floats], float],
        watch: _Watch,
        *,
        cuts: bool = False,
    ) -> None:
        finite = np.where(np.isfinite(cost), cost, 0.0)
        dear = 10.0 * max(float(finite.max(axis=1).sum()), 1.0)
        self.cost, self.p, self.fill, self.size = cost, p, fill, size
        self.apart = _apart(cost)
        self.offer, self.mend, self.seek, self.watch = offer, mend, seek, watch
        self.bound, self.cutoff, self.dear = -np.inf, np.inf, cost
        self.cuts, self.effort, self.rounds = cuts, 1.0, _CUT_ROUNDS if cuts else 0
        self.root: _Priced | None = None
        self.diving = False  # nothing is proven: columns are not sought sharply
        self.master = _Master(np.where(np.isfinite(cost), cost, dear), p, rows, dear, watch.spend)

    def start(self, sites: Ints, where: Ints) -> None:
        """Take the columns of an answer."""
        self.master.add(sites, where[:, None] == sites[None, :])

    def price(self, node: _Node, prices: Floats, row_prices: Floats, most: float = 0.0) -> _Priced:
        """Bound a node at some prices; what its sites would take."""
        sites = np.flatnonzero(node.may)
        self.watch.spend(self.size * len(sites))
        cost = np.where(node.pairs[:, sites], self.cost[:, sites], np.inf)
        fixed, bonus = 0.0, np.zeros(self.cost.shape[1])
        rows = self.master.rows
        if len(rows):
            low, high = self.master.limits(node)
            row_prices = np.append(row_prices, np.zeros(len(rows) - len(row_prices)))
            ends = np.where(row_prices > 0, low, high)
            row_prices = np.where(np.isfinite(ends), row_prices, 0.0)
            bonus = row_prices @ rows.matrix
            fixed = float((row_prices * np.where(np.isfinite(ends), ends, 0.0)).sum())
        worth, least = np.zeros(len(node.may)), np.zeros(len(node.may))
        taken = np.zeros(self.cost.shape)
        saving = np.maximum(prices[:, None] - cost, 0.0)
        worth[sites], least[sites], taken[:, sites] = self._filled(
            saving, sites, node, bonus, row_prices, most
        )
        fixed += float(prices.sum())
        rho = np.where(node.may, -worth, np.inf) - bonus
        rough = np.where(node.may, -least, np.inf) - bonus
        chosen, likely = (self._best(node, each) for each in (rho, rough))
        value, guess = fixed + float(rho[chosen].sum()), fixed + float(rough[likely].sum())
        return _Priced(value, guess, prices, row_prices, worth, rho, chosen, taken)

    def _best(self, node: _Node, rho: Floats) -> Ints:
        """Choose the sites that cost least to open."""
        return np.argsort(np.where(node.must, -np.inf, rho), kind="stable")[: self.p]

    def _filled(
        self,
        saving: Floats,
        sites: Ints,
        node: _Node,
        bonus: Floats,
        row_prices: Floats,
        most: float,
    ) -> tuple[Floats, Floats, Floats]:
        """Fill sites, with what the cuts cost them: what each saves at most, and by whom found."""
        fines = -row_prices[self.master.cut_rows] if len(self.master.cut_rows) else np.zeros(0)
        dear = fines > _PAYS
        if not dear.any():
            worth, taken = self.fill(saving, sites)
            return worth, worth, taken
        wanted = np.where(node.must[sites], np.inf, bonus[sites])
        worth, least, taken, filled = _fill_at_prices(
            self.fill, saving, sites, wanted, self.p,
            self.master.triples[dear], fines[dear], most,
        )  # fmt: skip
        self.watch.spend(self.size * (filled - len(sites)))
        if most >= _SHARPLY:
            self.effort = filled / len(sites)
        return worth, least, taken

    def bounded(self, node: _Node, *, alone: bool = False) -> tuple[_Node, _Point | None]:
        """Bring a node's columns to an end; a point is given where it must be branched on.

        Of a node that is all there is every bound on the way is one of the search.
        """
        master = self.master
        master.enter(node)
        middle = best = self.price(node, node.prices, node.row_prices)
        self._take(best, node, None)
        while True:
            point = master.solve()
            if point is None:
                return replace(node, bound=np.inf), None
            for prices, row_prices, most in self._tries(middle, point):
                found = self.price(node, prices, row_prices, most)
                middle = max(middle, found, key=lambda priced: priced.guess)
                best = max(best, found, key=lambda priced: priced.value)
                added = self._take(found, node, point)
                if added or best.value > self.cutoff or self._near(best, point):
                    break
            if alone:
                self.bound = max(self.bound, min(best.value, self.cutoff))
            self.watch.tick("columns", max(node.bound, min(best.value, self.cutoff)), self.cutoff)
            if best.value > self.cutoff:
                break
            if (not added or self._near(best, point)) and not self._cut(point):
                break
        told = replace(
            node, bound=max(node.bound, best.value), prices=best.prices, row_prices=best.row_prices
        )
        if told.bound > self.cutoff:
            return told, None
        told, self.root = replace(told, basis=master.keep()), self.root or best
        return self.fixed(told, best), point

    def _near(self, best: _Priced, point: _Point) -> bool:
        """Tell whether a bound is so near to its end that branching is worth more."""
        short, far = point.value - best.value, self.cutoff - best.value
        return bool(np.isfinite(far)) and 0 <= short <= _TAIL * far and not point.whole

    def _tries(self, middle: _Priced, point: _Point) -> Iterator[tuple[Floats, Floats, float]]:
        """Give prices at which columns are sought, and how sharply: near the best, then here."""
        before = np.append(middle.row_prices, np.zeros(len(point.row_prices)))
        before = before[: len(point.row_prices)]
        yield (
            _SMOOTH * middle.prices + (1 - _SMOOTH) * point.prices,
            _SMOOTH * before + (1 - _SMOOTH) * point.row_prices,
            _QUICKLY,
        )
        yield point.prices, point.row_prices, _QUICKLY
        if not self.diving and (point.row_prices[self.master.cut_rows] < -_PAYS).any():
            # a whole answer ends a node: nothing may be left that is not looked at
            yield point.prices, point.row_prices, np.inf if point.whole else _SHARPLY

    def _cut(self, point: _Point) -> bool:
        """Cut off a mixture of columns; tell whether that could be done."""
        if not self.rounds or self.effort > _MOST_EFFORT:
            return False
        self.rounds -= 1
        triples = _broken(self.master.take, point.part)
        if len(triples):
            self.master.cut(triples)
        return bool(len(triples))

    def _take(self, found: _Priced, node: _Node, point: _Point | None) -> int:
        """Add columns; where none pays at a point, none. Gives how many."""
        sites = np.flatnonzero(node.may & (found.worth > _PAYS))
        take = found.taken[:, sites] > 0.5
        if point is None:
            return self.master.add(sites, take)
        pays = self.master.paying(sites, take, point) > _PAYS
        added = self.master.add(sites[pays], take[:, pays])
        return added and added + self.master.add(sites, take)

    def fixed(self, node: _Node, at: _Priced) -> _Node:
        """Fix sites and pairs that no better answer can use."""
        opened = np.zeros(len(at.rho), bool)
        opened[at.chosen] = True
        free_in, free_out = opened & ~node.must, node.may & ~opened
        dearest = at.rho[free_in].max() if free_in.any() else -np.inf
        cheapest = at.rho[free_out].min() if free_out.any() else np.inf
        with np.errstate(invalid="ignore"):
            enter = np.where(opened, 0.0, at.rho - dearest)
            may = node.may & (at.value + enter <= self.cutoff)
            must = node.must | (free_in & (at.value - at.rho + cheapest > self.cutoff))
        dearer = np.maximum(self.cost - at.prices[:, None], 0.0)
        enter = np.where(np.isfinite(enter), np.maximum(enter, 0.0), 0.0)
        self.dear = at.value + dearer + enter[None, :]
        pairs = node.pairs & (self.dear <= self.cutoff) & may[None, :]
        return replace(node, must=must, may=may, pairs=pairs)

    def children(self, node: _Node, point: _Point) -> list[_Node]:
        """Split a node by how many sites of a group are open, or else at an area that is shared."""
        group = self._group(node, point)
        if group is not None:
            row, count = self.master.group(group), float(point.open[group].sum())
            few = (row, -np.inf, float(np.floor(count)))
            many = (row, float(np.ceil(count)), np.inf)
            parts = [replace(node, groups=(*node.groups, g)) for g in (few, many)]
            if group.sum() == 1:
                shut, opened = node.may & ~group, node.must | group
                parts = [replace(node, may=shut), replace(node, must=opened)]
            return parts
        part = np.abs(point.share - np.rint(point.share))
        if part.max() <= _HALF:
            return []
        i, j = (int(k) for k in np.unravel_index(int(part.argmax()), part.shape))
        without, only = node.pairs.copy(), node.pairs.copy()
        without[i, j] = False
        only[i] = False
        only[i, j] = True
        opened = node.must.copy()
        opened[j] = True
        return [replace(node, pairs=without), replace(node, pairs=only, must=opened)]

    def _group(self, node: _Node, point: _Point) -> Bools | None:
        """Find sites near each other of which a half is open: those that cost most to settle."""
        open_ = point.open
        used = np.flatnonzero(node.may & (open_ > _HALF))
        if not (np.abs(open_[used] - np.rint(open_[used])) > _HALF).any():
            return None
        found = self._groups(used, open_)
        if not found:  # alike sites: one of them alone
            alone: Bools = np.arange(len(open_)) == np.abs(open_ - np.rint(open_)).argmax()
            return alone
        if len(found) == 1:
            return found[0]
        counts = [float(open_[group].sum()) for group in found]
        costs = np.array(self.master.probe(found, counts)) - point.value
        score = np.maximum(costs, 1e-6)
        return found[int(score.prod(axis=1).argmax())]

    def _groups(self, used: Ints, open_: Floats) -> list[Bools]:
        """List groups of sites apart from others, of which a half is open, the likeliest first."""
        met: dict[bytes, tuple[float, Bools]] = {}
        for j in used:
            away = self.apart[j]
            order = used[np.argsort(away[used], kind="stable")]
            count = np.cumsum(open_[order])
            part = np.abs(count - np.rint(count))
            room = np.append(away[order[1:]], 2 * away[order[-1]] + 1e-9) - away[order]
            score = np.where(part > _HALF, np.minimum(part, 0.5) * room, 0.0)
            k = int(score.argmax())
            group = away <= away[order[k]] + room[k] / 2
            near = float(open_[group].sum())
            if score[k] > 0 and abs(near - round(near)) > _HALF:
                key = np.packbits(open_ * group > _HALF).tobytes()
                if key not in met or score[k] > met[key][0]:
                    met[key] = float(score[k]), group
        best = sorted(met.values(), key=lambda item: -item[0])
        return [group for _, group in best[:_PROBED]]

    def possible(self, node: _Node) -> bool:
        """Tell whether a node can have an answer by its counts."""
        if node.must.sum() > self.p or node.may.sum() < self.p:
            return False
        return bool((node.pairs & node.may[None, :]).any(axis=1).all())

    def run(self, must: Bools, may: Bools, pairs: Bools, prices: Floats, cutoff: float) -> None:
        """Search to the end."""
        self.cutoff, self.master.held = cutoff, must
        self.rounds = 0
        root = _Node(self.bound, must, may, pairs, prices, np.zeros(len(self.master.rows)))
        left: list[tuple[float, int, _Node]] = [(root.bound, 0, root)]
        number = 0
        while left and left[0][0] <= self.cutoff:
            bound, _, node = heapq.heappop(left)
            self.bound = max(self.bound, bound)
            self.watch.nodes += 1
            point = None
            if self.possible(node):
                node, point = self.bounded(node, alone=not left)
            if point is not None and self.watch.nodes == 1:
                node, point = self._rooted(node, point)
            elif point is not None and self.watch.nodes in _SEEK_AT:
                self._find(node, point)
            if point is None:
                continue
            known = min(node.bound, left[0][0]) if left else node.bound
            self.bound = max(self.bound, min(known, self.cutoff))
            if self.watch.nodes in _PLAN_AT and self.cuts:
                self._mix()
            below = self.children(node, point)
            if not below:
                self.cutoff = self.offer(*self.master.read(point.open, point.part))
            for child in below:
                number += 1
                heapq.heappush(left, (child.bound, number, child))
        self.bound = self.cutoff

    def _rooted(self, node: _Node, point: _Point) -> tuple[_Node, _Point | None]:
        """Look for an answer at the root; cut it, of which less is left then, and look again."""
        if self.cost.size <= _MANY_PAIRS:
            self.cutoff = self.mend(node.prices, point.open, True)
            self._find(node, point)
            return node, point
        twice = self.cuts and self.cost.size <= _MOST_TWICE
        self.cutoff = self.mend(node.prices, self.dive(node, point), not twice)
        if not self.cuts:
            return node, point
        self.rounds, self.root = _CUT_ROUNDS, None
        node, cut = self.bounded(node, alone=True)
        self.rounds = 0
        if cut is not None and twice:
            self.cutoff = self.mend(node.prices, self.dive(node, cut), True)
        return node, cut

    def _find(self, node: _Node, point: _Point) -> None:
        """Look for a better answer by a dive, and among few pairs."""
        if self.cutoff - node.bound <= _CLOSE_ENOUGH * abs(self.cutoff):
            return
        dear = np.where(node.pairs, self.dear, np.inf)
        open_ = self.dive(node, point)
        order = np.argsort(np.where(node.must, -np.inf, -open_), kind="stable")[: self.p]
        sites = np.isin(np.arange(len(open_)), order)
        for must, may in ((sites, sites), (node.must, node.may)):
            if not self.cutoff - node.bound <= _CLOSE_ENOUGH * abs(self.cutoff):
                self.cutoff = self.seek(must, may, dear)

    def _mix(self) -> None:
        """Look for a better answer among the columns that the root's bound leaves."""
        root, master = self.root, self.master
        if root is None:
            return
        gain = master.worth(root.prices, root.row_prices)
        level = float(root.rho[root.chosen].max())
        dear = root.value - gain - level > self.cutoff
        self.watch.spend(_PLAN_WORK * float((~dear).sum()))
        found = master.plan(dear, self.cutoff, self.watch, _PLAN_TIME)
        if found is not None:
            self.cutoff = self.offer(*found)

    def dive(self, node: _Node, at: _Point | None) -> Floats:
        """Send areas where the programme mostly sends them, solve it again, and so on to the end.

        Gives how far each site was open at last.
        """
        open_ = np.zeros(len(node.may))
        while True:
            if at is None or not self.possible(node):
                break
            open_ = at.open
            open_part = np.minimum(at.part, 1 - at.part)
            if not (open_part > _HALF).any():
                self.cutoff = self.offer(*self.master.read(at.open, at.part))
                break
            loose = node.pairs.sum(axis=1) > 1
            settles = self.master.take[loose, : len(at.part)].any(axis=0)
            part = np.where(settles, at.part, 0.0)
            new = np.flatnonzero(part > _FIRM)
            if not len(new):
                new = np.array([part.argmax()])
            if part[new[0]] <= _HALF:  # every area is sent, and more than the sites have room for
                break
            must, pairs = node.must.copy(), node.pairs.copy()
            for k in new:
                mine, j = self.master.take[:, k], int(self.master.site[k])
                must[j] = True
                pairs[mine] = False
                pairs[mine, j] = True
            self.diving = True
            node, at = self.bounded(replace(node, must=must, pairs=pairs))
            self.diving = False
        return open_
