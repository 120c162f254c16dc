import { figure, valueOf } from './table.mjs';

const SHOWN = [
  ['stdio, 64 at a time', 'stdio call, 64 at a time, 8 servers'],
  ['HTTP JSON legacy, 64 at a time', 'HTTP call, JSON answers, 64 at a time, 4 servers'],
  ['HTTP SSE legacy, 64 at a time', 'HTTP call, SSE answers, 64 at a time, 4 servers'],
  ['connect 32 stdio servers of 300 ms', 'connect 32 stdio servers that take 300 ms to start'],
];
const WIDTH = 860;
const BAR = 18;
const GAP = 4;
const HEAD = 34;
const LABEL = 92;
const FIGURE = 110;
const MARGIN = 16;
const COLOURS = { raw: '#9aa4b2', official: '#7b8fb5', plenum: '#0b7a4b' };
const PEER_COLOUR = '#b8a68c';

/** A bar chart of the cases that a reader asks for first. Plain SVG that reads in the light and in the dark. */
export function chartOf({ cases, node, machine, date }, contestants) {
  const panels = SHOWN.flatMap(([name, title]) => {
    const found = cases.find((each) => each.name === name);
    return found === undefined ? [] : [{ ...found, title }];
  });
  const height = (HEAD + contestants.length * (BAR + GAP)) * panels.length + MARGIN * 2 + BAR;
  let top = MARGIN;
  const drawn = panels.map((panel) => {
    const part = panelAt(top, panel, contestants);
    top += HEAD + contestants.length * (BAR + GAP);
    return part;
  });
  const origin = `Medians, less is better. Node ${node}, ${machine.cores} cores, ${date.slice(0, 10)}. npm run bench`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Benchmark">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#1c2430}.title{font-weight:600}.own{font-weight:700}.small{font-size:11px;fill:#5b6675}',
    '@media(prefers-color-scheme:dark){text{fill:#e4e8ee}.small{fill:#9aa4b2}}</style>',
    ...drawn,
    text(MARGIN, height - MARGIN, origin, 'small'),
    '</svg>',
    '',
  ].join('\n');
}

function panelAt(top, panel, contestants) {
  const values = contestants.map(({ name }) => valueOf(panel, name) ?? null);
  const longest = Math.max(...values.filter((value) => value !== null), Number.MIN_VALUE);
  const room = WIDTH - LABEL - FIGURE - MARGIN * 2;
  const bars = contestants.map(({ name, title }, index) => {
    const y = top + HEAD + index * (BAR + GAP);
    const value = values[index];
    const length = value === null ? 0 : Math.max(1, (value / longest) * room);
    const label = value === null ? 'missing' : `${figure(value)} ${panel.unit}`;
    const kind = name === 'plenum' ? 'own' : '';
    return [
      text(MARGIN, y + BAR - 5, title, kind),
      `<rect x="${MARGIN + LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[name] ?? PEER_COLOUR}"/>`,
      text(MARGIN + LABEL + length + 6, y + BAR - 5, label, value === null ? 'small' : kind),
    ].join('');
  });
  return [text(MARGIN, top + HEAD - 12, panel.title, 'title'), ...bars].join('\n');
}

function text(x, y, content, kind) {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}"${kind && ` class="${kind}"`}>${escaped}</text>`;
}
