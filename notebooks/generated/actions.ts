// Generated from the actions that plugins declare, by `npm run generate`. Do not edit.
import type { Change, Known, Read } from '../calls.ts';

export interface NovaActions {
readonly audit: {
/** List what was done and refused, the newest first. */
readonly list: Read<{ readonly action?: string; readonly rows?: number }, readonly { readonly seq: number; readonly event: string; readonly action: string }[]>;
};
readonly demo: {
/** Load the demo: three VMs with generated history. Makes the VMs demo-web, demo-batch, demo-grow where they are absent and gives them 14 days of generated history, labelled as such. A second call changes nothing. */
readonly load: Change<Readonly<Record<string, never>>, { readonly vms: readonly { readonly id: string; readonly name: string; readonly created: boolean; readonly rows: number }[]; readonly days: number }>;
};
readonly forecast: {
/** Forecast a metric of a VM. The best of seven models, chosen by a backtest on the history of this very VM, with a band that holds 8 of 10 values. */
readonly vm: Read<{ readonly vm: string; readonly metric?: string; readonly horizon?: string }, { readonly vm: { readonly id: string; readonly name: string }; readonly metric: string; readonly unit: "bytes" | "seconds" | "ratio" | "count" | "bytesPerSecond" | "countPerSecond"; readonly model: "last-value" | "median-12h" | "median-24h" | "median-48h" | "median-168h" | "fading-last" | "fading-median" | "fading-hour" | "seasonal-24h" | "seasonal-168h" | "seasonal-found" | "median-7d" | "median-found" | "profile-7d" | "profile-week" | "holt-winters" | "nlinear" | "season-linear" | "season-log" | "global-linear" | "global-mlp" | "combination"; readonly backtest: readonly ({ readonly model: "last-value" | "median-12h" | "median-24h" | "median-48h" | "median-168h" | "fading-last" | "fading-median" | "fading-hour" | "seasonal-24h" | "seasonal-168h" | "seasonal-found" | "median-7d" | "median-found" | "profile-7d" | "profile-week" | "holt-winters" | "nlinear" | "season-linear" | "season-log" | "global-linear" | "global-mlp" | "combination"; readonly mase: number; readonly mae: number; readonly weight: number })[]; readonly folds: number; readonly coverage: number; readonly seasonSeconds: number | null; readonly horizonSeconds: number; readonly stepSeconds: number; readonly shortened: { readonly askedSeconds: number; readonly needsHistorySeconds: number } | null; readonly points: readonly { readonly at: number; readonly p10: number; readonly p50: number; readonly p90: number }[]; readonly history: { readonly from: number; readonly to: number; readonly steps: number; readonly missing: number; readonly generated: boolean; readonly ageSeconds: number }; readonly picture: { readonly title: string; readonly alt: string; readonly mediaType: "image/png" | "image/svg+xml"; readonly base64: string } }>;
};
readonly host: {
/** Show a host. State and size of a host. */
readonly get: Read<{ readonly host: string }, { readonly id: string; readonly name: string; readonly uri: string; readonly state: "connected" | "unreachable"; readonly reason: string | null; readonly cpus: number; readonly memoryBytes: number; readonly accelerator: "kvm" | "tcg"; readonly vmsRunning: number }>;
/** List hosts. All hosts and whether they can be reached. */
readonly list: Read<Readonly<Record<string, never>>, { readonly hosts: readonly ({ readonly id: string; readonly name: string; readonly uri: string; readonly state: "connected" | "unreachable"; readonly reason: string | null; readonly cpus: number; readonly memoryBytes: number; readonly accelerator: "kvm" | "tcg"; readonly vmsRunning: number })[] }>;
};
readonly job: {
/** Cancel a job and take back what it has done. Who may run the action of a job may cancel it. */
readonly cancel: Read<{ readonly job: string }, { readonly id: string; readonly action: string; readonly state: { readonly is: string } }>;
/** Show a job. */
readonly get: Read<{ readonly job: string }, { readonly id: string; readonly action: string; readonly state: { readonly is: string } }>;
/** List jobs, the newest first. */
readonly list: Read<{ readonly state?: "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled" | "undone"; readonly rows?: number }, readonly { readonly id: string; readonly action: string; readonly state: { readonly is: string } }[]>;
};
readonly me: {
/** Show who I am to the hub. */
readonly get: Read<Readonly<Record<string, never>>, { readonly id: string; readonly name: string; readonly role: string; readonly tenant: string }>;
/** Get a code that links my chat account. */
readonly linkCode: Read<Readonly<Record<string, never>>, { readonly code: string }>;
};
readonly metrics: {
/** Import history of metrics. Columns: at (UTC instant or epoch ms), entity, device where the table has one, then metrics by name. All rows or none; rows that are there already are left alone. */
readonly import: Change<{ readonly table: string; readonly file: string; readonly plugin?: string }, { readonly rows: number }>;
/** Query a metric. One metric of some or all VMs or hosts over a range of time, as a table of series. */
readonly query: Read<{ readonly metric: string; readonly targets?: readonly string[]; readonly from?: string; readonly to?: string; readonly stepSeconds?: number; readonly aggregate?: "mean" | "min" | "max" | "last" | "sum" | "p50" | "p95" | "p99" | "rate" }, { readonly metric: string; readonly aggregate: string; readonly from: number; readonly to: number; readonly stepSeconds: number; readonly truncated: boolean; readonly fields: readonly ({ readonly name: string; readonly type: "time" | "number" | "string" | "boolean"; readonly unit?: "bytes" | "seconds" | "ratio" | "count" | "bytesPerSecond" | "countPerSecond"; readonly values: readonly (number | string | boolean | null)[] })[] }>;
/** Query the metrics with SQL. One SELECT of DuckDB over the tables vm, vm_disk, vm_nic and host (time, day, entity, device and the metrics). It reads samples of all tenants. */
readonly sql: Read<{ readonly sql: string; readonly rowsMax?: number; readonly timeoutSeconds?: number }, { readonly fields: readonly ({ readonly name: string; readonly type: "time" | "number" | "string" | "boolean"; readonly unit?: "bytes" | "seconds" | "ratio" | "count" | "bytesPerSecond" | "countPerSecond"; readonly values: readonly (number | string | boolean | null)[] })[]; readonly rows: number; readonly truncated: boolean }>;
};
readonly plugin: {
/** List the plugins and how they are. */
readonly list: Read<Readonly<Record<string, never>>, readonly ({ readonly name: string; readonly state: string; readonly reason: string | null })[]>;
};
readonly recommendation: {
/** Dismiss a recommendation. The same advice is not given again for a month. */
readonly dismiss: Change<{ readonly recommendation: string }, { readonly id: string }>;
/** List recommendations. What could be taken away, given, switched off or moved, with what it gains. */
readonly list: Read<{ readonly state?: "open" | "applied" | "kept" | "missed" | "dismissed" | "gone" }, { readonly recommendations: readonly ({ readonly id: string; readonly kind: string; readonly state: "open" | "applied" | "kept" | "missed" | "dismissed" | "gone"; readonly subject: { readonly kind: string; readonly id: string; readonly name: string; readonly tenant: string | null }; readonly title: string; readonly evidence: readonly string[]; readonly gains: readonly { readonly what: string; readonly unit: string; readonly expected: number; readonly low: number; readonly high: number }[]; readonly cost: string; readonly risk: string; readonly undo: string | null; readonly suggestion: { readonly action: string; readonly label: string; readonly input: Readonly<Record<string, unknown>> }; readonly openedAt: number; readonly decidedAt: number | null; readonly decidedBy: string | null; readonly measured: { readonly at: number; readonly gains: readonly (number | null)[]; readonly text: string } | null })[] }>;
/** Look for recommendations now. The hub looks by itself every hour. */
readonly look: Change<Readonly<Record<string, never>>, { readonly open: number }>;
/** Show how good the recommendations were. Of those that were followed and watched: whether the gain that was measured lies in the promised interval. */
readonly record: Read<Readonly<Record<string, never>>, { readonly kinds: readonly { readonly kind: string; readonly kept: number; readonly missed: number; readonly dismissed: number }[] }>;
/** Show a recommendation. */
readonly show: Read<{ readonly recommendation: string }, { readonly id: string; readonly kind: string; readonly state: "open" | "applied" | "kept" | "missed" | "dismissed" | "gone"; readonly subject: { readonly kind: string; readonly id: string; readonly name: string; readonly tenant: string | null }; readonly title: string; readonly evidence: readonly string[]; readonly gains: readonly { readonly what: string; readonly unit: string; readonly expected: number; readonly low: number; readonly high: number }[]; readonly cost: string; readonly risk: string; readonly undo: string | null; readonly suggestion: { readonly action: string; readonly label: string; readonly input: Readonly<Record<string, unknown>> }; readonly openedAt: number; readonly decidedAt: number | null; readonly decidedBy: string | null; readonly measured: { readonly at: number; readonly gains: readonly (number | null)[]; readonly text: string } | null }>;
};
readonly report: {
/** List the reports. */
readonly list: Read<Readonly<Record<string, never>>, readonly ({ readonly name: string; readonly title: string; readonly summary: string | null; readonly parameters: readonly ({ readonly name: string; readonly type: "string" | "number" | "boolean"; readonly choices: readonly string[]; readonly picker: string | null; readonly default: string | number | boolean; readonly help: string | null })[]; readonly lastRun: { readonly id: string; readonly state: string; readonly startedAt: number } | null; readonly nextAt: number | null })[]>;
/** Run a report. Executes the notebook in your name and keeps all of it: inputs, data window, versions and outputs. Its parameters are given as --name value. */
readonly run: Change<{ readonly report: string; readonly with?: readonly string[]; readonly at?: string; readonly audience?: string }, { readonly run: { readonly id: string; readonly report: string; readonly title: string; readonly state: "running" | "succeeded" | "failed"; readonly by: string; readonly parameters: Readonly<Record<string, string | number | boolean>>; readonly at: number; readonly startedAt: number; readonly endedAt: number | null; readonly failure: { readonly code: string; readonly message: string } | null; readonly headline: readonly { readonly label: string; readonly value: string; readonly note?: string; readonly tone?: string }[]; readonly data: { readonly from: number | null; readonly to: number | null; readonly questions: number } | null; readonly versions: { readonly hub: string; readonly node: string; readonly notebook: string }; readonly isolation: { readonly network: string; readonly resources: string; readonly capabilities: string } | null; readonly link: string | null }; readonly view: { readonly text: string; readonly card?: { readonly title: string; readonly subtitle?: string; readonly fields: readonly { readonly label: string; readonly value: string }[]; readonly actions: readonly string[] }; readonly pictures?: readonly ({ readonly title: string; readonly alt: string; readonly mediaType: "image/png" | "image/svg+xml"; readonly base64: string })[] } }>;
/** List the kept runs of reports. */
readonly runs: Read<{ readonly report?: string; readonly rowsMax?: number }, readonly ({ readonly id: string; readonly report: string; readonly title: string; readonly state: "running" | "succeeded" | "failed"; readonly by: string; readonly parameters: Readonly<Record<string, string | number | boolean>>; readonly at: number; readonly startedAt: number; readonly endedAt: number | null; readonly failure: { readonly code: string; readonly message: string } | null; readonly headline: readonly { readonly label: string; readonly value: string; readonly note?: string; readonly tone?: string }[]; readonly data: { readonly from: number | null; readonly to: number | null; readonly questions: number } | null; readonly versions: { readonly hub: string; readonly node: string; readonly notebook: string }; readonly isolation: { readonly network: string; readonly resources: string; readonly capabilities: string } | null; readonly link: string | null })[]>;
/** Run a report on a schedule. Five fields of cron and a time zone. It runs in your name, with your rights at that time. A run that was missed while the hub was down is made up for, once. */
readonly schedule: Change<{ readonly report: string; readonly cron: string; readonly timeZone?: string; readonly audience?: string; readonly with?: readonly string[] }, { readonly id: string; readonly report: string; readonly parameters: Readonly<Record<string, string | number | boolean>>; readonly cron: string; readonly timeZone: string; readonly audience: string | null; readonly by: string; readonly lastDueAt: number | null; readonly lastError: string | null; readonly nextAt: number | null }>;
/** List the schedules of reports. */
readonly schedules: Read<Readonly<Record<string, never>>, readonly ({ readonly id: string; readonly report: string; readonly parameters: Readonly<Record<string, string | number | boolean>>; readonly cron: string; readonly timeZone: string; readonly audience: string | null; readonly by: string; readonly lastDueAt: number | null; readonly lastError: string | null; readonly nextAt: number | null })[]>;
/** Show the newest run of a report. By the name of the report, or by the id of a run. */
readonly show: Read<{ readonly report: string }, { readonly run: { readonly id: string; readonly report: string; readonly title: string; readonly state: "running" | "succeeded" | "failed"; readonly by: string; readonly parameters: Readonly<Record<string, string | number | boolean>>; readonly at: number; readonly startedAt: number; readonly endedAt: number | null; readonly failure: { readonly code: string; readonly message: string } | null; readonly headline: readonly { readonly label: string; readonly value: string; readonly note?: string; readonly tone?: string }[]; readonly data: { readonly from: number | null; readonly to: number | null; readonly questions: number } | null; readonly versions: { readonly hub: string; readonly node: string; readonly notebook: string }; readonly isolation: { readonly network: string; readonly resources: string; readonly capabilities: string } | null; readonly link: string | null }; readonly text: string; readonly pictures: readonly ({ readonly title: string; readonly alt: string; readonly mediaType: "image/png" | "image/svg+xml"; readonly base64: string })[] }>;
/** End a schedule of a report. */
readonly unschedule: Change<{ readonly id: string }, { readonly id: string; readonly report: string }>;
};
readonly scaling: {
/** Create a scaling policy. Acts before an overload comes, where its chance times its cost is above the cost of acting. It begins in shadow: it only writes down what it would do. */
readonly create: Change<{ readonly name: string; readonly tag: string; readonly metric?: string; readonly limit: number; readonly horizonSeconds?: number; readonly overloadCost: number; readonly actCost: number; readonly action: string; readonly input?: string; readonly undoAction?: string; readonly undoInput?: string }, { readonly name: string; readonly tag: string; readonly metric: string; readonly limit: number; readonly horizonSeconds: number; readonly overloadCost: number; readonly actCost: number; readonly action: string; readonly stage: "shadow" | "ask" | "act"; readonly record: { readonly judged: number; readonly overloads: number; readonly foreseen: number; readonly needless: number; readonly cost: number; readonly neverCost: number; readonly alwaysCost: number; readonly brier: number; readonly climateBrier: number }; readonly missing: readonly string[] }>;
/** Delete a scaling policy and its record. */
readonly delete: Change<{ readonly name: string }, { readonly name: string }>;
/** Put a scaling policy back into shadow. */
readonly demote: Change<{ readonly name: string }, { readonly name: string }>;
/** List scaling policies. */
readonly list: Read<Readonly<Record<string, never>>, { readonly policies: readonly ({ readonly name: string; readonly tag: string; readonly metric: string; readonly limit: number; readonly horizonSeconds: number; readonly overloadCost: number; readonly actCost: number; readonly action: string; readonly stage: "shadow" | "ask" | "act"; readonly record: { readonly judged: number; readonly overloads: number; readonly foreseen: number; readonly needless: number; readonly cost: number; readonly neverCost: number; readonly alwaysCost: number; readonly brier: number; readonly climateBrier: number }; readonly missing: readonly string[] })[] }>;
/** Follow all scaling policies now. The hub does it by itself every few minutes. */
readonly look: Change<Readonly<Record<string, never>>, { readonly policies: number }>;
/** Let a scaling policy go a step up. From shadow to asking, from asking to acting; only after its own record has passed the test. */
readonly promote: Change<{ readonly name: string }, { readonly name: string; readonly tag: string; readonly metric: string; readonly limit: number; readonly horizonSeconds: number; readonly overloadCost: number; readonly actCost: number; readonly action: string; readonly stage: "shadow" | "ask" | "act"; readonly record: { readonly judged: number; readonly overloads: number; readonly foreseen: number; readonly needless: number; readonly cost: number; readonly neverCost: number; readonly alwaysCost: number; readonly brier: number; readonly climateBrier: number }; readonly missing: readonly string[] }>;
/** Show a scaling policy and its record. */
readonly show: Read<{ readonly name: string }, { readonly name: string; readonly tag: string; readonly metric: string; readonly limit: number; readonly horizonSeconds: number; readonly overloadCost: number; readonly actCost: number; readonly action: string; readonly stage: "shadow" | "ask" | "act"; readonly record: { readonly judged: number; readonly overloads: number; readonly foreseen: number; readonly needless: number; readonly cost: number; readonly neverCost: number; readonly alwaysCost: number; readonly brier: number; readonly climateBrier: number }; readonly missing: readonly string[] }>;
};
readonly token: {
/** Create an API token for a program. The token acts in your name, for the actions in scopes only. It is shown once. */
readonly create: Read<{ readonly name: string; readonly scopes?: readonly string[]; readonly days?: number }, { readonly id: string; readonly token: string; readonly expiresAt: number }>;
/** List my API tokens. */
readonly list: Read<Readonly<Record<string, never>>, readonly { readonly id: string; readonly name: string }[]>;
/** Revoke an API token of mine. */
readonly revoke: Read<{ readonly id: string }, { readonly id: string }>;
};
readonly user: {
/** Create a user. */
readonly create: Change<{ readonly name: string; readonly role?: "viewer" | "operator" | "tenant-admin" | "admin"; readonly tenant?: "default"; readonly displayName?: string }, { readonly id: string; readonly name: string; readonly role: string; readonly tenant: string }>;
/** Disable a user and end all their sessions. */
readonly disable: Change<{ readonly name: string }, { readonly name: string }>;
/** List the users. */
readonly list: Read<Readonly<Record<string, never>>, readonly { readonly id: string; readonly name: string; readonly role: string; readonly tenant: string }[]>;
/** Get a code with which a user signs in once. */
readonly signInLink: Read<{ readonly name: string }, { readonly code: string }>;
};
readonly vm: {
/** Adopt a VM made by others. From then on the hub manages it like its own. Nothing of its definition changes but a note in it. */
readonly adopt: Change<{ readonly vm: string; readonly name?: string; readonly tenant?: string; readonly tags?: readonly string[] }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
readonly console: {
/** Read a VM's console. The last lines of the serial console since the last start. */
readonly read: Read<{ readonly vm: string; readonly bytes?: number }, { readonly vm: string; readonly text: string; readonly live: boolean }>;
};
/** Create a VM. Makes a VM on a host and starts it. */
readonly create: Change<{ readonly name: string; readonly image?: string; readonly vcpus?: number; readonly memory?: string; readonly disk?: string; readonly tags?: readonly string[]; readonly tenant?: string; readonly host?: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Delete a VM. Puts a VM and its disks into the trash, from where it can be restored; with --purge it is gone for good. */
readonly delete: Change<{ readonly vm: string; readonly purge?: boolean }, { readonly id: string; readonly name: string; readonly purged: boolean; readonly purgeAt: number | null }>;
readonly disk: {
/** Let a disk of a VM grow. A running guest sees the larger disk at once; its file system has to be told by itself. A disk never shrinks again. */
readonly grow: Change<{ readonly vm: string; readonly size: string; readonly device?: string }, { readonly vm: string; readonly name: string; readonly device: string; readonly capacityBytes: number }>;
};
/** Show a VM. State, size, disks and addresses of a VM, and where its host differs from what was recorded. */
readonly get: Read<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null; readonly image: string | null; readonly createdAt: number | null; readonly startedAt: number | null; readonly trash: { readonly at: number; readonly wasRunning: boolean } | null; readonly disks: readonly ({ readonly device: string; readonly kind: string; readonly path: string | null; readonly format: string; readonly capacityBytes: number | null })[]; readonly networks: readonly string[]; readonly addresses: readonly string[]; readonly drift: readonly { readonly field: string; readonly recorded: string; readonly actual: string }[] }>;
/** List VMs. All VMs that you may see, those made by others included. */
readonly list: Read<{ readonly text?: string; readonly state?: string; readonly tag?: string; readonly host?: string; readonly trash?: boolean; readonly rowsMax?: number }, { readonly vms: readonly ({ readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null })[]; readonly total: number }>;
/** Pause a VM. Freezes the guest where it is; its memory stays. */
readonly pause: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Restart a VM in order. Asks the guest to shut down and starts it again. */
readonly reboot: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Rename a VM. Gives a VM that is off another name. */
readonly rename: Change<{ readonly vm: string; readonly name: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Restart a VM at once. Presses the reset button. To restart in order, use vm reboot. */
readonly reset: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Change the vCPUs, memory or disk of a VM. vCPUs and memory count from the next start on, or at once with --restart; a disk grows at once. */
readonly resize: Change<{ readonly vm: string; readonly vcpus?: number; readonly memory?: string; readonly disk?: string; readonly restart?: boolean }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null; readonly pending: boolean }>;
/** Restore a VM from the trash. Gives a deleted VM its name back and starts it when it ran before. */
readonly restore: Change<{ readonly vm: string; readonly as?: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Resume a paused VM. Lets a paused guest go on. */
readonly resume: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Shut a VM down. Asks the guest to shut down and waits up to a minute until it has. */
readonly shutdown: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Start a VM. Boots a VM that is off. */
readonly start: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
/** Switch a VM off at once. Pulls the plug. To end what runs in it in order, use vm shutdown. */
readonly stop: Change<{ readonly vm: string }, { readonly id: string; readonly name: string; readonly tenant: string | null; readonly host: string; readonly state: "running" | "paused" | "shutting-down" | "shut-off" | "crashed" | "suspended" | "creating" | "trashed" | "missing" | "unknown"; readonly vcpus: number; readonly memoryBytes: number; readonly managed: boolean; readonly tags: readonly string[]; readonly owner: string | null }>;
};
}

export const ACTIONS: Readonly<Record<string, Known>> = {
"audit.list": { risk: 'read', title: "List what was done and refused, the newest first", help: null, usage: "audit list [--action <action>] [--rows 50]" },
"demo.load": { risk: 'change', title: "Load the demo: three VMs with generated history", help: "Makes the VMs demo-web, demo-batch, demo-grow where they are absent and gives them 14 days of generated history, labelled as such. A second call changes nothing.", usage: "demo load" },
"forecast.vm": { risk: 'read', title: "Forecast a metric of a VM", help: "The best of seven models, chosen by a backtest on the history of this very VM, with a band that holds 8 of 10 values.", usage: "forecast vm <vm> [metric] [--horizon 24h]" },
"host.get": { risk: 'read', title: "Show a host", help: "State and size of a host.", usage: "host get <host>" },
"host.list": { risk: 'read', title: "List hosts", help: "All hosts and whether they can be reached.", usage: "host list" },
"job.cancel": { risk: 'read', title: "Cancel a job and take back what it has done", help: "Who may run the action of a job may cancel it.", usage: "job cancel <job>" },
"job.get": { risk: 'read', title: "Show a job", help: null, usage: "job get <job>" },
"job.list": { risk: 'read', title: "List jobs, the newest first", help: null, usage: "job list [--state queued|running|cancelling|succeeded|failed|cancelled] [--rows 20]" },
"me.get": { risk: 'read', title: "Show who I am to the hub", help: null, usage: "me get" },
"me.link-code": { risk: 'read', title: "Get a code that links my chat account", help: null, usage: "me link-code" },
"metrics.import": { risk: 'change', title: "Import history of metrics", help: "Columns: at (UTC instant or epoch ms), entity, device where the table has one, then metrics by name. All rows or none; rows that are there already are left alone.", usage: "metrics import <table> <file> [--plugin monitoring]" },
"metrics.query": { risk: 'read', title: "Query a metric", help: "One metric of some or all VMs or hosts over a range of time, as a table of series.", usage: "metrics query <metric> [targets] [--from -1h] [--to now] [--step <10m>] [--aggregate mean|min|max|last|sum|p50]" },
"metrics.sql": { risk: 'read', title: "Query the metrics with SQL", help: "One SELECT of DuckDB over the tables vm, vm_disk, vm_nic and host (time, day, entity, device and the metrics). It reads samples of all tenants.", usage: "metrics sql <sql> [--rows-max 1000] [--timeout 10s]" },
"plugin.list": { risk: 'read', title: "List the plugins and how they are", help: null, usage: "plugin list" },
"recommendation.dismiss": { risk: 'change', title: "Dismiss a recommendation", help: "The same advice is not given again for a month.", usage: "recommendation dismiss <recommendation>" },
"recommendation.list": { risk: 'read', title: "List recommendations", help: "What could be taken away, given, switched off or moved, with what it gains.", usage: "recommendation list [--state open]" },
"recommendation.look": { risk: 'change', title: "Look for recommendations now", help: "The hub looks by itself every hour.", usage: "recommendation look" },
"recommendation.record": { risk: 'read', title: "Show how good the recommendations were", help: "Of those that were followed and watched: whether the gain that was measured lies in the promised interval.", usage: "recommendation record" },
"recommendation.show": { risk: 'read', title: "Show a recommendation", help: null, usage: "recommendation show <recommendation>" },
"report.list": { risk: 'read', title: "List the reports", help: null, usage: "report list" },
"report.run": { risk: 'change', title: "Run a report", help: "Executes the notebook in your name and keeps all of it: inputs, data window, versions and outputs. Its parameters are given as --name value.", usage: "report run <report> [--with <with>] [--at <2026-01-31T12:00:00Z>] [--audience <audience>]" },
"report.runs": { risk: 'read', title: "List the kept runs of reports", help: null, usage: "report runs [report] [--rows-max 20]" },
"report.schedule": { risk: 'change', title: "Run a report on a schedule", help: "Five fields of cron and a time zone. It runs in your name, with your rights at that time. A run that was missed while the hub was down is made up for, once.", usage: "report schedule <report> <cron> [--time-zone UTC] [--audience <audience>] [--with <with>]" },
"report.schedules": { risk: 'read', title: "List the schedules of reports", help: null, usage: "report schedules" },
"report.show": { risk: 'read', title: "Show the newest run of a report", help: "By the name of the report, or by the id of a run.", usage: "report show <report>" },
"report.unschedule": { risk: 'change', title: "End a schedule of a report", help: null, usage: "report unschedule <id>" },
"scaling.create": { risk: 'change', title: "Create a scaling policy", help: "Acts before an overload comes, where its chance times its cost is above the cost of acting. It begins in shadow: it only writes down what it would do.", usage: "scaling create <name> --tag <tag> --limit <number> --overload-cost <number> --act-cost <number> --action <action> [--metric vm.cpuRatio] [--horizon 3600s] [--input <input>] [--undo-action <undo-action>] [--undo-input <undo-input>]" },
"scaling.delete": { risk: 'change', title: "Delete a scaling policy and its record", help: null, usage: "scaling delete <name>" },
"scaling.demote": { risk: 'change', title: "Put a scaling policy back into shadow", help: null, usage: "scaling demote <name>" },
"scaling.list": { risk: 'read', title: "List scaling policies", help: null, usage: "scaling list" },
"scaling.look": { risk: 'change', title: "Follow all scaling policies now", help: "The hub does it by itself every few minutes.", usage: "scaling look" },
"scaling.promote": { risk: 'disrupt', title: "Let a scaling policy go a step up", help: "From shadow to asking, from asking to acting; only after its own record has passed the test.", usage: "scaling promote <name>" },
"scaling.show": { risk: 'read', title: "Show a scaling policy and its record", help: null, usage: "scaling show <name>" },
"token.create": { risk: 'read', title: "Create an API token for a program", help: "The token acts in your name, for the actions in scopes only. It is shown once.", usage: "token create <name> [--scopes <scopes>] [--days 90]" },
"token.list": { risk: 'read', title: "List my API tokens", help: null, usage: "token list" },
"token.revoke": { risk: 'read', title: "Revoke an API token of mine", help: null, usage: "token revoke <id>" },
"user.create": { risk: 'change', title: "Create a user", help: null, usage: "user create <name> [role] [--tenant default] [--display-name <display-name>]" },
"user.disable": { risk: 'change', title: "Disable a user and end all their sessions", help: null, usage: "user disable <name>" },
"user.list": { risk: 'read', title: "List the users", help: null, usage: "user list" },
"user.sign-in-link": { risk: 'read', title: "Get a code with which a user signs in once", help: null, usage: "user sign-in-link <name>" },
"vm.adopt": { risk: 'change', title: "Adopt a VM made by others", help: "From then on the hub manages it like its own. Nothing of its definition changes but a note in it.", usage: "vm adopt <vm> [--name <name>] [--tenant <tenant>] [--tags <tags>]" },
"vm.console.read": { risk: 'read', title: "Read a VM's console", help: "The last lines of the serial console since the last start.", usage: "vm console read <vm> [--bytes 4096]" },
"vm.create": { risk: 'change', title: "Create a VM", help: "Makes a VM on a host and starts it.", usage: "vm create <name> [--image tiny] [--vcpus 1] [--memory <memory>] [--disk <disk>] [--tags <tags>] [--tenant <tenant>] [--host <host>]" },
"vm.delete": { risk: 'disrupt', title: "Delete a VM", help: "Puts a VM and its disks into the trash, from where it can be restored; with --purge it is gone for good.", usage: "vm delete <vm> [--purge]" },
"vm.disk.grow": { risk: 'disrupt', title: "Let a disk of a VM grow", help: "A running guest sees the larger disk at once; its file system has to be told by itself. A disk never shrinks again.", usage: "vm disk grow <vm> <size> [--device <device>]" },
"vm.get": { risk: 'read', title: "Show a VM", help: "State, size, disks and addresses of a VM, and where its host differs from what was recorded.", usage: "vm get <vm>" },
"vm.list": { risk: 'read', title: "List VMs", help: "All VMs that you may see, those made by others included.", usage: "vm list [text] [--state <state>] [--tag <tag>] [--host <host>] [--trash] [--rows-max 200]" },
"vm.pause": { risk: 'disrupt', title: "Pause a VM", help: "Freezes the guest where it is; its memory stays.", usage: "vm pause <vm>" },
"vm.reboot": { risk: 'disrupt', title: "Restart a VM in order", help: "Asks the guest to shut down and starts it again.", usage: "vm reboot <vm>" },
"vm.rename": { risk: 'change', title: "Rename a VM", help: "Gives a VM that is off another name.", usage: "vm rename <vm> <name>" },
"vm.reset": { risk: 'disrupt', title: "Restart a VM at once", help: "Presses the reset button. To restart in order, use vm reboot.", usage: "vm reset <vm>" },
"vm.resize": { risk: 'disrupt', title: "Change the vCPUs, memory or disk of a VM", help: "vCPUs and memory count from the next start on, or at once with --restart; a disk grows at once.", usage: "vm resize <vm> [--vcpus <number>] [--memory <memory>] [--disk <disk>] [--restart]" },
"vm.restore": { risk: 'change', title: "Restore a VM from the trash", help: "Gives a deleted VM its name back and starts it when it ran before.", usage: "vm restore <vm> [--as <as>]" },
"vm.resume": { risk: 'change', title: "Resume a paused VM", help: "Lets a paused guest go on.", usage: "vm resume <vm>" },
"vm.shutdown": { risk: 'disrupt', title: "Shut a VM down", help: "Asks the guest to shut down and waits up to a minute until it has.", usage: "vm shutdown <vm>" },
"vm.start": { risk: 'change', title: "Start a VM", help: "Boots a VM that is off.", usage: "vm start <vm>" },
"vm.stop": { risk: 'disrupt', title: "Switch a VM off at once", help: "Pulls the plug. To end what runs in it in order, use vm shutdown.", usage: "vm stop <vm>" },
};
