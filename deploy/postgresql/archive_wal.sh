#!/bin/sh
# PostgreSQL's archive_command: archive_wal.sh FILE COPY. Exit 0 only when COPY is complete and on the disk; PostgreSQL
# keeps FILE until then, and tries again. A copy that is there already and is the same is right: a crash came between.
set -eu

if [ -e "$2" ]; then
    cmp -s -- "$1" "$2"
    exit
fi
cp -- "$1" "$2.part"
sync -- "$2.part"
mv -- "$2.part" "$2"
sync -- "$(dirname -- "$2")"
