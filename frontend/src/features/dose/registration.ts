/** A registration in the words of a notice. */
import type { Registration } from '../../api/types';
import { formatDate } from '../../ui/format';

/** What a notice calls it: its label, else the end of its UID, and its date. */
export const registrationNames = ({ label, sop_instance_uid: uid, content_date: date }: Registration): { label: string; date: string } => ({
  label: label === '' ? `…${uid.slice(-8)}` : label,
  date: formatDate(date),
});
