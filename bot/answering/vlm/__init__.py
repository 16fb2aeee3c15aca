"""A vision-language model of our own, in this process or as a server; see docs/decisions/0703."""
