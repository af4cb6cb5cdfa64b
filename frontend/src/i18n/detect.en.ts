/** Suspected lesions and what readers say of them. */
export const detectEn = {
  'detect.title': 'Suspected lesions',
  'detect.search': 'Search for lesions',
  'detect.again': 'Search again',
  'detect.hint': 'A network points at places that may be metastases of the spine; you judge each one',
  'detect.running': 'Searching for lesions… {n} %',
  'detect.faint': 'Show {n} less suspicious places too',
  'detect.changed': 'The images changed while the network looked; it looks again.',
  'detect.note': '{name} v{version}: trained on drawn lesions, not on patients with metastases. What it does not ring is not thereby healthy.',
  'jobKind.detect': 'Search for lesions',
  'action.detections.detection.started': 'Search for lesions started',
  'action.detections.candidate.opened': 'Candidate opened again',
  'action.detections.candidate.accepted': 'Candidate accepted',
  'action.detections.candidate.dismissed': 'Candidate dismissed',
  'object.candidate': 'Candidate',
  'object.detection': 'Search for lesions',
  'slug.no-detector': 'No such detector is installed',
} as const;
