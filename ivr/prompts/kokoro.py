"""Kokoro-82M speaks: text to phonemes, phonemes to sound. Setup: see render.py."""
import importlib.resources
import json
import pathlib
import sys
import tarfile

import numpy
import onnxruntime

import kokoro_model
import speech

# Locale: voice, its licence, its pace in snippets (1 is the voice's own) and the pitch of level snippets in Hz.
VOICES = {
    "en-GB": ("bf_emma", "Apache-2.0", 0.9, 180),
    "fr-FR": ("ff_siwis", "Apache-2.0 AND CC-BY-4.0", 0.9, 200),
}
RATE = 24000  # Hz, of the model
LEVEL = 0.7  # how far the melody of a level snippet is drawn to one pitch


class Voice:
    def __init__(self, locale):
        self.voice, self.licence, self.slow, self.tone = VOICES[locale]
        self.name = f"Kokoro-82M v1.0, {self.voice}"
        self.style = _style(self.voice)
        self.phonemes = _phonemes(locale)
        self.symbols = _symbols()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(kokoro_model.path(), options)

    def sentence(self, text):
        """Sound of a sentence at speech.RATE."""
        return speech.convert(self._speak(self._letters(text), 1, 0)[0], RATE)

    def snippet(self, text, level):
        """Sound of a word or phrase, of level or falling melody."""
        letters = self._letters(text + ("," if level else "."))
        return speech.convert(self._speak(letters, self.slow, LEVEL if level else 0)[0], RATE)

    def lead(self, text, rest):
        """Sound of a text that goes on: it is cut where the rest begins, at a comma."""
        letters = self._letters(f"{text}, {rest}")
        sound, starts = self._speak(letters, 1, 0)
        comma = [i for i, c in enumerate(letters) if c == ","][text.count(",")]
        return speech.convert(sound[: int((starts[comma] + starts[comma + 1]) / 2)], RATE)

    def _letters(self, text):
        return [c for c in self.phonemes(text) if c in self.symbols]

    def _speak(self, letters, pace, level):
        """Sound at RATE and the sample at which each letter starts."""
        ids = [0, *(self.symbols[c] for c in letters), 0]
        sound, durations = self.session.run(None, {
            "tokens": numpy.array([ids], numpy.int64),
            "style": self.style[min(len(letters), len(self.style)) - 1].reshape(1, 256),
            "speed": numpy.array([pace], numpy.float32),
            "tone": numpy.array([self.tone], numpy.float32),
            "level": numpy.array([level], numpy.float32),
        })
        starts = numpy.cumsum(durations.ravel()) * kokoro_model.FRAME * RATE
        return numpy.asarray(sound, numpy.float32).ravel(), starts


def _symbols():
    """The numbers of the model's symbols: punctuation, letters, IPA."""
    return json.loads(importlib.resources.files("hibari").joinpath("assets/vocab.json").read_text("utf-8"))


def _style(voice):
    """One style vector for each length of an utterance, out of the npm package."""
    package = next(pathlib.Path(sys.prefix).glob("kokoro-js-*.tgz"), None)
    if package is None:
        sys.exit(f"no kokoro-js package in {sys.prefix}: run npm pack kokoro-js@1.2.1 there")
    with tarfile.open(package) as tar:
        data = tar.extractfile(f"package/voices/{voice}.bin").read()
    return numpy.frombuffer(data, numpy.float32).reshape(-1, 256)


def _phonemes(locale):
    if locale.startswith("fr"):
        from misaki.espeak import EspeakG2P

        french = EspeakG2P(language="fr-fr")
        # No liaison before a key: "tapez un", not "tapez-z-un".
        return lambda text: french(text)[0].replace("tapˈez ", "tapˈe ")
    from hibari.g2p import G2P

    return G2P(british=locale != "en-US")
