# The USB/IP client in Java, without any USB on its side: against the kernel's own export of a device, and against the server in Java.
. "$RIG/lib.sh"

serve() { start_board board stm32f407 --usbip 3241; }

flashes_by_our_server() {
  image "$scratch/first" 5000
  ours 120 --usb usbip://127.0.0.1:3241 list
  assert_says 'Internal Flash' "$said"
  ours 120 --usb usbip://127.0.0.1:3241 flash "$scratch/first" --base 0x08004000
  assert_says 'Verified by reading back: ' "$said"
  assert_eq "devices of this machine" "" "$(attached)"
}

the_kernel_exports_the_board() {
  attach 1-1 3241
  # `usbip bind` sees that the device came by vhci_hcd and fears a loop. There is none: the client attaches nothing to this kernel.
  echo -n "add 1-1" > /sys/bus/usb/drivers/usbip-host/match_busid
  echo -n 1-1 > /sys/bus/usb/devices/1-1/driver/unbind
  echo -n 1-1 > /sys/bus/usb/drivers/usbip-host/bind
  usbipd --daemon --pid="$scratch/usbipd.pid"
  wait_for 10 "the exported device" sh -c "usbip list -r 127.0.0.1 | grep 1-1:"
}

flashes_by_the_kernels_export() {
  image "$scratch/second" 6001 30000
  ours 120 --usb usbip://127.0.0.1 list
  assert_says 'Internal Flash' "$said"
  ours 120 --usb usbip://127.0.0.1 flash "$scratch/second" --base 0x08008000
  assert_says 'Verified by reading back: ' "$said"
  ours 120 --usb usbip://127.0.0.1 read "$scratch/read" --at 0x08004000 --size 5000
  assert_same "$scratch/first" "$scratch/read"
}

nothing_listens_is_said() {
  assert_status 69 ours 120 --usb usbip://127.0.0.1:3999 list
  assert_says '127.0.0.1:3999' "$said"
}

holds_what_was_written() {
  end_process "$scratch/usbipd.pid"
  stop_board board
  wait_gone
  memory_is board stm32f407 0x08004000 "$scratch/first" 0x08008000 "$scratch/second"
}

need "a board is served" serve
it "dfu flashes it over the network, through the server in Java" flashes_by_our_server
need "the kernel attaches it and exports it again" the_kernel_exports_the_board
it "dfu flashes it over the network, through the kernel's export" flashes_by_the_kernels_export
it "a host where nothing listens is named" nothing_listens_is_said
it "the memory holds what was written" holds_what_was_written
