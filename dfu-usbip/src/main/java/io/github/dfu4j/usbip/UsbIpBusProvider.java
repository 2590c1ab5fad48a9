package io.github.dfu4j.usbip;

import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import java.net.URI;
import java.net.URISyntaxException;

/** Names of the form {@code usbip://HOST[:PORT]}. */
public final class UsbIpBusProvider implements UsbBusProvider {

    /** For {@link java.util.ServiceLoader}. */
    public UsbIpBusProvider() {}

    @Override
    public String scheme() {
        return "usbip";
    }

    @Override
    public String usage() {
        return "usbip://HOST[:PORT]  devices that a USB/IP server exports (port " + UsbIpServer.DEFAULT_PORT
                + " unless given)";
    }

    @Override
    public UsbBus open(String name) {
        try {
            URI uri = new URI(name);
            String host = uri.getHost();
            boolean bare = "".equals(uri.getRawPath()) || "/".equals(uri.getRawPath());
            if ("usbip".equals(uri.getScheme())
                    && host != null
                    && bare
                    && uri.getRawQuery() == null
                    && uri.getRawUserInfo() == null
                    && uri.getRawFragment() == null
                    && uri.getPort() != 0
                    && uri.getPort() <= 0xffff) {
                String address = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
                return new UsbIpBus(address, uri.getPort() < 0 ? UsbIpServer.DEFAULT_PORT : uri.getPort());
            }
        } catch (URISyntaxException e) {
            // said below
        }
        throw new IllegalArgumentException(
                "expected usbip://HOST or usbip://HOST:PORT with a port from 1 to 65535, found \"" + name + "\"");
    }
}
