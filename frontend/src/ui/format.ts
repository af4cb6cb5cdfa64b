/** Numbers and times as a person reads them; the language decides the form, ISO order the dates. */
import type { Language } from '../i18n';

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-20` of a DICOM date (`20261120`) or an ISO date. */
export function formatDate(value: string | null): string {
  if (value === null || value === '') return '–';
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  return compact === null ? value.slice(0, 10) : `${compact[1]}-${compact[2]}-${compact[3]}`;
}

/** Local date and time to the minute. */
export function formatTime(value: string | null): string {
  if (value === null || value === '') return '–';
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return value;
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A time that has passed, in the largest fitting unit ("3 min ago"). */
export function formatAgo(value: string, now: number, language: Language): string {
  const seconds = Math.max(0, Math.round((now - new Date(value).getTime()) / 1000));
  const form = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  if (seconds < 60) return form.format(-seconds, 'second');
  if (seconds < 3600) return form.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86400) return form.format(-Math.floor(seconds / 3600), 'hour');
  return form.format(-Math.floor(seconds / 86400), 'day');
}

/** Seconds as `45 s`, `3 min 5 s`, `2 h 10 min`; `3分5秒` in Japanese. */
export function formatSeconds(value: number, language: Language): string {
  const [h, min, s] = language === 'ja' ? ['時間', '分', '秒'] : [' h ', ' min ', ' s'];
  const seconds = Math.round(value);
  if (seconds < 60) return `${seconds}${s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${min}${seconds % 60}${s}`;
  return `${Math.floor(seconds / 3600)}${h}${Math.floor((seconds % 3600) / 60)}${min}`.trim();
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in decimal units with three figures at most. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

/** A Dice or similar value: two or three decimals, an en dash when there is none. */
export const formatRatio = (value: number | null | undefined, digits = 3): string =>
  value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits);

/** A difference with its sign. */
export function formatSigned(value: number, digits = 3): string {
  const shown = Math.abs(value).toFixed(digits);
  if (Number(shown) === 0) return `±${shown}`;
  return `${value > 0 ? '+' : '−'}${shown}`;
}

/** `YAMADA^TARO` as `YAMADA TARO`; the ideographic group of a person name is preferred when present. */
export function formatPersonName(value: string): string {
  const groups = value.split('=');
  const chosen = groups.find((group, index) => index === 1 && group !== '') ?? groups[0] ?? '';
  return chosen.replaceAll('^', ' ').trim().replace(/\s+/g, ' ');
}
