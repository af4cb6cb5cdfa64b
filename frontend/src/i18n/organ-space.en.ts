/** What the common space of an organ refuses, in English. */
export const organSpaceEn = {
  'slug.bad-organ-space': 'The organs cannot be brought to a common space',
  'slug.empty-surface': 'The structure is empty, or too small to have a surface',
  'slug.disconnected-surface': 'The structure is in several parts',
  'slug.opposite-sides': 'There are organs of both sides; say to which side the others are mirrored',
  'slug.folded-warp': 'The warp to the patient folds over itself',
  'slug.poor-overlap': 'The warped organs do not overlap well enough',
  'slug.dose-unknown': 'There is no dose, or it does not reach all of the organ',
  'slug.too-few-organs': 'There are too few organs for a common space',
  'slug.no-template': 'Only a dose-outcome map has a mean organ',
  'slug.bad-points': 'The points are not a surface',
} as const;
