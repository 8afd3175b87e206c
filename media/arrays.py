"""TODO."""

import tokenize
import zipfile
import zlib

# what numpy, zipfile, zlib and json raise on a file that is no archive of arrays, or a damaged one; RuntimeError is
# for kinds of archive that zipfile does not know
UNREADABLE_ARCHIVE = (
    *(ValueError, LookupError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
