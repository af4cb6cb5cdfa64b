/**
 * The fixed texts of model cards in English, as `models/registry/card.py`, the training worker and the shipped cards
 * write them, line by line: a page in another language recognises them by these phrases.
 */
export const cardEn = {
  'card.title.head-neck-oar': '# Head-and-neck organs at risk on CT, version {version}',
  'card.title': '# {title}, version {version}',
  'card.notClinical': '**Not for clinical use.** Every contour is a proposal that a qualified person checks and corrects.',
  'card.title.head-mr': '# Head on MRI of any contrast, version {version}',
  'card.sided': 'Told right from left by the mid-plane of the head: {names}.',
  'card.placed': '**Placed by an anatomical rule, not seen in the image: {names}.**',
  'card.draws': '## What it draws',
  'card.structures': '{names} (TG-263).',
  'card.data': '## Data',
  'card.data.openkbp':
    'OpenKBP Grand Challenge (Babier et al., Medical Physics 2021; MIT licence): planning CT of head-and-neck cancer with the contours used in clinic, 128×128×128 voxels of about 3.9×3.9×2.5 mm. A structure that was not contoured in a patient is unknown there and left out of loss and figures, and so are eight training contours that cover only a small part of their organ.',
  'card.data.approved': 'Approved revisions of this project, snapshot “{name}”, SHA-256 `{hash}`.',
  'card.split.openkbp':
    "Trained on pt_1 to pt_200 (169 patients with a CT). Thresholds were chosen, and all figures below measured, on pt_201 to pt_240 (33 patients with a CT): the figures are slightly flattered by seven chosen thresholds; weights never saw them. The challenge's test patients were not available to us. Training: some 20,000 iterations of two patches in two runs on two shared CPU cores, the first of them on scans of which the body finder of that day had blanked pieces.",
  'card.split.unwatched':
    '{train} scans trained, none was watched during training, the figures are of {test} locked test scans whose patients never trained a network here.',
  'card.split':
    '{train} scans trained, {validation} were watched during training, the figures are of {test} locked test scans whose patients never trained a network here.',
  'card.figures': '## Figures',
  'card.dice': "Mean Dice over structures: **{dice}**. On each scan's own grid; mean ± standard deviation (median, quartiles).",
  'card.robustness': 'Simulated couch, mask, dental metal (moderate), smaller field of view, slices of 1 to 6 mm and noise cost less than .01 of mean Dice each on nine validation patients (`docs/robustness.md`), but single organs more: the cord of a scan in pieces on the couch .2, a jaw cut by the circle .4, without a warning. Real dental artefact was not tried. A contour that the network itself expects to be poor (Dice below .8) is flagged.',
  'card.worst': '## Worst cases',
  'card.limits': '## Limits',
  'card.limits.openkbp':
    'One cohort, one region, contours of about 4 mm pixels: thin organs (oesophagus, cord) cannot be better than that. The oesophagus is contoured over different lengths in different patients. Elsewhere (whole-body CT, children, after laryngectomy or mandibulectomy, strong dental artefact) performance is unknown; the plausibility check flags missing organs, several parts, exchanged sides, volumes outside the training range and organs cut off by the scan. Validation data at fault, kept in all figures: pt_221 (contours not on the CT), pt_203 (CT in pieces), pt_215 and pt_216 (a far larger region named cord).',
  'card.limits.rehearsed':
    'Fine-tuned on few patients of one project. Structures without a correction were rehearsed on the version before; they may have changed all the same: see the comparison with the version before, structure by structure, in the run.',
  'card.limits.unrehearsed':
    'Fine-tuned on few patients of one project. Structures without a correction were not rehearsed; they may have changed all the same: see the comparison with the version before, structure by structure, in the run.',
  'card.recipe': '## How it predicts',
  'card.foreign.names': '## Names it came with',
  'card.foreign.origin': '## Origin',
  'card.foreign.from': 'Imported: {kind}, “{name}”, SHA-256 `{hash}`.',
  'card.foreign.unknown': 'Unknown: not measured here.',
  'card.recipe.text':
    '{network}, {mm} mm cubes in LPS, {low} to {high} HU, windows of {patch} voxels, mean with the mirrored picture, largest part kept, threshold per structure: {thresholds}.',
  'card.data.heads':
    "Sixteen label maps of whole heads (SynthSeg's training maps, Billot et al., Medical Image Analysis 2023; Apache-2.0). No real MRI was learnt from: every training picture was drawn from a map with random contrast (half of them like T1, most of those after contrast medium), shape, slice thickness up to 7.5 mm, coil field, noise, field of view and enhancing lesions.",
  'card.split.heads':
    'Maps 1 to 13 trained and gave the thresholds. The figures are of maps 14 to 16, never seen, each drawn once as {scans}: hard on purpose, and not real MRI. What a scan does not show (eyes under a stripped skull) is not counted on it. {history}',
  'card.limits.heads':
    'Measured on drawn scans of three people only. Eyes and optic nerves are told apart by the mid-plane. **Lenses and pituitary are placed by an anatomical rule, not seen**: a lens at the front of its globe, the pituitary 11 mm below the chiasm; they have no figures. Intracranial ends at the lowest slice of the brainstem. Large tumours, resection cavities, children and metal are untested. Names unknown to TG-263 (Intracranial, WhiteMatter, GreyMatter, CSF) are plain words.',
  'card.limits.headsLesions':
    '{lesions}Measured on drawn scans of three people only. Eyes and optic nerves are told apart by the mid-plane. **Lenses and pituitary are placed by an anatomical rule, not seen**: a lens at the front of its globe, the pituitary 11 mm below the chiasm; they have no figures. Intracranial ends at the lowest slice of the brainstem. Large tumours, resection cavities, children and metal are untested. Names unknown to TG-263 (Intracranial, WhiteMatter, GreyMatter, CSF) are plain words.',
  'card.recipe.mr':
    '{network}, {mm} mm cubes in LPS, MR divided by the {share} quantile of its foreground, windows of {patch} voxels, mean with the mirrored picture, largest part kept, threshold per structure: {thresholds}.',
  'card.closer':
    'A second network, {network}, looks at {names} on cubes of {mm} mm in a box around the globes that the first one found, and draws them.',
  'card.easy':
    'The scans of the table hide much of the nerves: thick slices, and orbits in which muscle is as bright as the nerve. On easy scans of the same heads ({scans}, orbits full of fat as in life) the mean Dice is {figures}.',
  'card.cell.structure': 'structure',
  'card.cell.own': 'its own name',
  'card.cell.n': 'n',
  'card.cell.dice': 'Dice',
  'card.cell.surface': 'surface Dice at 3 mm',
  'card.cell.hd95': 'HD95 (mm)',
  'card.cell.missed': 'missed',
  'card.cell.case': 'case',
  'card.cell.plausibility': 'plausibility check',
  'card.cell.nothing': 'nothing drawn',
  'card.cell.flagged': 'flagged',
  'card.cell.unflagged': 'not flagged',
  'card.outcome.title': '# Network of outcome: {name}',
  'card.outcome.notClinical': '**Not for clinical use.** It was made for research on one cohort and has been shown no other.',
  'card.outcome.reads': '## What it reads',
  'card.outcome.data': '{train} patients to learn from, {events} with the event; {test} set aside once; {out} left out.',
  'card.outcome.figures': 'Each patient was predicted by networks that had not seen that patient ({folds} folds of {members} networks). Intervals are of 95 % and tell the chance of sampling patients, not that of another training.',
  'card.outcome.paired': 'Paired on the same patients: {tests}',
  'card.outcome.limits': 'The figures are of networks that learnt in folds, not of the final ones, which learnt from all the patients to learn from. Nothing is known of other hospitals, scanners or treatments; a patient far from the training cohort is flagged. A map shows what spoke for the event in the network, not a cause.',
  'card.outcome.seen.image.shown': '{modality}, image; region: {region}; {size} voxels of {spacing} mm a side, what lies outside the region shown. {kind} network.',
  'card.outcome.seen.image.blanked': '{modality}, image; region: {region}; {size} voxels of {spacing} mm a side, what lies outside the region blanked. {kind} network.',
  'card.outcome.seen.dose.shown': '{modality}, image and dose; region: {region}; {size} voxels of {spacing} mm a side, what lies outside the region shown. {kind} network.',
  'card.outcome.seen.dose.blanked': '{modality}, image and dose; region: {region}; {size} voxels of {spacing} mm a side, what lies outside the region blanked. {kind} network.',
  'card.cell.model': 'model',
  'card.cell.network': 'network',
  'card.cell.clinical': 'clinical variables',
  'card.cell.features': 'features',
  'card.cell.combined': 'network with clinical variables',
  'card.cell.concordance': 'concordance',
  'card.cell.sensitivity': 'sensitivity',
  'card.cell.specificity': 'specificity',
  'card.cell.accuracy': 'accuracy',
  'card.cell.brier': 'Brier score',
} as const;
