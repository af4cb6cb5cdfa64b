import css from './dose.module.css';

type Props = { name: string; hint: string; value: number; most?: number; said: string; onChange: (share: number) => void };

/** A slider for a share, with what it is in words. */
export function ShareSlider({ name, hint, value, most = 1, said, onChange }: Props) {
  return (
    <label className={css.option} title={hint}>
      {name}
      <input
        type="range"
        min={0}
        max={Math.round(100 * most)}
        value={Math.round(100 * value)}
        aria-label={hint}
        onChange={(event) => onChange(Number(event.target.value) / 100)}
      />
      <output>{said}</output>
    </label>
  );
}
