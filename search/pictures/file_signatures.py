"""What a file is, judged by its first bytes and never by a name or a content type.

It decodes nothing. It names what it sees, for messages that an operator reads.
"""

import struct

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document or a Thumbs.db"),
    (0, b"\x00\x05\x16\x07", "macOS metadata (a ._ file)"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (8, b"AVI ", "a video"),
    (4, b"moov", "a video"),
)
_VIDEO_BRANDS = (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1", b"3gp4", b"3gp5")
_PICTURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"BM", "BMP"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypavif", "AVIF"),
    (4, b"jP  ", "JPEG 2000"),
)


def picture_kind(content: bytes) -> str | None:
    """Return the picture format that the first bytes announce, such as `JPEG`, or None."""
    return _first(content, _PICTURES)


def seeming(content: bytes) -> str:
    """Return what a file that is no picture seems to be, such as `a web page (HTML)`."""
    known = _first(content, _SIGNATURES)
    if known is not None:
        return known
    if content[4:8] == b"ftyp" and content[8:12] in _VIDEO_BRANDS:
        return "a video"
    if not any(content[:4096]):
        return "nothing but zero bytes, as an interrupted copy leaves"
    return _seeming_text(content[:4096])


def looks_like_markup(content: bytes) -> bool:
    """Return whether the first visible character is `<`, as in HTML, XML and SVG."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def seems_cut(content: bytes) -> bool:
    """Return whether the end of a picture is missing, by its own structure."""
    kind = picture_kind(content)
    if kind == "JPEG":
        return b"\xff\xd9" not in content[-4096:]
    if kind == "PNG":
        return b"IEND" not in content[-4096:]
    if kind == "WebP":
        return len(content) < 8 + int(struct.unpack("<I", content[4:8])[0])
    if kind == "GIF":
        return not content.rstrip(b"\x00").endswith(b";")
    if kind in ("HEIC", "AVIF"):
        return _boxes_end(content) > len(content)
    return False


def _boxes_end(content: bytes) -> int:
    """Return where the last top-level box of an ISO media file says it ends."""
    at = 0
    while at + 8 <= len(content):
        size = int(struct.unpack(">I", content[at : at + 4])[0])
        if size == 1 and at + 16 <= len(content):
            size = int(struct.unpack(">Q", content[at + 8 : at + 16])[0])
        if size < 8:  # 0: to the end of the file; others are nonsense
            return len(content)
        at += size
    return at


def _seeming_text(head: bytes) -> str:
    """Return which of web page, drawing, JSON and plain text a file seems to be."""
    lowered = head.lower()
    if looks_like_markup(head):
        if b"<svg" in lowered and b"<html" not in lowered:
            return "an SVG drawing"
        if b"<html" in lowered or b"<!doctype html" in lowered or b"<body" in lowered:
            return "a web page (HTML)"
        return "an XML or HTML document"
    if b"\x00" not in head:
        try:
            head[:-4].decode("utf-8") if len(head) == 4096 else head.decode("utf-8")
        except UnicodeDecodeError:
            return "an unknown kind of file"
        return "JSON" if lowered.lstrip()[:1] in (b"{", b"[") else "plain text"
    return "an unknown kind of file"


def _first(content: bytes, table: tuple[tuple[int, bytes, str], ...]) -> str | None:
    """Return the name of the first signature that the content has at its place."""
    for at, signature, name in table:
        if content[at : at + len(signature)] == signature:
            return name
    return None
