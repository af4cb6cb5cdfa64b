/** What a reader study refuses, in English. */
export const readersEn = {
  'slug.reading-refused': 'A reading contradicts the study or another reading',
  'slug.too-few-readers': 'Too few readers have read what is compared',
  'slug.nothing-called': 'A reader called nothing positive, so that a share of the calls has no value',
  'slug.no-variation': 'The readings do not vary, so that there is nothing to compare with',
} as const;
