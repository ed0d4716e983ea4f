"""Run one notebook in place, in a process of its own: ``python run_one.py NOTEBOOK KERNELS``.

Errors stay in the outputs. The kernel is this interpreter, and its cells may reach this machine
only.
"""

from __future__ import annotations

import json
import os
import sys
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


def main(path: Path, folder: Path) -> None:
    """Run it and write it back with its outputs."""
    import nbformat  # here, for it takes seconds, and who collects tests reads this file
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
    notebook = nbformat.read(path, as_version=4)
    specs = KernelSpecManager(kernel_dirs=[str(kernel_home(folder))])
    client = NotebookClient(
        notebook, km=AsyncKernelManager(kernel_name="here", kernel_spec_manager=specs),
        timeout=300, allow_errors=True, resources={"metadata": {"path": str(path.parent)}},
    )  # fmt: skip
    client.execute()
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
