# The same download by dfu-util and by dfu: control transfers counted by the kernel's usbmon, and wall time. A record, no judgement of either.
. "$RIG/lib.sh"

measure() { # BOARD ADDRESS
  image "$scratch/image" 32768 200000

  start_board "theirs-$1" "$1" --real-time
  attach 1-1
  watch_bus
  local started=$EPOCHREALTIME seconds requests
  stock 200 -a 0 -s "$2" -D "$scratch/image"
  seconds=$(seconds_since "$started")
  requests=$(transfers_seen)
  record "$(printf '%-12s %8d bytes by dfu-util 0.11:              %5d DFU requests, %6.1f s' "$1" 32768 "$requests" "$seconds")"
  stop_board "theirs-$1"
  wait_gone

  start_board "ours-$1" "$1" --real-time
  attach 1-1
  watch_bus
  started=$EPOCHREALTIME
  ours 200 flash "$scratch/image" --base "$2" --rewrite --no-verify
  seconds=$(seconds_since "$started")
  requests=$(transfers_seen)
  record "$(printf '%-12s %8d bytes by dfu, written only:          %5d DFU requests, %6.1f s with the start of Java' "$1" 32768 "$requests" "$seconds")"
  watch_bus
  started=$EPOCHREALTIME
  ours 200 flash "$scratch/image" --base "$2" --rewrite
  seconds=$(seconds_since "$started")
  requests=$(transfers_seen)
  record "$(printf '%-12s %8d bytes by dfu, written and read back: %5d DFU requests, %6.1f s' "$1" 32768 "$requests" "$seconds")"
  started=$EPOCHREALTIME
  ours 120 --version
  record "$(printf '%-12s dfu --version alone: %28s %21.1f s' "$1" '' "$(seconds_since "$started")")"
  stop_board "ours-$1"
  wait_gone
  memory_is "ours-$1" "${1%%\?*}" "$2" "$scratch/image"
}

it "an STM32F407" measure stm32f407 0x08000000
it "an STM32G474" measure stm32g474 0x08000000
