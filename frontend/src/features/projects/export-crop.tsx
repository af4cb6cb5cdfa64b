import { useT } from '../../i18n';
import { SelectField, TextField } from '../../ui/controls';
import type { CropFields } from './crop';
import css from './project.module.css';

type CropProps = { fields: CropFields; onChange: (fields: CropFields) => void };

/** The region that MATLAB files are cropped to; empty fields ask for nothing. */
export function ExportCrop({ fields, onChange }: CropProps) {
  const t = useT();
  const set = (key: keyof CropFields) => (value: string) => onChange({ ...fields, [key]: value });
  return (
    <fieldset className={css.crop}>
      <legend>{t('export.crop')}</legend>
      <TextField
        label={t('export.crop.structures')}
        placeholder="Lung_L, Lung_R"
        value={fields.structures}
        onChange={set('structures')}
        maxLength={2000}
      />
      <SelectField
        label={t('export.crop.join')}
        value={fields.join}
        choices={[
          { value: 'all', label: t('export.crop.all') },
          { value: 'any', label: t('export.crop.any') },
        ]}
        onChange={set('join')}
      />
      <TextField
        label={t('export.crop.without')}
        placeholder="GTV"
        value={fields.without}
        onChange={set('without')}
        maxLength={2000}
      />
      <TextField
        label={t('export.crop.isodose')}
        type="number"
        min={0}
        max={1000}
        step="any"
        value={fields.isodose}
        onChange={set('isodose')}
      />
      <TextField
        label={t('export.crop.margin')}
        type="number"
        min={0}
        max={200}
        step="any"
        value={fields.margin}
        onChange={set('margin')}
      />
    </fieldset>
  );
}
