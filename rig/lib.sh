# Sourced by every scenario inside the virtual machine. A scenario is a list of `it "sentence" function`; each runs in a subshell of its own
# that ends at its first failing command, and prints one line: PASS or FAIL with the reason.
set -uo pipefail

scenario=$(basename "$0" .sh)
scratch=/run/rig-$scenario
mkdir -p "$scratch"

it() {
  local name=$1 log=$scratch/log started=$EPOCHREALTIME status
  shift
  set +e
  (
    set -eE
    trap 'echo "line $LINENO: $BASH_COMMAND" >> "$scratch/reason"' ERR
    : > "$scratch/reason"
    "$@"
  ) > "$log" 2>&1
  status=$?
  if [ $status = 0 ]; then
    printf 'PASS %s: %s (%s s)\n' "$scenario" "$name" "$(seconds_since "$started")"
    if [ -s "$scratch/record" ]; then sed 's/^/  | /' "$scratch/record"; fi
  else
    printf 'FAIL %s: %s: %s\n' "$scenario" "$name" "$(head -1 "$scratch/reason")"
    tail -40 "$log" | sed 's/^/  | /'
  fi
  rm -f "$scratch/record"
}

fail() {
  echo "$*" > "$scratch/reason"
  exit 1
}

# What a passing check leaves in the log for its reader.
record() { echo "$*" >> "$scratch/record"; }

assert_eq() { [ "$2" = "$3" ] || fail "$1: expected <$2>, found <$3>"; }

assert_status() {
  local expected=$1 status=0
  shift
  "$@" || status=$?
  [ "$status" = "$expected" ] || fail "exit status of $*: expected $expected, found $status"
}

assert_says() { grep -qE -- "$1" "$2" || { cat "$2"; fail "expected a line like <$1> in $(basename "$2")"; }; }

assert_silent_about() { ! grep -qE -- "$1" "$2" || { cat "$2"; fail "expected no line like <$1> in $(basename "$2")"; }; }

assert_same() { cmp "$1" "$2" || fail "$(basename "$1") and $(basename "$2") differ: $(cmp "$1" "$2" 2>&1 | tail -1)"; }

# wait_for SECONDS "what" COMMAND…: polls until COMMAND succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "waited in vain for $what"
    sleep 0.1
  done
}

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }

# Names of the enumerated devices that came by USB/IP, such as 1-1.
attached() { ls -d /sys/bus/usb/devices/*-*:1.0 2> /dev/null | sed -n 's/.*\/\([0-9]*-[0-9.]*\):1\.0$/\1/p' | grep -v -- '-0$'; }
attached_count() { [ "$(attached | wc -l)" = "$1" ]; }

# attach BUSID [PORT]: `usbip attach` returns before the device is enumerated, so wait for its interface.
attach() {
  local before
  before=$(attached | wc -l)
  usbip ${2:+--tcp-port "$2"} attach -r 127.0.0.1 -b "$1"
  wait_for 20 "the enumeration of $1" attached_count $((before + 1))
  udev_settle
}

udev_settle() { "$(readlink /run/systemd-udevd)" settle --timeout=10; }

wait_gone() { wait_for "${1:-20}" "all devices to leave the bus" attached_count 0; }

detach_all() {
  local port
  for port in $(usbip port 2> /dev/null | sed -n 's/^Port \([0-9]*\):.*/\1/p'); do usbip detach -p "$port" > /dev/null 2>&1; done
  wait_gone
}
