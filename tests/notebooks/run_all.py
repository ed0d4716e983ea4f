"""Run notebooks in place, each in a kernel of its own.

``python run_all.py MEASURED SEARCHED < jobs.json``: a job names a notebook, a folder for its kernel
and variables of its environment. Errors stay in the outputs, and cells may reach this machine only.
The first kernel is started as a person starts it. The others are forks of one interpreter that has
read the package and what a run `MEASURED` of the embedded study on its own streets, and has no name
of a notebook: to read both anew for each takes longer than the cells. What anybody searched stands
in the folder `SEARCHED`, and no other searches it again. Few settings are drawn, and of a report's
pictures one is for all: how firm an answer is and what each picture shows, other tests look at.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import json
import os
import pickle
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn


def formats() -> Any:
    """Give the module that reads notebooks: it takes seconds to import, and all collect the tests.

    Half of that is a grammar of addresses, which checks nothing that a notebook is made of.
    """
    there = sys.modules.get("rfc3987_syntax")
    sys.modules["rfc3987_syntax"] = there  # type: ignore[assignment]
    try:
        return import_module("nbformat")
    finally:
        if there is None:
            del sys.modules["rfc3987_syntax"]


#: As few settings as may be drawn: how firm an answer is other tests look at.
_DRAWS = 10

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


def make_ready(measured: Path, searched: Path) -> None:
    """Read the package and what was measured, for all kernels that are forks of this process."""
    import_module("ipykernel.kernelapp")
    import_module("ipykernel.debugger")  # which each would read as it begins
    from access.analysis import analysis, hub_plans, hubs, job
    from access.charts.chart import Chart
    from access.study.study import load_study

    results = pickle.loads(measured.read_bytes())
    measure, firm, draw = job.measure_study, analysis.robustness, hub_plans._drawn
    # drawn for all reports, and so that no fork looks up what libraries keep for a whole process
    plain = Chart("One bar", "One bar.", "", lambda figure, axes: axes.bar([0], [1])).pictures()

    def study_measured(study: Any, *, network: Path | None = None, **rest: Any) -> Any:
        if network is not None or study.streets is not None or not study.is_embedded:
            return measure(study, network=network, **rest)
        return replace(results, study=study)

    job.measure_study = study_measured
    Chart.pictures = lambda chart, **options: plain  # type: ignore[method-assign]
    analysis.robustness = lambda *given, draws, **more: firm(
        *given, draws=min(draws, _DRAWS), **more
    )
    hub_plans._drawn = lambda plans, draws, within: draw(plans, min(draws, _DRAWS), within)
    hubs.hub_search = once(hubs.hub_search, searched)
    hub_plans.choose = once(hub_plans.choose, searched)
    import_module("access.notebook")  # which takes by name what stands above
    load_study(results.study.folder)  # read for the same reason
    gc.collect()
    gc.freeze()  # nor looks for garbage among all this, which would copy it


class _Question(pickle.Pickler):
    """Write equal questions as equal bytes: of an object what it was given, not what it found."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.fast = True  # whatever parts of it are one object

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) or not is_dataclass(value):
            return NotImplemented
        return str, (type(value).__name__, *(getattr(value, f.name) for f in fields(value)))


def once(ask: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Keep an answer for all kernels that ask the same."""

    def asked(*given: Any, progress: Any = None, **more: Any) -> Any:
        question = io.BytesIO()
        _Question(question).dump((ask.__name__, given, more))
        path = folder / hashlib.sha256(question.getvalue()).hexdigest()
        if not path.exists():
            part = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}")
            part.write_bytes(pickle.dumps(ask(*given, progress=progress, **more)))
            part.replace(path)  # whole, for whoever reads it meanwhile
        return pickle.loads(path.read_bytes())

    return asked


def kernel_home(folder: Path) -> Path:
    """Describe a kernel that is this interpreter, and cannot reach other machines."""
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


class Forked:
    """A kernel that is a fork of this process, seen as `subprocess.Popen` shows one."""

    stdin = stdout = stderr = None

    def __init__(self, command: list[str], *, env: dict[str, str], cwd: str, **_: Any) -> None:
        self.pid, self.returncode = os.fork(), None
        if not self.pid:
            _be_a_kernel(command[command.index("-m") + 2 :], env, cwd)
        os.setpgid(self.pid, self.pid)  # before anybody asks for its group

    def poll(self) -> int | None:
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int | None:
        return self._ended(0)

    def _ended(self, how: int) -> int | None:
        if self.returncode is None and (ended := os.waitpid(self.pid, how))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    kill, terminate = (lambda self: self.send_signal(signal.SIGKILL),) * 2


def _be_a_kernel(words: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """Go on as the kernel of a notebook, and end with it."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        asyncio.set_event_loop(asyncio.new_event_loop())  # the other is its parent's, and runs
        warnings.simplefilter("default")
        exec(_GUARD, {})
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=[*words, f"--IPKernelApp.parent_handle={os.getppid()}"])
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def run(path: Path, folder: Path, variables: dict[str, str], *, forked: bool) -> None:
    """Run one and write it back with its outputs."""
    nbformat = formats()
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import local_provisioner
    from nbclient import NotebookClient

    if forked:
        local_provisioner.launch_kernel = Forked
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
    notebook = nbformat.read(path, as_version=4)
    specs = KernelSpecManager(kernel_dirs=[str(kernel_home(folder))])
    client = NotebookClient(
        notebook, km=AsyncKernelManager(kernel_name="here", kernel_spec_manager=specs),
        timeout=300, allow_errors=True, resources={"metadata": {"path": str(path.parent)}},
        shutdown_kernel="immediate",
    )  # fmt: skip
    client.execute(env=os.environ | variables, cleanup_kc=True)
    nbformat.write(notebook, path)


def one_job(job: dict[str, Any], *, forked: bool) -> None:
    """Do one job; what ends one is told, and ends no other."""
    notebook = Path(job["notebook"])
    try:
        run(notebook, Path(job["folder"]), job["variables"], forked=forked)
    except Exception:
        traceback.print_exc()
        notebook.unlink()


def apart(work: Callable[[], None]) -> None:
    """Do work in a fork of this process, so that nothing of it is here afterwards."""
    if pid := os.fork():
        os.waitpid(pid, 0)
        return
    try:
        work()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def begin() -> None:
    """Read once, for every fork, what a notebook and its kernel are started with."""
    notebooks = formats()
    notebooks.validate(notebooks.v4.new_notebook())  # which compiles what it checks against
    import_module("nbclient")
    import_module("jupyter_client.localinterfaces").local_ips()
    import_module("jupyter_client.provisioning").KernelProvisionerFactory.instance()


def main(measured: Path, searched: Path) -> None:
    """Run every job."""
    first, *others = json.load(sys.stdin)
    begin()
    one = partial(one_job, first, forked=False)
    if not hasattr(os, "fork"):
        for job in (first, *others):
            one_job(job, forked=False)
        return
    apart(one)
    make_ready(measured, searched)
    for job in others:
        apart(partial(one_job, job, forked=True))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
