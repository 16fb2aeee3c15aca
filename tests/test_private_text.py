"""Private text is covered whole, in the formats of many countries; a screen's own words and numbers stay."""

import random
import re
import string

import pytest
from drawn import Drawn

from bot.screenshots import private, redaction

WHOLE = """
Ship to [[3 Quay Road, Whitby YO21 1AB]]
Ship to: [[14 Harbour View, Apt 5, Portland, OR 97201, USA]]
Delivery address: [[Lindenstraße 12, 50674 Köln]]
Lieferung an [[Bahnhofstr. 7a, 8001 Zürich, Schweiz]]
Adresse : [[12 bis rue de la République, 69002 Lyon]]
Livraison : [[45 avenue Victor Hugo, 75116 Paris, France]]
Envío a [[Calle Mayor 25, 3º B, 28013 Madrid]]
Direccion: [[Av. Insurgentes Sur 1602, Col. Crédito Constructor, 03940 Ciudad de México]]
[[Via Garibaldi 14, 20121 Milano]] - consegna domani
Indirizzo: [[Via Roma 3, 00184 Roma RM]]
Adres: [[ul. Piotrkowska 104/5, 90-926 Łódź]]
[[ul. Marszałkowska 10, 00-590 Warszawa]]
Morada: [[Rua Augusta 274, 1100-053 Lisboa]]
Endereço: [[Av. Paulista, 1578, São Paulo - SP, 01310-200]]
Bezorgen: [[Keizersgracht 241, 1016 EA Amsterdam]]
Leverans: [[Sveavägen 44, 111 34 Stockholm]]
Adresse: [[Storgata 15, 0155 Oslo]]
Adresse: [[Nørrebrogade 66, 2200 København N]]
Osoite: [[Mannerheimintie 12 B 14, 00100 Helsinki]]
[[221B Baker Street, London NW1 6XE]]
[[1600 Pennsylvania Avenue NW, Washington, DC 20500]]
[[PO Box 4471, Austin, TX 78765]]
[[Flat 4, 27 Elm Grove, Leeds LS6 2AE]]
[[Unit 12, 88 King Street, Sydney NSW 2000]]
[[45 Queen St W, Toronto, ON M5H 2M9]]
[[12 O'Connell Street Upper, Dublin 1, D01 C3N4]]
[[Plot 14, MG Road, Bengaluru 560001]]
[[1-7-1 Konan, Minato-ku, Tokyo 108-0075]]
[[Hlavní 12, 110 00 Praha 1]]
[[Fő utca 20, 1011 Budapest]]
Your parcel goes to [[9 Mill Lane, Ambleside]] on Monday.
Your parcel was sent to [[18 Rue Cler, Paris]] yesterday.
Geliefert an [[Am Markt 3, Weimar]] am Montag.
Hi [[Anna]], your export is ready.
Hello [[Jean-Pierre Lefèvre]],
Dear Ms. [[Okonkwo]],
Dear Dr. [[Strange]]:
Sehr geehrte Frau [[Müller-Lüdenscheidt]],
Bonjour [[Élodie]],
Hola [[María José]],
Cześć [[Łukasz]]!
Olá [[João]], tudo bem?
Welcome back, [[Priya]]!
Signed in as [[Tomasz Nowak]]
Logged in as [[Mary-Ann O'Neill]] (admin)
Logged in as [[mbrown]]
Angemeldet als [[Jürgen Groß]]
Connecté en tant que [[Chloé Dubois]]
Assigned to [[Ravi Shankar]] on 12 May
Created by [[Olga Petrova]] 3 days ago
Created by [[Wei]]
Last edited by [[Sofia Rossi]] at 10:14
Contact: [[Erik Svensson]], [[+46 70 123 45 67]]
Customer: [[Fatima Al-Sayed]]
Cardholder [[JOHN Q SMITHERS]]
Cardholder name: [[ANNA KOWALSKA]]
Invoice to [[Peter Schmidt]] <[[peter.schmidt@example.org]]>
Account holder: [[M. Dupont]]
Kontoinhaber: [[Max Mustermann]]
Titular: [[Lucía Fernández García]]
Name: [[Henrik van der Berg]]
Ansprechpartner: [[Sabine Koch]]
Empfänger: [[Karl-Heinz Meier]]
Nom : [[Marie Curie]]
Nombre: [[Pedro Almodóvar]]
Regards, [[Thomas]]
Best regards, [[Emily Watson]]
Viele Grüße, [[Stefan]]
Message from [[Lena Fischer]]
[[Lena Wu]] mentioned you
Call [[+1 (415) 555-0132]] or [[415-555-0199]]
Tel. [[030 12345678]]
Tel.: [[+49 (0)89 / 123 456-78]]
Mobil: [[0171/2345678]]
[[+33 6 12 34 56 78]]
[[06.12.34.56.78]]
[[+34 612 34 56 78]]
Teléfono: [[612 345 678]]
[[+39 347 123 4567]]
[[+48 601 234 567]]
Telefon: [[601 234 567]]
[[+351 912 345 678]]
[[+55 11 91234-5678]]
[[(11) 91234-5678]]
[[+91 98765 43210]]
Mobile: [[98765 43210]]
[[+86 138 1234 5678]]
[[138 1234 5678]]
[[090-1234-5678]]
[[+81 90 1234 5678]]
[[+82 10-1234-5678]]
[[010-1234-5678]]
[[+61 412 345 678]]
[[0412 345 678]]
[[07700 900123]]
[[020 7946 0958]]
[[+44 7700 900123]]
[[(02) 9374 4000]]
[[+7 (912) 345-67-89]]
[[8 (912) 345-67-89]]
[[+380 67 123 4567]]
[[+90 532 123 45 67]]
[[+971 50 123 4567]]
[[+27 82 123 4567]]
[[+52 55 1234 5678]]
[[+41 79 123 45 67]]
[[079 123 45 67]]
[[+43 664 1234567]]
[[+31 6 12345678]]
[[06-12345678]]
[[+32 470 12 34 56]]
[[+45 20 12 34 56]]
[[+47 912 34 567]]
[[+358 40 123 4567]]
[[+30 691 234 5678]]
[[+420 601 123 456]]
[[+36 30 123 4567]]
[[+40 721 234 567]]
[[+65 8123 4567]]
[[+972 50-123-4567]]
Phone [[5551234567]]
WhatsApp: [[+5215512345678]]
[[5555555555554444]]
[[3782 822463 10005]]
[[6011 1111 1111 1117]]
[[3530 1113 3330 0000]]
Card: [[5500-0000-0000-0004]]
Visa ending in 4242
Mastercard •••• 4444
**** **** **** 1234
CVC: [[123]]
Security code [[4321]]
IBAN [[DE89 3704 0044 0532 0130 00]]
[[GB82WEST12345698765432]]
[[FR14 2004 1010 0505 0001 3M02 606]]
[[NL91 ABNA 0417 1643 00]]
[[PL61 1090 1014 0000 0712 1981 2874]]
[[ES91 2100 0418 4502 0005 1332]]
[[CH93 0076 2011 6238 5295 7]]
[[AT61 1904 3002 3457 3201]]
[[IT60 X054 2811 1010 0000 0123 456]]
[[de89370400440532013000]]
Account number: [[000123456789]]
Sort code: [[20-00-00]]
Routing number: [[021000021]]
SSN: [[078-05-1120]]
SSN [[123-45-6789]]
NI number: [[QQ 12 34 56 C]]
PESEL: [[44051401359]]
CPF: [[111.444.777-35]]
DNI: [[12345678Z]]
NIE [[X1234567L]]
Codice fiscale: [[RSSMRA85T10A562S]]
BSN: [[111222333]]
Steuer-ID: [[86095742719]]
Aadhaar: [[2341 2341 2346]]
Passport: [[L898902C3]]
Passport no. [[C01X00T47]]
Date of birth: [[12/04/1985]]
Geburtsdatum: [[12.04.1985]]
DOB [[1985-04-12]]
Driver's license: [[D1234567]]
Server=db;Database=app;User Id=sa;Password=[[Str0ng!Pass]];
Password: [[Winter2024!]]
Passwort: [[Sommer#99]]
Temporary password [[x7Kp-2mQz]]
Your password is [[hunter2!X]]
Your one-time code is [[482913]]
Verification code: [[482 913]]
Your verification code is [[G-482913]]
PIN: [[4821]]·Request 7
姓名：[[王小明]]
お名前： [[山田 太郎]]
电话：[[138 1234 5678]]
Recovery codes: [[8f3k-29dk]]
IP [[192.168.1.44]]
IP address [[81.2.69.142]] blocked
[[2001:db8:85a3::8a2e:370:7334]]
Mail [[john.doe+test@mail.example.co.uk]]
""".strip().splitlines()
"""Between double brackets: what has to be covered to its last character, and nothing else."""

