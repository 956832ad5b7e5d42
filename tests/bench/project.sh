#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# project.sh build DIR: makes a C project of 200 small files in DIR. project.sh tree DIR: makes a git repository of 10,000 files.
set -euo pipefail

build() {
	local i f
	cat >Makefile <<-'END'
		.RECIPEPREFIX = >
		OBJECTS := $(patsubst %.c,%.o,$(wildcard part*.c))
		program: $(OBJECTS)
		>gcc -o $@ $^
		%.o: %.c parts.h
		>gcc -O1 -Wall -c -o $@ $<
		clean:
		>rm -f program *.o
	END
	{
		echo '#include <stdio.h>'
		echo '#include <string.h>'
		for ((i = 0; i < 200; i++)); do echo "int part$i(int n);"; done
	} >parts.h
	for ((i = 0; i < 200; i++)); do
		{
			echo '#include "parts.h"'
			for ((f = 0; f < 5; f++)); do
				echo "static int step$f(int n) { char b[64]; snprintf(b, sizeof(b), \"%d\", n * $i + $f); return (int)strlen(b) + n; }"
			done
			echo "int part$i(int n) { return step0(step1(step2(step3(step4(n))))); }"
			[ $i != 0 ] || echo "int main(void) { return part1(2) > 0 ? 0 : 1; }"
		} >part$i.c
	done
}

tree() {
	local folder
	git init -q .
	git config user.email bench@example.com
	git config user.name bench
	for ((folder = 0; folder < 100; folder++)); do
		mkdir -p "dir$((folder / 10))/sub$folder"
		seq 1 100 | (cd "dir$((folder / 10))/sub$folder" && split -l 1 -a 3 - file)
	done
	git add .
	git commit -q -m all
	git status --porcelain
}

mkdir -p "$2"
cd "$2"
"$1"
