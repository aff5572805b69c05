# SPDX-License-Identifier: MIT
"""What equal spinners get: the least of them beside an equal share, and Jain's index of all."""
import real_common as common

seconds, done, _ = common.run_spinners()
total, squares = float(sum(done)), float(sum(n * n for n in done))
count = len(done)
common.report(value=min(done) * count / total if total else 0,
              jain=total * total / (count * squares) if squares else 0, per_s=total / seconds)
