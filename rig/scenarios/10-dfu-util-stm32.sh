# Stock dfu-util with a simulated STM32F407 in ROM: the reference tool is served as by the real part.
. "$RIG/lib.sh"

serve() {
  start_board board stm32f407
  attach 1-1
}

lists() {
  stock 20 --list
  assert_says 'Found DFU: \[0483:df11\] ver=2100, .*path="1-1", alt=0, name="@Internal Flash  /0x08000000/04\*016Kg,01\*064Kg,07\*128Kg"' "$said"
  assert_says 'alt=1, name="@Option Bytes  /0x1FFFC000/01\*016 g"' "$said"
  assert_eq "alternate settings" 4 "$(grep -c 'Found DFU' "$said")"
}

downloads() {
  image "$scratch/first" 20000
  stock 60 -a 0 -s 0x08004000 -D "$scratch/first"
  assert_says 'File downloaded successfully' "$said"
  assert_eq "erased" "0x08004000..0x0800BFFF" "$(erased board)"
  assert_eq "programmed" "0x08004000..0x08008E1F" "$(programmed board)"
}

uploads() {
  rm -f "$scratch/up"
  stock 60 -a 0 -s 0x08004000:20000 -U "$scratch/up"
  assert_same "$scratch/first" "$scratch/up"
}

refuses_an_address_that_is_not_there() {
  local before
  before=$(changes board)
  assert_status 64 stock 20 -a 0 -s 0x90000000 -D "$scratch/first"
  assert_says 'Last page at 0x90004e1f is not writeable' "$said"
  assert_eq "changes" "$before" "$(changes board)"
}

selects_by_serial_and_path() {
  assert_status 74 stock 20 -S nobody -a 0 -s 0x08004000:16 -U "$scratch/none"
  rm -f "$scratch/none"
  stock 20 -S STM32FxSTM32 -p 1-1 -a 0 -s 0x08004000:16 -U "$scratch/none"
  assert_eq "bytes" 16 "$(stat -c %s "$scratch/none")"
  rm -f "$scratch/none"
}

leaves() {
  image "$scratch/application" 9000 50000
  vectors "$scratch/application" 0x20020000 0x08000101
  stock 60 -a 0 -s 0x08000000:leave -D "$scratch/application"
  assert_says 'Transitioning to dfuMANIFEST state' "$said"
  wait_gone
  wait_for 10 "the application's start" sh -c "grep -q 'application started' '$scratch/board/log'"
}

holds_what_was_written() {
  stop_board board
  memory_is board stm32f407 0x08004000 "$scratch/first" 0x08000000 "$scratch/application"
}

waits_for_a_device() {
  local waiting status=0
  start_board board stm32f407
  press board boot
  press board reset
  image "$scratch/second" 5000 70000
  stock 60 -w -a 0 -s 0x08010000:leave -D "$scratch/second" &
  waiting=$!
  sleep 1
  attach 1-1
  wait $waiting || status=$?
  assert_eq "exit status" 0 "$status"
  assert_says 'Waiting for device' "$said"
}

need "a board is served and enumerated" serve
it "dfu-util lists the four alternate settings" lists
it "dfu-util downloads, erasing what it must and no more" downloads
it "dfu-util uploads the same bytes" uploads
it "dfu-util finds an address outside the layout, and nothing is changed" refuses_an_address_that_is_not_there
it "dfu-util selects by serial number and path" selects_by_serial_and_path
it "dfu-util leaves, and the application starts" leaves
it "the memory holds what was written" holds_what_was_written
it "dfu-util -w waits until a device comes" waits_for_a_device
