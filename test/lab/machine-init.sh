#!/bin/bash
# PID 1 of one machine of a lab (see machine.ts): bash machine-init.sh FOLDER NAME ADDRESS MAC ROLE [CONTROLLERS…], inside its own namespaces.
# The role `host` makes it a hypervisor host, and controllers are those of its control groups. It says who it is, waits for its cable, and lives until stdin ends.
set -eu
dir=$1
name=$2
address=$3
mac=$4
role=$5
shift 5
# /proc is still the machine's, so this is the number by which the machine knows us.
read -r pid _ </proc/self/stat
echo "$pid"
read -r _
# `volatile`, or else the end of the machine would wait until the disk has everything, and a power failure waits for nothing. It wants a fresh work folder.
layer() { mount -t overlay overlay -o "volatile,lowerdir=/etc,upperdir=$1,workdir=$2" /etc; }
rm -rf "$dir/etc-work"
mkdir "$dir/etc-work"
if ! layer "$dir/etc" "$dir/etc-work" 2>/dev/null; then
  # A container's own disk carries no overlay; memory does, and then a power failure undoes what was changed in /etc.
  mount -t tmpfs etc "$dir/etc-work"
  mkdir "$dir/etc-work/work"
  cp -a "$dir/etc" "$dir/etc-work/upper"
  layer "$dir/etc-work/upper" "$dir/etc-work/work"
fi
# shellcheck source=../kit/host-mounts.sh
. "$(dirname "$0")/../kit/host-mounts.sh"
private_mounts "$dir" "$name"
# What is mounted begins at the machine's own group, because that is the root of its cgroup namespace.
[ $# -eq 0 ] || mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
for controllers in "$@"; do
  mkdir "/sys/fs/cgroup/$controllers"
  mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$controllers"
done
# Guests are plugged into br0, so that they stand on one network with all hosts.
ip -batch - <<BATCH
link add br0 address $mac type bridge mcast_snooping 0
link set eth0 master br0 up
link set br0 up
addr add $address/24 dev br0
BATCH
set +e
if [ "$role" = host ]; then
  # Without PAM, sshd refuses an account whose password is locked, and root's often is.
  sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
  mkdir -p /run/sshd
  /usr/sbin/sshd -D -e </dev/null >"$dir/sshd.log" 2>&1 &
  libvirtd -l </dev/null >>"$dir/libvirtd.log" 2>&1 &
fi
echo up
while read -r _; do :; done
