"""The web channel: HTTP routes, the event stream, identity, the widget and the pages."""
