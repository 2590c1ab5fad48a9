# The case the project was born from, on the kernel's own stack: code into internal flash and samples into QSPI flash of a Daisy Seed, over
# its two bootloaders. Each time the board is another device on the bus; `dfu daisy flash` asks for the presses and finds it again.
. "$RIG/lib.sh"

program=$RIG/../dfu-cli/src/main/resources/io/github/dfu4j/cli/birds-internal.elf
samples=$RIG/../testdata/birds/birds.wav

serve() {
  # The two seconds in which the bootloader waits for BOOT are the real ones.
  start_board daisy daisy-seed --real-time
  attach 1-1
  follow 1-1
}

# Does what dfu asks a person to do.
operator() {
  local asked=0 line
  while sleep 0.2; do
    line=$(sed -n '/>> /p' "$said" | sed -n "$((asked + 1))p")
    [ -n "$line" ] || continue
    asked=$((asked + 1))
    case $line in
      *"Hold BOOT, tap RESET"*)
        press daisy boot
        press daisy reset
        ;;
      *"Tap RESET, and within two seconds"*)
        press daisy reset
        sleep 0.7
        press daisy boot
        ;;
      *) press daisy reset ;;
    esac
  done
}

the_route_is_printed_and_nothing_touched() {
  ours 120 daisy flash "$program" --bootloader "$RIG/work/daisy-bootloader.bin" --dry-run
  assert_says '291 ?636 ?bytes' "$said"
  assert_says 'Hold BOOT, tap RESET, let BOOT go' "$said"
  assert_eq "changes" 0 "$(changes daisy)"
}

both_flashes_are_written() {
  : > "$said"
  operator &
  echo $! > "$scratch/operator.pid"
  ours 400 daisy flash "$program" --bootloader "$RIG/work/daisy-bootloader.bin"
  end_process "$scratch/operator.pid"
  assert_says 'Accepted by the board, but not to be verified: 0x90040000\.\.0x90087333' "$said"
  assert_says 'Verified by the board, by reading back: 0x08000000' "$said"
  record "$(grep 'All of it took' "$said")"
  record "$(grep -c '>> ' "$said") presses, $(grep -c 'on the bus as' "$scratch/daisy/log") times on the bus"
  wait_gone
  assert_says 'application started' "$scratch/daisy/log"
}

both_flashes_hold_the_program() {
  unfollow
  stop_board daisy
  memory_is daisy daisy-seed - "$program" 0x90040000 "$samples"
}

need "a board in ROM is served and enumerated" serve
it "the route is printed, and nothing is touched" the_route_is_printed_and_nothing_touched
it "dfu takes the route, finding the board again after each press" both_flashes_are_written
it "both flashes hold the program" both_flashes_hold_the_program