KEPT = """
Welcome Message
Welcome page
Welcome to Acme
Hello World
Hi there
Thank You Page
Thanks! Great service!
Dear Customer,
Created by Okta or by Okta
Created by System
Sent by Messenger users
Shared by Traefik and the proxy
Assigned to Me
Assigned to Users. Individual Users
Logged in with HTTP
Signed in with Google
Sign in with Apple
Updated by Source
Name: Landing Page
Name: Main Menu
Name: Edge Agent
Owner: System
User: Admin
Author: Unknown
Contact: Support Team
Monitoring 24
Engineering 12
Manufacturing 3
Spring 2019
String 5
Training 10
Brigade 5
Upgrade 12
Query OK, 40100 rows affected
Color #D8F5EE
#A2A5AF
IRS 1099 Vendor Form Box Setup
ISO 4217 code for the currency
Book value is (4800 + 480 - 100 - 15) = 5165
|08-01-2022 05:48:12 PM
|04-01-20|-1|-3.33|4|4|
AppID: 2904329029881900
APP ID: 692782594263465
deposit 493172 56387 95292
TaxEngine-002-Import-Export-Configuration
Password: must contain 8 characters
Password strength: weak
Password: ********
Token expired
Your session token is invalid
API key: Not set
Secret: Show
Order 887956
Order #1042-2231
Invoice INV-2026-00123
Version 4.12.0.331
Chrome/131.0.6778.86
0x80070057
ERR_CONNECTION_REFUSED
2026-11-24 13:45:07
24.11.2026 13:45
11/24/2026
Commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432
550e8400-e29b-41d4-a716-446655440000
Request ID: 7d9f2c4e-11aa-4b3c-9d8e-0f1e2d3c4b5a
Total 1,234,567.89
€ 12.345,67
1 234 567 rows
Tracking 1Z999AA10123456784
EAN 4006381333931
ISBN 978-3-16-148410-0
SKU 4711-0815
Page 3 of 12
Build 20261124.3
Port 8080
HTTP 404 Not Found
Room 12, Floor 3
Step 3 Configure
Top 10 Ways
5 Star Hill
Level 4 Drive
3 Main Areas
10 Day Trial
2 Way Sync
12 Month Plan
30 Day Free Trial
Google Drive
25 Square
Data Drive 3
Settings > Billing > Invoices
Contact us
Contact Support
Via E-mail
Via API 2
Largo 12
Rua
Platz 3
Weg 2
Kontakt: Formular
Adresse ungültig
Address is required
Address line 1
Street
City
Email address: required
IP address: automatic
Server address: localhost:9000
Address: https://example.com:443
City: All
Attention: this cannot be undone
Attention: Required
Recipient: All users
Customer: All
Customer: New
Customer ID: 10423
Client: Web
Agent: Mozilla
Reporter: Automatic
Assignee: Unassigned
Phone: required
Phone number is invalid
Invalid card number
Card number is incomplete.
Usage 1234567890
1234567890
Reference 1029384756
Zip file
PIN your tab
Token usage 123,456
12 345 678 tokens
192 168 rows
v10.0.19045.3803
Windows 10.0.19045.3803
Regards to the API
Best, Worst, Average
Message from server
Message from System
12:30 - 14:45
2026-2027
100-200-3000 units
555 items
PLZ / Ort
DE 89 items
Grüße
Code: E-4021
Error code: 482913
Your order code is ready
Promo code: SUMMER26
Zip code
Coupon code SAVE20
姓名：请输入
""".strip().splitlines()


