import { cardJa } from './card.ja';
import { deidentifyJa } from './deidentify.ja';
import { analysesJa } from './analyses.ja';
import { cohortsJa } from './cohorts.ja';
import { cohortFeaturesJa } from './cohort-features.ja';
import { cohortOutcomesJa } from './cohort-outcomes.ja';
import { cohortPageJa } from './cohort-page.ja';
import { cohortResultsJa } from './cohort-results.ja';
import { compareJa } from './compare.ja';
import { detectJa } from './detect.ja';
import { deriveJa } from './derive.ja';
import { consensusJa } from './consensus.ja';
import { doseJa } from './dose.ja';
import { doseMapJa } from './dose-map.ja';
import type { en } from './en';
import { findingsJa } from './findings.ja';
import { mapJa } from './map.ja';
import { networkJa } from './network.ja';
import { organSpaceJa } from './organ-space.ja';
import { pagesJa } from './pages.ja';
import { readingPageJa } from './reading-page.ja';
import { readersJa } from './readers.ja';
import { reviewJa } from './review.ja';
import { serverJa } from './server.ja';
import { slugsJa } from './slugs.ja';
import { smartJa } from './smart.ja';
import { statisticsJa } from './statistics.ja';
import { subtypesJa } from './subtypes.ja';
import { trainingJa } from './training.ja';
import { viewerJa } from './viewer.ja';
import { webhooksJa } from './webhooks.ja';
import { worklistJa } from './worklist.ja';

/** Every phrase in Japanese. */
export const ja: Record<keyof typeof en, string> = {
  ...readersJa,
  ...readingPageJa,
  ...worklistJa,
  ...viewerJa,
  ...doseJa,
  ...doseMapJa,
  ...consensusJa,
  ...findingsJa,
  ...mapJa,
  ...reviewJa,
  ...pagesJa,
  ...smartJa,
  ...organSpaceJa,
  ...statisticsJa,
  ...subtypesJa,
  ...trainingJa,
  ...slugsJa,
  ...serverJa,
  ...webhooksJa,
  ...networkJa,
  ...cardJa,
  ...deidentifyJa,
  ...compareJa,
  ...detectJa,
  ...deriveJa,
  ...cohortsJa,
  ...cohortPageJa,
  ...cohortFeaturesJa,
  ...cohortResultsJa,
  ...cohortOutcomesJa,
  ...analysesJa,
};
