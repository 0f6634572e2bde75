/** Kinds of things whose list and whose single thing are shown as the hub says, without a page of their own. */
export interface Board {
  /** First part of the address, and the word in the navigation. */
  readonly path: string;
  readonly title: string;
  /** Action that lists them; who may not do it does not see the board. */
  readonly list: string;
  /** Action that shows one, and its field for the thing; absent: the list is all there is. */
  readonly show?: { readonly action: string; readonly field: string };
  /** Resource kind of the things: its card says what can be done. */
  readonly kind?: string;
  /** Action behind the button beside the title. */
  readonly create?: string;
  readonly icon: 'bell' | 'pulse' | 'bulb' | 'rule' | 'book';
}

export const BOARDS: readonly Board[] = [
  {
    path: 'incidents',
    title: 'Incidents',
    list: 'incident.list',
    show: { action: 'incident.show', field: 'incident' },
    kind: 'incident',
    icon: 'bell',
  },
  { path: 'health', title: 'Health', list: 'health.show', icon: 'pulse' },
  {
    path: 'recommendations',
    title: 'Advice',
    list: 'recommendation.list',
    show: { action: 'recommendation.show', field: 'recommendation' },
    kind: 'recommendation',
    icon: 'bulb',
  },
  {
    path: 'rules',
    title: 'Rules',
    list: 'alert.list',
    show: { action: 'alert.show', field: 'rule' },
    create: 'alert.create',
    icon: 'rule',
  },
  {
    path: 'reports',
    title: 'Reports',
    list: 'report.list',
    show: { action: 'report.show', field: 'report' },
    kind: 'report',
    create: 'report.run',
    icon: 'book',
  },
];
