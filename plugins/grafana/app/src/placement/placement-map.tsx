import { css } from '@emotion/css';
import type { GrafanaTheme2, PanelProps } from '@grafana/data';
import { ScrollContainer, Text, Tooltip, useStyles2, useTheme2 } from '@grafana/ui';
import { stateColor } from '../hub/colors.ts';
import { frameWith, rowsOf } from '../hub/rows.ts';
import { layOut, type HostRow, type Measure } from './layout.ts';

export interface MapOptions {
  readonly by: Measure;
}

const amountText = (amount: number, by: Measure): string =>
  by === 'cpu' ? `${amount} CPUs` : `${Number((amount / 2 ** 30).toFixed(1))} GiB`;

/** Which VM runs on which host, and how much of the host is given away. */
export function PlacementMap({ data, options, width, height }: PanelProps<MapOptions>) {
  const styles = useStyles2(getStyles);
  const hosts = rowsOf(frameWith(data.series, 'id', 'name', 'accelerator'));
  const vms = rowsOf(frameWith(data.series, 'id', 'name', 'state', 'host'));
  if (hosts.length === 0) return <Text color="secondary">No hosts. The queries should be the tables of host.list and vm.list.</Text>;
  return (
    <div style={{ width, height }}>
      <ScrollContainer>
        <div className={styles.rows}>
          {layOut(hosts, vms, options.by).map((host) => (
            <HostLine key={host.name} host={host} by={options.by} />
          ))}
        </div>
      </ScrollContainer>
    </div>
  );
}

function HostLine({ host, by }: { readonly host: HostRow; readonly by: Measure }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const isOver = host.given > host.capacity;
  return (
    <section aria-label={host.name}>
      <div className={styles.head}>
        <span className={styles.dot} style={{ background: stateColor(theme, host.state) }} />
        <Text weight="medium">{host.name}</Text>
        <Text color={isOver ? 'error' : 'secondary'} variant="bodySmall">
          {amountText(host.given, by)} of {amountText(host.capacity, by)} given
        </Text>
      </div>
      <div className={styles.bar}>
        {host.blocks.map(({ id, name, state, share, amount }) => (
          <Tooltip key={id} content={`${name}: ${state}, ${amountText(amount, by)}`}>
            <div className={styles.block} style={{ width: `${share * 100}%`, borderTopColor: stateColor(theme, state) }}>
              {name}
            </div>
          </Tooltip>
        ))}
      </div>
    </section>
  );
}

const getStyles = ({ colors, spacing, shape, typography }: GrafanaTheme2) => ({
  rows: css({ display: 'flex', flexDirection: 'column', gap: spacing(1.5) }),
  head: css({ display: 'flex', alignItems: 'center', gap: spacing(1), marginBottom: spacing(0.5) }),
  dot: css({ width: 8, height: 8, borderRadius: shape.radius.circle }),
  bar: css({
    display: 'flex',
    height: 36,
    background: colors.background.secondary,
    border: `1px dashed ${colors.border.medium}`,
    borderRadius: shape.radius.default,
    overflow: 'hidden',
  }),
  block: css({
    minWidth: 2,
    padding: spacing(0.5),
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontSize: typography.bodySmall.fontSize,
    background: colors.background.elevated,
    borderTop: '4px solid',
    borderRight: `1px solid ${colors.background.canvas}`,
    color: colors.text.primary,
  }),
});
