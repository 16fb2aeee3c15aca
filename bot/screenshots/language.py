"""Which language a screen speaks, by its small words and its letters; enough to choose words, not to translate."""

import re
from collections import Counter
from collections.abc import Iterable

_SMALL = {
    "en": "the of and to in is for your you with on are this that not have can was from or settings sign save search",
    "de": "der die das und ist nicht ein eine mit für auf zu von den dem sie ihr ihre wurde werden oder einstellungen",
    "fr": "le la les des et est une pour vous votre dans pas sur avec du au aux ou ce cette paramètres enregistrer",
    "es": "el la los las es una para su con no por en del al se este esta configuración guardar buscar",
    "it": "il lo la gli e una per di non con che del della sono questo questa impostazioni salva cerca",
    "pt": "os as uma para não com do da dos das em seu sua ou este esta configurações salvar buscar",
    "pl": "nie się do na jest oraz dla przez został użytkownika ustawienia zapisz anuluj szukaj wszystkie hasło",
    "cs": "se na pro je není nebo byl účtu uložit zrušit hledat nastavení heslo všechny přihlásit",
    "tr": "ve bir için bu ile olarak değil hesap ayarları kaydet iptal ara tüm şifre giriş",
    "sv": "och att är inte för med på som ett den konto inställningar spara avbryt sök logga",
    "fi": "ja ei on tai se kun ovat tili asetukset tallenna peruuta haku kirjaudu salasana",
    "nl": "de het een en is niet voor van met op uw je dit dat zijn naar of instellingen opslaan zoeken",
}
_LETTERS = {
    "pl": "ąęłśźż",
    "cs": "ěřů",
    "tr": "ğış",
    "vi": "ơưđạảấầẩậắằặẹẻếềểễệ",
    "sv": "å",
    "fi": "ä",
    "hu": "őű",
    "ro": "țșă",
}
"""Letters that hardly another language has."""
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL.items()}
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def language(texts: Iterable[str]) -> str:
    """The ISO 639-1 code of the language of some lines, empty when too little tells."""
    whole = "\n".join(texts)
    letters = sum(c.isalpha() for c in whole)
    if letters and len(_KANA.findall(whole)) > 0.08 * letters:
        return "ja"
    if letters and len(_HAN.findall(whole)) > 0.3 * letters:
        return "zh"
    ranked = signs(whole).most_common(2)
    if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def signs(whole: str) -> Counter[str]:
    """How many small words and letters of its own each language has in a text of those that are told by them."""
    counts: Counter[str] = Counter()
    for word in re.findall(r"[^\W\d_]{2,}", whole.lower()):
        counts.update(name for name, words in _WORDS.items() if word in words)
    counts.update(name for letter in whole.lower() for name, own in _LETTERS.items() if letter in own)
    return counts
