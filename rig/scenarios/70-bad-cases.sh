# What goes wrong with USB: no permission, a claimed interface, a stall, silence, a reset, a device that goes at the worst moment.
. "$RIG/lib.sh"

serve() {
  start_board daisy "daisy-seed?mode=bootloader"
  attach 1-1
  image "$scratch/samples" 20000
}

every_failure_has_its_kind() {
  timeout 120 "${java[@]}" -cp "$dfu_jar:$RIG/work/classes" Transfers \
    "usbip detach -p 0 && until [ -z \"\$(ls -d /sys/bus/usb/devices/1-1 2> /dev/null)\" ]; do sleep 0.1; done" > "$said" 2>&1 || {
    cat "$said"
    fail "it ended with an exception"
  }
  record "$(grep ' ms)$' "$said")"
  assert_says '^stall: STALL' "$said"
  assert_says '^silence: TIMEOUT \(([4-9]..|1...) ms' "$said"
  assert_says '^after silence: 18' "$said"
  assert_says '^short: 6' "$said"
  assert_says '^claimed: BUSY' "$said"
  assert_says '^reset: (true|false)' "$said"
  assert_says '^after reset: 18 at the same port: true' "$said"
  assert_says '^transfer after unplugging: GONE' "$said"
  assert_says '^open after unplugging: GONE' "$said"
  assert_says '^devices after unplugging: 0' "$said"
}

a_user_without_permission_gets_the_rule() {
  local status=0
  attach 1-1
  chmod a+r "$dfu_jar" "$scratch/samples"
  chmod a+rx "$scratch"
  timeout 60 setpriv --reuid nobody --regid nogroup --clear-groups \
    "${java[@]}" -jar $dfu_jar flash "$scratch/samples" --base 0x90050000 > "$said" 2>&1 || status=$?
  cat "$said"
  assert_eq "exit status" 77 "$status"
  assert_says '/etc/udev/rules.d/70-dfu-0483-df11.rules' "$said"
  assert_says 'SUBSYSTEM=="usb", ATTR\{idVendor\}=="0483", ATTR\{idProduct\}=="df11"' "$said"
  assert_silent_about 'at io\.github|Exception' "$said"
  assert_eq "changes" 0 "$(changes daisy)"
}

# The rule as printed grants access by the seat (logind), which this machine has not; so udev is asked whether the rule fits the device.
the_rule_fits_the_device() {
  mkdir -p /etc/udev/rules.d
  sed -n 's/^ *\(SUBSYSTEM==.*\)$/\1/p' "$said" | head -1 > /etc/udev/rules.d/70-dfu-0483-df11.rules
  "$(readlink /run/systemd-udevd)" control --reload
  "$(readlink /run/systemd-udevd)" trigger --subsystem-match=usb
  udev_settle
  "$(readlink /run/systemd-udevd)" info /sys/bus/usb/devices/1-1 > "$scratch/info"
  assert_says 'TAGS=.*:uaccess:' "$scratch/info"
  assert_eq "mode of the device node" 660 "$(stat -c %a "$(sed -n 's|^E: DEVNAME=||p' "$scratch/info")")"
}

a_claimed_device_is_named_as_such() {
  local holder status=0
  image "$scratch/long" 150000
  dfu-util -a 0 -s 0x90060000 -D "$scratch/long" > "$scratch/raw" 2>&1 &
  holder=$!
  wait_for 20 "dfu-util to begin" grep -q 'Erase' "$scratch/raw"
  kill -STOP $holder
  ours 120 flash "$scratch/samples" --base 0x90050000 || status=$?
  : > "$scratch/reason"
  cat "$said"
  kill -CONT $holder
  wait $holder
  assert_eq "exit status" 75 "$status"
  assert_says 'in use' "$said"
  assert_says "dfu-util.*$holder|$holder.*dfu-util" "$said"
}

unplugging_in_mid_write_is_said_and_mended() {
  local writer status=0
  ours 120 flash "$scratch/long" --base 0x90060000 --rewrite &
  writer=$!
  sleep 1
  local before
  before=$(changes daisy)
  wait_for 60 "the first block" more_changes_than $((before + 20))
  press daisy unplug
  wait $writer || status=$?
  : > "$scratch/reason"
  cat "$said"
  assert_eq "exit status" 74 "$status"
  assert_says 'not attached any more|gone' "$said"
  assert_silent_about 'at io\.github|Exception' "$said"
  wait_gone
  press daisy plug
  sleep 1
  press daisy boot
  wait_for 20 "the board to be back" usbip attach -r 127.0.0.1 -b 1-1
  wait_for 20 "its enumeration" attached_count 1
  ours 120 flash "$scratch/long" --base 0x90060000
  stop_board daisy
  wait_gone
  memory_is daisy daisy-seed 0x90060000 "$scratch/long"
}

more_changes_than() { [ "$(changes daisy)" -gt "$1" ]; }

need "a board is served and enumerated" serve
it "each failure of libusb becomes its kind" every_failure_has_its_kind
it "a user without permission is given the udev rule, and nothing is touched" a_user_without_permission_gets_the_rule
it "that rule fits the device" the_rule_fits_the_device
it "a device that another program holds is said to be in use" a_claimed_device_is_named_as_such
it "unplugging in mid-write is said, and a second run completes" unplugging_in_mid_write_is_said_and_mended
