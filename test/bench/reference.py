"""The bench's tasks in PyTorch: one task in a process of its own, line by line as worker.ts answers."""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, size, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, groups=groups, bias=False)


class Normalised(nn.Module):
    """A convolution with batch normalisation, and with ReLU where asked."""

    def __init__(self, convolution, relu=True):
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(convolution.out_channels)
        self.relu = relu

    def forward(self, x):
        x = self.norm(self.convolution(x))
        return F.relu(x, inplace=True) if self.relu else x


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = Normalised(conv(inputs, outputs, 3, stride))
        self.b = Normalised(conv(outputs, outputs, 3), relu=False)
        same = stride == 1 and inputs == outputs
        self.c = nn.Identity() if same else Normalised(conv(inputs, outputs, 1, stride), relu=False)

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + self.c(x), inplace=True)


class Residual(nn.Module):
    """Gives the logits and the outputs of the three stages."""

    def __init__(self, blocks):
        super().__init__()
        self.stem = Normalised(conv(3, 32, 3))
        stages, inputs = [], 32
        for stage, outputs in enumerate((64, 128, 256)):
            members = []
            for index in range(blocks):
                members.append(Block(inputs, outputs, 2 if stage > 0 and index == 0 else 1))
                inputs = outputs
            stages.append(nn.Sequential(*members))
        self.stages = nn.ModuleList(stages)
        self.classes = nn.Linear(256, 100)

    def forward(self, raw):
        x = self.stem((raw / 255 - 0.5) / 0.25)
        taps = []
        for stage in self.stages:
            x = stage(x)
            taps.append(x)
        return self.classes(x.mean((2, 3))), taps


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            Normalised(conv(1, 32, 3)),
            Normalised(conv(32, 32, 3)),
            nn.MaxPool2d(2),
            Normalised(conv(32, 32, 3, groups=32)),
            Normalised(conv(32, 64, 1)),
            nn.MaxPool2d(2),
            Normalised(conv(64, 64, 3)),
        )
        self.classes = nn.Linear(64, 10)

    def forward(self, raw):
        return self.classes(self.layers((raw / 255 - 0.5) / 0.25).mean((2, 3))), []


networks = {
    "small": (Small, (1, 28, 28), 10),
    "student": (lambda: Residual(1), (3, 32, 32), 100),
    "teacher": (lambda: Residual(5), (3, 32, 32), 100),
}


def softened(student, teacher, temperature):
    """Kullback-Leibler divergence along the last axis, mean over the others, times the temperature squared."""
    student = F.log_softmax(student / temperature, -1).flatten(0, -2)
    teacher = F.log_softmax(teacher / temperature, -1).flatten(0, -2)
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True) * temperature**2


def loss_of(spec, student, teacher, labels):
    (logits, taps), (teacher_logits, teacher_taps) = student, teacher
    if spec["method"] == "task":
        return F.cross_entropy(logits, labels)
    temperature = spec["temperature"]
    if spec["method"] == "kd":
        return softened(logits, teacher_logits, temperature)
    pairs = zip(taps[-len(spec["pairs"]) :], teacher_taps[-len(spec["pairs"]) :])
    return sum(softened(one.flatten(2), other.flatten(2), temperature) for one, other in pairs)


def training_step(task, batch, layout):
    make, shape, classes = networks[task["network"]]
    network = make().train().to(memory_format=layout)
    teacher = networks[task["teacher"]][0]().eval().to(memory_format=layout) if "teacher" in task else None
    images = (torch.rand(batch, *shape) * 255).to(memory_format=layout)
    labels = torch.arange(batch) * 7 % classes
    if task["optimizer"]["kind"] == "adam":
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), lr=0.01, momentum=0.9, weight_decay=0.0005, fused=True
        )

    def run():
        optimizer.zero_grad()
        target = (None, None)
        if teacher is not None:
            with torch.inference_mode():
                target = teacher(images)
        outputs = network(images)
        loss = sum(spec["weight"] * loss_of(spec, outputs, target, labels) for spec in task["losses"])
        loss.backward()
        optimizer.step()
        accuracy = (outputs[0].argmax(1) == labels).float().mean()
        return loss.item(), accuracy.item()

    return run


def forward_pass(task, batch, layout):
    make, shape, _ = networks[task["network"]]
    network = make().eval().to(memory_format=layout)
    images = (torch.rand(batch, *shape) * 255).to(memory_format=layout)

    def run():
        with torch.inference_mode():
            return network(images)[0].mean().item()

    return run


def input_pipeline(task, batch, layout):
    """Bytes to a batch of floats, each picture padded by four, cropped at random and mirrored half of the time."""
    _, shape, _ = networks[task["network"]]
    channels, side, _ = shape
    pictures = torch.randint(0, 256, (2 * batch, *shape), dtype=torch.uint8)
    line, member = torch.arange(side), torch.arange(batch).view(-1, 1, 1, 1)
    channel = torch.arange(channels).view(1, -1, 1, 1)

    def run():
        chosen = F.pad(pictures[torch.arange(batch)], (4, 4, 4, 4))
        down, right = torch.randint(0, 9, (batch, 1)), torch.randint(0, 9, (batch, 1))
        columns = torch.where(torch.rand(batch, 1) < 0.5, line.flip(0), line) + right
        rows = (line + down).view(batch, 1, side, 1)
        made = chosen[member, channel, rows, columns.view(batch, 1, 1, side)]
        return made.float().contiguous(memory_format=layout)

    return run


def matrix_product(side):
    one, other = torch.randn(side, side), torch.randn(side, side)
    return lambda: one @ other


def open_work(order):
    task, batch = order["task"], order["batch"]
    layout = torch.channels_last if order["channelsLast"] else torch.contiguous_format
    if task["kind"] == "matmul":
        return matrix_product(order["matrixSide"])
    if task["kind"] == "batches":
        return input_pipeline(task, batch, layout)
    return (forward_pass if task["kind"] == "forward" else training_step)(task, batch, layout)


def answer(value):
    print(json.dumps(value), flush=True)


def timed(run):
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1e3


def main():
    run = open_work(json.loads(sys.argv[1]))
    run()
    answer({"operations": 0})
    unit = 1 if sys.platform == "darwin" else 1024
    for line in sys.stdin:
        times = [timed(run) for _ in range(int(line))]
        answer({"times": times, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit})


main()
