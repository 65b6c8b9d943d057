"""Sentences to speak: the dialogue of fillets-ng and the lists of Asterisk's prompts, as Debian installs them."""
import glob
import gzip
import hashlib
import os
import re

FILLETS = "/usr/share/games/fillets-ng"
ASTERISK_TEXTS = "/usr/share/doc/asterisk-core-sounds-{}/core-sounds-{}.txt.gz"
LETTERS_MIN, LETTERS_MAX = 6, 160


def dialogues(language):
    """{sound file's name below FILLETS/sound/*/LANGUAGE: text}, keyed by (level, id)."""
    found = {}
    for path in sorted(glob.glob(f"{FILLETS}/script/*/dialogs_{language}.lua")):
        level = os.path.basename(os.path.dirname(path))
        text = open(path, encoding="utf8", errors="ignore").read()
        for name, said in re.findall(r'dialogId\("([^"]+)".*?\)\s*dialogStr\("((?:[^"\\]|\\.)*)"\)', text, re.S):
            found[(level, name)] = re.sub(r"\\.", " ", said)
        if language == "en":
            for name, said in re.findall(r'dialogId\("([^"]+)",\s*"[^"]*",\s*"((?:[^"\\]|\\.)*)"\)', text):
                found.setdefault((level, name), re.sub(r"\\.", " ", said))
    return found


def prompts(language):
    """{prompt's file name without ending: text}; what is in brackets is no speech."""
    path = ASTERISK_TEXTS.format(language, language)
    if not os.path.exists(path):
        return {}
    lines = gzip.open(path, "rt", encoding="utf8", errors="ignore").read().splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {name.strip(): said.strip() for name, said in pairs if "[" not in said and said.strip()}


def sentences(language):
    said = list(dialogues(language).values()) + list(prompts(language).values())
    parts = {part.strip() for text in said for part in re.split(r"(?<=[.!?])\s+", text)}
    return sorted(part for part in parts if LETTERS_MIN <= len(part) <= LETTERS_MAX)


def is_held_out(text):
    """One text in ten, by its hash: never spoken in training, whatever the voice."""
    return int(hashlib.sha256(text.lower().encode("utf8")).hexdigest(), 16) % 10 == 0
