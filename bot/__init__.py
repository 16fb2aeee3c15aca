"""The bot itself. It knows no channel: everything that comes in or goes out passes through `handlers/`."""
