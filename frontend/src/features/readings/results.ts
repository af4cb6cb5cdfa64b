/** What `models.statistics.readers.analyse` finds, as far as the page shows it. */
import type { ReaderAnalysis, ReaderIncidentKind } from '../../api/types';

type Estimate = { value: number; low: number; high: number };
type Way = 'readers-and-cases' | 'cases' | 'readers';
export type Merit = {
  figure: string;
  conditions: (Estimate & { generalise: Way; condition: string })[];
  differences: (Estimate & { generalise: Way; first: string; second: string; p: number })[];
  levels: (Estimate & { level: 'junior' | 'senior'; readers: number; first: string; second: string; p: number })[];
  level_contrasts: { of: 'condition' | 'change'; first: string; p: number | null }[];
};
export type Results = {
  config: { generalise: Way };
  study: { conditions: string[]; readers_analysed: number; cases_analysed: number; positive: number };
  readers: { reader: string; expected: number; read: number; analysed: boolean }[];
  unblinding_attempts: { reader: string; kind: ReaderIncidentKind; times: number }[];
  figures_of_merit: Merit[];
  refused: { figure: string; detail: string }[];
};

export const resultsOf = ({ results }: ReaderAnalysis): Results | null => results as Results | null;
