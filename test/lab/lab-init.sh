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
kill -KILL -1
# See cgroups.ts; rmdir takes a group only when nobody is in it.
clear_groups() { ! find /sys/fs/cgroup/*/"${dir##*/}-$pid" -depth -type d -exec rmdir {} + 2>&1 | grep -q busy; }
for _ in $(seq 50); do clear_groups && rm -rf "$dir" 2>/dev/null && break || sleep 0.1; done
