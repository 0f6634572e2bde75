import { css } from '@emotion/css';
import type { GrafanaTheme2, PanelProps } from '@grafana/data';
import { ScrollContainer, Text, useStyles2, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import { stateColor } from '../hub/colors.ts';
import { figure, frameWith, rowsOf, text, type Row } from '../hub/rows.ts';
import { VmDialog } from './vm-dialog.tsx';

export interface GridOptions {
  readonly hasActions: boolean;
  readonly groupBy: 'none' | 'host' | 'tenant' | 'state';
}

const gibibytes = (bytes: number): string => `${Number((bytes / 2 ** 30).toFixed(1))} GiB`;

/** VMs as tiles, coloured by state. A click opens what is known and what can be done. */
export function VmGrid({ data, options, width, height, eventBus }: PanelProps<GridOptions>) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const [opened, setOpened] = useState<Row | null>(null);
  const rows = rowsOf(frameWith(data.series, 'id', 'name', 'state'));
  if (rows.length === 0) return <Text color="secondary">No VMs. The query should be the table of vm.list.</Text>;
  const groups = Map.groupBy(rows, (row) => (options.groupBy === 'none' ? '' : text(row, options.groupBy)));
  return (
    <div style={{ width, height }}>
      <ScrollContainer>
        {[...groups].map(([group, vms]) => (
          <section key={group} aria-label={group || 'VMs'}>
            {group !== '' && <h6 className={styles.group}>{group}</h6>}
            <div className={styles.grid}>
              {vms.map((vm) => (
                <button
                  type="button"
                  key={text(vm, 'id')}
                  className={styles.tile}
                  disabled={!options.hasActions}
                  onClick={() => setOpened(vm)}
                  style={{ borderLeftColor: stateColor(theme, text(vm, 'state')) }}
                >
                  <span className={styles.name}>{text(vm, 'name')}</span>
                  <span className={styles.state} style={{ color: stateColor(theme, text(vm, 'state')) }}>
                    {text(vm, 'state')}
                  </span>
                  <span className={styles.more}>
                    {options.groupBy !== 'host' && `${text(vm, 'host')} · `}
                    {figure(vm, 'vcpus')} vCPU · {gibibytes(figure(vm, 'memoryBytes'))}
                  </span>
                </button>
              ))}
            </div>
          </section>
        ))}
      </ScrollContainer>
      {opened !== null && <VmDialog data={data} vm={opened} onClose={() => setOpened(null)} eventBus={eventBus} />}
    </div>
  );
}

const getStyles = ({ colors, spacing, shape, typography }: GrafanaTheme2) => ({
  grid: css({ display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(190px, 1fr))', gap: spacing(1), paddingBottom: spacing(1) }),
  group: css({ color: colors.text.secondary, margin: spacing(0.5, 0) }),
  tile: css({
    display: 'grid',
    gridTemplateColumns: '1fr auto',
    gap: spacing(0.25),
    padding: spacing(0.75, 1),
    textAlign: 'left',
    background: colors.background.secondary,
    border: `1px solid ${colors.border.weak}`,
    borderLeft: '4px solid',
    borderRadius: shape.radius.default,
    color: colors.text.primary,
    '&:enabled:hover': { background: colors.action.hover },
  }),
  name: css({ fontWeight: typography.fontWeightMedium, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
  state: css({ fontSize: typography.bodySmall.fontSize }),
  more: css({ gridColumn: '1 / -1', color: colors.text.secondary, fontSize: typography.bodySmall.fontSize }),
});
