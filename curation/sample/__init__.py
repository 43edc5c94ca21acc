"""The built-in dataset: a small synthetic VID tree, and sequences in the layouts of the five benchmarks.

    generate_vid(root, SampleConfig(), workers)       -> root/{Data,Annotations}/VID/...
    generate_sequences(root, SampleConfig(), workers) -> root/{OTB,TC128,UAV123,VOT2016}/..., root/<name>.json

Every clip is a `scene`: a backdrop (`backgrounds`), `actors` whose bodies are single sprites or `puppets`
of several parts (`outlines` and `textures` make sprites, `layers` renders them along the curves of
`motion`), light, and a `camera`. `sighting` measures what can be seen of each object: the truth is
computed from the masks that are drawn. `training_set`, and `evaluation_set` with `tracks` and
`layouts`, write files.

What happens, and where: translation with inertia, scale change, rotation, stretch, bending, light that
changes over time and across the frame, a moving camera, and distractors of the target's own texture family
in every clip; occlusion by foreground things in every VID video and half of the sequences; exits over an
edge with the track's gap in every second VID video and one UAV123 sequence; frames without any object in
every fifth VID video. Sequences come from seeds and pattern families that training never sees.
`WorldConfig` and `CameraConfig` add what real footage has besides: articulated bodies, plain and mixed
textures, clutter, shadows, blur, noise, exposure, JPEG.

Determinism: each clip has its own generator, seeded by (seed, stream, number), so neither the number of
workers nor other clips matter; curves are rounded before use and compositing is in integers, so the same
library versions give the same bytes. For tests of other parts: `SampleConfig(videos_per_subset=1, frames=6,
sequence_frames=8)`.
"""
