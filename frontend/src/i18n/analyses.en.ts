/** What the server says of analyses: slugs, acts, jobs and their stages; in English. */
export const analysesEn = {
  'jobKind.analyse': 'Analysis',
  'object.analysis': 'Analysis',
  'action.analyses.analysis.started': 'Analysis started',
  'action.analyses.analysis.deleted': 'Analysis deleted',
  'slug.analysis-not-done': 'The analysis is not done, or it failed',
  'slug.analysis-under-way': 'The analysis waits or runs: cancel it first',
  'slug.nothing-to-predict': 'The analysis tells no patients apart, so it predicts nothing',
  'slug.patient-learnt-from': 'The analysis has learnt from this patient: it cannot predict him',
  'jobKind.predict': 'Prediction',
  'object.prediction': 'Prediction',
  'action.analyses.prediction.started': 'Prediction started',
  'slug.wrong-value': 'A value does not suit its column',
  'slug.wrong-endpoint': 'The endpoint is of another kind than the analysis needs',
  'slug.same-person': 'The same person seems to be in the cohort under several patient IDs',
  'slug.filter-uses-outcome': 'The filter chooses patients by what happened to them',
  'slug.split-later': 'The split was fixed later: the analysis has learnt from patients who test now',
} as const;
