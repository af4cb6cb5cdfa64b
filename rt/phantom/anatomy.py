"""A head, neck and shoulders in CT numbers, with the organs that a planner draws.

Sizes, places and CT numbers follow adult patients on planning CT.  The origin is the spinal cord in the
foramen magnum; the chin is near z = -72, the larynx from -84 to -120, the lung tips near -130, the
vertex near 125.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rt.phantom.shapes import Field, Mask, Space

AIR, LUNG, FAT, WATER, MUSCLE, BRAIN, BONE, MARROW, TOOTH = -1000, -820, -100, 5, 55, 36, 1150, 450, 1900
"""CT numbers in HU of the materials."""

CORD_LINE = (
    (-200, 72),
    (-178, 60),
    (-150, 42),
    (-120, 20),
    (-100, 12),
    (-80, 6),
    (-45, 0),
    (0, 0),
)
"""Course of the spinal cord: (z, y)."""
JAW = ((0, -101), (15, -98), (28, -88), (38, -72), (45, -55), (51, -34))
UPPER_JAW = ((0, -99), (14, -95), (23, -82), (28, -62))


@dataclass(frozen=True)
class Anatomy:
    """CT numbers before noise, and masks by TG-263 name."""

    hu_kji: Field
    organs: dict[str, Mask]
    body: Mask


def build_anatomy(space: Space) -> Anatomy:
    """The patient on the couch, without noise."""
    body = _body(space)
    hu = np.full(space.grid.shape_kji, AIR, dtype=np.float32)
    depth = space.depth_mm(body)
    _soft_tissue(space, hu, body, depth)
    organs: dict[str, Mask] = {}
    _neck(space, hu, organs)
    cranium = _cranium(space, hu, organs)
    _face(space, hu, organs)
    _parotids(space, hu, organs, depth)
    _chest(space, hu)
    _spine(space, hu, organs, cranium)
    _airway(space, hu, organs)
    hu[~body] = AIR
    _couch_and_mask(space, hu, body)
    return Anatomy(hu, {name: mask & body for name, mask in organs.items()}, body)


def _body(space: Space) -> Mask:
    head = space.tube(
        [
            (-125, 0, 8, 78, 66),
            (-110, 0, 6, 66, 64),
            (-100, 0, 6, 62, 62),
            (-88, 0, 2, 60, 62),
            (-78, 0, -14, 60, 76),
            (-70, 0, -27, 61, 86),
            (-45, 0, -29, 64, 88),
            (-15, 0, -29, 68, 91),
            (0, 0, -22, 71, 92),
            (15, 0, -15, 74, 97),
            (45, 0, -10, 78, 101),
            (80, 0, -8, 80, 102),
            (100, 0, -8, 75, 95),
            (115, 0, -6, 58, 75),
            (129, 0, -5, 22, 28),
        ],
        taper=0.12,
    )
    trunk = space.tube(
        [
            (-240, 0, 25, 212, 95),
            (-178, 0, 23, 205, 88),
            (-150, 0, 20, 186, 80),
            (-135, 0, 24, 160, 68),
            (-120, 0, 35, 118, 50),
            (-106, 0, 48, 72, 30),
        ],
        power=2.6,
    )
    nose = space.tube([(8, 0, -112, 17, 14), (20, 0, -114, 16, 22), (50, 0, -105, 9, 12)])
    ears = space.ellipsoid((78, 4, 12), (6, 14, 28), sides=True)
    return head | trunk | nose | ears


def _soft_tissue(space: Space, hu: Field, body: Mask, depth: Field) -> None:
    """Skin, a layer of fat that is thick at the shoulders and neck, muscle with fat between its bellies."""
    hu[body] = MUSCLE + 6 * space.noise(12.0)[body]
    clefts = body & (np.abs(space.noise(16.0)) < 0.16) & (space.z[:, None, None] < 25)
    hu[clefts] = FAT + 35
    layer = np.interp(space.z, [-178, -130, -100, -60, 0, 60], [11, 9, 6, 4, 3.5, 3]).astype(np.float32)[
        :, None, None
    ]
    hu[body & (depth < layer + 1.2)] = FAT
    hu[body & (depth < 1.6)] = 10
    for knots, value in (
        ([(-130, 52, 2, 13, 9), (-80, 48, -4, 12, 11), (-30, 50, 8, 8, 12), (5, 56, 14, 5, 9)], MUSCLE + 5),
        ([(-150, 22, -16, 6, 6), (-90, 27, -22, 6, 6), (-10, 30, -18, 5, 5), (15, 27, -12, 4, 4)], 95),
        ([(-150, 36, -12, 7, 6), (-90, 38, -18, 7, 6), (-10, 36, -10, 6, 6), (12, 30, -6, 4, 4)], 100),
    ):
        hu[space.tube(knots, sides=True)] = value


def _neck(space: Space, hu: Field, organs: dict[str, Mask]) -> None:
    """Hyoid, thyroid and cricoid cartilage, thyroid gland, oesophagus; the lumen is cut out later."""
    organs["Larynx"] = space.tube(
        [
            (-121, 0, -28, 12, 13),
            (-108, 0, -34, 16, 16),
            (-95, 0, -36, 17, 17),
            (-84, 0, -36, 14, 15),
            (-78, 0, -36, 11, 11),
        ]
    )
    hu[organs["Larynx"]] = MUSCLE - 5
    hu[
        space.band(
            [(0, -51), (10, -44), (18, -22)], 2.2, [(-60, -108), (-20, -108)], [(-52, -88), (-20, -84)]
        )
    ] = 230
    outer = space.tube([(-121, 0, -28, 12.5, 13.5), (-106, 0, -29, 12.5, 13.5)])
    inner = space.tube([(-121, 0, -28, 9, 10), (-106, 0, -30, 9, 11)])
    hu[outer & ~inner] = 280
    hu[
        space.band([(0, -56), (12, -52), (22, -32)], 2.8, [(-60, -79), (-30, -75)], [(-60, -71), (-30, -68)])
    ] = 550
    hu[space.ellipsoid((18, -24, -130), (8, 10, 20), sides=True)] = 120
    organs["Esophagus"] = space.tube(
        [(-240, 14, 40, 10, 8), (-178, 9, 21, 9.5, 7), (-150, 4, 5, 8.5, 6), (-121, 1, -11, 8, 5)]
    )


def _cranium(space: Space, hu: Field, organs: dict[str, Mask]) -> Mask:
    """Brain, its fluid spaces and its bony case; returns the space inside the case."""
    inside = space.tube(
        [
            (-6, 0, 0, 11, 10),
            (2, 0, 3, 15, 14),
            (8, 0, 22, 36, 33),
            (15, 0, 28, 47, 37),
            (30, 0, 33, 58, 46),
            (64, 0, 36, 64, 50),
        ]
    )
    inside |= space.ellipsoid((38, -30, 50), (26, 28, 24), sides=True)
    inside |= space.tube(
        [
            (54, 0, 14, 62, 70),
            (68, 0, -2, 66, 84),
            (80, 0, -8, 66, 89),
            (100, 0, -7, 61, 82),
            (114, 0, -6, 42, 58),
            (121, 0, -5, 12, 20),
        ]
    )
    spacing = space.grid.spacing_ijk_mm[::-1]
    reach = space.reach_mm(inside, 8.0)
    wall = (reach > 0) & (reach <= 7.5) & (space.z[:, None, None] > 1) & _not_neck(space)
    hu[wall] = BONE
    hu[(reach > 2.5) & (reach <= 5.5) & wall] = MARROW + 250
    hu[inside] = BRAIN + 3 * space.noise(6.0)[inside]
    hu[inside & (space.depth_mm(inside) < max(2.2, max(spacing) * 0.8))] = WATER + 12
    for centre, half in (((12, -12, 92), (5, 32, 7)), ((0, 19, 34), (6, 5, 10)), ((0, -20, 58), (13, 8, 5))):
        hu[space.ellipsoid(centre, half, sides=centre[0] > 0)] = WATER
    _brainstem(space, hu, organs, inside)
    petrous = space.rod([(27, -12, 34), (60, 6, 26)], 8.0, sides=True) & (space.z[:, None, None] > 10)
    hu[petrous] = BONE
    hu[space.ellipsoid((56, 8, 14), (9, 11, 16), sides=True) & (space.noise(5.0) > -0.2)] = -350
    return inside


def _brainstem(space: Space, hu: Field, organs: dict[str, Mask], inside: Mask) -> None:
    """Midbrain, pons and medulla, going over into the cord, in their cisterns."""
    stem = [
        (-4, 0, 0, 7, 6.5),
        (15, 0, -1, 9.5, 8),
        (26, 0, -2, 13, 9.5),
        (40, 0, -2, 17, 14),
        (50, 0, -1, 16, 13.5),
        (62, 0, 1, 15, 12),
    ]
    organs["Brainstem"] = space.tube(stem)
    cistern = space.tube([(z, x, y - 3, a + 3, b + 4) for z, x, y, a, b in stem])
    hu[cistern & inside] = WATER + 6
    hu[organs["Brainstem"]] = BRAIN + 2


def _not_neck(space: Space) -> Mask:
    """Where the skull's wall may be: above the sloping base, so that the pharynx does not turn to bone."""
    base = np.interp(space.y, [-100, -55, -45, -15, 60], [62, 50, 22, -2, -2])
    return np.asarray(space.z[:, None, None] > base)