def mixed(size: int) -> str:
    """Letters and digits as keys have them."""
    rng = random.Random(size)
    return "A1b" + "".join(rng.choices(string.ascii_letters + string.digits, k=size - 3))


KEYS = [
    *(p + "_" + mixed(24) for p in ("sk_" + "live", "sk_" + "test", "rk_" + "live", "pk_" + "live", "acme")),
    *(p + "_" + mixed(36) for p in ("gh" + "p", "github_" + "pat", "npm", "hf", "lin_" + "api", "vercel", "sbp")),
    "sk-" + "proj-" + mixed(32),
    "gl" + "pat-" + mixed(20),
    "xo" + f"xb-123456789012-1234567890123-{mixed(24)}",
    "AI" + "za" + mixed(35),
    "ATATT3" + mixed(40) + "=1A2B3C4D",
    "pat-na1-12345678-1234-1234-1234-123456789abc",
    "mongodb+srv://root:Passw0rd@cluster0.ab1cd.mongodb.net",
    "redis://:p4ssw0rd@10.0.0.5:6379/0",
]  # fmt: skip


@pytest.mark.parametrize("marked", WHOLE)
def test_the_whole_of_a_private_value_is_covered_and_nothing_else(marked: str) -> None:
    parts = re.split(r"\[\[|\]\]", marked)
    text = "".join(parts)
    wanted = "".join(("#" * len(part)) if n % 2 else part for n, part in enumerate(parts))
    covered = list(text)
    for span in private.spans(text):
        covered[span.start : span.end] = "#" * (span.end - span.start)
    letters = [n for n, c in enumerate(text) if c.isalnum()]
    assert [covered[n] for n in letters] == [wanted[n] for n in letters]


