import type { Resource, ResourceKind } from 'novacron/plugin';
import type { Config, MonitoringTools, Needs } from '../config.ts';
import type { Incident, Silence } from '../port.ts';
import { incidentId, incidentOf, type IncidentRecord } from './record.ts';
import { incidentsOf } from './runtime.ts';
import { incidentNumber } from './start.ts';
import { incidentCard } from './views.ts';
import { formatInstant } from './words.ts';

type Kind = ResourceKind<Config, Needs>;

const isSeen = ({ tenant }: { readonly tenant: string | null }, by: string | null): boolean =>
  by === null || tenant === null || tenant === by;

const incidentResource = ({ number, tenant }: IncidentRecord): Resource => ({
  kind: 'incident',
  id: incidentId(number),
  name: incidentId(number),
  tenant,
  tags: [],
  owner: null,
});

const silenceResource = ({ id, tenant }: Silence): Resource => ({ kind: 'silence', id, name: id, tenant, tags: [], owner: null });

/** Only what all who may see the incident may see. */
const shared = (incident: Incident): Incident => ({
  ...incident,
  signals: incident.signals.filter(({ subject }) => subject.tenant === null || subject.tenant === incident.tenant),
});

const SEARCHED_MAX = 200;

export const incidentKind = ({ resource }: MonitoringTools): Kind =>
  resource({
    title: 'Incident',
    async get(ctx, idOrName, { tenant }) {
      const number = incidentNumber(idOrName);
      const record = number === undefined ? undefined : await incidentsOf(ctx).store.get(number);
      return record && isSeen(record, tenant) ? incidentResource(record) : undefined;
    },
    async search(ctx, { text, tenant, rowsMax }) {
      const found = await incidentsOf(ctx).store.list({ tenant, rowsMax: SEARCHED_MAX });
      const wanted = text.toLowerCase();
      const fits = (record: IncidentRecord): boolean => `${incidentId(record.number)} ${record.title}`.toLowerCase().includes(wanted);
      // Open ones first: they are what people look for.
      const openFirst = found.filter(fits).toSorted((a, b) => Number(a.state === 'resolved') - Number(b.state === 'resolved'));
      return openFirst.slice(0, rowsMax).map(incidentResource);
    },
    async card(ctx, { id }) {
      const { store, clock } = incidentsOf(ctx);
      const record = await store.get(incidentNumber(id) ?? 0);
      return record ? incidentCard(shared(incidentOf(record)), clock.now()) : { title: id, fields: [], actions: [] };
    },
  });

export const silenceKind = ({ resource }: MonitoringTools): Kind =>
  resource({
    title: 'Silence',
    async get(ctx, idOrName, { tenant }) {
      const silence = await incidentsOf(ctx).store.silence(idOrName.trim().toUpperCase());
      return silence && isSeen(silence, tenant) ? silenceResource(silence) : undefined;
    },
    async search(ctx, { text, tenant, rowsMax }) {
      const found = await incidentsOf(ctx).store.silences({ tenant, withEnded: false, rowsMax: SEARCHED_MAX });
      return found
        .filter(({ id, reason }) => `${id} ${reason}`.toLowerCase().includes(text.toLowerCase()))
        .slice(0, rowsMax)
        .map(silenceResource);
    },
    async card(ctx, { id }) {
      const silence = await incidentsOf(ctx).store.silence(id);
      if (!silence) return { title: id, fields: [], actions: [] };
      return {
        title: `${id}: ${silence.reason}`,
        state: { text: silence.state, tone: silence.state === 'active' ? 'busy' : 'idle' },
        fields: [
          { label: 'Hides', value: silence.incident ?? silence.match.join(', ') },
          { label: 'Owner', value: silence.owner },
          { label: 'From', value: formatInstant(silence.startsAt) },
          { label: 'Until', value: formatInstant(silence.endsAt) },
        ],
        actions: silence.state === 'ended' ? [] : ['silence.end'],
      };
    },
  });
