# SPDX-License-Identifier: Apache-2.0
# operations.json as tables. What was not measured is "-".
include "table";

def names: [
	["open-1", "open for reading, 1 deep"], ["open-17", "open for reading, 17 deep"], ["open-write", "open for writing, 1 deep"],
	["create", "create + unlink"], ["rename", "rename"], ["spawn", "spawn of /usr/bin/true"], ["connect", "TCP socket + connect"],
	["sendto", "UDP sendto"] ]
	+ if .files > 0 then [["build", "build, \(.files) files, -j2"], ["status", "git status, 10,000 files"]] else [] end;
def ratio($bare): if . == null then "-" else . / $bare | fixed(3) end;
def less($from): if . == null then null else . - $from end;
# Where Landlock has no check (TCP before ABI 4, UDP before 10) there is nothing to compare with.
def checked($name): ($name != "sendto" or .landlock.udp) and ($name != "connect" or .landlock.tcp);
def against($landlock): if . == null or $landlock == null or $landlock <= 0 then "-" else . / $landlock | fixed(2) end;

def operation($all; $name; $title):
	$all.bare[$name].ns as $bare
	| ($all.under_holdfast[$name].ns | less($bare)) as $ours
	| (if ($all | checked($name)) then $all.under_landlock[$name].ns else null end) as $landlock
	| "\($title | left(26))\($bare | grouped | right(11))\($all.beside[$name].ns | ratio($bare) | right(12))"
	+ "\($all.under_holdfast[$name].ns | ratio($bare) | right(12))\($ours | grouped | right(10))"
	+ "\($landlock | ratio($bare) | right(12))\($landlock | less($bare) | grouped | right(10))"
	+ "\($ours | against($landlock | less($bare)) | right(14))";

# One operation under more and more rules: what is added to bare, and how much the most rules add over the fewest.
def growth($all; $kind; $name; $title):
	$all.alone[$name].ns as $bare
	| ["holdfast", "landlock"][] as $who
	| $all["\($who)_\($kind)"]
	| "\("\($title), \($who)" | left(37))"
	+ ([.["10"], .["1000"], .["50000"]] | map(less($bare) | grouped | right(11)) | join(""))
	+ (if . == null then "-" else (.["50000"] - $bare) / (.["10"] - $bare) | fixed(2) end | right(14));

def loading($load; $what):
	if $load == null then "\($what): not measured"
	else "\($what): \($load.rules | grouped) rules applied in \($load.seconds | fixed(2)) s of that clock; kernel memory a rule: "
		+ "\($load.bytes_a_rule | fixed(0)) bytes by the daemon's cgroup"
		+ (if $load.map_bytes_a_rule > 1 then ", \($load.map_bytes_a_rule | fixed(0)) by the maps' own count" else "" end) end;

# How far two measurements of the same thing lie apart, at worst, in percent.
def apart($all; $other): [$all | names[][0] as $n | $all[$other][$n].ns / $all.bare[$n].ns - 1 | fabs] | max * 100 | fixed(2);

. as $all
| "Kernel \(.kernel), Landlock ABI \(.landlock.abi). The guest's clock counts instructions as ns; lower quartiles of \(.rounds) rounds.",
"",
"\("" | left(26))\("bare" | right(11))\("loaded, not" | right(12))\("confined by holdfast" | right(22))\("under Landlock" | right(22))\("holdfast" | right(14))",
"\("" | left(26))\("ns" | right(11))\("an agent" | right(12))\("ratio" | right(12))\("added" | right(10))\("ratio" | right(12))\("added" | right(10))\("/ Landlock" | right(14))",
(names[] | operation($all; .[0]; .[1])),
"",
"\("Added, by number of rules" | left(37))\("10" | right(11))\("1,000" | right(11))\("50,000" | right(11))\("most / fewest" | right(14))",
growth($all; "paths"; "open-17"; "open, 17 deep"),
growth($all; "egress"; "connect"; "TCP connect"),
"",
loading(.holdfast_paths.load; "Paths"),
loading(.holdfast_egress.load; "Egress"),
"Bare measured again lies within \(apart($all; "bare_again")) %"
	+ (if .bare_after then "; after holdfast was taken away, within \(apart($all; "bare_after")) %." else "." end)
