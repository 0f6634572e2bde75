# Makes an empty root in the mount namespace this runs in, puts the paths that stand before `--` into it, read-only, and runs in there what stands behind it.
set -eu
# Every machine has this folder, and nothing in it is needed.
root=/sys
mount -t tmpfs -o mode=755,size=1m tmpfs "$root"
put() {
  mkdir -p "$root${1%/*}"
  if [ -L "$1" ]; then
    cp -P "$1" "$root$1"
    return
  fi
  if [ -d "$1" ]; then mkdir -p "$root$1"; else : >"$root$1"; fi
  mount --rbind "$1" "$root$1"
  # Devices and what a user's namespace has taken over cannot be mounted anew; nothing is written anyway.
  mount -o remount,bind,ro "$root$1" 2>/dev/null || true
}
for path in /usr /bin /sbin /lib /lib32 /lib64 /etc/ld.so.cache /dev/null /dev/urandom; do
  [ ! -e "$path" ] || put "$path"
done
# Of the processes in here alone: Node asks it how much memory it takes.
mkdir "$root/proc"
mount -t proc -o ro,nosuid,nodev,noexec proc "$root/proc" 2>/dev/null || true
while [ "$1" != -- ]; do
  put "$1"
  shift
done
shift
here=$PWD
# The shell's own additions to the environment.
unset PWD OLDPWD
exec unshare --root="$root" --wd="$here" -- "$@"
