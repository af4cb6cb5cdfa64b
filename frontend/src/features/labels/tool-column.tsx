import { useT, type Key } from '../../i18n';
import { classes } from '../../ui/controls';
import { useScene } from '../../viewer/use-scene';
import { TOOLS, EDIT_TOOLS, type ToolName } from '../../viewer/scene';
import { keyOf, type Command } from './keymap';
import { ToolIcon, type ToolIconName } from './tool-icons';
import css from './viewer.module.css';
import { useWorkspace } from './workspace';

type Props = { name: string; icon: ToolIconName; command: Command; pressed?: boolean; disabled?: boolean };

/** A square button with a picture, a name, a key. */
export function ToolButton({ name, icon, command, pressed, disabled = false }: Props) {
  const { run } = useWorkspace();
  const key = keyOf(command);
  return (
    <button
      type="button"
      className={classes(css.tool, pressed === true && css.on)}
      aria-label={name}
      aria-keyshortcuts={key}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      title={key === '' ? name : `${name} (${key})`}
      disabled={disabled}
      onClick={() => run(command)}
    >
      <ToolIcon name={icon} />
    </button>
  );
}

const label = (tool: ToolName): Key => `viewer.tool.${tool}`;

/** Looking above, drawing below; what the server computes at the end. */
export function ToolColumn() {
  const t = useT();
  const { scene, editor } = useWorkspace();
  const tool = useScene(scene, (state) => state.tool);
  const canEdit = useScene(scene, (state) => state.canEdit);
  const undo = useScene(scene, (state) => editor.history.nextUndo(state.activeId));
  const redo = useScene(scene, (state) => editor.history.nextRedo(state.activeId));
  const looking = TOOLS.filter((one) => !EDIT_TOOLS.has(one));
  const drawing = TOOLS.filter((one) => EDIT_TOOLS.has(one));
  const what = (edit: string | null): string => (edit === null ? '' : t(`viewer.edit.${edit}` as Key));
  return (
    <div className={css.tools} role="toolbar" aria-label={t('viewer.tools')} aria-orientation="vertical">
      {looking.map((one) => (
        <ToolButton key={one} name={t(label(one))} icon={one} command={`tool.${one}`} pressed={tool === one} />
      ))}
      <hr />
      {drawing.map((one) => (
        <ToolButton key={one} name={t(label(one))} icon={one} command={`tool.${one}`} pressed={tool === one} disabled={!canEdit} />
      ))}
      <hr />
      <ToolButton
        name={undo === null ? t('viewer.undo') : t('viewer.undo.what', { what: what(undo) })}
        icon="undo"
        command="undo"
        disabled={undo === null}
      />
      <ToolButton
        name={redo === null ? t('viewer.redo') : t('viewer.redo.what', { what: what(redo) })}
        icon="redo"
        command="redo"
        disabled={redo === null}
      />
      <hr />
      <ToolButton name={t('viewer.reset')} icon="reset" command="reset" />
      <ToolButton name={t('viewer.help')} icon="help" command="help" />
    </div>
  );
}
