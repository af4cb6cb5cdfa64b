import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type PointerEvent } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Member, StudyRow, Warning } from '../../api/types';
import { useLanguage, useT } from '../../i18n';
import { problemText, slugText } from '../../i18n/problems';
import { classes, IconButton } from '../../ui/controls';
import { Badge, Progress } from '../../ui/feedback';
import { formatAgo, formatDate, formatPersonName, formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { notify } from '../../ui/toast';
import { AiCell } from './ai-cell';
import { GainCell } from './gain-cell';
import { COLUMNS, modalitiesText } from './filters';
import { StateBadge } from './study-badges';
import css from './worklist.module.css';

export type RowAbilities = { members: readonly Member[]; edit: boolean; draw: boolean; remove: boolean };

function Assignee({ study, abilities }: { study: StudyRow; abilities: RowAbilities }) {
  const t = useT();
  const client = useQueryClient();
  const assign = useMutation({
    mutationFn: (assignee_id: string | null) => api.patch(`/studies/${study.id}`, { assignee_id }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allStudies }),
    onError: (error) => notify(problemText(error, t), true),
  });
  const known = abilities.members.map((member) => member.user);
  const present = study.assignee;
  const people = present === null || known.some(({ id }) => id === present.id) ? known : [present, ...known];
  return (
    <select
      className={css.assignee}
      aria-label={t('worklist.assignee')}
      value={present?.id ?? ''}
      disabled={!abilities.edit || assign.isPending}
      onClick={(event) => event.stopPropagation()}
      onChange={(event) => assign.mutate(event.target.value === '' ? null : event.target.value)}
    >
      <option value="">–</option>
      {people.map((user) => (
        <option key={user.id} value={user.id}>
          {user.display_name}
        </option>
      ))}
    </select>
  );
}

type WarningsProps = { warnings: readonly Warning[]; open: boolean; onToggle: () => void };

function WarningsButton({ warnings, open, onToggle }: WarningsProps) {
  const t = useT();
  if (warnings.length === 0) return <span className={css.muted}>–</span>;
  const refused = warnings.some(({ severity }) => severity === 'refusal');
  return (
    <button
      type="button"
      className={classes(css.warning, refused && css.refusal)}
      aria-expanded={open}
      aria-label={t('worklist.warnings', { n: warnings.length })}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <Icon name="alert" size={13} />
      {warnings.length}
    </button>
  );
}

function WarningDetails({ warnings }: { warnings: readonly Warning[] }) {
  const t = useT();
  return (
    <tr className={css.details}>
      <td colSpan={COLUMNS.length + 1}>
        <ul>
          {warnings.map((warning, index) => (
            <li key={index}>
              <Badge tone={warning.severity === 'refusal' ? 'bad' : 'warn'}>{t(`severity.${warning.severity}`)}</Badge>
              <span>{slugText(warning, t)}</span>
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

function Structures({ study }: { study: StudyRow }) {
  const t = useT();
  const { total, approved } = study.structures;
  if (total === 0) return <span className={css.muted}>–</span>;
  return (
    <span className={css.structures}>
      <span>
        {approved} / {total}
      </span>
      <Progress value={approved / total} label={t('worklist.approvedShare')} tone="good" />
    </span>
  );
}

/** Whether a press is the beginning of a click that opens the study: a finger may be about to scroll. */
const opens = ({ button, pointerType, target }: PointerEvent): boolean =>
  button === 0 && pointerType === 'mouse' && target instanceof Element && target.closest('button, select') === null;

export type RowProps = {
  study: StudyRow;
  selected: boolean;
  now: number;
  abilities: RowAbilities;
  onSelect: () => void;
  /** The mouse was pressed where a click opens the study. */
  onApproach: () => void;
  onOpen: () => void;
  onDelete: () => void;
};

export function WorklistRow({ study, selected, now, abilities, onSelect, onApproach, onOpen, onDelete }: RowProps) {
  const t = useT();
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const name = formatPersonName(study.patient_name) || t('worklist.noName');
  return (
    <>
      <tr
        className={css.row}
        id={`study-${study.id}`}
        tabIndex={selected ? 0 : -1}
        aria-selected={selected}
        onClick={onOpen}
        onPointerDown={(event) => opens(event) && onApproach()}
        onFocus={onSelect}
      >
        <td title={name}>
          <Link className={css.name} to={`/studies/${study.id}`} tabIndex={-1} onClick={(e) => e.stopPropagation()}>
            {name}
          </Link>
        </td>
        <td>{study.patient_id || <span className={css.muted}>{t('worklist.noId')}</span>}</td>
        <td>{formatDate(study.study_date)}</td>
        <td className={css.description} title={study.description}>
          {study.description || '–'}
        </td>
        <td className={css.modality} title={study.modalities.join(', ')}>
          {modalitiesText(study.modalities)}
        </td>
        <td>
          <StateBadge study={study} />
        </td>
        <td>
          <AiCell study={study} mayDraw={abilities.draw} />
        </td>
        <td>
          <GainCell study={study} />
        </td>
        <td>
          <Structures study={study} />
        </td>
        <td>
          <WarningsButton warnings={study.warnings} open={open} onToggle={() => setOpen(!open)} />
        </td>
        <td>
          <Assignee study={study} abilities={abilities} />
        </td>
        <td className={css.muted} title={formatTime(study.updated_at)}>
          {formatAgo(study.updated_at, now, language)}
        </td>
        <td className={css.end}>
          {abilities.remove && (
            <IconButton
              small
              name={t('worklist.delete', { name })}
              onClick={(event) => {
                event.stopPropagation();
                onDelete();
              }}
            >
              <Icon name="trash" />
            </IconButton>
          )}
        </td>
      </tr>
      {open && <WarningDetails warnings={study.warnings} />}
    </>
  );
}