@pytest.mark.parametrize("text", KEPT)
def test_the_words_and_numbers_of_screens_stay(text: str) -> None:
    assert redaction.text(text) == text


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_many_makers_are_covered_whole(key: str) -> None:
    assert redaction.text(f"Use {key} once") == "Use [secret] once"


def test_a_hook_is_covered_after_its_host() -> None:
    assert redaction.text(f"https://hooks.slack.com/services/T0/B0/{mixed(24)}").endswith("services/[secret]")


def test_a_telephone_is_covered_over_the_end_of_its_line() -> None:
    drawn = Drawn((640, 200))
    first = drawn.write("Write to us, or call +44 20 6257", 40, 40)
    rest = drawn.write("7394 on any weekday", 40, 62)
    found = redaction.find(drawn.lines)
    assert any(s.box[2] >= first[2] - 1 and s.box[1] < 50 for s in found)
    assert any(s.box[0] <= rest[0] + 1 and s.box[2] < rest[2] and s.box[3] > 64 for s in found)


def test_an_address_in_lines_is_covered_from_its_name_to_its_country() -> None:
    drawn = Drawn((640, 400))
    block = ("Anna Kowalska", "3 Quay Road", "Whitby", "YO21 1AB", "United Kingdom")
    boxes = [drawn.write(text, 40, 40 + 24 * n) for n, text in enumerate(block)]
    button = drawn.write("Change address", 40, 220)
    other = [drawn.write(text, 340, 40 + 24 * n) for n, text in enumerate(("Hlavní 12", "110 00 Praha 1"))]
    found = redaction.find(drawn.lines)
    middles = [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in (*boxes, *other)]
    assert all(any(s.box[0] < x < s.box[2] and s.box[1] < y < s.box[3] for s in found) for x, y in middles)
    assert not any(s.box[1] < button[3] and s.box[3] > button[1] for s in found)
