"""Limits on the files that a user hands in.

A file beyond its limit is refused before its content is read or unfolded. So a hostile file costs neither minutes nor
gigabytes. The limits are far above the files that this project makes or needs, and not tuned beyond that.
"""

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30

PICTURE_BYTES = 256 * MEGABYTE  # of a picture's file; a photo of 100 megapixels has about 50 MB
PICTURE_PIXELS = 1 << 28  # 268 megapixels, 805 MB once decoded; the largest telephone cameras take 200
PICTURE_SIDE = 32_766  # pixels; OpenCV's warps count the pixels of a row in 16 bits

MEMBER_BYTES = 16 * MEGABYTE  # of a picture in an archive; many of them are in memory at once
MEMBER_PIXELS = 1 << 24  # after a JPEG is decoded at a reduced size; 50 MB in each thread
PROGRESSIVE_PIXELS = 1 << 25  # of a progressive JPEG, which is held in memory at full size whatever is decoded
TAR_HEADER_BYTES = MEGABYTE  # of all headers before one member; a name or a comment takes hundreds of bytes
ZIP_LIST_BYTES = 32 * MEGABYTE  # of the list at the end of a zip, which is held in memory: some 300,000 members
NAME_LENGTH = 4096  # characters of the name of a member or a photo; Linux has no longer paths

ARRAYS_BYTES = GIGABYTE  # of an .npz file, and of all its arrays once unfolded; a batch of gen.py has 250 MB
WEIGHTS_BYTES = 64 * MEGABYTE  # the same of weights.npz, which has 5 MB once unfolded
ARRAYS_MEMBERS = 10_000  # arrays in an .npz file; a checkpoint has hundreds
ARRAYS_AXES = 32  # axes of an array; numpy 1 had no more

TEXT_BYTES = MEGABYTE  # of a TOML file or settings.json; those of the project have some kilobytes
FONT_BYTES = 64 * MEGABYTE  # of a typeface; those with all of Chinese have 30
TABLE_BYTES = 256 * MEGABYTE  # of a .tsv file; two million rows of index.tsv
ROW_BYTES = MEGABYTE  # of one line of a table or of JSON Lines
KEY_PARTS = 32  # parts of a key in TOML, as in a.b.c; this project's files have one
