import { readFileSync } from 'node:fs';

/** The page carries its letters, so that it looks the same on every machine, and on paper. */
const face = (file: string, weight: number): string => {
  const data = readFileSync(new URL(`../../charts/fonts/${file}`, import.meta.url)).toString('base64');
  return `@font-face{font-family:Inter;font-weight:${weight};src:url(data:font/otf;base64,${data})}`;
};

export const STYLE = `${face('Inter-Regular.otf', 400)}${face('Inter-SemiBold.otf', 600)}
:root{--ink:#1d2430;--muted:#677184;--line:#d9dde3;--ground:#f6f7f9;--accent:#2f6fde;--bad:#c43d3d;--warn:#b25e0a}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.6 Inter,'Helvetica Neue',Arial,sans-serif;-webkit-font-smoothing:antialiased}
header,main,footer{max-width:864px;margin:0 auto;padding:0 32px}
header{display:flex;gap:16px;align-items:baseline;padding-top:28px;color:var(--muted);font-size:13px}
header .brand{font-weight:600;color:var(--accent);letter-spacing:-.01em}
header label{margin-left:auto;cursor:pointer;border:1px solid var(--line);border-radius:999px;padding:2px 12px;background:#fff}
#code{position:absolute;opacity:0}
#code:focus-visible+header label{outline:2px solid var(--accent)}
#code:checked+header label{background:var(--ink);color:#fff;border-color:var(--ink)}
.code{display:none}
#code:checked~main .code{display:block}
.prose h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:18px 0 6px;font-weight:600}
.prose h2{font-size:20px;line-height:1.3;letter-spacing:-.01em;margin:40px 0 4px;font-weight:600}
.prose h3{font-size:16px;margin:28px 0 4px;font-weight:600}
.prose p,.prose ul,.prose ol{margin:6px 0 12px;max-width:720px}
.prose h1+p{color:var(--muted);font-size:16px}
.prose code{background:#eceef2;border-radius:4px;padding:1px 5px;font-size:.9em}
.prose blockquote{margin:12px 0;padding:2px 16px;border-left:3px solid var(--line);color:var(--muted)}
.prose table{border-collapse:collapse}.prose td,.prose th{padding:4px 12px;border-bottom:1px solid var(--line);text-align:left}
.prose a{color:var(--accent)}
figure{margin:14px 0}
img{max-width:100%;height:auto;display:block}
.html{margin:14px 0}
pre{font:12.5px/1.55 ui-monospace,'SF Mono',Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:10px 0}
.code{background:#fff;border:1px solid var(--line);border-radius:10px;padding:12px 16px;color:#3c4658}
.text{color:#3c4658}
.text.warn{color:var(--warn)}
.text.bad{color:var(--bad);background:#fdf3f3;border:1px solid #f0cfcf;border-radius:10px;padding:12px 16px}
.failed{color:var(--bad);background:#fdf3f3;border:1px solid #f0cfcf;border-radius:10px;padding:12px 16px}
footer{margin-top:48px;padding-bottom:40px;color:var(--muted);font-size:12px}
footer dl{border-top:1px solid var(--line);padding-top:14px;display:grid;grid-template-columns:90px 1fr;gap:2px 12px;margin:0}
footer dd{margin:0;overflow-wrap:anywhere}
@page{size:A4;margin:14mm 12mm}
@media print{body{background:#fff;font-size:12.5px}header label{display:none}header,main,footer{padding:0 1px;max-width:none}figure,.html,tr{break-inside:avoid}.html:has(table){break-inside:auto}.html table{font-size:11px!important}.html td,.html th{padding:4px 6px!important}.html th{white-space:normal!important}.prose h2,.prose h3,.prose:has(h2,h3){break-after:avoid}}`;