def _face(space: Space, hu: Field, organs: dict[str, Mask]) -> None:
    hu[space.ellipsoid((32, -84, 50), (20, 26, 20), sides=True)] = FAT
    hu[space.ellipsoid((33, -90, 50), (12.5, 12.5, 12.5), sides=True)] = 15
    hu[space.rod([(24, -52, 52), (33, -78, 50)], 2.5, sides=True)] = 40
    for line, radius in (
        ([(50, -80, 30), (50, -78, 62)], 4.5),
        ([(50, -80, 24), (64, -52, 24), (64, -20, 26)], 3.5),
        ([(20, -98, 34), (50, -82, 30)], 4.0),
        ([(12, -104, 62), (50, -86, 66)], 5.0),
        ([(14, -60, -4), (14, -52, 22)], 3.5),
    ):
        hu[space.rod(line, radius, sides=True)] = BONE
    sinus = space.ellipsoid((31, -72, 21), (14, 18, 15), sides=True)
    hu[space.ellipsoid((31, -72, 21), (16, 20, 17), sides=True)] = BONE - 300
    hu[sinus] = AIR
    nasal = space.tube([(12, 0, -78, 15, 30), (28, 0, -76, 14, 34), (60, 0, -74, 11, 26)])
    hu[nasal] = AIR
    hu[nasal & (space.noise(7.0) > 0.5)] = 30
    hu[nasal & (np.abs(space.x) < 1.5)] = 250
    hu[space.ellipsoid((0, -34, 46), (14, 12, 11))] = AIR
    hu[space.tube([(5, 0, -76, 24, 26), (11, 0, -76, 22, 26)])] = BONE - 200
    hu[space.band(UPPER_JAW, 6, [(-100, -8), (-60, -6)], [(-100, 14), (-60, 14)])] = BONE - 250
    hu[space.band(UPPER_JAW, 4, [(-100, -20), (-60, -17)], [(-100, -7), (-60, -6)])] = TOOTH
    hu[space.ellipsoid((0, -70, -28), (23, 27, 24))] = MUSCLE + 10
    hu[space.tube([(-10, 0, -72, 20, 24), (-4, 0, -72, 20, 24)])] = AIR + 400
    hu[space.band(JAW, 4, [(-102, -36), (-50, -32)], [(-102, -22), (-50, -19)]) & (space.y < -50)] = TOOTH
    organs["Bone_Mandible"] = _mandible(space)
    depth = space.depth_mm(organs["Bone_Mandible"])
    hu[organs["Bone_Mandible"]] = BONE + 100
    hu[depth > 3.6] = MARROW


