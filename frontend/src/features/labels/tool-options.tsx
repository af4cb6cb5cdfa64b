import { useT } from '../../i18n';
import { Button, Checkbox, Select, classes } from '../../ui/controls';
import { BRUSH_LIMITS_MM, BRUSH_TOOLS, SMART_WAYS } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import type { Operation, PageActions } from './actions';
import { keyOf } from './keymap';
import { presetsFor } from './presets';
import { ToolIcon } from './tool-icons';
import css from './viewer.module.css';
import { useWorkspace } from './workspace';

const PLAIN: readonly Operation[] = ['interpolate', 'fill-holes', 'remove-islands'];
const BY_MM: readonly Operation[] = ['smooth', 'grow', 'shrink'];
const MARGIN_MM = { low: 0.5, high: 50 };

function BrushOptions() {
  const t = useT();
  const { scene } = useWorkspace();
  const tool = useScene(scene, (state) => state.tool);
  const size = useScene(scene, (state) => state.brushMm);
  const ball = useScene(scene, (state) => state.ball);
  const range = useScene(scene, (state) => state.threshold);
  if (!BRUSH_TOOLS.has(tool)) return null;
  return (
    <>
      <label className={css.option} title={`${keyOf('brush.smaller')} ${keyOf('brush.larger')}`}>
        {t('viewer.size')}
        <input
          type="range"
          min={BRUSH_LIMITS_MM.low}
          max={60}
          value={size}
          aria-label={t('viewer.size')}
          onChange={(event) => scene.set({ brushMm: Number(event.target.value) })}
        />
        <output>{size} mm</output>
      </label>
      <span title={`${t('viewer.ball.hint')} (${keyOf('brush.ball')})`}>
        <Checkbox label={t('viewer.ball')} checked={ball} onChange={(checked) => scene.set({ ball: checked })} />
      </span>
      {tool === 'threshold' && (
        <span className={css.option}>
          {t('viewer.range')}
          <input
            type="number"
            step={10}
            value={range.low}
            aria-label={t('viewer.range.low')}
            onChange={(event) => scene.set({ threshold: { ...range, low: Number(event.target.value) } })}
          />
          –
          <input
            type="number"
            step={10}
            value={range.high}
            aria-label={t('viewer.range.high')}
            onChange={(event) => scene.set({ threshold: { ...range, high: Number(event.target.value) } })}
          />
          {scene.volume.description.unit}
        </span>
      )}
    </>
  );
}

function SmartOptions() {
  const t = useT();
  const { scene, clicks } = useWorkspace();
  const tool = useScene(scene, (state) => state.tool);
  const way = useScene(scene, (state) => state.smartWay);
  const hints = useScene(scene, (state) => state.hints);
  if (tool !== 'smart') return null;
  const nothing = hints.said.length === 0 && hints.box === null;
  return (
    <>
      <div className={css.operations} role="group" aria-label={t('viewer.smart.way')} title={t('viewer.smart.hint')}>
        {SMART_WAYS.map((one) => (
          <Button key={one} small look={way === one ? 'primary' : 'plain'} aria-pressed={way === one} onClick={() => scene.set({ smartWay: one })}>
            {t(`viewer.smart.${one}`)}
          </Button>
        ))}
      </div>
      <Button small disabled={nothing} title={keyOf('smart.keep')} onClick={() => clicks.keep()}>
        {t('viewer.smart.keep')}
      </Button>
      <Button small disabled={nothing} title={keyOf('smart.drop')} onClick={() => clicks.drop()}>
        {t('viewer.smart.drop')}
      </Button>
    </>
  );
}

function WindowPresets() {
  const t = useT();
  const { scene } = useWorkspace();
  const window = useScene(scene, (state) => state.window);
  const presets = presetsFor(scene.volume.description.unit, scene.volume.description.window);
  const current = presets.findIndex((one) => one.window.low === window.low && one.window.high === window.high);
  const choices = presets.map((one, n) => ({ value: String(n), label: `${n + 1}  ${t(one.key)}` }));
  const own = { value: '-1', label: t('viewer.window.value', describe(window)) };
  return (
    <span className={css.preset}>
      <Select
        name={t('viewer.presets')}
        value={String(current)}
        choices={current < 0 ? [own, ...choices] : choices}
        onChange={(value) => {
          const preset = presets[Number(value)];
          if (preset !== undefined) scene.set({ window: preset.window });
        }}
      />
    </span>
  );
}

/** Width and level of a window, whole numbers where they are large. */
export function describe({ low, high }: { low: number; high: number }): { width: string; level: string } {
  const digits = high - low < 20 ? 2 : 0;
  return { width: (high - low).toFixed(digits), level: ((low + high) / 2).toFixed(digits) };
}

/** What the last operation did, until another tool or structure is chosen. */
function OutcomeNote({ busy, outcome }: Pick<PageActions, 'busy' | 'outcome'>) {
  const t = useT();
  const { scene } = useWorkspace();
  const current = useScene(scene, ({ activeId, tool }) => outcome?.structureId === activeId && outcome.tool === tool);
  const said = (): string => {
    if (busy !== null) return t('viewer.op.running');
    if (outcome === null || !current) return '';
    const name = t(`viewer.op.${outcome.operation}`);
    return outcome.changed === 0 ? t('viewer.op.nothing', { name }) : t('viewer.op.done', { name, n: outcome.changed });
  };
  return (
    <span role="status" className={css.outcome} data-testid="outcome">
      {said()}
    </span>
  );
}

/** The strip above the views: what the chosen tool can be told, and operations on the whole structure. */
export function ToolOptions({ operate, busy, outcome }: Pick<PageActions, 'operate' | 'busy' | 'outcome'>) {
  const t = useT();
  const { scene } = useWorkspace();
  const canEdit = useScene(scene, (state) => state.canEdit && state.activeId !== null);
  const margin = useScene(scene, (state) => state.marginMm);
  const button = (operation: Operation, name: string) => (
    <button
      key={operation}
      type="button"
      className={classes(css.tool, css.small, busy === operation && css.on)}
      aria-label={name}
      title={`${name} (${keyOf(`op.${operation}`)})`}
      disabled={!canEdit || busy !== null}
      onClick={() => operate(operation)}
    >
      <ToolIcon name={operation} size={16} />
    </button>
  );
  return (
    <div className={css.options}>
      <OutcomeNote busy={busy} outcome={outcome} />
      <WindowPresets />
      <BrushOptions />
      <SmartOptions />
      <div className={css.operations} role="group" aria-label={t('viewer.operations')}>
        {PLAIN.map((operation) => button(operation, t(`viewer.op.${operation}`)))}
        <label className={css.option}>
          <input
            type="number"
            min={MARGIN_MM.low}
            max={MARGIN_MM.high}
            step={0.5}
            value={margin}
            aria-label={t('viewer.op.margin')}
            title={t('viewer.op.margin')}
            onChange={(event) => {
              const mm = Math.min(MARGIN_MM.high, Math.max(MARGIN_MM.low, Number(event.target.value)));
              scene.set({ marginMm: mm });
            }}
          />
          mm
        </label>
        {BY_MM.map((operation) => button(operation, t('viewer.op.mm', { name: t(`viewer.op.${operation}`), mm: margin })))}
      </div>
    </div>
  );
}
