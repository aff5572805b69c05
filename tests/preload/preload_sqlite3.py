# SPDX-License-Identifier: MIT
# flavours: none gil fine
"""sqlite3 builds a database of some megabytes in memory and on disk, and answers the same."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import *  # noqa: E402,F403

STATEMENTS = """
CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
  INSERT INTO t SELECT i, (i * 7919) % 1009, printf('%*d', i % 90 + 1, i) FROM n;
CREATE INDEX by_k ON t(k);
UPDATE t SET v = v || upper(v) WHERE k % 3 = 0;
DELETE FROM t WHERE k % 5 = 1;
SELECT k, count(*), sum(length(v)), group_concat(id) FROM t GROUP BY k ORDER BY k LIMIT 200;
SELECT a.id, b.id FROM t a JOIN t b ON a.k = b.k AND a.id < b.id ORDER BY a.id, b.id LIMIT 500;
PRAGMA integrity_check;
"""


def main():
    need("sqlite3")
    flavour = flavour_argument()
    with scratch() as folder:
        database = pathlib.Path(folder) / "test.db"
        for target in (":memory:", database):
            plain = compare(flavour, ["sqlite3", str(target), STATEMENTS],
                            before=lambda: database.unlink(missing_ok=True))
            expect(plain.returncode == 0 and plain.stdout.endswith(b"ok\n"), f"sqlite3 itself failed: {plain.stderr}")
    plain = compare(flavour, ["sqlite3", ":memory:", "SELECT * FROM nowhere;"])
    expect(plain.returncode != 0, "an error must stay one")
    done()


main()