def _mandible(space: Space) -> Mask:
    """The horseshoe of the body, the rami, and their condylar and coronoid processes."""
    body = space.band(
        JAW, 5.6, [(-106, -74), (-72, -68), (-52, -56), (-28, -38)], [(-106, -35), (-52, -31), (-28, -28)]
    )
    ramus = space.band(
        [(44, -57), (52, -29)], 4.2, [(-62, -40), (-48, -48), (-26, -36)], [(-62, 4), (-26, 4)]
    )
    condyle = space.tube(
        [(2, 52, -29, 4.5, 7), (14, 53, -27, 4.5, 5), (22, 54, -25, 7.5, 5), (27, 54, -25, 6, 4)], sides=True
    )
    coronoid = space.tube([(2, 46, -55, 4.5, 8), (12, 48, -57, 4, 6), (21, 50, -59, 3, 3)], sides=True)
    return body | ramus | condyle | coronoid


def _parotids(space: Space, hu: Field, organs: dict[str, Mask], depth: Field) -> None:
    """Behind and around the rami, below the ears: some 20 mL each, a little fatty, so darker than muscle."""
    hu[
        space.tube([(-44, 53, -46, 6, 13), (-5, 57, -48, 8, 15), (15, 60, -48, 5, 12)], sides=True)
        & (hu < 300)
        & (depth > 5)
    ] = MUSCLE + 8
    gland = space.tube(
        [
            (-26, 57, -13, 6, 8),
            (-20, 58, -15, 10, 13),
            (-10, 59, -16, 13, 17),
            (0, 60, -16, 14, 18),
            (10, 61, -15, 12, 15),
            (18, 62, -13, 8, 10),
            (23, 62, -12, 5, 6),
        ],
        sides=True,
    )
    gland &= (hu < 300) & (depth > 4)
    hu[gland] = 32 + 8 * space.noise(5.0)[gland]
    hu[space.tube([(-40, 53, -15, 2.5, 2.5), (10, 56, -15, 2.5, 2.5)], sides=True) & gland] = 90
    organs["Parotid_R"] = gland & (space.x < 0)
    organs["Parotid_L"] = gland & (space.x > 0)


