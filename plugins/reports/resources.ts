import type { Card, Resource } from 'novacron/plugin';
import type { ReportTools } from './config.ts';
import type { Report } from './library.ts';
import { runtimeOf } from './runtime.ts';

const resourceOf = ({ name }: Report): Resource => ({ kind: 'report', id: name, name, tenant: null, tags: [], owner: null });

const cardOf = (report: Report, last: string): Card => ({
  title: report.title,
  subtitle: report.summary ?? '',
  fields: [
    { label: 'Name', value: report.name },
    ...report.parameters.map(({ name, default: value }) => ({ label: name, value: `${value}` })),
    { label: 'Last run', value: last },
  ],
  actions: ['report.run', 'report.show', 'report.schedule'],
});

export const reportResources = ({ resource }: ReportTools) => ({
  report: resource({
    title: 'Reports',
    async get(ctx, name) {
      const report = await runtimeOf(ctx).library.find(name);
      return report && resourceOf(report);
    },
    async search(ctx, { text, rowsMax }) {
      const wanted = text.toLowerCase();
      const reports = await runtimeOf(ctx).library.list();
      return reports
        .filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(wanted))
        .slice(0, rowsMax)
        .map(resourceOf);
    },
    async card(ctx, { id }) {
      const { library, store } = runtimeOf(ctx);
      const [last] = await store.runs({ report: id, tenant: null, rowsMax: 1 });
      const when = last === undefined ? 'never' : `${new Date(last.startedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
      return cardOf(await library.get(id), last === undefined ? when : `${when}, ${last.state}`);
    },
  }),
});
