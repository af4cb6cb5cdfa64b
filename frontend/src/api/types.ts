/** Shapes of the REST interface, named as the page uses them; the server's OpenAPI is the truth. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Page<T> = { items: T[]; next_cursor?: string | null };

export type User = Schemas['UserOut'];
export type Membership = Schemas['ProjectBrief'];
export type Role = Membership['role'];
export type Me = Schemas['Me'];
export type SessionStatus = Schemas['SessionStatus'];
export type Token = Schemas['TokenOut'];
export type NewToken = Schemas['NewToken'];
export type Webhook = Schemas['WebhookOut'];
export type DicomTitle = Schemas['TitleOut'];
export type DicomCaller = Schemas['Caller'];
export type DicomPeer = Schemas['PeerOut'];
export type DicomDelivery = Schemas['DicomDeliveryOut'];
export type NewWebhook = Schemas['NewWebhook'];
export type Delivery = Schemas['WebhookDeliveryOut'];

export type Rule = Schemas['Rule'];
export type Project = Schemas['ProjectOut'];
export type Deidentification = Schemas['DeidentificationOut'];
export type DeidentificationOption = Deidentification['options'][number];
export type Quarantined = Schemas['QuarantinedOut'];
export type Candidate = Schemas['Candidate'];
export type Member = Schemas['MemberOut'];
export type TemplateStructure = Schemas['TemplateStructure'];
export type Template = Schemas['Template'];

export type Warning = Schemas['WarningOut'];
export type StudyState = Schemas['StudyState'];
export type AiState = Schemas['AiState'];
export type StudyRow = Schemas['StudyRow'];
export type Grid = {
  shape_kji: [number, number, number];
  spacing_ijk_mm: [number, number, number];
  origin_lps_mm: [number, number, number];
  direction: [[number, number, number], [number, number, number], [number, number, number]];
};
export type Volume = Omit<Schemas['VolumeOut'], 'grid'> & { grid: Grid };
export type Series = Omit<Schemas['SeriesOut'], 'volume'> & { volume: Volume | null };
export type StructureSetRow = Schemas['StructureSetRow'];
export type Registration = Schemas['RegistrationOut'];
export type StudyMap = Omit<Schemas['StudyMap'], 'grid' | 'range'> & { grid: Grid; range: [number, number] };
/** The mean organ of a dose-outcome map. */
export type MapTemplate = Omit<Schemas['TemplateOut'], 'grid'> & { grid: Grid };
export type RegisteredDose = Omit<Schemas['RegisteredDose'], 'volume'> & { volume: Volume };
export type StudyDetail = Omit<Schemas['StudyDetail'], 'series' | 'registered_doses'> & {
  series: Series[];
  registered_doses: RegisteredDose[];
};

export type FileOutcome = Schemas['FileOutcome'];
export type ImportSummary = Schemas['ImportSummary'];

export type Consensus = Schemas['ConsensusOut'];
export type ConsensusResults = Schemas['ConsensusResults'];

export type Revision = Schemas['RevisionOut'];
export type Structure = Schemas['StructureOut'];
export type Derivation = Schemas['DerivationOut'];
export type DerivedFrom = Schemas['DerivedFrom'];
export type Expression = Schemas['Expression'];
export type DerivationPreview = Schemas['PreviewOut'];
export type Draft = Schemas['DraftOut'];
export type NameMeaning = Schemas['NameOut'];
export type SetDraft = Schemas['SetDraftOut'];
export type Review = Schemas['ReviewOut'];
export type StructureSet = Schemas['StructureSetOut'];

export type PlannedDose = Schemas['DoseOut'];
export type TreatmentPlan = Schemas['PlanOut'];
export type Protocol = Schemas['Protocol'];
export type Objective = Schemas['Objective'];

export type Job = Schemas['JobOut'];
export type JobState = Schemas['JobState'];
export type LogLine = Schemas['LogLine'];

export type NetworkVersion = Schemas['NetworkVersionOut'];
export type VersionComparison = Schemas['VersionComparisonOut'];
export type MeanFigure = Schemas['MeanOut'];
export type Network = Schemas['NetworkOut'];
export type Snapshot = Schemas['SnapshotOut'];
export type SnapshotCase = Schemas['SnapshotCase'];
export type CurvePoint = Schemas['CurvePoint'];
export type EvaluationRow = Schemas['EvaluationRow'];
export type Verdict = EvaluationRow['verdict'];
export type Run = Omit<Schemas['RunOut'], 'state'> & { state: JobState };
export type ComparisonPreset = Schemas['Preset'];
export type ArchitectureComparison = Omit<Schemas['ComparisonOut'], 'state'> & { state: JobState };
export type ComparisonDetail = Omit<Schemas['ComparisonDetail'], 'state'> & { state: JobState };
export type ComparisonResults = Schemas['ResultsOut'];
export type EntryResult = Schemas['EntryResult'];
export type Interval = Schemas['Interval'];
export type Deployment = Schemas['DeploymentOut'];
export type EffortRow = Schemas['EffortRow'];
export type DriftChart = Schemas['DriftChart'];

export type AuditEntry = Schemas['AuditOut'];

export type ExportProfile = Schemas['ProfileOut'];
export type ExportReport = Schemas['ExportReport'];

export type Detection = Schemas['DetectionOut'];
export type LesionCandidate = Schemas['CandidateOut'];
export type ReaderStudy = Schemas['ReaderStudyOut'];
export type ReaderDesign = Schemas['DesignOut'];
export type ReaderAnalysis = Schemas['ReaderAnalysisOut'];
export type ReaderIncidentKind = Schemas['IncidentOut']['kind'];
export type Reading = Schemas['ReadingOut'];
export type MyReadings = Schemas['MyReadings'];

export type Cohort = Schemas['CohortOut'];
export type CohortCondition = Schemas['Condition'];
export type CohortPatient = Schemas['CohortPatientOut'];
export type DictionaryEntry = Schemas['DictionaryColumn'];
export type TablePreview = Schemas['TableOut'];
export type TableIssue = Schemas['Issue'];
export type RadiomicsPreset = Schemas['PresetOut'];
export type FeatureSet = Schemas['FeatureSetOut'];
export type FeatureSetDetail = Schemas['FeatureSetDetail'];
export type FeatureSummary = Schemas['FeatureOut'];
export type FeaturePatient = Schemas['FeaturePatient'];
export type Analysis = Schemas['AnalysisOut'];
export type AnalysisDetail = Schemas['AnalysisDetail'];
export type Prediction = Schemas['PredictionOut'];
export type ModelInput = Schemas['ModelInput'];
export type OutcomeMap = Schemas['MapOut'];
