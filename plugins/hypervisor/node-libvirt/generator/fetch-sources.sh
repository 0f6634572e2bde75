#!/usr/bin/env bash
# fetch-sources.sh FOLDER: libvirt's sources as Debian has them, unpacked in FOLDER/libvirt. Apt's own settings and lists stay as they are.
set -euo pipefail
folder=$(realpath -m "$1")
apt=$folder/apt
mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial" "$folder/libvirt"
# The machine's own archive, asked for sources instead of packages.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$list" ] && sed -n 's/^deb /deb-src /p' "$list" >> "$apt/sources/lists.list"
done
for list in /etc/apt/sources.list.d/*.sources; do
  [ -f "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" > "$apt/sources/$(basename "$list")"
done
options=(-qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/sources" -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
  -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
(cd "$folder" && apt-get "${options[@]}" source --download-only libvirt)
tar -xf "$folder"/libvirt_*.orig.tar.xz --strip-components=1 -C "$folder/libvirt"
