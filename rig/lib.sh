# Sourced by every scenario inside the virtual machine. A scenario is a list of `it "sentence" function`; each runs in a subshell of its own
# that ends at its first failing command, and prints one line: PASS or FAIL with the reason.
set -uo pipefail

scenario=$(basename "$0" .sh)
scratch=/run/rig-$scenario
mkdir -p "$scratch"

# As `it`, for what everything after it depends on.
need() {
  it "$@"
  if [ $last_status != 0 ]; then
    echo "FAIL $scenario: ended here"
    exit 0
  fi
}

# Never call it in a condition or before || and &&: the shell then forgets to end at a failing command.
it() {
  local name=$1 log=$scratch/log started=$EPOCHREALTIME
  shift
  set +e
  (
    set -eE
    trap 'echo "line $LINENO: $BASH_COMMAND" >> "$scratch/reason"' ERR
    : > "$scratch/reason"
    "$@"
  ) > "$log" 2>&1
  last_status=$?
  if [ $last_status = 0 ]; then
    printf 'PASS %s: %s (%s s)\n' "$scenario" "$name" "$(seconds_since "$started")"
    if [ -s "$scratch/record" ]; then sed 's/^/  | /' "$scratch/record"; fi
  else
    printf 'FAIL %s: %s: %s\n' "$scenario" "$name" "$(head -1 "$scratch/reason")"
    tail -40 "$log" | sed 's/^/  | /'
    for log in "$scratch"/*/log; do
      if [ -s "$log" ]; then printf '  | %s:\n' "$log"; tail -6 "$log" | sed 's/^/  | /'; fi
    done
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
  : > "$scratch/reason"
  [ "$status" = "$expected" ] || fail "exit status of $*: expected $expected, found $status"
}

assert_says() { grep -qE -- "$1" "$2" || { cat "$2"; fail "expected a line like <$1> in $(basename "$2")"; }; }

assert_silent_about() {
  local found
  if found=$(grep -m 1 -E -- "$1" "$2"); then fail "expected no line like <$1> in $(basename "$2"), found <$found>"; fi
}

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
attached() { { ls -d /sys/bus/usb/devices/*-[1-9]*:1.0 2> /dev/null || true; } | sed -n 's/.*\/\([0-9]*-[0-9.]*\):1\.0$/\1/p'; }
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

# follow BUSID [PORT]: attaches the device again whenever it is back, as a cable does.
follow() {
  (
    while sleep 0.2; do
      if [ -z "$(attached)" ]; then usbip ${2:+--tcp-port "$2"} attach -r 127.0.0.1 -b "$1" || true; fi
    done
  ) > /dev/null 2>&1 &
  echo $! > "$scratch/follow.pid"
}

unfollow() { end_process "$scratch/follow.pid"; }

end_process() {
  local pid
  [ -e "$1" ] || return 0
  pid=$(cat "$1")
  kill "$pid" 2> /dev/null || true
  wait_for 20 "process $pid to end" process_ended "$pid"
  rm -f "$1"
}

process_ended() { [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]Z' "/proc/$1/status"; }

# The dfu command as ./dfu starts it, its jar taken from memory: starting it from the share takes twice the time.
java=("${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto)
dfu_jar=/run/dfu.jar
if [ ! -e $dfu_jar ] && [ -e "$RIG/../dfu-cli/target/dfu.jar" ]; then cp "$RIG/../dfu-cli/target/dfu.jar" $dfu_jar; fi

# start_board NAME BOARD [OPTIONS OF simulate]: serves a simulated board by USB/IP; what happens to it is in its log.
start_board() {
  local name=$1 home=$scratch/$1
  shift
  mkdir -p "$home"
  rm -f "$home/keys"
  mkfifo "$home/keys"
  "${java[@]}" -jar $dfu_jar simulate "$@" --state "$home/state" 0<> "$home/keys" > "$home/log" 2>&1 &
  echo $! > "$home.pid"
  wait_for 120 "the server of $name" served "$home"
  grep -q 'usbip.* attach' "$home/log" || fail "the server of $name did not start"
}

served() { grep -q 'usbip.* attach' "$1/log" || process_ended "$(cat "$1.pid")"; }

stop_board() {
  press "$1" quit
  wait_for 30 "the server of $1 to end" process_ended "$(cat "$scratch/$1.pid")"
  rm -f "$scratch/$1.pid"
}

# press NAME WHAT: does to a board what a person does.
press() { echo "$2" > "$scratch/$1/keys"; }

# All that was erased or programmed on a board since its server was started, neighbouring ranges made one, in ascending order.
erased() { ranges "$1" erased; }
programmed() { ranges "$1" programmed; }
changes() { grep -cE '(erased|programmed) 0x' "$scratch/$1/log" || true; }
# changed_outside NAME FIRST LAST: what was erased or programmed elsewhere.
changed_outside() {
  sed -nE 's/.*(erased|programmed) 0x([0-9A-F]+)\.\.0x([0-9A-F]+)$/\2 \3/p' "$scratch/$1/log" | while read -r from to; do
    if [ $((16#$from)) -lt $(($2)) ] || [ $((16#$to)) -gt $(($3)) ]; then echo "0x$from..0x$to"; fi
  done
}
ranges() {
  sed -nE "s/.*$2 0x([0-9A-F]+)\\.\\.0x([0-9A-F]+).*/\\1 \\2/p" "$scratch/$1/log" | sort -u | (
    local from to start='' end
    while read -r from to; do
      from=$((16#$from)) to=$((16#$to))
      if [ -z "$start" ]; then start=$from end=$to
      elif [ $from -le $((end + 1)) ]; then end=$((to > end ? to : end))
      else
        printf '0x%08X..0x%08X ' $start "$end"
        start=$from end=$to
      fi
    done
    [ -z "$start" ] || printf '0x%08X..0x%08X\n' $start "$end"
  )
}

# memory_is NAME BOARD (ADDRESS|- FILE)…: compares a board's memory with files, without any USB. The board must be stopped.
memory_is() {
  "${java[@]}" -cp "$dfu_jar:$RIG/work/classes" Memory "sim:$2?state=$scratch/$1/state" "${@:3}" > "$scratch/memory" 2>&1 ||
    fail "$(tail -1 "$scratch/memory")"
}

# image FILE SIZE [SKIP]: bytes from within a program. Its start is left out: it would be recognised as an ELF file.
image() { tail -c +$((${3:-0} + 100001)) "$(readlink -f "$BASH")" | head -c "$2" > "$1" || true; }

# vectors FILE STACK ENTRY: puts a vector table at the start of an image, so that a bootloader takes it for an application.
vectors() {
  local word bytes=
  for word in "$2" "$3"; do
    bytes+=$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((word & 255)) $((word >> 8 & 255)) $((word >> 16 & 255)) $((word >> 24 & 255)))
  done
  printf "$bytes" | dd of="$1" conv=notrunc status=none
}

