const READ: ReadonlySet<string> = new Set(['CT', 'MR']);

/** Whether a network draws on images of this modality when it is asked for none by name. */
export const isDrawable = (modality: string): boolean => READ.has(modality);
