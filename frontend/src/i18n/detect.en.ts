/** Suspected lesions and what readers say of them. */
export const detectEn = {
  'jobKind.detect': 'Search for lesions',
  'action.detections.detection.started': 'Search for lesions started',
  'action.detections.candidate.opened': 'Candidate opened again',
  'action.detections.candidate.accepted': 'Candidate accepted',
  'action.detections.candidate.dismissed': 'Candidate dismissed',
  'object.candidate': 'Candidate',
  'object.detection': 'Search for lesions',
  'slug.no-detector': 'No such detector is installed',
} as const;
