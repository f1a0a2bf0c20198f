"""The style sheet of a report: narrow text, wide pictures, good on paper too."""

STYLE = """
:root { --ink: #1f2a44; --soft: #5b6478; --line: #dfe3ea; --own: #eef4fc;
  --accent: #d1495b; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 36px 56px;
  background: #fff; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 16px; }
h2 { font-size: 19px; margin: 40px 0 10px; padding-top: 16px;
  border-top: 1px solid var(--line); }
p { margin: 0 0 12px; max-width: 76ch; }
.verdict { font-size: 17px; padding: 14px 18px; max-width: none;
  background: var(--own); border-left: 4px solid #3b6fb6; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 14px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); font-size: 13px; }
tbody th { text-align: left; font-weight: 500; padding-left: 10px; }
tr.own th, tr.own td { background: var(--own); font-weight: 700; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px;
  margin: 14px 0 0; font-size: 13px; color: var(--soft); }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0; }
figcaption { font-size: 12.5px; color: var(--soft); margin-top: 4px; }
.plots { display: flex; flex-wrap: wrap; gap: 18px; }
.plots figure { flex: 1 1 320px; max-width: 515px; }
.plots img { width: 100%; border: 1px solid var(--line); }
.broad figure { flex: 1 1 440px; max-width: 760px; }
.dense th, .dense td { padding: 3px 7px; font-size: 12.5px; }
.dense small { font-size: 11px; }
td small { color: var(--soft); font-size: 12px; font-weight: 400; }
h3 { font-size: 15px; margin: 22px 0 8px; }
.filters { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: end;
  margin: 0 0 12px; font-size: 13px; }
.filters input, .filters select { font: inherit; color: inherit; padding: 4px 6px;
  border: 1px solid #aab2c0; border-radius: 4px; background: #fff; max-width: 100%; }
.filters input[type=number] { width: 6em; }
.range { display: flex; flex-wrap: wrap; gap: 8px 10px; }
button { font: inherit; color: inherit; cursor: pointer; padding: 4px 12px;
  border: 1px solid #aab2c0; border-radius: 4px; background: #fff; }
:focus-visible { outline: 2px solid #3b6fb6; outline-offset: 2px; }
.count { font-size: 13px; color: var(--soft); }
#image-table td, #image-table th { font-size: 13px; padding: 4px 10px; }
#image-table .text, #image-table .choice { text-align: left; }
#image-table td.text { white-space: normal; overflow-wrap: anywhere; min-width: 12em; }
#image-table th button { border: 0; padding: 4px 0; background: none;
  font-weight: 600; white-space: nowrap; }
#image-table th button::after { content: " \\2195"; color: #aab2c0; }
#image-table th[aria-sort=ascending] button::after { content: " \\2191";
  color: var(--accent); }
#image-table th[aria-sort=descending] button::after { content: " \\2193";
  color: var(--accent); }
.more { margin: 12px 0; }
article { padding: 14px 0 18px; border-bottom: 1px solid var(--line);
  break-inside: avoid; }
article header { display: flex; justify-content: space-between; gap: 20px;
  margin-bottom: 8px; }
article header b { overflow-wrap: anywhere; font-weight: 600; }
article header span { white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; width: 90px; height: 8px; margin-right: 10px;
  background: #e6e9ef; border-radius: 4px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--accent); }
.legend { font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 160px; height: 10px; margin: 0 6px; }
.maps { display: grid; gap: 10px; grid-auto-flow: column;
  grid-auto-columns: minmax(0, 1fr); align-items: end; }
.maps img { width: 100%; display: block; outline: 1px solid var(--line); }
.gallery { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
.gallery img { width: 100%; display: block; }
.covered { position: relative; }
.covered img + img { position: absolute; top: 0; left: 0; opacity: 0; }
.covered:hover img + img, .covered:focus img + img { opacity: 1; }
footer { margin-top: 36px; font-size: 12.5px; color: var(--soft);
  overflow-wrap: anywhere; }
@media (max-width: 700px) {
  main { padding: 24px 14px; }
  .maps { grid-auto-flow: row; grid-template-columns: 1fr 1fr; }
  article header { flex-wrap: wrap; gap: 0 20px; }
  article header span { white-space: normal; overflow-wrap: anywhere; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 4px; overflow-wrap: anywhere; }
}
@media print {
  body, main { background: #fff; }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  th, td { padding: 5px 7px; white-space: normal; }
  .plots { gap: 10px; }
  .plots figure { flex: 1 1 30%; max-width: 49%; break-inside: avoid; }
  .broad figure { flex-basis: 45%; }
  .filters, .more, noscript, .screen { display: none; }
  .wide { overflow: visible; }
  .dense th, .dense td { font-size: 9px; padding: 2px 4px; }
  .dense small { font-size: 8px; }
  #image-table td, #image-table th { font-size: 9px; padding: 2px 4px; }
  #image-table th button { white-space: normal; padding: 0; }
  #image-table th[aria-sort=none] button::after { content: ""; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, h2 + p, h3 + p { break-after: avoid; }
}
"""
