# SPDX-License-Identifier: MIT
# presets: release
# timeout: 300
"""Whatever is wrong with what `gilloc record` and `gilloc replay` were asked, or with a trace: one line on standard
error that begins with `gilloc: ` and names culprit or place, status 2, nothing on standard output, no file made."""
import pathlib
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

HEAD = b"gilloc-trace 1\n"
MAGIC = b"\x8eglt\r\n\x1a\n"

# A trace and the words that the refusal must have.
TRACES = (
    (b"", ("offset 0", "the end", "gilloc-trace 1")),
    (b"\x7fELF", ("offset 0", "0x7f", "gilloc-trace 1")),
    (b"gilloc-trace 3\n", ("line 1", "gilloc-trace 3", "gilloc-trace 1")),
    (HEAD + b"m 1 5\nf 2\n", ("line 3", "f of block 2", "not live")),
    (HEAD + b"m 1 5\nf 1\nf 1\n", ("line 4", "f of block 1", "not live")),
    (HEAD + b"m 1 5\nf 1\nr 1 9\n", ("line 4", "r of block 1", "not live")),
    (HEAD + b"r 1 9\n", ("line 2", "r of block 1", "not live")),
    (HEAD + b"m 1 5\nm 1 6\n", ("line 3", "m of block 1", "is live")),
    (HEAD + b"m 1 9223372036854775808\n", ("line 2", "9223372036854775808", "at most")),
    (HEAD + b"c 1 9223372036854775807 2\n", ("line 2", "9223372036854775807", "at most")),
    (HEAD + b"t 1024\n", ("line 2", "t 1024", "0 to 1023")),
    (HEAD + b"t -1\n", ("line 2", "t -1", "t N")),
    (HEAD + b"m 1 5\nf 1", ("line 3", "cut off")),
    (HEAD + b"m 1 5\n\x00\n", ("line 3", "expected")),
    (HEAD + b"m" * 100000 + b"\n", ("line 2", "expected")),
    (MAGIC, ("offset 8", "the end", "header")),
)

COMMANDS = (
    (["replay"], "FILE"),
    (["replay", "no-such-file"], "no-such-file"),
    (["replay", "."], "folder"),
    (["replay", "good", "good"], "good"),
    (["replay", "--flavour", "vanilla", "good"], "vanilla"),
    (["replay", "--flavour", "../gil", "good"], "../gil"),
    (["replay", "--geometry", "py27", "good"], "py27"),
    (["replay", "--misalign", "8", "good"], "--misalign"),
    (["replay", "--misalign", "-16", "good"], "--misalign"),
    (["replay", "--misalign", "1048576", "good"], "--misalign"),
    (["replay", "--frobnicate", "good"], "frobnicate"),
    (["record"], "--output"),
    (["record", "--", "true"], "--output"),
    (["record", "-o", "out"], "command"),
    (["record", "-o", "", "--", "true"], "--output"),
    (["record", "-o", "-", "--", "true"], "--output"),
    (["record", "-o", "no/such/folder/out", "--", "true"], "no/such/folder/out"),
    (["record", "-o", "/dev/null", "--", "true"], "/dev/null"),
    (["record", "-o", "out", "--python", "no-such-script"], "no-such-script"),
    (["record", "--frobnicate", "--", "true"], "frobnicate"),
)


def with_crc(data):
    return data + struct.pack("<I", zlib.crc32(data))


def block(operations, payload):
    head = struct.pack("<II", len(payload), operations)
    return head + struct.pack("<I", zlib.crc32(head + payload)) + payload


def binary_traces():
    head = with_crc(MAGIC + struct.pack("<I", 1))
    good = head + block(2, bytes([8, 100, 3, 0])) + block(0, b"")
    damaged = bytearray(good)
    damaged[-14] ^= 1
    return good, (
        (with_crc(MAGIC + struct.pack("<I", 7)) + block(0, b""), ("offset 8", "version 7", "version 1")),
        (good[:-1], ("offset", "the end", "expected")),
        (good[:20], ("offset 20", "the end", "expected")),
        (good[:-12], ("offset", "the end", "expected")),
        (good + b"\0", ("offset", "more bytes", "end of the file")),
        (bytes(damaged), ("offset", "checksum", "expected")),
        (head + block(1, bytes([3, 0])) + block(0, b""), ("offset 28", "f of block", "not live")),
        (head + block(1, bytes([7])) + block(0, b""), ("offset 28", "0x07", "expected")),
        (head + struct.pack("<III", 1 << 20, 1, 0), ("offset 16", "1048576", "at most 65536")),
    )


def expect_refusal(arguments, words, folder, **options):
    before = sorted(p.name for p in folder.iterdir())
    refused = run([GILLOC, *arguments], cwd=folder, **options)
    said = refused.stderr.decode(errors="replace")
    expect(refused.returncode == 2, f"{arguments}: status {refused.returncode}, said {said!r}")
    expect(said.startswith("gilloc: ") and said.count("\n") == 1, f"{arguments}: said {said!r}")
    for word in words:
        expect(word in said, f"{arguments}: nothing of {word!r} in {said!r}")
    expect(refused.stdout == b"", f"{arguments}: standard output {refused.stdout[:100]!r}")
    expect(sorted(p.name for p in folder.iterdir()) == before, f"{arguments}: left something behind")


def main():
    good, damaged = binary_traces()
    with scratch() as name:
        folder = pathlib.Path(name)
        (folder / "good").write_bytes(good)
        expect_success(run([GILLOC, "replay", "good"], cwd=folder))
        for data, words in TRACES + damaged:
            (folder / "bad").write_bytes(data)
            expect_refusal(["replay", "bad"], ("bad", *words), folder)
            expect_refusal(["replay", "--addresses", "-"], ("standard input", *words), folder, stdin=None, input=data)
        for arguments, word in COMMANDS:
            expect_refusal(arguments, (word,), folder)
    done()


main()
