# dfu-util and dfu in turn on one board: what either writes, the other reads; the files of either are taken by the other.
. "$RIG/lib.sh"

serve() {
  start_board board stm32g474
  attach 1-1
}

we_verify_what_dfu_util_wrote() {
  image "$scratch/theirs" 7001
  stock 60 -a 0 -s 0x08002000 -D "$scratch/theirs"
  ours 120 verify "$scratch/theirs" --base 0x08002000
}

dfu_util_uploads_what_we_wrote() {
  image "$scratch/ours" 9003 60000
  ours 120 flash "$scratch/ours" --base 0x08008000
  stock 60 -a 0 -s 0x08008000:9003 -U "$scratch/up"
  assert_same "$scratch/ours" "$scratch/up"
}

dfu_util_takes_our_dfuse_file() {
  image "$scratch/third" 5000 20000
  ours 120 convert "$scratch/third" "$scratch/third.dfu" --base 0x08010000 --vid 0x0483 --pid 0xdf11
  stock 60 -a 0 -D "$scratch/third.dfu"
  assert_silent_about '^dfu-util: ' "$said"
  assert_says 'Parsing element 1, address = 0x08010000, size = 5000' "$said"
  stock 60 -a 0 -s 0x08010000:5000 -U "$scratch/third.up"
  assert_same "$scratch/third" "$scratch/third.up"
}

we_take_a_dfuse_file_of_dfuse_pack() {
  image "$scratch/fourth" 4100 30000
  dfuse-pack -b "0x08018000:$scratch/fourth" "$scratch/fourth.dfu"
  ours 120 flash "$scratch/fourth.dfu"
  stock 60 -a 0 -s 0x08018000:4100 -U "$scratch/fourth.up"
  assert_same "$scratch/fourth" "$scratch/fourth.up"
}

holds_what_was_written() {
  stop_board board
  wait_gone
  memory_is board stm32g474 0x08002000 "$scratch/theirs" 0x08008000 "$scratch/ours" 0x08010000 "$scratch/third" 0x08018000 "$scratch/fourth"
}

suffixed_files_go_both_ways() {
  start_board plain dfu11
  attach 1-1
  follow 1-1
  stock 30 -d 1209:0001 -e
  wait_for 30 "DFU mode" dfu-util-lists 'Found DFU: \[1209:0002\]'
  image "$scratch/fifth" 3000 10000
  ours 120 convert "$scratch/fifth" "$scratch/fifth.dfu" --to dfu --base 0 --vid 0x1209 --pid 0x0002
  stock 60 -D "$scratch/fifth.dfu"
  assert_silent_about '^dfu-util: ' "$said"
  stock 60 -d ,1209:0002 -U "$scratch/fifth.up"
  assert_same "$scratch/fifth" "$scratch/fifth.up"

  image "$scratch/sixth" 2000 110000
  cp "$scratch/sixth" "$scratch/sixth.dfu"
  dfu-suffix -v 1209 -p 0002 -a "$scratch/sixth.dfu"
  ours 120 -d 1209:0002 flash "$scratch/sixth.dfu"
  unfollow
  stop_board plain
  wait_gone
  memory_is plain dfu11 0 "$scratch/sixth"
}

dfu-util-lists() { dfu-util --list 2>&1 | grep -q "$1"; }

need "a board is served and enumerated" serve
it "dfu verifies what dfu-util wrote" we_verify_what_dfu_util_wrote
it "dfu-util uploads what dfu wrote" dfu_util_uploads_what_we_wrote
it "dfu-util downloads a DfuSe file that dfu made" dfu_util_takes_our_dfuse_file
it "dfu flashes a DfuSe file that dfuse-pack made" we_take_a_dfuse_file_of_dfuse_pack
it "the memory holds what was written" holds_what_was_written
it "files with a DFU suffix go both ways" suffixed_files_go_both_ways