# stock SECONDS ARGS…: dfu-util, its output in the file $said, its progress bars left out of it.
said=$scratch/said
stock() {
  local status=0
  timeout "$1" dfu-util "${@:2}" > "$scratch/raw" 2>&1 || status=$?
  tr '\r' '\n' < "$scratch/raw" > "$said"
  if [ $status != 0 ]; then
    tail -12 "$said"
    echo "dfu-util ${*:2}: exit status $status" >> "$scratch/reason"
  fi
  return $status
}

# ours SECONDS ARGS…: the dfu command, its output in the file $said.
ours() {
  local status=0
  timeout "$1" "${java[@]}" -jar $dfu_jar "${@:2}" > "$said" 2>&1 || status=$?
  if [ $status != 0 ]; then
    tail -12 "$said"
    echo "dfu ${*:2}: exit status $status: $(tail -1 "$said")" >> "$scratch/reason"
  fi
  return $status
}

# The requests of DFU's class that the kernel sent over bus 1 since `watch_bus`. Those to hubs have other recipients.
watch_bus() {
  cat /sys/kernel/debug/usb/usbmon/1u > "$scratch/usbmon" &
  echo $! > "$scratch/usbmon.pid"
}
transfers_seen() {
  sleep 0.2
  end_process "$scratch/usbmon.pid"
  grep -cE ' S C[io]:1:[0-9]+:0 s (21|a1) ' "$scratch/usbmon" || fail "the kernel's usbmon has no DFU request"
}
