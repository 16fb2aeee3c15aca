"""What leaves for a model of a third party, read from the wire, with each privacy switch on and off.

Seeded customers write and show personal data of nine kinds; every byte that goes to the model's server is kept and
searched: `python -m tests.bench.leaving_bytes [CUSTOMERS]`. The pictures' lines are known here, so this is the gate's
and the redactor's share; what OCR loses is measured by `tests/bench/redaction.py`.
"""

import asyncio
import base64
import io
import logging
import random
import re
import string
import sys

import structlog
from PIL import Image

from bot.answering.fallback import Ladder
from bot.answering.rungs import open_rungs
from bot.screenshots.redaction import find
from bot.screenshots.screen import Screen
from tests.answering_parts import brief, look, parts, picture
from tests.relay import abroad, tapped
from tests.stand_in import stand_in

SWITCHES = {
    "both off": {},
    "text on": {"text_to_models": True},
    "pictures on": {"pictures_to_models": True},
    "both on": {"text_to_models": True, "pictures_to_models": True},
}


def secrets(rng: random.Random) -> dict[str, str]:
    """One made-up value of each kind, valid as far as check digits go."""
    digits = "4" + "".join(rng.choices(string.digits, k=14))
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(digits))
    card = digits + str(-total % 10)
    account = "".join(rng.choices(string.digits, k=18))
    check = 98 - int(account + "131400") % 97
    name = rng.choice(["anna", "jonas", "mehmet", "lucia"]) + "." + rng.choice(["berger", "kaya", "rossi", "lind"])
    return {
        "email": f"{name}{rng.randint(1, 99)}@{rng.choice(['example.com', 'mail.example.org'])}",
        "card": " ".join(card[i : i + 4] for i in range(0, 16, 4)),
        "iban": f"DE{check:02d}{account}",
        "phone": f"+49 30 {rng.randint(1000000, 9999999)}",
        "api key": "sk_live_" + "".join(rng.choices(string.ascii_letters + string.digits, k=24)),
        "aws key": "AKIA" + "".join(rng.choices(string.ascii_uppercase + "234567", k=16)),
        "token": "ghp_" + "".join(rng.choices(string.ascii_letters + string.digits, k=36)),
        "jwt": ".".join(
            base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
            for part in ('{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{rng.random()}"}}', f"{rng.random()}{rng.random()}")
        ),
        "ip": ".".join(str(rng.randint(11, 240)) for _ in range(4)),
    }


async def leave(host: str, customers: int, switches: dict[str, bool]) -> dict[str, float]:
    """What leaves when `customers` ask, one after another."""
    rng = random.Random(8)
    out = dict.fromkeys(("bytes", "pictures", "original", "secrets", "seeded", "uncovered"), 0.0)
    for number in range(customers):
        private = secrets(rng)
        page = look(*private.values(), conversation=f"p0-{number}", width=1280, height=900)
        screen = page.screen.model_copy(update={"sensitive": find(page.screen.lines)})
        page = page.model_copy(update={"screen": screen})
        words = "Why does my export fail? " + ", ".join(f"my {kind} is {value}" for kind, value in private.items())
        asked = brief(words, [page], ranking=brief().ranking.model_copy(update={"confidence": 0.2}))
        async with (
            stand_in(pause=0) as server,
            tapped("127.0.0.1", int(server.url.split(":")[2].split("/")[0])) as tap,
            abroad() as session,
            open_rungs(
                [f"openai:qwen-vl@http://{host}:{tap.port}/v1", "extractive"], parts(page, **switches), session
            ) as rungs,
        ):
            async for _ in Ladder(rungs).answer(asked):
                pass
        sent = bytes(tap.sent)
        pictures = [base64.b64decode(found) for found in re.findall(rb"base64,([A-Za-z0-9+/=]+)", sent)]
        original = picture(screen)
        out["bytes"] += len(sent)
        out["pictures"] += len(pictures)
        out["original"] += sum(
            64 for at in range(0, len(original) - 64, 64) for one in (*pictures, sent) if original[at : at + 64] in one
        )
        out["seeded"] += len(private)
        out["secrets"] += sum(value.encode() in sent for value in private.values())
        out["uncovered"] += sum(_shows(one, line.box, screen) for one in pictures for line in screen.lines[3:])
    return out


def _shows(data: bytes, box: tuple[float, float, float, float], screen: Screen) -> bool:
    """Whether a line of a sent picture still has its white ground in the middle of the value."""
    with Image.open(io.BytesIO(data)) as image:
        x = (box[0] + min(box[2], screen.width)) / 2 * image.width / screen.width
        y = (box[1] + box[3]) / 2 * image.height / screen.height
        _, brightest = image.convert("L").crop((int(x - 20), int(y - 2), int(x + 20), int(y + 2))).getextrema()
        return bool(brightest > 128)


async def main(customers: int) -> None:
    """One line per receiver and switches."""
    for host in ("models.example", "127.0.0.1"):
        for name, switches in SWITCHES.items():
            left = {key: int(value) for key, value in (await leave(host, customers, switches)).items()}
            print(
                f"{host:15} {name:12} {left['bytes']:9} bytes  pictures {left['pictures']:3}  "
                f"bytes of originals {left['original']:6}  values in text {left['secrets']:4} of {left['seeded']}  "
                f"values visible in pictures {left['uncovered']:4}"
            )


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
