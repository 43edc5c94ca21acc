"""The online tracker: learn from the first frame, follow the response's peak, update the head."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import chain

import numpy as np
import torch

from training.backbones.backbone import Backbone
from training.device import one_torch_thread
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.online.features import Reduction
from training.tracking.online.first_box import FirstBox
from training.tracking.online.first_samples import first_samples
from training.tracking.online.gaussians import axis_scale, gaussian
from training.tracking.online.head import Head
from training.tracking.online.head_learner import Learner
from training.tracking.online.online_config import OnlineConfig
from training.tracking.online.peak import find_peak, height
from training.tracking.online.redetection import Redetection
from training.tracking.online.refinement import Refinement
from training.tracking.online.region import batch, cut, plan
from training.tracking.online.samples import SampleMemory
from training.tracking.online.scale import SizeSearch
from training.tracking.online.second_thread import SecondThread
from training.tracking.windows import box_around, centre_and_size, inside, visible

PEAKS = 50
"""Frames whose peaks say what is usual: two seconds, longer than most occlusions."""


class OnlineTracker(CheckedTracker):
    """DSLT on any backbone.

    The box of a frame is returned before the head has learnt from the frame: it learns while the caller reads the next
    frame, and while that frame's features are computed. The boxes are the same as if all were done in turn.

    Parameters
    ----------
    backbone : Backbone
    config : OnlineConfig

    Attributes
    ----------
    geometry : Geometry
        Cells of kernel and search region, from the first box; set by `init`.

    Raises
    ------
    InputError
        As of `Refinement`.
    """

    def __init__(self, backbone: Backbone, config: OnlineConfig | None = None) -> None:
        self.backbone = backbone
        self.config = config or OnlineConfig()
        self._second = SecondThread(backbone.device)
        self._refinement = Refinement(self.config.refine, backbone)
        self._first_box = FirstBox(self.config.strip)

    @one_torch_thread()
    def _start(self, frame: Frame, box: Box) -> None:
        self._begin(frame, box)
        self._first_box.start(frame, box)

    @one_torch_thread()
    def _locate(self, frame: Frame) -> Box:
        if found := self._first_box.watch(frame):
            box, seen = found
            self._begin(seen[0], box)
            for earlier in seen[1:]:
                self._follow(earlier)
        return visible(self._first_box.whole(self._follow(frame)), frame)

    def _begin(self, frame: Frame, box: Box) -> None:
        """Learn the target in this box, xywh."""
        config, backbone = self.config, self.backbone
        self._second.forget()
        self._centre, self._size = centre_and_size(box)
        self._first_size = self._size.copy()
        self._frames = 0
        self._peaks: deque[float] = deque(maxlen=PEAKS)
        self.geometry = plan(self._size, config.region)
        scale = axis_scale(self.geometry.kernel)
        self._sigma = (config.label_sigma * scale[0], config.label_sigma * scale[1])
        sigma = (config.prior_sigma * scale[0], config.prior_sigma * scale[1])
        self._prior = gaussian(self.geometry.response, (0.0, 0.0), sigma).numpy()

        random = np.random.default_rng(config.seed)
        images, offsets = first_samples(
            frame, self._centre, self._size, self.geometry, backbone, config.augment, random
        )
        halves = self._second.share(lambda some: backbone.features(batch(list(some))), images)
        shallow, deep = (torch.cat(maps) for maps in zip(*halves, strict=True))
        self._reduction = Reduction(config.reduction, shallow[:1], deep[:1])
        self._refinement.start((shallow[:1], deep[:1]), self.geometry.target)
        features = self._reduction.reduce(shallow, deep)
        self._head = Head(
            self._reduction.channels, self.geometry.kernel, self.geometry.cells, device=backbone.device
        )
        spectra = self._head.spectra(features)
        labels = torch.stack([self._label(offset) for offset in offsets])
        generator = torch.Generator().manual_seed(config.seed)
        self._learner = Learner(self._head, config.learn, generator)
        self._learner.teach_first(spectra, labels)
        self._sizes = SizeSearch(
            self.geometry, backbone, self._reduction, self._head, config.scale, self._second
        )
        first = self._head.respond(spectra[:1])[0].cpu().numpy()
        self._sizes.calibrate(frame, self._centre, self._size, height(first, np.zeros(2)))
        self._redetection = Redetection(config.redetection, self._head, config.doubt)
        self._memory = SampleMemory(spectra[: config.kept], labels[: config.kept], config.memory)

    def _follow(self, frame: Frame) -> Box:
        """The xywh box of what is learnt, in the next frame; it may reach outside."""
        config = self.config
        maps = self._features(frame, self._centre)
        spectrum = self._spectrum(maps)
        self._second.wait()
        response = self._head.respond(spectrum)[0].cpu().numpy()
        peak = float(response.max())
        offset = find_peak(response * self._prior)
        step = self._size / self.geometry.target  # frame pixels per cell
        usual = float(np.median(self._peaks)) if self._peaks else peak
        trusted = peak > max(config.update_gate, config.doubt * usual)
        hidden = peak < config.hidden * usual
        self._peaks.append(peak)
        self._frames += 1
        self.response = response
        self._redetection.watch(spectrum, response, offset)
        if self._redetection.due:
            elsewhere = self._redetection.search(frame, self._centre, step, partial(self._spectra_at, frame))
            if elsewhere is not None:
                self._centre, self.sight = inside(elsewhere, frame), "doubtful"
                self._refinement.forget()
                return box_around(self._centre, self._size)
        if not hidden:
            before, self._centre = self._centre, inside(self._centre + offset[::-1] * step, frame)
            offset = ((self._centre - before) / step)[::-1]
            if peak > config.scale.gate and self._frames % config.scale.every == 0:
                found = height(response, offset)  # before the head learns: the other sizes ask the same one
                self._size = self._size * self._sizes.change(frame, self._centre, self._size, found)
                self._size = np.clip(self._size, 0.1 * self._first_size, 10 * self._first_size)
            if trusted:
                self._second.start(partial(self._learn, spectrum, self._label(offset)))
            self._refinement.look(maps, self._size / step, offset[::-1])
        self.sight = "hidden" if hidden else "clear" if trusted else "doubtful"
        return box_around(*self._refinement.corrected(self._centre, self._size))

    def _features(self, frame: Frame, centre: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Shallow and deep maps, (1, C1, h, w) and (1, C2, h, w), of the search region around (x, y)."""
        image = cut(frame, centre, self._size, self.geometry, self.backbone)
        return self.backbone.features(batch([image]))

    def _spectrum(self, maps: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """(1, frequencies, C) of such maps."""
        return self._head.spectra(self._reduction.reduce(*maps))

    def _spectra_at(self, frame: Frame, places: list[np.ndarray]) -> list[torch.Tensor]:
        """`_spectrum` of every place."""
        halves = self._second.share(
            lambda some: [self._spectrum(self._features(frame, place)) for place in some], places
        )
        return list(chain.from_iterable(halves))

    def _learn(self, spectrum: torch.Tensor, label: torch.Tensor) -> None:
        self._memory.add(spectrum, label)
        self._learner.update(self._memory.spectra, self._memory.labels)

    def _label(self, offset: np.ndarray) -> torch.Tensor:
        centre = (float(offset[0]), float(offset[1]))
        return gaussian(self.geometry.response, centre, self._sigma).to(self.backbone.device)
