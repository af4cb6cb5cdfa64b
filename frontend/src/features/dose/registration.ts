/** A registration in the words of a notice. */
import type { Registration, StructureSet } from '../../api/types';
import type { Translate } from '../../i18n';
import { formatDate } from '../../ui/format';

type Named = Pick<Registration, 'label' | 'sop_instance_uid' | 'content_date'>;

/** What a notice calls it: its label, else the end of its UID, and its date. */
const namesOf = ({ label, sop_instance_uid: uid, content_date: date }: Named): { label: string; date: string } => ({
  label: label === '' ? `…${uid.slice(-8)}` : label,
  date: formatDate(date),
});

/** By which registrations a dose is shown, or contours were moved, and how far others are off. */
export function registrationText(registration: Registration, of: 'dose' | 'viewer' | 'derive', t: Translate): string {
  const { further, disagreement_mm: mm } = registration;
  const all = [registration, ...further].map(namesOf);
  const names = all.map((one) => t('registration.named', one)).join(' → ');
  const said = further.length > 0 ? t(`${of}.registered.chain`, { n: all.length, names }) : t(`${of}.registered`, namesOf(registration));
  return mm === null ? said : `${said} ${t('registration.disagrees', { mm })}`;
}

/** What the registrations are called, without their dates. */
export const registrationLabels = ({ further, ...first }: Registration): string => [first, ...further].map((one) => namesOf(one).label).join(' → ');

/** Names the registrations of a chain, so that what another one moves is another. */
export const registrationKey = (registration: Registration): string =>
  [registration, ...registration.further].map((one) => one.sop_instance_uid).join(' ');

/** What a person should know of a moved set where the registrations that are here now say something else. */
export function standingText(standing: StructureSet['registration_standing'], t: Translate): string {
  if (standing === null || standing.state === 'current') return '';
  const { state, by } = standing;
  if (by === null) return t(`viewer.registered.${state}`);
  const names = [by, ...by.further].map((one) => t('registration.named', namesOf(one))).join(' → ');
  return `${t(`viewer.registered.${state}`)} ${t('viewer.registered.now', { names })}`;
}
