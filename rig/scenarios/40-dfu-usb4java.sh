# The dfu command by usb4java and libusb, on the kernel's own stack, with a simulated STM32F407 in ROM.
. "$RIG/lib.sh"

serve() {
  start_board board stm32f407
  attach 1-1
}

lists() {
  ours 120 list
  assert_says '0483:df11' "$said"
  assert_says 'Internal Flash' "$said"
  ours 120 list --json
  assert_says '"1-1"' "$said"
}

flashes() {
  image "$scratch/first" 20000
  ours 120 flash "$scratch/first" --base 0x08004000
  assert_says 'Verified by reading back: ' "$said"
  assert_silent_about 'Not verified' "$said"
  assert_eq "erased of a blank flash" "" "$(erased board)"
  assert_eq "changed outside of the two sectors" "" "$(changed_outside board 0x08004000 0x0800BFFF)"
}

leaves_alone_what_is_right() {
  local before
  before=$(changes board)
  ours 120 flash "$scratch/first" --base 0x08004000
  assert_says 'Nothing had to be written' "$said"
  assert_eq "changes" "$before" "$(changes board)"
}

keeps_the_neighbours() {
  image "$scratch/small" 300 40000
  cp "$scratch/first" "$scratch/both"
  dd if="$scratch/small" of="$scratch/both" bs=1 seek=7000 conv=notrunc status=none
  ours 120 flash "$scratch/small" --base $((0x08004000 + 7000))
  assert_eq "erased" "0x08004000..0x08007FFF" "$(erased board)"
  ours 120 read "$scratch/read" --at 0x08004000 --size 20000
  assert_same "$scratch/both" "$scratch/read"
}

verifies() {
  ours 120 verify "$scratch/both" --base 0x08004000
  assert_status 74 ours 120 verify "$scratch/first" --base 0x08004000
  assert_says '0x08005B58' "$said"
}

refuses_an_address_that_is_not_there() {
  local before
  before=$(changes board)
  assert_status 65 ours 120 flash "$scratch/first" --base 0x90040000
  assert_says '0x90040000' "$said"
  assert_eq "changes" "$before" "$(changes board)"
}

erases() {
  ours 120 erase --at 0x08008000 --size 16K
  head -c 16384 /dev/zero | tr '\0' '\377' > "$scratch/blank"
}

leaves() {
  image "$scratch/application" 9000 50000
  vectors "$scratch/application" 0x20020000 0x08000101
  ours 120 flash "$scratch/application" --base 0x08000000 --leave
  assert_says 'has left DFU mode' "$said"
  wait_gone
  wait_for 10 "the application's start" grep -q 'application started' "$scratch/board/log"
}

holds_what_was_written() {
  stop_board board
  head -c 16384 "$scratch/both" > "$scratch/kept"
  memory_is board stm32f407 0x08000000 "$scratch/application" 0x08004000 "$scratch/kept" 0x08008000 "$scratch/blank"
}

need "a board is served and enumerated" serve
it "dfu lists the board" lists
it "dfu flashes, erasing what it must and no more, and reads it back" flashes
it "dfu leaves alone what is right already" leaves_alone_what_is_right
it "dfu keeps what a sector holds beside the image" keeps_the_neighbours
it "dfu verifies, and names the first difference" verifies
it "dfu refuses an address outside the layout, and nothing is changed" refuses_an_address_that_is_not_there
it "dfu erases a sector" erases
it "dfu leaves, and the application starts" leaves
it "the memory holds what was written" holds_what_was_written
