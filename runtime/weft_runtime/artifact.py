"""The file of an exported program: a header that says what is in it, then sections of bytes.

    8 bytes    magic
    4 bytes    length of the header, little endian
    32 bytes   BLAKE2b digest of all that follows
    header     JSON in UTF-8; `format` is the version of this layout, `sections` the length of each section
    sections   one after the other

What the header means is the business of `program`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any  # values of JSON

MAGIC = b"\x93weft\r\n\x1a"  # not text, and changed by whatever translates line ends
FORMAT = 1
"""Raised when a file of the new layout would be read wrongly by an older reader."""
_LENGTH_BYTES, _DIGEST_BYTES = 4, 32
_HEADER_AT = len(MAGIC) + _LENGTH_BYTES + _DIGEST_BYTES


class ArtifactError(ValueError):
    """A file is no artifact, is damaged, or was written by a newer version."""


def write(header: dict[str, Any], sections: Sequence[bytes]) -> bytes:
    """The content of a file."""
    full = {"format": FORMAT, **header, "sections": [len(section) for section in sections]}
    text = json.dumps(full, separators=(",", ":"), ensure_ascii=False).encode()
    rest = b"".join([text, *sections])
    return b"".join([MAGIC, len(text).to_bytes(_LENGTH_BYTES, "little"), _digest(rest), rest])


def read(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
) -> tuple[dict[str, Any], list[bytes]]:
    """Header and sections of a file, given by its path or its content.

    Raises: ArtifactError where it is not what `write` wrote; OSError where the file cannot be read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        content, name = bytes(source), f"{len(source)} bytes"
    else:
        content, name = Path(source).read_bytes(), os.fspath(source)
    if not content.startswith(MAGIC):
        raise ArtifactError(f"{name}: this is no weft artifact (it begins with {content[:8]!r})")
    rest = content[_HEADER_AT:]
    if len(content) < _HEADER_AT or _digest(rest) != content[_HEADER_AT - _DIGEST_BYTES : _HEADER_AT]:
        raise ArtifactError(
            f"{name}: the artifact is damaged: it does not have the digest that it was written with"
        )
    length = int.from_bytes(content[len(MAGIC) : len(MAGIC) + _LENGTH_BYTES], "little")
    header = json.loads(rest[:length])
    if header["format"] > FORMAT:
        raise ArtifactError(
            f"{name}: the artifact has format {header['format']}, written by weft {header.get('weft', '?')}; "
            f"this weft reads formats up to {FORMAT}"
        )
    sections, start = [], length
    for size in header["sections"]:
        sections.append(rest[start : start + size])
        start += size
    return header, sections


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
