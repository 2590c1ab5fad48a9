# Stock dfu-util with plain DFU 1.1 devices: run time to DFU mode, both kinds of manifestation, and back.
. "$RIG/lib.sh"

serve() {
  start_board board dfu11
  attach 1-1
  follow 1-1
}

shows_run_time() {
  stock 20 --list
  assert_says 'Found Runtime: \[1209:0001\]' "$said"
}

detaches_and_downloads() {
  image "$scratch/first" 5000
  # dfu-util sleeps this long and then looks once; attaching by hand takes longer than a hub does.
  stock 90 -d 1209:0001,1209:0002 -E 10 -D "$scratch/first"
  assert_says 'really in Run-Time Mode, send DFU detach request' "$said"
  assert_says 'state\(7\) = dfuMANIFEST' "$said"
  assert_says '^Done!' "$said"
  assert_eq "programmed" "0x00000000..0x00001387" "$(programmed board)"
}

uploads() {
  stock 30 -d ,1209:0002 -U "$scratch/up"
  assert_same "$scratch/first" "$scratch/up"
}

resets_into_the_new_firmware() {
  image "$scratch/second" 3001 9000
  # 251 is what 0.11 makes of a device that came back as another one after the reset, which is what was to happen.
  assert_status 251 stock 60 -d ,1209:0002 -R -D "$scratch/second"
  assert_says 'Resetting USB to switch back' "$said"
  wait_for 30 "the run-time device" dfu-util-lists 'Found Runtime: \[1209:0001\]'
}

dfu-util-lists() { dfu-util --list 2>&1 | grep -q "$1"; }

detaches_only() {
  stock 30 -d 1209:0001 -e
  wait_for 30 "the DFU mode device" dfu-util-lists 'Found DFU: \[1209:0002\]'
}

holds_what_was_written() {
  unfollow
  stop_board board
  wait_gone
  memory_is board dfu11 0 "$scratch/second"
}

intolerant_takes_a_download_and_leaves() {
  start_board intolerant dfu11-will-detach-intolerant
  attach 1-1
  follow 1-1
  stock 30 -d 1209:0001 -e
  wait_for 30 "the DFU mode device" dfu-util-lists 'Found DFU: \[1209:0002\]'
  # dfu-util 0.11 asks for the status of a device that has just left, as it said it would, and calls that an error.
  assert_status 74 stock 60 -d ,1209:0002 -D "$scratch/first"
  assert_says 'state\(7\) = dfuMANIFEST' "$said"
  assert_says 'unable to read DFU status after completion' "$said"
  wait_for 30 "the run-time device" dfu-util-lists 'Found Runtime: \[1209:0001\]'
  unfollow
  stop_board intolerant
  wait_gone
  memory_is intolerant dfu11-will-detach-intolerant 0 "$scratch/first"
}

write_only_refuses_an_upload() {
  local status=0
  start_board writeonly dfu11-write-only
  attach 1-1
  follow 1-1
  stock 30 -d 1209:0001 -e
  wait_for 30 "the DFU mode device" dfu-util-lists 'Found DFU: \[1209:0002\]'
  stock 60 -d ,1209:0002 -U "$scratch/nothing" || status=$?
  : > "$scratch/reason"
  record "dfu-util -U on a device that cannot upload: exit status $status, $(tail -1 "$said")"
  assert_eq "bytes uploaded" 0 "$(stat -c %s "$scratch/nothing" 2> /dev/null || echo 0)"
  stock 60 -d ,1209:0002 -D "$scratch/first"
  unfollow
  stop_board writeonly
  wait_gone
  memory_is writeonly dfu11-write-only 0 "$scratch/first"
}

need "a device is served and enumerated" serve
it "dfu-util sees the run-time interface" shows_run_time
it "dfu-util detaches, finds DFU mode and downloads" detaches_and_downloads
it "dfu-util uploads the same bytes" uploads
it "dfu-util -R resets the device into its new firmware" resets_into_the_new_firmware
it "dfu-util -e detaches and does no more" detaches_only
it "the memory holds what was written" holds_what_was_written
it "a device that leaves after manifestation comes back with its new firmware" intolerant_takes_a_download_and_leaves
it "a device that cannot upload takes a download" write_only_refuses_an_upload