def _chest(space: Space, hu: Field) -> None:
    lung = space.tube(
        [(-240, 75, 20, 55, 66), (-178, 66, 20, 45, 56), (-150, 46, 20, 29, 32), (-132, 38, 24, 8, 10)],
        sides=True,
    )
    hu[lung] = LUNG + 20 * space.noise(8.0)[lung]
    for height in (-138, -160, -182, -204):
        points = [
            (14, 62, height + 18),
            (60, 82, height + 10),
            (108, 50, height - 4),
            (104, -5, height - 14),
            (60, -42, height - 20),
        ]
        hu[
            space.rod(
                [(x * min(1.0, 0.55 + (-132 - height) / 90), y, z) for x, y, z in points], 4.0, sides=True
            )
            & ~lung
        ] = BONE - 300
    for line, radius, value in (
        ([(14, -55, -168), (80, -35, -146), (140, 0, -132)], 6.0, BONE - 200),
        ([(168, 20, -150), (172, 20, -240)], 21.0, MARROW - 150),
        ([(88, 78, -135), (112, 88, -200)], 5.0, BONE - 300),
        ([(88, 70, -135), (150, 25, -138)], 6.0, BONE - 300),
    ):
        hu[space.rod(line, radius, sides=True)] = value
    hu[space.ellipsoid((168, 20, -152), (24, 24, 24), sides=True)] = MARROW - 150
    hu[space.ellipsoid((0, -52, -190), (28, 9, 24))] = MARROW
    hu[space.ellipsoid((8, -20, -196), (34, 24, 30))] = 130


