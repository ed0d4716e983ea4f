"""A study with what people should never have to fear in every text of it."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from pathlib import Path

from access import escape
from access.sources.folder import _template_files
from tests.conftest import call_here

FORMULAS = ('=HYPERLINK("http://x","y")', "+1", "-1+1", "@SUM(A1)", "\uff1d1+1")
MARKUP = (
    "{{ 7*7 }}",
    "{% raw %}",
    "{% endraw %}{{ 7*7 }}",
    "{%",
    "{# x",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "`${alert(1)}`",
    "\"'>&amp;<b>",
    "$x_{",
    "Kid$$tart",
    "$\\frac",
    '#import "x.typ"',
    "#panic(1)",
    "[bold]x[/bold]",
    ":smile:",
    "\u202egnp.exe",
    "../../x",
    "C:\\newport\\2019",
    "L" * 300,
    "__proto__",
)
CORPUS = (*MARKUP, *FORMULAS)
NEVER = ("a\x00b", "\x1b]0;t\x07", "a\x9bb", "x" * 10_000_000)


def attack(marker: Path) -> str:
    """A template that would write a file, if anything read it as one."""
    return (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ cycler.__init__.__globals__.os."
        f"system('touch {marker}') }}}}"
    )


def hostile_study(folder: Path, marker: Path) -> Path:
    """The made-up study with the corpus in every text of every table and setting."""
    corpus = [attack(marker), *CORPUS]
    texts = _template_files("hostile")
    areas = list(csv.DictReader(io.StringIO(texts["areas.csv"])))
    for k, row in enumerate(areas):
        row["id"] = corpus[k] if k < len(corpus) else row["id"]
        row["ward"] = corpus[-1 - k // 2]
        row["locality"] = corpus[k // 4]
        for n, heading in enumerate(("{{ 7*7 }}", "=1+1", "<script>", "fid", "$x$")):
            row[heading] = corpus[(k + n) % len(corpus)]
    centres = list(csv.DictReader(io.StringIO(texts["centres.csv"])))
    table = []
    for k, name in enumerate(corpus):
        row = dict(centres[k % 3])
        ident = row["id"] if k < 3 else f"{name} "[:250] + str(k)
        row |= {"id": ident, "name": name, "address": name, "postcode": name, "locality": name,
                "condition": name, "position_basis": name, "assumed": "yes" if k % 2 else "no",
                "lon": f"{float(row['lon']) + 0.001 * k:.4f}"}  # fmt: skip
        table.append(row)
    table[1]["id"] = f"{attack(marker)} site"
    folder.mkdir()
    write_csv(folder / "areas.csv", areas)
    write_csv(folder / "centres.csv", table[:6] + table[6::4])
    points = [{"id": f"{n}#{k}", "name": n, "lon": -1.35, "lat": 53.42 + k / 1000, "kind": n,
               "rank": k} for k, n in enumerate(corpus)]  # fmt: skip
    for kind in ("candidates", "neighbours", "places"):
        write_csv(folder / f"{kind}.csv", [p | {"id": p["id"] + kind} for p in points[:10]])
    write_csv(folder / "postcodes.csv", [{"postcode": p["id"], **p} for p in points])
    settings = texts["study.toml"]
    everything = " ".join(c for c in corpus if len(c) < 250)
    for key in ("title", "place", "comment", "source", "one", "noun", "age_band", "unit",
                "vintage"):  # fmt: skip
        settings = re.sub(rf'(?m)^{key} = "[^"]*"', lambda m, key=key: (
            f"{key} = {escape.toml_text(everything)}"), settings)  # fmt: skip
    settings = settings.replace('notes = ["', f'notes = [{escape.toml_text(everything)}, "')
    closing = escape.toml_text(f"{attack(marker)} site")
    settings = settings.replace('close = ["C3"]', f'close = ["C3", {closing}]')
    keys = ", ".join(
        f"{escape.toml_text(name)} = 2000.0" for name in (attack(marker), "=1+1", "$x_{")
    )
    settings = settings.replace("[measures]\n", f"[measures]\ndistances_m = {{{keys}}}\n")
    settings += f"\n[hubs]\ncouncil_source = {escape.toml_text(everything)}\n"
    hub = escape.toml_text(f"{attack(marker)}#0candidates")
    settings += f"council_choice = [{hub}]\n"
    settings += "".join(f"{key} = {escape.toml_text(everything)}\n" for key in ("title", "one"))
    settings += f'\n[localities]\nnames = [{escape.toml_text(attack(marker))}, "{{{{ 7*7 }}}}"]\n'
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    (folder / "manifest.toml").write_text(
        '[table."areas.csv"]\n' + "".join(
            f"{key} = {escape.toml_text(everything)}\n" for key in ("source", "vintage", "licence")
        ), encoding="utf-8")  # fmt: skip
    return folder


def write_csv(path: Path, rows: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run(*words: object) -> subprocess.CompletedProcess:
    """Run `access ...` where we are."""
    return call_here(Path.cwd(), *words)
