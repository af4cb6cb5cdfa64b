import { useEffect, useRef, useState } from 'react';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import { notify } from '../../ui/toast';
import css from './drop-zone.module.css';
import { chosenFiles, droppedFiles } from './entries';
import { uploads } from './uploads';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Takes files dropped anywhere on the page. */
export function DropZone({ projectId }: { projectId: string }) {
  const t = useT();
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  useEffect(() => {
    const move = (change: number) => (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth.current = Math.max(0, depth.current + change);
      setOver(depth.current > 0);
    };
    const enter = move(1);
    const leave = move(-1);
    const hold = (event: DragEvent): void => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (event.dataTransfer === null || !hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      droppedFiles(event.dataTransfer).then(
        (picked) => uploads.add(projectId, picked),
        () => notify(t('import.unreadable'), true),
      );
    };
    const handlers = { dragenter: enter, dragleave: leave, dragover: hold, drop } as const;
    const names = Object.keys(handlers) as (keyof typeof handlers)[];
    for (const name of names) document.addEventListener(name, handlers[name]);
    return () => {
      for (const name of names) document.removeEventListener(name, handlers[name]);
    };
  }, [projectId, t]);
  if (!over) return null;
  return (
    <div className={css.veil}>
      <div>
        {t('import.drop')}
        <p>{t('import.kinds')}</p>
      </div>
    </div>
  );
}

/** Two buttons beside the drop: files, or a folder. */
export function ImportButtons({ projectId }: { projectId: string }) {
  const t = useT();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement | null>(null);
  const take = (input: HTMLInputElement): void => {
    uploads.add(projectId, chosenFiles(input.files));
    input.value = '';
  };
  return (
    <>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label={t('import.files')}
        onChange={(event) => take(event.target)}
      />
      <input
        ref={(element) => {
          folder.current = element;
          if (element !== null) element.webkitdirectory = true;
        }}
        type="file"
        multiple
        hidden
        aria-label={t('import.folder')}
        onChange={(event) => take(event.target)}
      />
      <Button onClick={() => files.current?.click()}>
        <Icon name="file" />
        {t('import.files')}
      </Button>
      <Button onClick={() => folder.current?.click()}>
        <Icon name="folder" />
        {t('import.folder')}
      </Button>
    </>
  );
}