def _spine(space: Space, hu: Field, organs: dict[str, Mask], cranium: Mask) -> None:
    line = np.array(CORD_LINE, dtype=np.float32)
    z = space.z[:, None, None]
    y = space.y - np.interp(space.z, line[:, 0], line[:, 1]).astype(np.float32)[:, None, None]
    x, wide = (
        space.x,
        np.interp(space.z, [-178, -130, -110, -10], [15, 14.5, 13.5, 12]).astype(np.float32)[:, None, None],
    )
    below = (z < 2) & ~cranium
    level = np.mod(z + 4, 18) / 18
    vertebra = ((x / (wide + 1)) ** 2 + ((y + 20) / 9.5) ** 2 <= 1) & below
    hu[vertebra] = MARROW - 50
    hu[vertebra & ((x / (wide - 2)) ** 2 + ((y + 20) / 7) ** 2 > 1)] = BONE - 350
    hu[vertebra & (level < 0.22) & (z < -30)] = 95
    canal = ((x / 11.5) ** 2 + (y / 8.5) ** 2 <= 1) & (z < 4) & ~cranium
    arch = ((x / (wide + 6)) ** 2 + ((y - 2) / 14.5) ** 2 <= 1) & (y > -12) & below & ~canal & (level > 0.12)
    masses = (((np.abs(x) - 20) / 9) ** 2 + ((y + 6) / 9) ** 2 <= 1) & below
    process = ((x / 3.5) ** 2 + ((y - 24) / 15) ** 2 <= 1) & below & (level > 0.25) & (level < 0.85)
    hu[arch | masses | process] = BONE - 450
    hu[(np.abs(x) < 6) & (np.abs(y + 15) < 6) & (z > -36) & (z < 6)] = BONE - 300
    hu[canal] = WATER + 10
    organs["SpinalCord"] = ((x / 7.5) ** 2 + (y / 6) ** 2 <= 1) & (z <= -3)
    hu[organs["SpinalCord"]] = BRAIN + 6


def _airway(space: Space, hu: Field, organs: dict[str, Mask]) -> None:
    """Pharynx, larynx and trachea, and a little air in the oesophagus."""
    oesophagus = organs["Esophagus"]
    hu[oesophagus] = MUSCLE - 20
    hu[oesophagus & (space.noise(9.0) > 1.9)] = -600
    lumen = space.tube(
        [
            (-240, 2, 28, 9, 9),
            (-178, 0, 4, 9, 9),
            (-150, 0, -12, 9, 9),
            (-120, 0, -28, 9, 10),
            (-108, 0, -33, 7.5, 11),
            (-101, 0, -36, 3.2, 12),
            (-96, 0, -37, 5, 12),
            (-86, 0, -36, 10, 9),
            (-78, 0, -34, 16, 8),
            (-62, 0, -38, 15, 8),
            (-45, 0, -40, 20, 8),
            (-15, 0, -39, 19, 6),
            (0, 0, -42, 16, 8),
            (15, 0, -45, 17, 13),
            (34, 0, -46, 15, 11),
        ]
    )
    hu[lumen] = AIR
    hu[space.rod([(0, -44, -86), (0, -42, -70)], 2.0)] = MUSCLE
    organs["Esophagus"] &= ~lumen


def _couch_and_mask(space: Space, hu: Field, body: Mask) -> None:
    """A carbon couch with foam inside, a head rest, and a thermoplastic mask in front of the skin."""
    y = space.grid.to_lps([[0, j, 0] for j in range(space.grid.shape_kji[1])])[:, 1]
    plate = (y >= 118) & (y <= 160)
    hu[:, plate, :] = np.where(body[:, plate, :], hu[:, plate, :], -960)
    for edge in (118, 160):
        near = np.abs(y - edge) < 2.2
        hu[:, near, :] = np.where(body[:, near, :], hu[:, near, :], -350)
    gap = space.reach_mm(body, 5.0)
    shell = (gap > 2) & (gap < 4.5) & (space.y < 20) & (space.z[:, None, None] > -140)
    hu[shell] = -120
