# Sourced inside the virtual machine before the script of rig/run: what a running Debian would have done by now.
mkdir -p "/lib/modules" /run/udev /run/lock
ln -sfn "$RIG/work/kernel/lib/modules/$(uname -r)" "/lib/modules/$(uname -r)"
rig_udev=$RIG/work/udev
for rig_rules in "$rig_udev"/{usr/,}lib/udev/rules.d; do
  if [ -d "$rig_rules" ]; then mkdir -p /usr/lib/udev/rules.d && cp -n "$rig_rules"/* /usr/lib/udev/rules.d/; fi
done
ln -sfn "$(readlink -f "$RIG/work/systemd-udevd")" /run/systemd-udevd
/run/systemd-udevd --daemon 2> /run/udevd.log || { cat /run/udevd.log; echo "rig: systemd-udevd did not start"; exit 70; }
modprobe -a vhci-hcd usbip-host usbmon || { echo "rig: the kernel's USB modules did not load"; exit 70; }
# udevadm must not take the file system it is in for somebody else's.
export SYSTEMD_IGNORE_CHROOT=1
mount -t debugfs debugfs /sys/kernel/debug
unset rig_rules rig_udev
