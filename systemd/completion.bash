# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# bash-completion for holdfast: commands and options as their --help has them, and the names of sessions and policies.

_holdfast_options() { # COMMAND...
	holdfast "$@" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*'
}

_holdfast_sessions() {
	holdfast ps 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_holdfast_policies() {
	holdfast policy list 2>/dev/null | awk '{ print $1 }'
}

_holdfast_words() { # which may follow; COMP_WORDS and COMP_CWORD say what is there
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
	if ((COMP_CWORD == 1)); then
		holdfast --help | sed -nE 's/^  ([a-z]+) .*/\1/p'
		return
	fi
	case $before in
	--policy | -p) _holdfast_policies; return ;;
	--unit) systemctl list-units --no-legend --plain --type service 2>/dev/null | awk '{ print $1 }'; return ;;
	--user) getent passwd | cut -d : -f 1; return ;;
	esac
	if [[ $word == -* ]]; then
		case $command in
		policy | audit | token | workspace) _holdfast_options "$command" "${COMP_WORDS[2]}" ;;
		*) _holdfast_options "$command" ;;
		esac
		return
	fi
	case $command in
	show | tail | why | explain | kill | pause | lift | suggest) _holdfast_sessions ;;
	policy) if ((COMP_CWORD == 2)); then echo 'check apply diff import list show test'; elif [[ $before == apply ]]; then _holdfast_sessions; else _holdfast_policies; fi ;;
	audit) ((COMP_CWORD > 2)) || echo 'verify export' ;;
	token) ((COMP_CWORD > 2)) || echo 'create list revoke' ;;
	workspace) ((COMP_CWORD > 2)) || echo 'list diff apply discard' ;;
	esac
}

_holdfast() {
	local i
	COMPREPLY=()
	# What is run is another command, with its own.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[1]} == run && ${COMP_WORDS[i]} == -- ]]; then
			! declare -F _command_offset >/dev/null || _command_offset $((i + 1))
			return
		fi
	done
	mapfile -t COMPREPLY < <(compgen -W "$(_holdfast_words)" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _holdfast holdfast
