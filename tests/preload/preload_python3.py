# SPDX-License-Identifier: MIT
# flavours: none gil fine
# timeout: 300
"""A python3 program whose every object comes from malloc gives the same output; with threads where the flavour
allows them."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

PROGRAM = r"""
import hashlib, json, re, sys, threading, zlib

def work(n, results):
    words = {}
    for i in range(12000):
        key = "w%d" % ((i * 7919 + n) % 1013)
        words.setdefault(key, []).append(str(i) * (i % 7))
    text = json.dumps(words, sort_keys=True)
    blob = b"".join(zlib.compress(text[i:i + 20000].encode()) for i in range(0, len(text), 20000))
    digits = sum(int(d) for d in re.findall(r"\d", text[:100000]))
    big = pow(3, 20000 + n)
    results[n] = (hashlib.sha256(blob).hexdigest(), digits, len(str(big % 10**4000)), sorted(words)[n])

count = int(sys.argv[1])
results = {}
if count == 1:
    work(0, results)
else:
    for wave in range(3):
        threads = [threading.Thread(target=work, args=(wave * count + i, results)) for i in range(count)]
        for t in threads: t.start()
        for t in threads: t.join()
for n in sorted(results): print(n, *results[n])
sys.exit(len(results))
"""


def main():
    need("python3")
    flavour = flavour_argument()
    environment = dict(os.environ, PYTHONMALLOC="malloc", PYTHONHASHSEED="0")
    plain = compare(flavour, ["python3", "-c", PROGRAM, "1" if flavour == "none" else "4"], env=environment)
    expect(plain.returncode in (1, 12) and len(plain.stdout) > 60, f"the program did not do its work: {plain}")
    done()


main()
