"""The folder of backgrounds, `bgs/`, as it grows: pictures with numbers, and an index that says where each is from."""

import collections
import errno
import os
import re
import stat
from pathlib import Path

from common import UserError
from media.files import read_bytes
from media.limits import TABLE_BYTES
from media.tables import read_row, write_row

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PICTURE = re.compile(r"\d{8}\.jpg")  # a background's file name
KEPT = {".gitkeep"}  # files that an empty folder may have


def name_picture(number: int) -> str:
    """The file name of a background, such as 00000000.jpg."""
    return f"{number:08d}.jpg"


class BackgroundFolder:
    """The folder of backgrounds. A picture counts when the index has its line.

    A picture is put in its place before its line is written. A run that is killed between the two leaves a file
    without a line. The next run writes this number again.
    """

    def __init__(self, folder: Path, resume: bool):
        """Open `folder`, and make it if it is missing.

        Raises UserError when the folder is not empty and `resume` is false, when its index is missing or damaged, when
        another run writes into it, or when it cannot be written.
        """
        self.folder = folder
        self.path = folder / "index.tsv"
        self.partial = folder / ".partial"  # the picture that is being written
        self.members: list[str] = []  # where each picture is from, by number
        self.names: set[str] = set()  # the same without their order
        self.per_class = collections.Counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            left = {path.name for path in folder.iterdir()} - KEPT
            self.check_left(left, resume)
            self.check_partial()
            whole = self.load() if left else 0  # before the index is opened, because opening a pipe waits
            self.index = self.path.open("ab", buffering=0)  # each line is on disk before the next picture
            self.lock()
            self.index.truncate(whole)
            self.delete_unlisted(left)
        except OSError as error:
            raise UserError(f"{folder}: cannot be written ({error.strerror}); choose another with --out") from None

    def check_left(self, left: set[str], resume: bool) -> None:
        """Raise UserError unless a run may write into a folder that has the files `left`."""
        if left and not resume:
            raise UserError(
                f"{self.folder}: is not empty; --resume continues an interrupted run, --out names another folder"
            )
        if left and self.path.name not in left:
            raise UserError(
                f"{self.folder}: has no index.tsv to resume from; empty it, or name another folder with --out"
            )

    def check_partial(self) -> None:
        """Raise UserError where a pipe, a device, a link or a folder has the name of the picture that is being written.

        Writing to a pipe waits, and writing to a link changes another file.
        """
        if os.path.lexists(self.partial) and not stat.S_ISREG(self.partial.lstat().st_mode):
            raise UserError(f"{self.partial}: cannot be written (it is no regular file); delete it")

    def lock(self) -> None:
        """Raise UserError where another run writes into the folder. Both would write the same numbers.

        The lock ends with the run, however it ends. Some file systems have no locks.
        """
        if fcntl is None:
            return
        try:
            fcntl.flock(self.index, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{self.folder}: another run writes into it; wait for its end, or name another folder with --out"
            ) from None
        except OSError:  # without locks
            pass

    def load(self) -> int:
        """Read the lines of the index, and return their bytes without a last line that is not whole.

        A picture that the user has deleted since stays deleted. Raises UserError when a line is not as `add` writes it.
        """
        content = read_bytes(self.path, TABLE_BYTES)
        for line in content.split(b"\n")[:-1]:
            fields = read_row(line)
            if len(fields) != 3 or fields[0] != name_picture(len(self.members)):
                number = len(self.members) + 1
                raise UserError(f"{self.path}: line {number} is damaged; empty {self.folder} and run without --resume")
            _, class_name, member = fields
            self.count(class_name, member)
        return content.rfind(b"\n") + 1

    def delete_unlisted(self, names: set[str]) -> None:
        """Delete the pictures among the files `names` that have no line in the index."""
        for name in names:
            if PICTURE.fullmatch(name) and int(name[:8]) >= len(self.members):
                (self.folder / name).unlink()

    def add(self, jpeg: bytes, class_name: str, member: str) -> None:
        """Write the next picture and then its line. Raises UserError when they cannot be written."""
        name = name_picture(len(self.members))
        line = write_row([name, class_name, member])
        try:
            self.partial.write_bytes(jpeg)
            os.replace(self.partial, self.folder / name)
            if self.index.write(line) < len(line):  # on a full disk
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError(
                f"{self.folder / name}: cannot be written ({error.strerror}); correct that, then --resume continues"
            ) from None
        self.count(class_name, member)

    def count(self, class_name: str, member: str) -> None:
        """Note a picture that has its line."""
        self.members.append(member)
        self.names.add(member)
        self.per_class[class_name] += 1

    def close(self) -> None:
        """Close the index. If there is no picture, delete the index too."""
        self.index.close()
        self.partial.unlink(missing_ok=True)
        if not self.members:
            self.path.unlink(missing_ok=True)
