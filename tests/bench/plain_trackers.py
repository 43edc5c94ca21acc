"""Trackers as the reference and the release have them, without care for time: what ours are compared with."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from training.backbones.backbone import Backbone
from training.losses.shrinkage import shrinkage
from training.network.siamese_network import SiameseNetwork
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.online.features import Reduction
from training.tracking.online.first_samples import first_samples
from training.tracking.online.gaussians import axis_scale, gaussian
from training.tracking.online.online_config import OnlineConfig
from training.tracking.online.peak import find_peak
from training.tracking.online.region import batch, cut, plan
from training.tracking.windows import box_around, centre_and_size, inside


class PlainSiameseTracker(CheckedTracker):
    """The reference's steps, no more efficiently than it takes them."""

    def __init__(self, network: SiameseNetwork, device: torch.device) -> None:
        self.network, self.device = network, device
        self.scales = 1.0375 ** np.array([-1, 0, 1])

    def _start(self, frame: Frame, box: Box) -> None:
        self.centre = box[:2] + (box[2:] - 1) / 2
        self.size = box[2:].copy()
        [exemplar] = self._pyramid(frame, [self._side()], 127)
        self.exemplar = self._embed(exemplar)

    def _locate(self, frame: Frame) -> Box:
        side = self._side() * 255 / 127
        responses = []
        for crop in self._pyramid(frame, side * self.scales, 255):
            with torch.no_grad():
                response = self.network.respond(self.exemplar, self._embed(crop))[0, 0].cpu().numpy()
            responses.append(cv2.resize(response, (272, 272), interpolation=cv2.INTER_CUBIC))
        peaks = np.array([response.max() for response in responses]) * [0.9745, 1, 0.9745]
        best = int(peaks.argmax())
        response = responses[best] - responses[best].min()
        response /= response.sum()
        window = np.outer(np.hanning(272), np.hanning(272))
        response = (1 - 0.176) * response + 0.176 * window / window.sum()
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        offset = (np.array([column, row]) - 271 / 2) * 8 / 16 * side * self.scales[best] / 255
        self.centre = self.centre + offset
        self.size = self.size * (0.41 + 0.59 * self.scales[best])
        return np.concatenate([self.centre - (self.size - 1) / 2, self.size])

    def _side(self) -> float:
        return float(np.sqrt(np.prod(self.size + 0.5 * self.size.sum())))

    def _pyramid(self, frame: Frame, sides: np.ndarray | list[float], pixels: int) -> list[np.ndarray]:
        """Crops from a padded float64 copy of the whole frame."""
        image = frame.astype(np.float64)
        mean = image.mean(axis=(0, 1))
        margin = int(max(sides)) + 1
        padded = np.stack([np.pad(image[..., c], margin, constant_values=mean[c]) for c in range(3)], axis=-1)
        crops = []
        for side in sides:
            left, top = np.round(self.centre + margin - (side - 1) / 2).astype(int)
            part = padded[top : top + round(side), left : left + round(side)]
            crops.append(cv2.resize(part, (pixels, pixels), interpolation=cv2.INTER_LINEAR))
        return crops

    def _embed(self, crop: np.ndarray) -> torch.Tensor:
        image = torch.from_numpy(np.ascontiguousarray(crop[..., ::-1].transpose(2, 0, 1))).float()
        with torch.no_grad():
            return self.network.embed(image[None].to(self.device))


class PlainOnlineTracker(CheckedTracker):
    """The release's steps on our features: five passes of the backbone a frame, no gates."""

    def __init__(self, backbone: Backbone, config: OnlineConfig) -> None:
        self.backbone, self.device = backbone, backbone.device
        self.config = config

    def _start(self, frame: Frame, box: Box) -> None:
        config = self.config
        self.centre, self.size = centre_and_size(box)
        self.geometry = plan(self.size, config.region)
        scale = axis_scale(self.geometry.kernel)
        self.sigma = (config.label_sigma * scale[0], config.label_sigma * scale[1])
        prior = (config.prior_sigma * scale[0], config.prior_sigma * scale[1])
        self.prior = gaussian(self.geometry.response, (0.0, 0.0), prior).numpy()
        random = np.random.default_rng(config.seed)
        images, offsets = first_samples(
            frame, self.centre, self.size, self.geometry, self.backbone, config.augment, random
        )
        maps = self.backbone.features(batch(images))
        self.reduction = Reduction(config.reduction, maps[0][:1], maps[1][:1])
        features = self.reduction.reduce(*maps).clone()
        labels = torch.stack([gaussian(self.geometry.response, tuple(o), self.sigma) for o in offsets])
        labels = labels.to(self.device)
        self.head = torch.nn.Conv2d(features.shape[1], 1, self.geometry.kernel, device=self.device)
        torch.nn.init.normal_(self.head.weight, std=config.learn.init_std)
        self.adam = torch.optim.Adam(self.head.parameters(), lr=config.learn.first_rate)
        for _ in range(config.learn.first_steps):
            self._step(features, labels)
        self.samples = [(features[i], labels[i]) for i in range(config.kept)]
        for group in self.adam.param_groups:
            group["lr"] = config.learn.update_rate

    def _locate(self, frame: Frame) -> Box:
        config = self.config
        response = self._respond(frame, self.size)[0]
        offset = find_peak(response * self.prior)
        self.centre = inside(self.centre + offset[::-1] * self.size / self.geometry.target, frame)
        factors = config.scale.step ** np.arange(-1, 2)
        peaks = [float(self._respond(frame, self.size * factor)[0].max()) for factor in factors]
        found = factors[int(np.argmax(peaks * np.array([config.scale.penalty, 1, config.scale.penalty])))]
        self.size = self.size * (1 + config.scale.damping * (found - 1))
        label = gaussian(self.geometry.response, (0.0, 0.0), self.sigma).to(self.device)
        self.samples.append((self._respond(frame, self.size)[1], label))
        if len(self.samples) > config.kept + config.memory:
            del self.samples[config.kept]
        features, labels = (torch.stack(parts) for parts in zip(*self.samples, strict=True))
        for _ in range(config.learn.update_steps):
            self._step(features, labels)
        return box_around(self.centre, self.size)

    def _respond(self, frame: Frame, size: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
        image = cut(frame, self.centre, size, self.geometry, self.backbone)
        features = self.reduction.reduce(*self.backbone.features(batch([image]))).clone()
        with torch.no_grad():
            return self.head(features)[0, 0].cpu().numpy(), features[0]

    def _step(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        loss = shrinkage(self.head(features)[:, 0], labels, reduction="sum") / len(labels)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
