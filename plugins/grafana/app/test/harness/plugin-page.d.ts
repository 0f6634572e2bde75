/** Grafana itself sets its page through this; the package does not export it. */
declare module '*/PluginPage.mjs' {
  export function setPluginPage(page: (props: { readonly children?: React.ReactNode }) => React.ReactNode): void;
}
