/** Words of the smart tool in English. */
export const smartEn = {
  'viewer.tool.smart': 'Smart clicks',
  'viewer.edit.smart': 'smart clicks',
  'viewer.smart.way': 'What a drag is',
  'viewer.smart.hint': 'Left click or drag: belongs to the structure · right (or Alt): does not · Shift + drag: box to stay in',
  'viewer.smart.scribble': 'Points',
  'viewer.smart.box': 'Box',
  'viewer.smart.lasso': 'Lasso',
  'viewer.smart.keep': 'Keep',
  'viewer.smart.drop': 'Drop',
  'viewer.key.smart-keep': 'Keep what the clicks drew',
  'viewer.key.smart-drop': 'Drop what the clicks drew',
  'viewer.refused.outside': 'This is outside the image',
  'viewer.refused.not-loaded': 'The image here is still loading. Try again in a moment.',
  'viewer.refused.air': 'This is the air around the patient: nothing is grown here. Click into the structure; a lasso or the brush draws in air.',
  'viewer.refused.failed': 'The click could not be answered; the structure is as it was',
  'viewer.help.smart': 'Smart clicks: left adds, right (or Alt) takes away · drag: scribble · Shift + drag: box to stay in',
} as const;
