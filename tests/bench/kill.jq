# SPDX-License-Identifier: Apache-2.0
# kill.json as tables. What was not measured is "-".
include "table";

def us: if . == null then "-" else . / 1000 | fixed(1) end;
def pair: "\(.p50 | us | right(11))\(.p99 | us | right(11))";
def row($title; $what): "\($title | left(22))\($what.runs // "-" | right(6))\(["received", "sent", "took", "answered", "trip"] | map($what[.] | pair) | join(""))\($what.permitted_after // "-" | right(11))";
def beside($title; $what): "\($title | left(52))\($what.runs // "-" | right(6))\($what | pair)";
def per($n): if . == null then "-" else . / $n | grouped end;

. as $all
| "Kernel \(.kernel), the kill switch, \(.cpus) CPU\(if .cpus == 1 then ", whose clock counts instructions as ns" else "s" end); µs",
"",
"\("" | left(28))\("request received" | right(22))\("sent by client" | right(22))\("received to" | right(22))\("" | right(22))\("a request that" | right(22))\("permitted" | right(11))",
"\("" | left(22))\("runs" | right(6))\("to first refusal" | right(22))\("to first refusal" | right(22))\("bit stored" | right(22))\("to the answer" | right(22))\("does nothing" | right(22))\("after the" | right(11))",
"\("sessions" | left(28))" + (["", "", "", "", ""] | map("\("p50" | right(11))\("p99" | right(11))") | join("")) + "\("answer" | right(11))",
(("session", "all") as $target | ("1", "100", "1000") as $n | row("\(if $target == "all" then "all" else "one" end) of \($n | tonumber | grouped)"; $all["\($target)_\($n)"])),
"",
"\("The kernel alone" | left(52))\("runs" | right(6))\("p50" | right(11))\("p99" | right(11))",
beside("bit stored to first refusal"; .store | .refused + { runs }),
beside("bit stored to the last call that was let through"; .store | .last_done + { runs }),
beside("SIGKILL to a process group of 4, to its last call"; .signal | .last_done + { runs }),
beside("SIGKILL to a process group of 4, to all reaped"; .signal | .gone + { runs }),
beside("podman kill, to the last call"; .podman | .last_done + { runs }),
"",
(.sessions | if .after then "Memory of holdfastd: \(.before | per(1048576)) MiB with none, \(.after | per(1048576)) MiB with 1,000 sessions; a session: \((.after - .before) | per(1000)) bytes. "
	+ "To start a session, µs: \(.first | us) the first, \(.hundredth | us) the 100th, \(.thousandth | us) the 1,000th (medians of 20).\nA kill of all ends all of them, and their sessions, in \($all.end_all | if . then . / 1000000 else . end | fixed(0)) ms." else "1,000 sessions: not measured" end)
