/** The report's whole style: it stands in the file, so that the report needs nothing beside itself. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #5c6570; --line: #dfe3e8; --panel: #f6f7f9;
  --student: #0b6bcb; --control: #b4530a; --teacher: #6b7480; --other: #7b4fb5; --warn: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181d; --ink: #e6e8eb; --soft: #9aa3ae; --line: #2e333b; --panel: #1d2026;
    --student: #5aa9f5; --control: #f0a05a; --teacher: #9aa3ae; --other: #b99aec; --warn: #e2b455;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 3rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 60rem; margin: 0 auto; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 3rem 0 0.75rem; }
h3 { font-size: 0.9rem; font-weight: 600; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0.5rem 0; max-width: 46rem; }
.soft, figcaption { color: var(--soft); font-size: 0.9rem; }
.verdict { font-size: 1.3rem; line-height: 1.45; margin: 1.75rem 0 0.5rem; }
.state { border-left: 3px solid var(--warn); padding-left: 0.75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 0.6rem 0 0.6rem 1.25rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
thead th { font-size: 0.85rem; font-weight: 500; color: var(--soft); border-top: 0; padding-bottom: 0.4rem; }
tbody th { font-weight: 600; }
.figures { margin-top: 1.75rem; }
.figures th:not(:first-child), .figures td { text-align: right; white-space: nowrap; }
.figures small { display: block; color: var(--soft); font-size: 0.8rem; font-weight: 400; }
.figures tr.student td, .figures tr.student th { background: var(--panel); }
.figures tr.student th { box-shadow: inset 3px 0 var(--student); }
.figures th:first-child { padding-left: 0.9rem; }
.figures td:last-child, .figures th:last-child { padding-right: 0.9rem; }
.figures tr.student td:nth-child(2) { font-weight: 600; }
code, pre { font: 0.85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); padding: 1rem; margin: 0; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.9rem; }
.key svg { width: 28px; height: 10px; margin-right: 0.5rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 2rem 1.5rem; }
figure { margin: 0; max-width: 34rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--line); fill: none; }
.axis { stroke: var(--soft); fill: none; }
.tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.curve { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.student .curve { stroke: var(--student); } .student .dot { fill: var(--student); }
.control .curve { stroke: var(--control); stroke-dasharray: 6 5; } .control .dot { fill: var(--control); }
.teacher .curve { stroke: var(--teacher); stroke-width: 1.5; } .teacher .dot { fill: var(--teacher); }
.other .curve { stroke: var(--other); } .other .dot { fill: var(--other); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ul.events { list-style: none; padding: 0; margin: 0; }
.events li { padding: 0.35rem 0; border-top: 1px solid var(--line); }
.events .warning b { color: var(--warn); }
.events .failure b { color: var(--control); }
.events time { color: var(--soft); font-size: 0.85rem; margin-right: 0.75rem; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { body { padding-top: 1.5rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } }
@media print {
  :root {
    --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #fff;
    --student: #0b6bcb; --control: #b4530a; --teacher: #6b7480; --other: #7b4fb5; --warn: #8a5a00;
  }
  body { padding: 0; font-size: 11pt; }
  h2 { break-after: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
  pre { border: 1px solid var(--line); }
}
`;
