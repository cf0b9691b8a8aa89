"""The browser by the DevTools protocol: the only place that knows its methods, behind the port `browser.port`."""
