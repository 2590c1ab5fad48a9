#!/usr/bin/env bash
# Runs the scenarios named inside the virtual machine, one after the other, each within its own time.
for scenario in "$@"; do
  name=$(basename "$scenario" .sh)
  echo "== $name"
  timeout -k 5 "${RIG_SCENARIO_LIMIT:-600}" bash "$scenario"
  status=$?
  if [ $status != 0 ]; then echo "FAIL $name: the scenario itself ended with status $status"; fi
  (
    . "$RIG/lib.sh"
    for pid in /run/rig-*/*.pid; do if [ -e "$pid" ]; then kill -KILL "$(cat "$pid")" 2> /dev/null; rm -f "$pid"; fi; done
    detach_all
  ) || echo "FAIL $name: devices were left on the bus"
  echo "DONE $name"
done
