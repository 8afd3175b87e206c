"""Rows of .tsv files: fields of any text, file names of any bytes among them, come back as they were written."""

import re

ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}  # what separates fields and lines, and the mark itself
ESCAPED = re.compile(r"\\([\\tnr])")
MEANINGS = {written[1]: character for character, written in ESCAPES.items()}


def write_row(fields: list[str]) -> bytes:
    """A line of a .tsv file with these fields."""
    return ("\t".join(escape(field) for field in fields) + "\n").encode("utf-8", "surrogateescape")


def read_row(line: bytes) -> list[str]:
    """The fields of a line of a .tsv file, without its end. Bytes that are not UTF-8 become surrogates.

    Lines end with b"\\n" only, so split the file's bytes there. `str.splitlines` would split at other characters too.
    """
    return [unescape(field) for field in line.decode("utf-8", "surrogateescape").split("\t")]


def escape(text: str) -> str:
    """`text` without the characters that separate fields and lines."""
    return text.translate(str.maketrans(ESCAPES))


def unescape(text: str) -> str:
    """The text that `escape` was given."""
    return ESCAPED.sub(lambda match: MEANINGS[match[1]], text)
