/** Words of assessment and review in English. */
export const reviewEn = {
  'review.own.drew': 'You drew part of this.',
  'review.own.accepted': 'You accepted this AI contour.',
  'review.own.submitted': 'You submitted this.',
  'review.own.why':
    'A colleague with an account of their own has to approve it. Whoever works alone needs a second person: an administrator adds accounts under Users.',
  'review.absent': 'empty: declared absent',
  'review.unknown': 'Unknown: nothing drawn, left out of review, datasets and exports',
  'review.left-out': 'Left out, because nothing is known of them (rejected or not found): {names}',
  'review.declare': 'Not in this scan',
  'review.declare.hint': 'Declare that this structure does not exist in the scan',
  'review.declare.sure':
    'Declare that {name} does not exist in this scan? The empty contour then goes through review and trains the AI as the truth. If the AI merely failed, draw the structure or leave it rejected.',
  'review.declared': '{name} declared absent',
  'review.reject.sure':
    'Reject the AI contour of {name}? It is taken away (the history keeps it) and the structure counts as unknown until someone draws it: it is not submitted, exported or trained with.',
  'review.withdraw': '{name} is approved by {who} ({when}); saving withdraws the approval.',
  'review.withdraw.title': 'Withdraw the approval?',
  'review.withdraw.action': 'Save and withdraw',
  'review.withdrawn': 'withdrawn by {who} with revision {n}',
  'review.approve.one': 'Approve this structure',
  'review.return.one': 'Return this structure with a comment',
  'review.approved': '{name} approved',
  'review.approved.by': 'Approved by {who}, {when}',
  'review.nothing': 'This structure does not wait for your review',
  'review.state': 'Review: {state}',
  'review.assessment': 'AI contour: {assessment}',
  'review.legend': 'Signs in the list',
  'review.legend.state': 'Box, state of review: empty draft · ? submitted · ✓ approved · ↩ returned',
  'review.legend.assessment': 'Bare sign, the AI contour: ✓ accepted · ✎ corrected · ✕ rejected · triangle: doubtful · dot: unsaved',
} as const;
