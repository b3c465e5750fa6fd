"""How a page with charts looks: on a screen, in the dark, on paper."""

STYLE = """\
:root { color-scheme: light dark; --line: #1f5fbf; --rule: #8883; --soft: #666; --card: #00000008; --bad: #a3210f;
  --b0: #9db8d9; --b1: #f0c987; --b2: #e59a5b; --b3: #cf6244; --b4: #96291f;
  --k0: #2f6fb7; --k1: #9cc0e7; --k2: #e0a63a; --k3: #b3402b; --k4: #9a9a9a; }
@media (prefers-color-scheme: dark) { :root { --line: #7fb2ff; --rule: #fff2; --soft: #aaa; --card: #ffffff0d;
  --bad: #ff9d8a; --b0: #4d6c93; --b1: #a3802f; --b2: #b96f2c; --b3: #c9573a; --b4: #ef7b6a;
  --k0: #6ea8ea; --k1: #31577f; --k2: #c08a2a; --k3: #e0705c; --k4: #777; } }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; font-weight: 600; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .small { font-size: .85rem; } .note { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; font-weight: normal; }
td:last-child, th:last-child { padding-right: 0; }
th { color: var(--soft); font-size: .85rem; }
.n { text-align: right; white-space: nowrap; }
.figures { width: auto; } .figures td + td, .figures th + th { padding-left: 1.5rem; }
tr.all td { font-weight: 600; border-top: 1px solid; }
.scroll { overflow-x: auto; }
.two { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.sheet { margin-top: 1.4rem; break-inside: avoid; }
.cards { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
.card { background: var(--card); border-radius: 6px; padding: .7rem .8rem; break-inside: avoid; }
.value { font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin: .3rem 0 0; padding: 0; list-style: none; font-size: .85rem; }
.legend svg { width: .7rem; height: .7rem; vertical-align: baseline; margin-right: .3rem; }
svg { display: block; width: 100%; height: auto; } .legend svg { display: inline; }
svg .l { fill: none; stroke: var(--line); stroke-width: 1.8; stroke-linejoin: round; } svg .d { fill: var(--line); }
svg .g { stroke: var(--rule); stroke-width: 1; fill: none; } svg .t { fill: var(--soft); font: 9px system-ui, sans-serif; }
svg .b0 { fill: var(--b0); } svg .b1 { fill: var(--b1); } svg .b2 { fill: var(--b2); }
svg .b3 { fill: var(--b3); } svg .b4 { fill: var(--b4); }
svg .k0 { fill: var(--k0); } svg .k1 { fill: var(--k1); } svg .k2 { fill: var(--k2); }
svg .k3 { fill: var(--k3); } svg .k4 { fill: var(--k4); }
svg .a { fill: var(--line); opacity: .22; }

@media print { body { font-size: 10pt; max-width: none; margin: 0; } .card { border: 1px solid #ccc; background: none; }
  .cards { grid-template-columns: 1fr 1fr; } h2 { break-after: avoid; } .first { break-after: page; }
  .scroll { overflow: visible; } }
"""
