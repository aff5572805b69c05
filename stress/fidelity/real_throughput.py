# SPDX-License-Identifier: MIT
"""Iterations a second of spinners of one kind together."""
import real_common as common

seconds, done, starved = common.run_spinners()
common.report(value=sum(done) / seconds, starved=starved)
