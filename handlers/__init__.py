"""Every way in and out. Each handler is thin: it translates its channel to the help desk and back."""
