"""Measures and shapes recorded speech: level (ITU-T P.56), pauses, edges, FLAC."""
import subprocess

import numpy

RATE = 16000  # Hz
FRAME = RATE // 200  # 5 ms


def convert(samples, rate):
    """To RATE, mono, without what is under 100 Hz."""
    raw = subprocess.run(
        ["sox", "-t", "raw", "-r", str(rate), "-c", "1", "-e", "float", "-b", "32", "-", "-t", "raw", "-",
         "rate", "-v", str(RATE), "highpass", "100", "highpass", "100"],
        input=(samples / 4).astype("<f4").tobytes(), stdout=subprocess.PIPE, check=True).stdout
    return numpy.frombuffer(raw, "<f4").astype(float)


def write(path, samples):
    pcm = numpy.round(numpy.clip(samples, -1, 1) * 32767).astype("<i2")
    subprocess.run(["sox", "-D", "-t", "raw", "-r", str(RATE), "-c", "1", "-e", "signed", "-b", "16", "-", "-C", "8", str(path)],
                   input=pcm.tobytes(), check=True)


def read(path):
    raw = subprocess.run(["sox", str(path), "-t", "raw", "-e", "signed", "-b", "16", "-"], stdout=subprocess.PIPE, check=True).stdout
    return numpy.frombuffer(raw, "<i2") / 32768


def decibels(samples):
    """Level of each frame of 5 ms."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return 10 * numpy.log10((frames**2).mean(axis=1) + 1e-12)


def active(samples):
    """Active speech level in dBov, ITU-T P.56 method B: 30 ms envelope twice, 200 ms hangover, 15.9 dB margin."""
    decay, hangover = numpy.exp(-1 / (0.03 * RATE)), RATE // 5
    envelope = numpy.abs(samples)
    for _ in range(2):
        envelope = _smooth(envelope, decay)
    energy = (samples**2).sum()
    if not energy:
        return -100.0
    before = None
    for exponent in range(-15, 0):
        above = numpy.flatnonzero(envelope >= 2.0**exponent)
        if not len(above):
            break
        count = numpy.minimum(numpy.diff(numpy.append(above, len(samples))), hangover + 1).sum()
        level = 10 * numpy.log10(energy / count)
        margin = level - 20 * numpy.log10(2.0**exponent)
        if margin <= 15.9 and before:
            share = (before[1] - 15.9) / (before[1] - margin)
            return before[0] + share * (level - before[0])
        before = level, margin
    return before[0] if before else -100.0


def _smooth(values, decay):
    out, state = numpy.empty(len(values)), 0.0
    for i, value in enumerate(values.tolist()):
        state = decay * state + (1 - decay) * value
        out[i] = state
    return out


def peak(samples):
    return 20 * numpy.log10(max(1e-6, numpy.abs(samples).max()))


def level(samples, target, ceiling):
    """At the target level, with the few peaks above the ceiling pressed down rather than the whole turned down."""
    for _ in range(3):
        samples = _limit(samples * 10 ** ((target - active(samples)) / 20), 10 ** (ceiling / 20))
    return samples


def _limit(samples, ceiling):
    gain = numpy.minimum(1, ceiling / numpy.maximum(numpy.abs(samples), 1e-9))
    if gain.min() == 1:
        return samples
    width = RATE // 100  # 10 ms around a peak
    padded = numpy.pad(gain, width, constant_values=1)
    lowest = numpy.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1).min(axis=1)
    window = numpy.hanning(2 * width + 1)
    smooth = numpy.convolve(numpy.pad(lowest, width, mode="edge"), window / window.sum(), "valid")
    return samples * smooth


def loud(samples, under=45):
    """Numbers of the frames that are at most this many dB under the loudest."""
    frames = decibels(samples)
    return numpy.flatnonzero(frames > frames.max() - under)


def pauses(samples):
    """Inner pauses as (frames, first frame), longest first."""
    on = loud(samples)
    gaps = numpy.diff(on) - 1
    return sorted(((int(g), int(on[i]) + 1) for i, g in enumerate(gaps) if g > 0), reverse=True)


def trim(samples, lead, trail):
    """Cut to the speech, with soft edges, and give it these seconds of silence."""
    on = loud(samples)
    start, end = max(0, on[0] * FRAME - 2 * FRAME), min(len(samples), (on[-1] + 1) * FRAME + 3 * FRAME)
    body = samples[start:end].copy()
    ramp = numpy.linspace(0, 1, 2 * FRAME)
    body[: 2 * FRAME] *= ramp
    body[-2 * FRAME:] *= ramp[::-1]
    return numpy.concatenate([numpy.zeros(int(lead * RATE)), body, numpy.zeros(int(trail * RATE))])
