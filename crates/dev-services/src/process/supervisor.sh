# Runs one program for an owner and never lets it outlive that owner.
#
#   sh supervisor.sh GRACE_SECONDS LOG PROGRAM [ARGUMENT…]
#
# The owner holds the other end of our stdin. However it ends (also by SIGKILL, when no destructor
# of its own runs), the kernel closes that pipe; the watcher then reads end-of-file and stops the
# program: TERM, and KILL after the grace period. If the program ends by itself, so do we, with its
# exit status. The first line on stdout is the program's process id; its own output follows there,
# or goes to the file LOG if that is not empty.
grace=$1 log=$2
shift 2
exec 3<&0 </dev/null

# The pid is printed by the process that becomes the program, so that no output can overtake it.
sh -c 'echo $$; if [ -n "$0" ]; then exec >>"$0"; fi; exec 2>&1; exec "$@"' "$log" "$@" 3<&- &
program=$!
exec >/dev/null 2>&1

(
    while read -r _; do :; done <&3
    kill -TERM "$program"
    tenths=0
    while kill -0 "$program" && [ "$tenths" -lt "${grace}0" ]; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -KILL "$program"
) &
watcher=$!
exec 3<&-

wait "$program"
status=$?
kill -KILL "$watcher"
exit "$status"
