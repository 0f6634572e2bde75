import { useState } from 'react';
import { ActionButton } from './action-dialog.tsx';
import { formatBytes, formatRatio, toneOf } from './format.ts';
import { PlusIcon } from './icons.tsx';
import { useFigures, useHistory } from './live.tsx';
import { Meter, Pill, Sparkline } from './pill.tsx';
import { useActions, useVms, type VmRow } from './queries.ts';
import { linkTo, vmPath } from './route.ts';
import { Trouble } from './trouble.tsx';

export function VmsPage() {
  const { data: vms, error } = useVms();
  const actions = useActions().data;
  const create = actions?.find(({ id }) => id === 'vm.create');
  useHistory(actions?.some(({ id }) => id === 'metrics.query') ?? false);
  const [text, setText] = useState('');
  const shown = (vms ?? []).filter(({ name, tags = [] }) =>
    [name, ...tags].some((word) => word.toLowerCase().includes(text.toLowerCase())),
  );
  return (
    <section aria-labelledby="vms-title">
      <div className="head">
        <h1 id="vms-title">
          VMs <span className="quiet">{vms === undefined ? '' : vms.length}</span>
        </h1>
        <div className="head-end">
          {(vms?.length ?? 0) > 5 && (
            <input
              className="search"
              type="search"
              placeholder="Filter"
              aria-label="Filter by name or tag"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
          {create !== undefined && (
            <ActionButton action={create} className="button primary">
              <PlusIcon />
              {create.label}
            </ActionButton>
          )}
        </div>
      </div>
      {error !== null && <Trouble error={error} />}
      {vms === undefined ? error === null && <Skeleton /> : <VmList vms={shown} isFiltered={text !== ''} />}
    </section>
  );
}

const Skeleton = () => (
  <div className="panel skeleton" role="status" aria-label="Loading">
    <span />
    <span />
    <span />
  </div>
);

function VmList({ vms, isFiltered }: { readonly vms: readonly VmRow[]; readonly isFiltered: boolean }) {
  if (vms.length === 0)
    return (
      <div className="panel empty">
        <p>{isFiltered ? 'No VM has that in its name or tags.' : 'There is no VM yet. Create the first one.'}</p>
      </div>
    );
  return (
    <table className="panel vms">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">CPU</th>
          <th scope="col">Memory</th>
          <th scope="col">Host</th>
        </tr>
      </thead>
      <tbody>
        {vms.map((vm) => (
          <VmLine vm={vm} key={vm.id} />
        ))}
      </tbody>
    </table>
  );
}

function VmLine({ vm }: { readonly vm: VmRow }) {
  const figures = useFigures(vm.id);
  const isRunning = vm.state === 'running';
  const cpu = figures?.values['cpuRatio'] ?? null;
  return (
    <tr>
      <th scope="row">
        <a className="vm-name" {...linkTo(vmPath(vm.id))}>
          {vm.name}
        </a>
        <span className="tags">
          {vm.managed === false && <span className="tag">not managed</span>}
          {(vm.tags ?? []).map((tag) => (
            <span className="tag" key={tag}>
              {tag}
            </span>
          ))}
        </span>
      </th>
      <td className="vm-state">
        <Pill text={vm.state} tone={toneOf(vm.state)} />
      </td>
      <td className="vm-figure" data-label="CPU">
        {isRunning && cpu !== null ? (
          <span className="cpu">
            <Sparkline ratios={figures?.cpuRatios ?? []} />
            <Meter label={`CPU of ${vm.name}`} ratio={cpu} text={formatRatio(cpu)} />
          </span>
        ) : (
          <span className="quiet">{isRunning ? 'no sample yet' : '–'}</span>
        )}
      </td>
      <td className="vm-figure" data-label="Memory">
        <Memory vm={vm} values={isRunning ? figures?.values : undefined} />
      </td>
      <td className="vm-host" data-label="Host">
        {vm.host}
      </td>
    </tr>
  );
}

/** What the guest says it uses, of what it may use. */
function Memory({ vm, values }: { readonly vm: VmRow; readonly values: Readonly<Record<string, number | null>> | undefined }) {
  const total = values?.['memoryBytes'] ?? vm.memoryBytes ?? null;
  // Only what the guest says of itself: the host's share of it holds QEMU's own memory as well, and may be more than the guest has.
  const used = values?.['memoryUsedBytes'] ?? null;
  if (total === null) return <span className="quiet">–</span>;
  if (used === null) return <span className="quiet">{formatBytes(total)}</span>;
  return <Meter label={`Memory of ${vm.name}`} ratio={used / total} text={`${formatBytes(used)} of ${formatBytes(total)}`} />;
}
