/** Shapes of the REST interface (docs/contracts.md). The server's OpenAPI is the truth. */

export type Page<T> = { items: T[]; next_cursor: string | null };

export type Role = 'administrator' | 'clinician' | 'annotator' | 'reviewer' | 'reader';
export type User = {
  id: string;
  username: string;
  display_name: string;
  is_administrator: boolean;
  active: boolean;
  created_at: string;
};
export type Membership = { id: string; name: string; slug: string; role: Role };
export type Me = { user: User; projects: Membership[]; version: string };
export type Token = {
  id: string;
  name: string;
  token?: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
};

export type Rule = { modality: string; region: string; network: string; enabled: boolean };
export type Project = {
  id: string;
  slug: string;
  name: string;
  is_default: boolean;
  allow_nifti: boolean;
  rules: Rule[];
  role: Role;
  created_at: string;
};
export type Member = { user: User; role: Role };
export type TemplateStructure = { name: string; colour: string; required: boolean; kind: string };
export type Template = { structures: TemplateStructure[] };

export type Warning = { slug: string; detail: string; severity: 'warning' | 'refusal' };
export type StudyState = 'new' | 'drafted' | 'submitted' | 'returned' | 'approved';
export type AiState = 'none' | 'queued' | 'running' | 'ready' | 'failed';
export type StudyRow = {
  id: string;
  study_instance_uid: string;
  patient_id: string;
  patient_name: string;
  project_id: string;
  birth_date: string;
  sex: string;
  study_date: string;
  description: string;
  modalities: string[];
  series_count: number;
  instance_count: number;
  state: StudyState;
  assignee: User | null;
  ai: AiState;
  structures: { total: number; approved: number; submitted: number; returned: number };
  warnings: Warning[];
  imported_at: string;
  updated_at: string;
};
export type Grid = {
  shape_kji: [number, number, number];
  spacing_ijk_mm: [number, number, number];
  origin_lps_mm: [number, number, number];
  direction: [[number, number, number], [number, number, number], [number, number, number]];
};
export type Volume = {
  grid: Grid;
  dtype: 'int16' | 'float32';
  unit: 'HU' | 'Gy' | 'SUV' | '';
  slope: number;
  window: { low: number; high: number };
  frame_of_reference_uid: string;
  sop_instance_uids: string[] | null;
  digest: string;
};
export type Series = {
  id: string;
  series_instance_uid: string;
  modality: string;
  description: string;
  number: number | null;
  instance_count: number;
  warnings: Warning[];
  volume: Volume | null;
  derived: boolean;
};
export type StructureSetRow = {
  id: string;
  series_id: string;
  label: string;
  origin: 'ai' | 'import' | 'manual';
  structures: { total: number; approved: number; submitted: number; returned: number };
  created_at: string;
};
export type StudyDetail = StudyRow & { series: Series[]; structure_sets: StructureSetRow[] };

export type FileOutcome = {
  name: string;
  outcome: 'stored' | 'duplicate' | 'refused';
  slug: string | null;
  detail: string | null;
  sop_instance_uid: string | null;
};
export type ImportSummary = { studies: string[]; stored: number; duplicate: number; refused: number };

export type Revision = {
  number: number;
  author: User | null;
  network_version: { id: string; name: string; version: number } | null;
  created_at: string;
  reason: string;
  tool: string;
  volume_cc: number;
  slices: number;
  changed_voxels: number;
  sha256: string;
  parent: number;
  seconds: number;
};
export type Structure = {
  id: string;
  name: string;
  original_name: string;
  colour: string;
  kind: string;
  number: number;
  head: Revision | null;
  state: 'draft' | 'submitted' | 'approved' | 'returned';
  assessment: 'none' | 'accepted' | 'corrected' | 'rejected';
  plausibility: Warning[];
};
export type StructureSet = {
  id: string;
  study_id: string;
  series_id: string;
  label: string;
  origin: 'ai' | 'import' | 'manual';
  structures: Structure[];
  created_at: string;
};

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type Job = {
  id: string;
  kind: string;
  state: JobState;
  queue: string;
  progress: number;
  message: string;
  project_id: string | null;
  study_id: string | null;
  attempt: number;
  cancel_requested: boolean;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: { slug: string; detail: string } | null;
  result: unknown;
};

export type NetworkVersion = {
  id: string;
  name: string;
  version: number;
  title: string;
  origin: 'shipped' | 'trained';
  structures: string[];
  card_markdown: string;
  sha256: string;
  metrics: Record<string, unknown>;
  run_id: string | null;
  created_at: string;
};
export type Network = { name: string; title: string; versions: NetworkVersion[] };
export type Snapshot = {
  id: string;
  name: string;
  hash: string;
  cases: { train: number; validation: number; test: number };
  structures: string[];
  created_at: string;
};
export type CurvePoint = { iteration: number; loss: number; dice: Record<string, number> | null };
export type Verdict = 'better' | 'same' | 'worse';
export type EvaluationRow = {
  structure: string;
  n: number;
  base_dice: number;
  new_dice: number;
  difference: number;
  ci_low: number;
  ci_high: number;
  base_sdsc: number | null;
  new_sdsc: number | null;
  verdict: Verdict;
};
export type Run = {
  id: string;
  state: JobState;
  job: Job;
  snapshot: Snapshot;
  base_version: NetworkVersion;
  version: NetworkVersion | null;
  curves: CurvePoint[];
  evaluation: EvaluationRow[] | null;
  config: Record<string, unknown>;
  created_at: string;
};
export type Deployment = {
  network: string;
  version: NetworkVersion;
  promoted_by: string | null;
  promoted_at: string;
  active: boolean;
};
export type EffortRow = {
  network_version: string;
  structure: string;
  n: number;
  added_path_length_mm: number;
  surface_dice: number;
  seconds: number;
  slices: number;
  dice: number;
};
export type LogLine = { at: string; attempt: number; line: string };
export type AuditEntry = {
  number: number;
  at: string;
  actor_id: string | null;
  action: string;
  object_type: string;
  object_id: string | null;
  project_id: string | null;
  request_id: string | null;
  changes: Record<string, unknown>;
  hash: string;
};
