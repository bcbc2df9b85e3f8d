"""Hibari speaks: a small model that learned the American voice af_heart from Kokoro-82M, far faster. Setup: see render.py."""
import numpy
from hibari import Hibari, dsp

import speech

VOICES = {"en-US": ("af_heart", "Apache-2.0", 0.9, 195)}
PACE = 0.93  # of sentences
LEVEL = 0.7  # how far the melody of a level snippet is drawn to one pitch


class Voice:
    """The methods of kokoro.Voice."""

    def __init__(self, locale):
        self.voice, self.licence, self.slow, self.tone = VOICES[locale]
        self.name = "hibari 0.2.1, heart (Kokoro-82M af_heart)"
        self.model = Hibari()

    def sentence(self, text):
        return self._join([self._speak(sentence, PACE, 0) for sentence in self.model.phonemize(text)])

    def snippet(self, text, level):
        [sentence] = self.model.phonemize(text + ("," if level else "."))
        return speech.convert(self._speak(sentence, self.slow, LEVEL if level else 0), dsp.SR)

    def lead(self, text, rest):
        """The last sentence is left open by its comma and a levelled melody; the rest is not needed for that."""
        *before, last = self.model.phonemize(text + ",")
        return self._join([*(self._speak(sentence, PACE, 0) for sentence in before), self._speak(last, PACE, LEVEL / 2)])

    def _join(self, sentences):
        pause = numpy.zeros(int(0.05 * dsp.SR))  # each has silence at its ends
        return speech.convert(numpy.concatenate([part for sound in sentences for part in (sound, pause)]), dsp.SR)

    def _speak(self, phonemes, pace, level):
        ids = self.model.ids(phonemes)
        outputs = self.model.sess.run(None, {"ids": numpy.array([ids], numpy.int64), "speed": numpy.array([pace], numpy.float32)})
        *spectrum, pitch = (o[0] for o in outputs)
        voiced = pitch > 60
        pitch = numpy.where(voiced, pitch + level * (self.tone - pitch), pitch).astype(numpy.float32)
        return dsp.synth(*spectrum, pitch, numpy.random.default_rng(0))
