"""Cases in, figures out: what an owner runs before a release, and what the benches share."""
