#!/usr/bin/env python3
"""Makes the sounds of the prompts from their texts. A developer's step: nothing in build or test runs it.

  render.py [LOCALE...]                make the sounds that are missing or whose text has changed
  render.py --again 'digit-*' en-US    make those of these names again, whatever their text
  render.py --lint [LOCALE...]         measure the packs and say what is wrong; exit status 1 if anything is

Setup, once (Debian: apt-get install sox npm python3-venv):
  python3 -m venv venv && venv/bin/pip install -r requirements.txt && (cd venv && npm pack kokoro-js@1.2.1)
  venv/bin/python render.py

One voice a locale: hibari speaks American English, Kokoro-82M British English and French (LICENSES.md). The second needs about
three seconds of a core for each second of sound. Snippets have a level melody, digits at the end of a number and response
windows a falling one. Result: FLAC of 16 kHz mono 16 bit at -22 dBov active speech level (P.56) and at most -3 dBFS, nothing under
100 Hz, with 60 ms of silence before and 150 ms after sentences, 10 and 30 ms round snippets.
"""
import argparse
import fnmatch
import hashlib
import json
import pathlib
import subprocess
import sys

import lint
import speech

HERE = pathlib.Path(__file__).resolve().parent
LEVEL, PEAK = -22.0, -3.0  # dBov, dBFS

# What is said in place of a text, or of a part of any text, where the engine would read it wrongly.
SPOKEN = {
    "en-US": {"letter-a": "[A](/ˈA/)", "letter-z": "zee"},
    "en-GB": {"letter-a": "[A](/ˈA/)", "letter-z": "zed"},
}
PARTS = {"en": {"live chat": "[live](/lˈIv/) chat"}, "fr": {}}

# What follows a lead, to be cut off: it must not sound like an end.
REST = {"en": "seven.", "fr": "sept."}
LEADS = {"ticket-registered", "ticket-repeat", "unverified", "open-which", "open-key", "status-ticket", "status-changed",
         "page-ticket", "page-account"}
SNIPPETS = ("digit-", "number-", "letter-", "key-", "within-", "ago-")


def texts(locale):
    """The texts of a locale file (name: text, one a line) and the locale that it is a layer over, or None."""
    found = {}
    for line in (HERE / f"{locale}.yaml").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, text = line.split(": ", 1)
        found[name] = json.loads(text) if text.startswith('"') else text
    return found, found.pop("layer", None)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(locale):
    path = HERE / locale / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write_manifest(locale, entries):
    text = json.dumps(dict(sorted(entries.items())), ensure_ascii=False, indent=1)
    (HERE / locale / "manifest.json").write_text(text + "\n", "utf-8")


def speak(voice, locale, name, text):
    """The finished sound of one prompt, samples in [-1, 1] at speech.RATE."""
    words = SPOKEN.get(locale, {}).get(name, text)
    for written, said in PARTS[locale[:2]].items():
        words = words.replace(written, said)
    if name in LEADS:
        return finish(voice.lead(words, REST[locale[:2]]), 0.06, 0.03)
    if not name.startswith(SNIPPETS):
        return finish(voice.sentence(words), 0.06, 0.15)
    falling = name.endswith("-end") or name.startswith(("within-", "ago-"))
    return finish(voice.snippet(words, level=not falling), 0.01, 0.03)


def finish(sound, lead, trail):
    return speech.level(speech.trim(sound, lead, trail), LEVEL, PEAK)


def engine(locale):
    """The voice of a locale. Engines are loaded only when there is something to say."""
    import kokoro
    import skylark

    return next(module.Voice(locale) for module in (skylark, kokoro) if locale in module.VOICES)


def render(locale, again):
    wanted, layer = texts(locale)
    entries = manifest(locale)
    folder = HERE / locale
    folder.mkdir(exist_ok=True)
    stale = [n for n, t in wanted.items() if fnmatch.fnmatch(n, again or "-") or not (folder / f"{n}.flac").exists()
             or entries.get(n, {}).get("text_sha256") != sha256(t)]
    voice = engine(layer or locale) if stale else None
    for name in stale:
        sound = speak(voice, layer or locale, name, wanted[name])
        speech.write(folder / f"{name}.flac", sound)
        entries[name] = {"text_sha256": sha256(wanted[name]), "voice": voice.name, "licence": voice.licence,
                         "ms": int(len(sound) * 1000 / speech.RATE + 0.5)}
        write_manifest(locale, entries)
    for name in set(entries) - set(wanted):
        (folder / f"{name}.flac").unlink(missing_ok=True)
        del entries[name]
    write_manifest(locale, entries)
    print(f"{locale}: {len(stale)} made, {len(wanted)} in all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locales", nargs="*", default=[p.stem for p in sorted(HERE.glob("*.yaml"))])
    parser.add_argument("--again", metavar="NAMES")
    parser.add_argument("--lint", action="store_true")
    options = parser.parse_args()
    if options.lint:
        sys.exit(1 if sum(lint.pack(locale, HERE / locale, texts(locale)[0], manifest(locale)) for locale in options.locales) else 0)
    for locale in options.locales:
        render(locale, options.again)


if __name__ == "__main__":
    main()
