"""The languages that riddles are asked in."""

from annotations.challenges.unseen import words, words_ar, words_de, words_es
from annotations.challenges.unseen.lexicon import Lexicon

LEXICONS = {"ar": words_ar.LEXICON, "de": words_de.LEXICON, "en": words.LEXICON, "es": words_es.LEXICON}


def lexicon_of(language: str) -> Lexicon:
    """English where there are no words of this language."""
    return LEXICONS.get(language, words.LEXICON)
