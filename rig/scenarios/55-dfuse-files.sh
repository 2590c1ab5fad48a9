# Stock dfu-util downloads DfuSe files of ours: several targets and elements, odd and even sizes, both meanings of DFUImageSize, a long suffix.
. "$RIG/lib.sh"

serve() {
  start_board board stm32g474
  attach 1-1
  "${java[@]}" -cp "$dfu_jar:$RIG/work/classes" DfuSeFiles "$scratch"
}

# downloads FILE TARGETS ELEMENTS
downloads() {
  stock 120 -a 0 -D "$scratch/$1.dfu"
  assert_silent_about '^dfu-util: ' "$said"
  assert_eq "targets" "$2" "$(grep -c '^Parsing DFU image' "$said")"
  assert_eq "elements" "$3" "$(grep -c '^Parsing element' "$said")"
  assert_says 'Done parsing DfuSe file' "$said"
}

refuses_a_changed_file() {
  local before
  before=$(changes board)
  cp "$scratch/targets.dfu" "$scratch/changed.dfu"
  printf 'X' | dd of="$scratch/changed.dfu" bs=1 seek=600 conv=notrunc status=none
  assert_status 64 stock 60 -a 0 -D "$scratch/changed.dfu"
  assert_says 'DFU suffix CRC does not match' "$said"
  assert_eq "changes" "$before" "$(changes board)"
}

holds_what_the_files_say() {
  stop_board board
  local file files=()
  for file in elements targets many whole-size long-suffix; do files+=(- "$scratch/$file.dfu"); done
  memory_is board stm32g474 "${files[@]}"
}

need "a board is served and enumerated" serve
it "dfu-util takes six elements of odd and even sizes" downloads elements 1 6
it "dfu-util takes three targets" downloads targets 3 3
it "dfu-util takes forty elements" downloads many 1 40
it "dfu-util takes a file that counts its suffix into its size" downloads whole-size 1 1
it "dfu-util takes a suffix of 255 bytes" downloads long-suffix 1 1
it "dfu-util takes no file whose checksum is wrong" refuses_a_changed_file
it "the memory holds what the files say" holds_what_the_files_say
