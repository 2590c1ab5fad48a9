# The virtual machine itself: a kernel with USB, udevd, the tools, and USB/IP from end to end with a device that is the kernel's own.
. "$RIG/lib.sh"

gadget=/sys/kernel/config/usb_gadget/serial

kernel_has_usbip() {
  assert_eq "owner of vhci_hcd.0" vhci_hcd "$(basename "$(readlink /sys/devices/platform/vhci_hcd.0/driver)")"
  test -d /sys/bus/usb/drivers/usbip-host
  test -c /dev/usbmon0
}

udevd_is_alive() {
  udev_settle
  test -S /run/udev/control
}

tools_run() {
  dfu-util --version > "$scratch/version"
  assert_says '^dfu-util 0\.11' "$scratch/version"
  dfu-util --list > "$scratch/list" 2>&1
  assert_silent_about 'Found' "$scratch/list"
  usbip port
}

only_the_loopback() { assert_eq "network interfaces" lo "$(ls /sys/class/net)"; }

# The kernel's software host controller with a serial gadget of the kernel's: no line of this project is in it.
plug_in_the_kernels_own_gadget() {
  modprobe -a dummy_hcd libcomposite usb_f_serial
  mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
  mkdir -p "$gadget/strings/0x409" "$gadget/configs/c.1" "$gadget/functions/gser.0"
  echo 0x1d6b > "$gadget/idVendor"
  echo 0x0104 > "$gadget/idProduct"
  echo RIG > "$gadget/strings/0x409/serialnumber"
  ln -sfn "$gadget/functions/gser.0" "$gadget/configs/c.1/gser.0"
  ls /sys/class/udc | head -1 > "$gadget/UDC"
  wait_for 20 "the gadget's enumeration" attached_count 1
}

kernel_exports_and_attaches_it() {
  local bus port
  bus=$(attached)
  usbip bind -b "$bus"
  usbipd --daemon --pid="$scratch/usbipd.pid"
  wait_for 10 "the exported device" sh -c "usbip list -r 127.0.0.1 | grep '$bus:'"
  usbip attach -r 127.0.0.1 -b "$bus"
  wait_for 20 "the imported device" attached_count 2
  assert_eq "serial numbers" "RIG RIG" "$(cat /sys/bus/usb/devices/*-*/serial | xargs)"
  usbip detach -p 0
  wait_for 20 "the imported device to leave" attached_count 1
  kill "$(cat "$scratch/usbipd.pid")"
  usbip unbind -b "$bus"
}

unplug_it() {
  echo > "$gadget/UDC"
  wait_gone
}

it "the kernel has a virtual host controller, an export driver and a bus monitor" kernel_has_usbip
it "systemd-udevd answers" udevd_is_alive
it "dfu-util 0.11 and usbip run, and find nothing" tools_run
it "there is no network but the loopback" only_the_loopback
it "a device of the kernel's own software controller is enumerated" plug_in_the_kernels_own_gadget
it "the kernel exports it by USB/IP and attaches it again" kernel_exports_and_attaches_it
it "it leaves the bus when it is unplugged" unplug_it
