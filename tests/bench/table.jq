# SPDX-License-Identifier: Apache-2.0
# Columns of text.
def left($n): tostring | . + " " * ([$n - length, 0] | max);
def right($n): tostring | " " * ([$n - length, 0] | max) + .;
# A number with so many places, also the zeros at its end.
def fixed($places): if . == null then "-" else (. * pow(10; $places) | round | fabs | tostring) as $digits
	| ("0" * ([$places + 1 - ($digits | length), 0] | max) + $digits) as $d
	| (if . < 0 and ($digits | tonumber) > 0 then "-" else "" end)
		+ $d[:($d | length) - $places] + (if $places > 0 then "." + $d[-$places:] else "" end) end;
# 12345678 as 12,345,678.
def grouped: if . == null then "-" else round | (if . < 0 then "-" else "" end) + (fabs | tostring | [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",")) end;
