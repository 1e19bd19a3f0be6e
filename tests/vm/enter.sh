#!/bin/sh
# On the host: a session in the guest, as if what runs there ran here; input, output, errors and exit code are its own.
#
#   enter.sh BUSYBOX PORT FOLDER     FOLDER is the session's; session.sh in the guest is the other end
"$1" nc 127.0.0.1 "$2"
cat "$3/stderr" >&2
# The connection ends a moment before the exit code is there.
until [ -e "$3/code" ]; do sleep 0.05; done
exit "$(cat "$3/code")"
