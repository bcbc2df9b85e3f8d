"""What may be wrong with a pack: levels, edges, pauses, length against text, files against manifest."""
import hashlib

import numpy

import speech

LONGEST = 12.0  # s
LEAD, TRAIL, PAUSE = 0.15, 0.30, 1.2  # s at most
SPREAD = 2.0  # dB between the loudest and the quietest sound of a pack
PACE = 7, 26  # characters a second; outside of it a sentence was probably cut short
SNIPPETS = ("digit-", "number-", "letter-", "key-", "within-", "ago-")


def pack(locale, folder, texts, manifest):
    """Prints what is wrong with a pack and returns how much."""
    problems = [f"{name}: in the folder but not a prompt" for name in {p.stem for p in folder.glob("*.flac")} - set(texts)]
    levels = []
    for name, text in texts.items():
        entry, path = manifest.get(name), folder / f"{name}.flac"
        if not path.exists() or not entry:
            problems.append(f"{name}: has no sound")
            continue
        if entry["text_sha256"] != hashlib.sha256(text.encode()).hexdigest():
            problems.append(f"{name}: speaks an older text")
        sound = speech.read(path)
        levels.append(speech.active(sound))
        problems += [f"{name}: {problem}" for problem in faults(sound, levels[-1], None if name.startswith(SNIPPETS) else text)]
    voices = {entry["voice"] for entry in manifest.values()}
    if len(voices) != 1:
        problems.append(f"more than one voice: {sorted(voices)}")
    if levels and max(levels) - min(levels) > SPREAD:
        problems.append(f"levels are {max(levels) - min(levels):.1f} dB apart")
    for problem in problems:
        print(f"{locale}/{problem}")
    if levels:
        print(f"{locale}: {len(levels)} sounds, {min(levels):.1f} to {max(levels):.1f} dBov, {len(problems)} problems")
    return len(problems)


def faults(sound, level, text):
    """What is wrong with one sound; the text of a sentence is for its pace."""
    seconds, on = len(sound) / speech.RATE, speech.loud(sound)
    lead, trail = on[0] * speech.FRAME / speech.RATE, seconds - (on[-1] + 1) * speech.FRAME / speech.RATE
    longest = max((frames for frames, _ in speech.pauses(sound)), default=0) * speech.FRAME / speech.RATE
    full = numpy.abs(sound) > 0.998
    checks = [
        (not -25 <= level <= -19, f"level {level:.1f} dBov"),
        (speech.peak(sound) > -1, f"peak {speech.peak(sound):.1f} dBFS"),
        ((full[2:] & full[1:-1] & full[:-2]).any(), "clipped"),
        (abs(sound.mean()) > 0.003, f"DC {sound.mean():.4f}"),
        (lead > LEAD or trail > TRAIL, f"silence of {lead:.2f} s before and {trail:.2f} s after"),
        (longest > PAUSE, f"pause of {longest:.2f} s"),
        (seconds > LONGEST, f"{seconds:.1f} s long"),
        (text and not PACE[0] <= len(text) / seconds <= PACE[1], f"{len(text or '') / seconds:.0f} characters a second"),
    ]
    return [what for wrong, what in checks if wrong]
