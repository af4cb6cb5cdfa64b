import { cardEn } from './card.en';
import { deidentifyEn } from './deidentify.en';
import { analysesEn } from './analyses.en';
import { cohortsEn } from './cohorts.en';
import { cohortFeaturesEn } from './cohort-features.en';
import { cohortOutcomesEn } from './cohort-outcomes.en';
import { cohortPageEn } from './cohort-page.en';
import { cohortResultsEn } from './cohort-results.en';
import { compareEn } from './compare.en';
import { detectEn } from './detect.en';
import { deriveEn } from './derive.en';
import { consensusEn } from './consensus.en';
import { doseEn } from './dose.en';
import { doseMapEn } from './dose-map.en';
import { findingsEn } from './findings.en';
import { mapEn } from './map.en';
import { networkEn } from './network.en';
import { organSpaceEn } from './organ-space.en';
import { pagesEn } from './pages.en';
import { readingPageEn } from './reading-page.en';
import { readersEn } from './readers.en';
import { reviewEn } from './review.en';
import { serverEn } from './server.en';
import { slugsEn } from './slugs.en';
import { smartEn } from './smart.en';
import { statisticsEn } from './statistics.en';
import { subtypesEn } from './subtypes.en';
import { trainingEn } from './training.en';
import { viewerEn } from './viewer.en';
import { webhooksEn } from './webhooks.en';
import { worklistEn } from './worklist.en';

/** Every phrase in English; other languages have the same keys. */
export const en = {
  ...readersEn,
  ...readingPageEn,
  ...worklistEn,
  ...viewerEn,
  ...doseEn,
  ...doseMapEn,
  ...consensusEn,
  ...findingsEn,
  ...mapEn,
  ...reviewEn,
  ...pagesEn,
  ...smartEn,
  ...organSpaceEn,
  ...statisticsEn,
  ...subtypesEn,
  ...trainingEn,
  ...slugsEn,
  ...serverEn,
  ...webhooksEn,
  ...networkEn,
  ...cardEn,
  ...deidentifyEn,
  ...compareEn,
  ...detectEn,
  ...deriveEn,
  ...cohortsEn,
  ...cohortPageEn,
  ...cohortFeaturesEn,
  ...cohortResultsEn,
  ...cohortOutcomesEn,
  ...analysesEn,
} as const;
