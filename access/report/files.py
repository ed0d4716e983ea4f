"""Write files whole, and zip files whose bytes do not depend on the day they were made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from access.errors import OutputError

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(path: Path, content: bytes) -> None:
    """Write a whole file or, where that fails, leave what was there.

    Parameters
    ----------
    path : Path
    content : bytes

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as refused:
        with suppress(OSError):
            draft.unlink()
        raise OutputError(
            f"{path} cannot be written ({refused.strerror}); choose a folder that can be "
            "written, and close the file where a program has it open"
        ) from refused


def steady_zip(content: bytes, change: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """Pack a zip file anew, so that its bytes depend on its contents only.

    Parameters
    ----------
    content : bytes
        A zip file: a Word file or a workbook.
    change : callable, optional
        Given each part's name and bytes, gives the bytes that it is to hold.

    Returns
    -------
    bytes
        The same parts in the same order, with one fixed time and no trace of the machine.
    """
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            part = zipfile.ZipInfo(name, _EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 3
            part.external_attr = 0o600 << 16
            data = old.read(name)
            new.writestr(part, data if change is None else change(name, data))
    return packed.getvalue()
