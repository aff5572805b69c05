# SPDX-License-Identifier: MIT
"""One countdown, split over threads: how long until all are through."""
import real_common as common


def take_part(processor, n):
    common.pin(processor)
    common.count_down(n)


begin = common.now()
for i in range(common.options.threads):
    common.start(take_part, i % 2, common.options.iterations // common.options.threads)
common.join()
common.report(value=common.now() - begin)
