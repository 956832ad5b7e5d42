# SPDX-License-Identifier: Apache-2.0
# network.json as tables. What was not measured is "-". The bars are what confinement is meant to cost at most.
include "table";

def rows: [
	["far", "connect", "TCP connect + close, veth", 3], ["here", "connect", "TCP connect + close, loopback", 3],
	["far", "send", "UDP send, veth", 3], ["far", "sendto", "UDP sendto, veth", 3], ["here", "sendto", "UDP sendto, loopback", 3],
	["far", "bulk", "TCP send of 64 KiB, veth", 2] ];
def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def ns($all; $mode; $what; $name): [$all.runs[] | select(.mode == $mode and .what == $what) | .value[$name].ns] | median;
def ratio($bare): if . == null or $bare == null then "-" else . / $bare | fixed(3) end;
def less($from): if . == null or $from == null then null else . - $from end;
def both($bare): "\(ratio($bare) | right(9))\(less($bare) | grouped | right(8))";

def operation($all; $what; $name; $title; $bar):
	ns($all; "bare"; $what; $name) as $bare
	| "\($title | left(31))\($bare | grouped | right(9))\(ns($all; "loaded"; $what; $name) | ratio($bare) | right(9))"
	+ (["by_address", "by_name", "nft"] | map(. as $mode | ns($all; $mode; $what; $name) | both($bare)) | join(""))
	+ "\("\($bar) %" | right(8))";

def by_proxy($all; $name; $title):
	ns($all; "bare"; "far"; $name) as $bare
	| "\($title | left(31))\($bare | grouped | right(9))\(ns($all; "srt"; "far"; $name) | "\(grouped | right(12))\(ratio($bare) | right(9))")";

def growth($all; $kind; $counts; $title):
	ns($all; "confined"; "\($kind)-\($counts[0])"; "connect") as $first
	| "\($title | left(31))" + ($counts | map(. as $n | ns($all; "confined"; "\($kind)-\($n)"; "connect") | "\($n | grouped | right(8)):\(grouped | right(9))\(ratio($first) | right(7))") | join(""));

def name($all; $name; $title; $bar):
	ns($all; "bare"; "names"; $name) as $bare | ns($all; "by_name"; "names"; $name) as $ours
	| "\($title | left(31))\($bare | grouped | right(9))\($ours | grouped | right(11))\($ours | less($bare) | if . then . / 1000 else . end | fixed(1) | right(11))\($bar | right(9))";

def rate($all; $mode; $title): $all.runs[] | select(.mode == $mode and .what == "rate") | .value
	| "\($title | left(31))\(.clients | right(9))\(.sent | grouped | right(11))\(.answered | grouped | right(11))\(.sent - .answered | grouped | right(9))";

. as $all
| "Kernel \(.kernel), network. The guest's clock counts instructions as ns, of both ends, without holdfastd's but in 64 KiB; medians of lower quartiles of \(.rounds) rounds.",
"",
"\("" | left(31))\("bare" | right(9))\("loaded," | right(9))\("by address" | right(17))\("by name" | right(17))\("nftables" | right(17))\("bar" | right(8))",
"\("" | left(31))\("ns" | right(9))\("no agent" | right(9))" + (["", "", ""] | map("\("ratio" | right(9))\("added" | right(8))") | join("")),
(rows[] | operation($all; .[0]; .[1]; .[2]; .[3])),
"",
"\("By a proxy, that in it" | left(31))\("bare" | right(9))\("sandbox-runtime" | right(21))",
by_proxy($all; "connect"; "TCP connect + close, veth"),
by_proxy($all; "bulk"; "TCP send of 64 KiB, veth"),
"",
"\("TCP connect + close, veth" | left(31)) rules: ns, ratio to the fewest (bar: within 10 %)",
growth($all; "addresses"; [10, 1000, 10000]; "under rules by address"),
growth($all; "names"; [10, 10000]; "under rules by name"),
"",
"\("A query" | left(31))\("unbound" | right(9))\("confined" | right(11))\("added µs" | right(11))\("bar" | right(9))",
name($all; "known"; "for a name that is known"; "100"),
name($all; "fresh"; "for a name that is new"; "-"),
"",
"\("Queries in one second" | left(31))\("clients" | right(9))\("sent" | right(11))\("answered" | right(11))\("lost" | right(9))   (bar: 10,000 without loss)",
rate($all; "bare"; "unbound"),
rate($all; "by_name"; "through sessions' resolver"),
"",
([rows[] | ns($all; "bare_after"; .[0]; .[1]) as $after | ns($all; "bare"; .[0]; .[1]) as $bare | select($after and $bare) | $after / $bare - 1 | fabs]
	| "After holdfast was taken away, bare lies within \(if length > 0 then max * 100 else null end | fixed(2)) %.")
