/** What an analysis of a cohort refuses, in English. */
export const statisticsEn = {
  'slug.bad-analysis': 'This analysis cannot be done on this cohort',
  'slug.bad-analysis-config': 'The analysis is not set up in a way that can be answered',
  'slug.unknown-column': 'The cohort has no such column or endpoint',
  'slug.too-few-events': 'There are too few events',
  'slug.too-few-patients': 'There are too few patients',
  'slug.one-class': 'All patients have the same outcome',
  'slug.missing-values': 'Values are missing',
  'slug.constant-column': 'A column has the same value in every patient',
  'slug.collinear-columns': 'Columns say the same and cannot be told apart',
  'slug.separation': 'A column tells the events apart without a miss, so that its effect has no finite estimate',
  'slug.fit-not-converged': 'The fit found no end',
  'slug.no-icc': 'How far the feature can be repeated is not known',
  'slug.low-icc': 'The feature cannot be repeated well enough',
  'slug.other-outcome-model': 'The stored model does not fit these columns',
} as const;
