# SPDX-License-Identifier: MIT
# flavours: gil fine
# timeout: 300
"""xz with two threads: the compressed bytes are the same, and decompressed they are what went in."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403


def main():
    need("xz")
    flavour = flavour_argument()
    with scratch() as folder:
        data = pathlib.Path(folder) / "data"
        data.write_bytes("".join(f"{i * i} {(i * 40503) % 65537:x}\n" for i in range(300000)).encode())
        packed = compare(flavour, ["xz", "-T2", "-3", "--block-size=512KiB", "-c", str(data)])
        expect(packed.returncode == 0 and packed.stdout[:6] == b"\xfd7zXZ\0", f"xz itself failed: {packed.stderr}")
        archive = pathlib.Path(folder) / "data.xz"
        archive.write_bytes(packed.stdout)
        unpacked = compare(flavour, ["xz", "-T2", "-d", "-c", str(archive)])
        expect(unpacked.stdout == data.read_bytes(), "what was packed is not what is unpacked")
        archive.write_bytes(packed.stdout[:len(packed.stdout) // 2])
        expect(compare(flavour, ["xz", "-d", "-c", str(archive)]).returncode != 0, "half an archive must be refused")
    done()


main()
