#!/bin/bash
# PID 1 of one private libvirt host (see libvirt-host.ts): bash libvirt-host-init.sh FOLDER NAME [LIBVIRTD-OPTION...], inside its own namespaces.
# It reads one command a line from stdin and answers each with one line; when stdin ends,
# the whole host ends with it, and its folder goes too.
set -eu
dir=$1
name=$2
shift 2
hostname "$name"
mount -t proc proc /proc
# libvirt reads the list of mounts, so the machine's control groups must be gone from it: two hosts would collide in them.
umount -R -l /sys 2>/dev/null || true
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/libvirt /run/lock
mount --bind "$dir/run" /run/libvirt
mount --bind "$dir/etc" /etc/libvirt
mount --bind "$dir/hosts" /etc/hosts
[ ! -d "$dir/sasl2" ] || mount --bind "$dir/sasl2" /etc/sasl2
for part in lib log cache; do
  mkdir -p "/var/$part/libvirt"
  mount --bind "$dir/$part" "/var/$part/libvirt"
done
ip link set lo up 2>/dev/null || true

options=("$@")
daemon=
start() {
  rm -f /run/libvirt/libvirt-sock* /run/libvirt/libvirt-admin-sock
  libvirtd "${options[@]}" </dev/null >>"$dir/libvirtd.log" 2>&1 &
  daemon=$!
}
stop() {
  [ -n "$daemon" ] || return 0
  kill "-$1" "$daemon" 2>/dev/null || true
  kill -CONT "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  daemon=
}
living() {
  for file in /run/libvirt/qemu/*.pid; do
    guest=$(basename "$file" .pid)
    [ "$guest" != driver ] && kill -0 "$(cat "$file" 2>/dev/null)" 2>/dev/null && printf '%s ' "$guest"
  done
}
set +e
[ ! -f "$dir/beside.sh" ] || bash "$dir/beside.sh" </dev/null >>"$dir/beside.log" 2>&1 &
start
echo started
while read -r verb guest; do
  case $verb in
  kill) stop KILL && echo ok ;;
  stop) stop TERM && echo ok ;;
  start) stop KILL && start && echo ok ;;
  freeze) kill -STOP "$daemon" && echo ok || echo "libvirtd does not run" ;;
  thaw) kill -CONT "$daemon" && echo ok || echo "libvirtd does not run" ;;
  kill-qemu) kill -KILL "$(cat "/run/libvirt/qemu/$guest.pid")" 2>/dev/null && echo ok || echo "no running guest $guest" ;;
  guests) echo "ok $(living)" ;;
  exit) exit 0 ;;
  *) echo "unknown command $verb" ;;
  esac
done
# Nobody said exit: whoever started this host is dead, and nobody else will clear up.
kill -KILL -1
rm -rf "$dir"
