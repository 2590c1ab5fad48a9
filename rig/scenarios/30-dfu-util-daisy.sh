# Stock dfu-util with a simulated Daisy Seed in its own bootloader, and mass erase on a part that has it.
. "$RIG/lib.sh"

serve() {
  start_board daisy "daisy-seed?mode=bootloader"
  attach 1-1
  follow 1-1
}

lists() {
  stock 20 --list
  assert_says 'Found DFU: \[0483:df11\] .* alt=0, name="@Flash /0x90000000/64\*4Kg/0x90040000/60\*64Kg/0x90400000/60\*64Kg"' "$said"
  assert_eq "alternate settings" 1 "$(grep -c 'Found DFU' "$said")"
}

downloads_into_qspi() {
  image "$scratch/samples" 30000
  stock 90 -a 0 -s 0x90050000 -D "$scratch/samples"
  assert_says 'Device returned transfer size 4096' "$said"
  assert_eq "erased" "0x90050000..0x9005FFFF" "$(erased daisy)"
  assert_eq "programmed" "0x90050000..0x9005752F" "$(programmed daisy)"
}

cannot_reach_internal_flash() {
  assert_status 64 stock 20 -a 0 -s 0x08000000 -D "$scratch/samples"
  assert_says 'Last page at 0x0800752f is not writeable' "$said"
}

leaves_and_is_back_without_an_application() {
  local before
  before=$(grep -c 'on the bus' "$scratch/daisy/log" || true)
  stock 30 -a 0 -s 0x90050000:leave -D "$scratch/samples"
  assert_says 'Submitting leave request' "$said"
  wait_for 20 "the bootloader again" more_often_than "$before"
  wait_for 20 "its enumeration" attached_count 1
}

more_often_than() { [ "$(grep -c 'on the bus' "$scratch/daisy/log" || true)" -gt "$1" ]; }

leaves_and_starts_the_application() {
  image "$scratch/application" 8000 90000
  vectors "$scratch/application" 0x20020000 0x24000201
  stock 60 -a 0 -s 0x90040000:leave -D "$scratch/application"
  wait_for 10 "the application's start" grep -q 'application started' "$scratch/daisy/log"
  unfollow
  wait_gone
}

holds_what_was_written() {
  stop_board daisy
  memory_is daisy daisy-seed 0x90040000 "$scratch/application" 0x90050000 "$scratch/samples"
}

mass_erases() {
  start_board g474 stm32g474
  attach 1-1
  stock 60 -a 0 -s 0x08000000 -D "$scratch/application"
  stock 90 -a 0 -s 0x08001000:mass-erase:force -D "$scratch/samples"
  assert_says 'Performing mass erase' "$said"
  stop_board g474
  wait_gone
  head -c 4096 /dev/zero | tr '\0' '\377' > "$scratch/blank"
  memory_is g474 stm32g474 0x08000000 "$scratch/blank" 0x08001000 "$scratch/samples" 0x0807F000 "$scratch/blank"
}

need "a board is served and enumerated" serve
it "dfu-util lists the bootloader's only alternate setting" lists
it "dfu-util downloads into QSPI flash, and the bootloader erases 64 KB" downloads_into_qspi
it "dfu-util cannot reach the internal flash, and nothing is changed" cannot_reach_internal_flash
it "dfu-util leaves, and the bootloader is back where there is no application" leaves_and_is_back_without_an_application
it "dfu-util leaves, and the application starts" leaves_and_starts_the_application
it "the memory holds what was written" holds_what_was_written
it "dfu-util erases a whole STM32G474 and writes it" mass_erases
