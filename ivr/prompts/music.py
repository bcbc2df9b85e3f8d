#!/usr/bin/env python3
"""Makes the hold music, music/hold.flac: a few soft chords, each note of them struck in turn. A developer's step, like render.py;
it wants Python and sox. Score and sound are the project's own.

It begins and ends in silence, so that it can be played over and over, and lies where no key of a telephone sounds.
"""
import hashlib
import json
import math
import pathlib
import random
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
RATE = 16000  # Hz
LEVEL = -22.0  # dBov, mean over all
BEAT = 0.5  # s

# Chords of eight beats, lowest note first, by MIDI number: the first two notes are held under the others.
CHORDS = [
    (55, 62, 67, 71, 66, 71),  # G with its major seventh
    (52, 59, 67, 71, 64, 67),  # E minor seventh
    (48, 55, 64, 67, 71, 67),  # C with its major seventh
    (50, 57, 66, 69, 62, 66),  # D
    (55, 62, 71, 67, 66, 62),
]
# How loud the multiples of a note's frequency are, and how long each lasts, in s.
PARTIALS = [(1, 1.0, 1.6), (2, 0.22, 0.9), (3, 0.07, 0.5)]


def strike(sound, at, note, loud, lasts=1.0):
    """Adds a note that begins at a time."""
    hz = 440 * 2 ** ((note - 69) / 12)
    first = int(at * RATE)
    for i in range(min(int(4 * RATE * lasts), len(sound) - first)):
        t = i / RATE
        rise = 0.5 - 0.5 * math.cos(math.pi * min(1, t / 0.03))
        tone = sum(a * math.exp(-t / (d * lasts)) * math.sin(2 * math.pi * n * hz * t) for n, a, d in PARTIALS)
        sound[first + i] += loud * rise * tone


def play():
    sound = [0.0] * int(RATE * (BEAT * 8 * len(CHORDS)))
    hand = random.Random(1)  # no two strokes are alike
    for bar, (bass, fifth, *notes) in enumerate(CHORDS):
        start = 0.05 + bar * 8 * BEAT
        strike(sound, start, bass, 0.7, 1.6)
        strike(sound, start + 0.02, fifth, 0.4, 1.6)
        for beat, note in enumerate(notes + notes[1:3]):
            strike(sound, start + (beat + 1) * BEAT, note, hand.uniform(0.5, 0.65))
    fall, rest = int(1.5 * RATE), int(0.1 * RATE)
    for i in range(fall):
        sound[-rest - fall + i] *= 0.5 + 0.5 * math.cos(math.pi * i / fall)
    sound[-rest:] = [0.0] * rest
    gain = 10 ** (LEVEL / 20) / math.sqrt(sum(s * s for s in sound) / len(sound))
    return [round(32767 * gain * s) for s in sound]


def main():
    pcm = play()
    subprocess.run(
        ["sox", "-D", "-t", "raw", "-r", str(RATE), "-c", "1", "-e", "signed", "-b", "16", "-", "-C", "8", str(HERE / "music/hold.flac")],
        input=struct.pack(f"<{len(pcm)}h", *pcm), check=True)
    entry = {
        "text_sha256": hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest(),
        "voice": "music.py", "licence": "Apache-2.0", "ms": round(1000 * len(pcm) / RATE),
    }
    (HERE / "music/manifest.json").write_text(json.dumps({"hold": entry}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
