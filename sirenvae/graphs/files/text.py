"""The text in a file's bytes: compressed or not, in whichever encoding, up to a size."""

from __future__ import annotations

import codecs
import re
import zlib

from sirenvae.errors import InputError

MOST_TEXT = 64 * 2**20  # bytes, once unpacked
_MOST_MEMBERS = 200  # of a gzip file: each costs a copy of what comes after it
_STRICT = (".json", ".xml", ".graphml", ".xmlbif", ".xdsl")  # formats that say themselves how they are encoded
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like that of UTF-16, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FILES = (
    (b"PK\x03\x04", "an archive, as workbooks are; save the sheet as CSV, or unpack it"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xd0\xcf\x11\xe0", "a workbook or document of Office; save the sheet as CSV"),
    (b"BZh", "compressed by bzip2; unpack it, or compress it by gzip"),
    (b"\xfd7zXZ", "compressed by xz; unpack it, or compress it by gzip"),
)
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = re.compile(
    r"ascii|utf-8|utf-16(-[lb]e)?|utf-32(-[lb]e)?|iso8859-\d+|cp\d+|mac-\w+|koi8-[rtu]|gb\w+|big5|shift_jis|euc_\w+"
)
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")


def text_of(content: str | bytes, filename: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file and notes on how it was come by.

    A byte-order mark is taken away. Bytes may be compressed by gzip. Without a mark they are UTF-8; XML may declare
    another encoding, and in formats that do not say their encoding what is not UTF-8 is read as Windows-1252.

    Arguments:
        content: What is in the file.
        filename: Its name, for sentences; the ending tells JSON and XML from the rest.

    Raises:
        InputError: If it is not text, or too much of it.
    """
    notes: tuple[str, ...] = ()
    if isinstance(content, bytes):
        if content.startswith(b"\x1f\x8b"):
            content = _unpacked(content, filename)
        check_length(len(content), filename)
        text, notes = _decoded(content, filename)
    else:
        text = content
        check_length(len(text), filename)
    text = text.removeprefix("\ufeff")
    if found := _NO_TEXT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"The file {filename} cannot be read: it is not text, as line {line} holds the byte {ord(found[0])}; a "
            "network file in UTF-8 was expected."
        )
    return text, notes


def check_length(length: int, filename: str) -> None:
    """Refuse more than :data:`MOST_TEXT` bytes."""
    if length > MOST_TEXT:
        raise InputError(
            f"The file {filename} holds more than {MOST_TEXT // 2**20} MiB of text; that much is no network to be read."
        )


def _unpacked(content: bytes, filename: str) -> bytes:
    """What gzip packed, in one or more members, no more than just beyond the limit."""
    parts, room = [], MOST_TEXT + 1
    try:
        while content and room > 0:
            if len(parts) == _MOST_MEMBERS:
                raise InputError(f"The file {filename} is packed in more than {_MOST_MEMBERS} pieces; pack it again.")
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(content, room))
            room -= len(parts[-1])
            if not member.eof and room > 0:
                raise InputError(f"The file {filename} cannot be read: its compressed data ends too early.")
            content = member.unused_data.lstrip(b"\0")  # gzip allows padding
    except zlib.error as error:
        raise InputError(
            f"The file {filename} cannot be read: its compressed data is damaged; pack it again."
        ) from error
    return b"".join(parts)


def _decoded(content: bytes, filename: str) -> tuple[str, tuple[str, ...]]:
    for signature, what in _OTHER_FILES:
        if content.startswith(signature):
            raise InputError(f"The file {filename} cannot be read: it is not text but {what}.")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    encoding = encoding or _declared_encoding(content, filename) or "utf-8"
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError as error:
        is_strict = filename.lower().removesuffix(".gz").endswith(_STRICT) or content.lstrip()[:1] in (b"<", b"{")
        if encoding == "utf-8" and not is_strict and (text := _western(content)) is not None:
            return text, ("The file is not UTF-8; it was read as Windows-1252.",)
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"The file {filename} cannot be read: it is not text in {encoding.removesuffix('-sig').upper()}, as line "
            f"{line} shows; save it as UTF-8."
        ) from error


def _western(content: bytes) -> str | None:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return None


def _declared_encoding(content: bytes, filename: str) -> str | None:
    """What an XML declaration says."""
    declared = _DECLARED.match(content[:400])
    if declared is None:
        return None
    called = declared[1].decode()
    try:
        encoding = codecs.lookup(called).name
    except LookupError:
        encoding = ""
    if not _ENCODINGS.fullmatch(encoding):
        raise InputError(f"The file {filename} declares the encoding {called!r}, which is not known; save it as UTF-8.")
    return encoding
