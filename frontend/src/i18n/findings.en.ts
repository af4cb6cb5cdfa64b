/** Words of lists of point findings in English. */
export const findingsEn = {
  'findings.keys': 'Candidates and marks in the list',
  'findings.none': 'Nothing to look at',
  'findings.judged': '{n} of {count} judged',
  'findings.previous': 'Previous',
  'findings.next': 'Next',
  'findings.accept': 'Accept',
  'findings.dismiss': 'Dismiss',
  'findings.state.open': 'not judged',
  'findings.state.accepted': 'accepted',
  'findings.state.dismissed': 'dismissed',
} as const;
