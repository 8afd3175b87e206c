"""TODO."""

import collections
import errno
import os
import re
from pathlib import Path

from common import UserError


class BackgroundFolder:
    """The folder of backgrounds as it grows: a picture is there when, and only when, the index has its line.

    A picture is put in place before its line is appended, so a run that is killed between the two leaves a file
    that the next run does again under the same number.
    """

    def __init__(self, folder: Path, resume: bool):
        """Open `folder`, making it where there is none; raises UserError unless it is empty or `resume` is true."""
        self.folder = folder
        self.path = folder / "index.tsv"
        self.members: list[str] = []  # by number, as the index has them
        self.per_class = collections.Counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            left = {path.name for path in folder.iterdir()} - {".gitkeep"}
            if left and not resume:
                raise UserError(f"{folder}: is not empty; --resume goes on where a run stopped, --out writes elsewhere")
            if left and self.path.name not in left:
                raise UserError(f"{folder}: has no index.tsv to resume from; empty it, or write elsewhere with --out")
            self.index = self.path.open("ab", buffering=0)  # each line is out before the next picture
            self.load()
            for name in left:
                if re.fullmatch(r"\d{8}\.jpg", name) and int(name[:8]) >= len(self.members):
                    (folder / name).unlink()
        except OSError as error:
            raise UserError(f"{folder}: cannot be written ({error.strerror}); choose another with --out") from None

    def load(self) -> None:
        """Take over the lines of the index, but for one that a kill cut short.

        A picture that the user has deleted since stays deleted. Raises UserError when a line is not as `add` writes it.
        """
        content = self.path.read_bytes()
        for line in content.split(b"\n")[:-1]:
            fields = line.decode("utf-8", "surrogateescape").split("\t")
            if len(fields) != 3 or fields[0] != f"{len(self.members):08d}.jpg":
                number = len(self.members) + 1
                raise UserError(f"{self.path}: line {number} is damaged; empty {self.folder} and run without --resume")
            self.per_class[fields[1]] += 1
            self.members.append(fields[2])
        self.index.truncate(content.rfind(b"\n") + 1)

    def add(self, jpeg: bytes, class_name: str, member: str) -> None:
        """Write the next picture and its line; raises UserError when the disk does not take them."""
        name = f"{len(self.members):08d}.jpg"
        partial = self.folder / ".partial"
        try:
            partial.write_bytes(jpeg)
            os.replace(partial, self.folder / name)
            line = f"{name}\t{class_name}\t{member}\n".encode("utf-8", "surrogateescape")
            if self.index.write(line) < len(line):  # as on a full disk
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError(
                f"{self.folder / name}: cannot be written ({error.strerror}); mend that, then --resume goes on"
            ) from None
        self.members.append(member)
        self.per_class[class_name] += 1

    def close(self) -> None:
        """Close the index, and leave a folder without pictures as empty as it was."""
        self.index.close()
        (self.folder / ".partial").unlink(missing_ok=True)
        if not self.members:
            self.path.unlink(missing_ok=True)
