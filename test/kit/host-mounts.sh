# Sourced by the PID 1 of a private host, inside its own namespaces: what a host has of its own. DIR NAME
private_mounts() {
  hostname "$2"
  mount -t proc proc /proc
  # libvirt reads the list of mounts, so the machine's control groups must be gone from it: two hosts would collide in them.
  umount -R -l /sys 2>/dev/null || true
  mount -t sysfs sysfs /sys
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/libvirt /run/lock
  mount --bind "$1/run" /run/libvirt
  mount --bind "$1/libvirt" /etc/libvirt
  for part in lib log cache; do
    mkdir -p "/var/$part/libvirt"
    mount --bind "$1/$part" "/var/$part/libvirt"
  done
  ip link set lo up 2>/dev/null || true
}
