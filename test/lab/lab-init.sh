#!/bin/bash
# PID 1 of a lab (see lab.ts): bash lab-init.sh FOLDER, inside own network, mount and PID namespaces, of which all hosts are children.
# Its network namespace is the switch. When stdin ends, the owner is dead: everything ends, and the folder goes too.
set -eu
dir=$1
ip link set lo up
ip link add br0 type bridge mcast_snooping 0
ip link set br0 up
# /proc is still the machine's, so this is the number by which the machine knows us.
read -r pid _ </proc/self/stat
echo "$pid"
while read -r _; do :; done
trap '' TERM
# It fails when all have ended by themselves already.
kill -KILL -1 2>/dev/null || true
# See cgroups.ts; rmdir takes a group only when nobody is in it.
groups="/sys/fs/cgroup/*/${dir##*/}-$pid"
clear_groups() {
  find $groups -depth -type d -exec rmdir {} + 2>/dev/null
  ! compgen -G "$groups" >/dev/null
}
for _ in $(seq 50); do clear_groups && rm -rf "$dir" 2>/dev/null && break || sleep 0.1; done
