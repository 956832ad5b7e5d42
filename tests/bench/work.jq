# SPDX-License-Identifier: Apache-2.0
# work.json as a table. What was not measured is "-".
include "table";

def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
# The median over the rounds of one mode's time to the bare time of the same round.
def ratio($runs; $what; $mode):
	[$runs[] | select(.mode == $mode) | . as $run
		| .[$what] / ($runs[] | select(.mode == "bare" and .round == $run.round) | .[$what])] | median | fixed(3);

.runs as $runs
| "Kernel \(.kernel), two CPUs, wall clock; medians of \([$runs[].round] | max) rounds.",
"",
"\("" | left(30))\("bare s" | right(9))\("loaded, not an agent" | right(24))\("under holdfast" | right(18))\("under Landlock" | right(18))",
(["build", "build of 200 files, make -j2"], ["status", "git status, 10,000 files"]
	| .[0] as $what
	| "\(.[1] | left(30))\([$runs[] | select(.mode == "bare")[$what]] | median / 1e6 | fixed(2) | right(9))"
	+ "\(ratio($runs; $what; "loaded") | right(24))\(ratio($runs; $what; "confined") | right(18))\(ratio($runs; $what; "landlock") | right(18))")
