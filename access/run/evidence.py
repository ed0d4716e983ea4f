"""The evidence pack: one file that holds what was found, what it was found from, and how."""

from __future__ import annotations

import zipfile
from pathlib import Path

from access.study import Study

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_README = """\
Evidence pack: {title}

What is inside
  ledger.json        every input with source, vintage, licence and sha256; every setting; the
                     versions of the software; every assumption; the sha256 of every output
  study/             the study as it was run: its settings and tables
  the outputs        as the ledger lists them

To run it again and see whether every output comes out the same:
  access replay ledger.json --study study{network}
"""


def write_evidence(study: Study, folder: Path, path: Path) -> None:
    """Pack a folder of outputs with the study's own tables; the same inputs give the same bytes.

    Parameters
    ----------
    study : Study
        Whose tables are packed as they were read.
    folder : Path
        Holds the outputs and ``ledger.json``.
    path : Path
        The ``.zip`` to write.
    """
    street_files = " --network THE_STREET_EXTRACT" if _has_streets(study, folder) else ""
    readme = _README.format(title=study.config.study.title, network=street_files)
    members = {"README.txt": readme.encode()}
    for file in sorted(folder.iterdir()):
        if file != path:
            members[file.name] = file.read_bytes()
    for row in study.inputs:
        members[f"study/{row['file']}"] = (study.folder / row["file"]).read_bytes()
    manifest = study.folder / "manifest.toml"
    if manifest.exists():
        members["study/manifest.toml"] = manifest.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            pack.writestr(info, members[name])


def _has_streets(study: Study, folder: Path) -> bool:
    ledger = (folder / "ledger.json").read_text(encoding="utf-8")
    return '"network": null' not in ledger
