"""Zip files whose bytes do not depend on the day they were made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

_EPOCH = (1980, 1, 1, 0, 0, 0)


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
