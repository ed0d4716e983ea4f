"""Run notebooks in place, each in a kernel of its own: ``python run_all.py MEASURED < jobs.json``.

A job names a notebook, a folder for its kernel and variables of its environment. Errors stay in
the outputs. The kernel is this interpreter, and its cells may reach this machine only. The
embedded study on its own streets is not measured anew: `MEASURED` is what a run found. Few
settings are drawn: how firm an answer is, other tests look at.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

_GUARD = """
import socket
_connect = socket.socket.connect
def connect(self, address):
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1"):
        raise RuntimeError(f"a notebook tried to reach {address}")
    return _connect(self, address)
socket.socket.connect = connect
"""
_MEASURED = """
from access.analysis import job
from access.study.study import is_embedded
def measured(study, *, network=None, measure=job.measure_study, **rest):
    if network is not None or study.streets is not None or not is_embedded(study.folder):
        return measure(study, network=network, **rest)
    import pickle
    from dataclasses import replace
    with open({path!r}, "rb") as kept:
        return replace(pickle.load(kept), study=study)
job.measure_study = measured
from access.analysis import analysis, hub_plans
def firm(*given, draws, ask=analysis.robustness, **more):
    return ask(*given, draws=min(draws, 40), **more)
def drawn(plans, draws, within, ask=hub_plans._drawn):
    return ask(plans, min(draws, 40), within)
analysis.robustness, hub_plans._drawn = firm, drawn
del measured, firm, drawn
"""


def kernel_home(folder: Path, measured: Path) -> Path:
    """Describe a kernel that is this interpreter, and cannot reach other machines."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "measured.py").write_text(_MEASURED.format(path=str(measured)), encoding="utf-8")
    spec = folder / "kernels" / "here"
    spec.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    start = [sys.executable, "-W", "default", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    description = {
        "argv": start, "display_name": "here", "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join(paths), "IPYTHONDIR": str(folder / "ipython")},
    }  # fmt: skip
    (spec / "kernel.json").write_text(json.dumps(description), encoding="utf-8")
    return folder / "kernels"


def run(path: Path, folder: Path, measured: Path, variables: dict[str, str]) -> None:
    """Run one and write it back with its outputs."""
    import nbformat  # here, for it takes seconds, and who collects tests reads this file
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
    notebook = nbformat.read(path, as_version=4)
    specs = KernelSpecManager(kernel_dirs=[str(kernel_home(folder, measured))])
    client = NotebookClient(
        notebook, km=AsyncKernelManager(kernel_name="here", kernel_spec_manager=specs),
        timeout=300, allow_errors=True, resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    client.execute(env=os.environ | variables)
    nbformat.write(notebook, path)


def main(measured: Path) -> None:
    """Run every job; what ends one is told, and ends no other."""
    for job in json.load(sys.stdin):
        try:
            run(Path(job["notebook"]), Path(job["folder"]), measured, job["variables"])
        except Exception:
            traceback.print_exc()
            Path(job["notebook"]).unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
