/** Why patients are not put into subtypes, in English. */
export const subtypesEn = {
  'slug.no-features-left': 'The filters leave too few features',
  'slug.feature-not-number': 'A feature is not a number',
  'slug.scaling-group': 'Features cannot be scaled within this group',
  'slug.no-subtypes': 'There are no significant clusters',
  'slug.no-shared-patients': 'The two tables have no patient in common',
} as const;
